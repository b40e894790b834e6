package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/avain-project/avain/internal/secret"
)

// dialect is what the two engines write in different ways.
type dialect struct {
	// series makes a table series of numbers n: from, step, to.
	series string
	// bytes16 and bytes32 are that many random bytes.
	bytes16, bytes32 string
}

func (e engine) dialect() dialect {
	if e.server == "" {
		return dialect{
			series:  "WITH RECURSIVE series(n) AS (SELECT %[1]d UNION ALL SELECT n + %[2]d FROM series WHERE n + %[2]d <= %[3]d)",
			bytes16: "randomblob(16)", bytes32: "randomblob(32)",
		}
	}
	return dialect{
		series:  "WITH series(n) AS (SELECT generate_series(%[1]d::bigint, %[3]d, %[2]d))",
		bytes16: "uuid_send(gen_random_uuid())",
		bytes32: "sha256(gen_random_uuid()::text::bytea)",
	}
}

func (e engine) key() (secret.Text, error) {
	text, err := os.ReadFile(filepath.Join(e.dir, keyFile))
	return secret.New(string(text)), err
}

// folder makes a folder for one more server, with the key.
func (e engine) folder(name string) (string, error) {
	made := filepath.Join(e.dir, name)
	key, err := e.key()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(made, 0o700); err != nil {
		return "", err
	}
	return made, os.WriteFile(filepath.Join(made, keyFile), []byte(key.Reveal()), 0o600)
}

// direct opens a database beside Avain, to make in bulk what its own store makes one by one.
// Nothing waits for the disk, since a bench that is cut off begins anew, and no foreign key is
// looked up.
func (e engine) direct(setting string) (*sql.DB, error) {
	if e.server != "" {
		u, err := url.Parse(setting)
		if err != nil {
			return nil, err
		}
		query := u.Query()
		query.Set("session_replication_role", "replica")
		query.Set("synchronous_commit", "off")
		u.RawQuery = query.Encode()
		return sql.Open("pgx", u.String())
	}
	db, err := sql.Open("sqlite", "file:"+strings.TrimPrefix(setting, "sqlite:")+
		"?_pragma=busy_timeout(10000)&_pragma=synchronous(OFF)&_pragma=cache_size(-262144)&_pragma=foreign_keys(0)&_pragma=wal_autocheckpoint(20000)")
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

// settle brings a database that was filled in bulk to where one is that has grown: what was
// written lies in the files, and PostgreSQL knows how large its tables are.
func (e engine) settle(ctx context.Context, db *sql.DB) error {
	for _, statement := range map[bool][]string{true: {"PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA shrink_memory"}, false: {"VACUUM ANALYZE", "CHECKPOINT"}}[e.server == ""] {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// bytes is how much of the disk a database takes.
func (e engine) bytes(ctx context.Context, db *sql.DB, setting string) (size int64, err error) {
	if err := e.settle(ctx, db); err != nil {
		return 0, err
	}
	if e.server != "" {
		err = db.QueryRowContext(ctx, `SELECT pg_database_size(current_database())`).Scan(&size)
		return size, err
	}
	info, err := os.Stat(strings.TrimPrefix(setting, "sqlite:"))
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
