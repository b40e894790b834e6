package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/postgres"
	"github.com/avain-project/avain/internal/store/sqlite"
)

// serverVariable names the PostgreSQL server to measure on, as a superuser;
// scripts/with-postgres sets it.
const serverVariable = "AVAIN_TEST_POSTGRES"

// engine is one of the databases that Avain runs on.
type engine struct {
	name   string
	dir    string // for files
	server string // URL of the PostgreSQL server; empty on SQLite
	made   *[]string
}

// The names of the engines.
const (
	nameSQLite   = "SQLite"
	namePostgres = "PostgreSQL"
)

// engines are SQLite and, where there is a server, PostgreSQL.
func engines(dir string) []engine {
	all := []engine{{name: nameSQLite, dir: filepath.Join(dir, "sqlite")}}
	if server := os.Getenv(serverVariable); server != "" {
		all = append(all, engine{name: namePostgres, dir: filepath.Join(dir, "postgres"), server: server, made: new([]string)})
	}
	return all
}

// check refuses a server that acknowledges what is not on the disk yet: its figures
// would be those of no real one. SQLite's engine always waits.
func (e engine) check(ctx context.Context) error {
	if e.server == "" {
		return nil
	}
	return e.asAdministrator(func(db *sql.DB) error {
		for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
			var value string
			if err := db.QueryRowContext(ctx, `SELECT current_setting($1)`, setting).Scan(&value); err != nil {
				return err
			}
			if value != "on" {
				return fmt.Errorf("the server has %s = %s, so that its figures mean nothing: start it with AVAIN_POSTGRES_DURABLE=1 scripts/with-postgres", setting, value)
			}
		}
		return nil
	})
}

// database makes an empty database and returns it as the setting --database names
// it.
func (e engine) database(ctx context.Context, name string) (setting string, err error) {
	if e.server == "" {
		return "sqlite:" + filepath.Join(e.dir, name+".db"), nil
	}
	name = "avain_bench_" + name + "_" + strings.ToLower(rand.Text())
	err = e.asAdministrator(func(db *sql.DB) error {
		_, err := db.ExecContext(ctx, `CREATE DATABASE `+name)
		return err
	})
	if err != nil {
		return "", err
	}
	*e.made = append(*e.made, name)
	u, err := url.Parse(e.server)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

// drop removes the databases made.
func (e engine) drop(ctx context.Context) error {
	if e.server == "" {
		return nil
	}
	return e.asAdministrator(func(db *sql.DB) (err error) {
		for _, name := range *e.made {
			_, failed := db.ExecContext(ctx, `DROP DATABASE `+name+` WITH (FORCE)`)
			err = errors.Join(err, failed)
		}
		return err
	})
}

func (e engine) asAdministrator(do func(*sql.DB) error) error {
	db, err := sql.Open("pgx", e.server)
	if err != nil {
		return err
	}
	return errors.Join(do(db), db.Close())
}

// open opens a migrated database.
func (e engine) open(ctx context.Context, setting string) (store.Engine, error) {
	if e.server == "" {
		return sqlite.Open(ctx, sqlite.Config{Path: strings.TrimPrefix(setting, "sqlite:")})
	}
	return postgres.Open(ctx, postgres.Config{URL: setting})
}
