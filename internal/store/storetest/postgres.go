package storetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/postgres"
	"github.com/avain-project/avain/internal/testenv"
)

// Postgres is a PostgreSQL database of one test.
type Postgres struct {
	URL string // directly
	// Pooled leads through PgBouncer in transaction mode; empty where there is none.
	Pooled string

	t     testing.TB
	admin *sql.DB
	name  string
}

// NewPostgres gives t a database of its own, migrated and empty, on the server of
// AVAIN_TEST_POSTGRES; it is dropped at cleanup. Without that server the test ends,
// as testenv.Need says.
func NewPostgres(t testing.TB) *Postgres {
	t.Helper()
	return newPostgres(t, true)
}

// EmptyPostgres is NewPostgres without the tables.
func EmptyPostgres(t testing.TB) *Postgres {
	t.Helper()
	return newPostgres(t, false)
}

func newPostgres(t testing.TB, withTables bool) *Postgres {
	t.Helper()
	server, pooler := testenv.Postgres(t)
	admin, err := administrator(server)
	if err != nil {
		t.Fatal(err)
	}
	template := "template1"
	if withTables {
		if template, err = postgresTemplate(server); err != nil {
			t.Fatal(err)
		}
	}
	p := &Postgres{t: t, admin: admin, name: newName("test")}
	p.URL = onDatabase(server, p.name)
	if pooler != "" {
		p.Pooled = onDatabase(pooler, p.name)
	}
	p.exec(`CREATE DATABASE ` + p.name + ` TEMPLATE ` + template)
	t.Cleanup(func() { p.exec(`DROP DATABASE ` + p.name + ` WITH (FORCE)`) })
	return p
}

// Stop makes the database go away for everybody, as a server that is shut down;
// Start brings it back.
func (p *Postgres) Stop() {
	p.t.Helper()
	p.exec(`ALTER DATABASE ` + p.name + ` WITH ALLOW_CONNECTIONS false`)
	p.Disconnect()
}

// Start ends Stop.
func (p *Postgres) Start() {
	p.t.Helper()
	p.exec(`ALTER DATABASE ` + p.name + ` WITH ALLOW_CONNECTIONS true`)
}

// Freeze makes the database take reads alone, as one whose disk is nearly full or that a
// replica has taken the place of; Thaw ends it.
func (p *Postgres) Freeze() {
	p.t.Helper()
	p.exec(`ALTER DATABASE ` + p.name + ` SET default_transaction_read_only = on`)
	p.Disconnect()
}

// Thaw ends Freeze.
func (p *Postgres) Thaw() {
	p.t.Helper()
	p.exec(`ALTER DATABASE ` + p.name + ` RESET default_transaction_read_only`)
	p.Disconnect()
}

// Disconnect ends every connection, as a server that is restarted.
func (p *Postgres) Disconnect() {
	p.t.Helper()
	p.exec(`SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '` + p.name + `'`)
}

func (p *Postgres) exec(statement string) {
	p.t.Helper()
	if _, err := p.admin.ExecContext(context.Background(), statement); err != nil {
		p.t.Fatalf("%s: %v", statement, err)
	}
}

// OpenPostgres is [Open] on PostgreSQL.
func OpenPostgres(t testing.TB) *store.Store {
	t.Helper()
	return OpenURL(t, NewPostgres(t).URL)
}

// OpenPooled is [Open] on PostgreSQL behind PgBouncer in transaction mode.
func OpenPooled(t testing.TB) *store.Store {
	t.Helper()
	p := NewPostgres(t)
	testenv.Need(t, "PgBouncer", p.Pooled != "", "AVAIN_TEST_PGBOUNCER names none; run it by scripts/with-postgres")
	return OpenURL(t, p.Pooled)
}

// OpenURL opens the database of [NewPostgres] or [EmptyPostgres] for t.
func OpenURL(t testing.TB, address string) *store.Store {
	t.Helper()
	engine, err := postgres.Open(context.Background(), postgres.Config{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	return closing(t, engine)
}

var (
	administratorOnce sync.Once
	administratorDB   *sql.DB
	administratorErr  error
)

// administrator is the process's connection to the server's own database.
func administrator(server string) (*sql.DB, error) {
	administratorOnce.Do(func() {
		if administratorDB, administratorErr = sql.Open("pgx", server); administratorErr == nil {
			administratorDB.SetMaxOpenConns(2)
		}
	})
	return administratorDB, administratorErr
}

var (
	templateOnce sync.Once
	templateName string
	templateErr  error
)

// postgresTemplate is a migrated, empty database to copy: made once a process, and
// left to go away with the server of the run.
func postgresTemplate(server string) (string, error) {
	templateOnce.Do(func() { templateName, templateErr = makeTemplate(server) })
	return templateName, templateErr
}

func makeTemplate(server string) (name string, err error) {
	admin, err := administrator(server)
	if err != nil {
		return "", err
	}
	name, ctx := newName("template"), context.Background()
	if _, err := admin.ExecContext(ctx, `CREATE DATABASE `+name); err != nil {
		return "", fmt.Errorf("make a database on the server of the tests: %w", err)
	}
	engine, err := postgres.Open(ctx, postgres.Config{URL: onDatabase(server, name)})
	if err != nil {
		return "", err
	}
	_, err = engine.Migrate(ctx)
	return name, errors.Join(err, engine.Close())
}

func newName(kind string) string { return "avain_" + kind + "_" + strings.ToLower(rand.Text()) }

// onDatabase is the server's URL with another database in it.
func onDatabase(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		panic(err) // the driver has read it before
	}
	u.Path = "/" + name
	return u.String()
}
