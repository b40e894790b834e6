package rig

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

// Database is the servers', looked at from beside them. It is open only for the moment:
// a server that comes back has to find the file as the killed one left it.
type Database struct{ Setting string } // as --database

func (d Database) open(t testing.TB) *sql.DB {
	t.Helper()
	driver, source := "pgx", d.Setting
	if path, ok := strings.CutPrefix(d.Setting, "sqlite:"); ok {
		driver, source = "sqlite", "file:"+path+"?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// Lock lets nobody write a refresh until release is called.
func (d Database) Lock(t testing.TB) (release func()) {
	t.Helper()
	statements := []string{`BEGIN`, `LOCK TABLE refreshes IN EXCLUSIVE MODE`}
	if strings.HasPrefix(d.Setting, "sqlite:") {
		statements = []string{`BEGIN IMMEDIATE`}
	}
	db := d.open(t)
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := conn.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	return func() {
		_, err := conn.ExecContext(context.Background(), `ROLLBACK`)
		_, _ = conn.Close(), db.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Refuse lets nobody save the account's credential until allow is called.
func (d Database) Refuse(t testing.TB, account int64) (allow func()) {
	t.Helper()
	when := `NEW.account_id = ` + strconv.FormatInt(account, 10)
	if strings.HasPrefix(d.Setting, "sqlite:") {
		d.Exec(t, `CREATE TRIGGER refuse BEFORE UPDATE ON credentials WHEN `+when+` BEGIN SELECT RAISE(ABORT, 'refused'); END`)
		return func() { d.Exec(t, `DROP TRIGGER refuse`) }
	}
	d.Exec(t, `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''refused''; END'`)
	d.Exec(t, `CREATE TRIGGER refuse BEFORE UPDATE ON credentials FOR EACH ROW WHEN (`+when+`) EXECUTE FUNCTION refuse()`)
	return func() { d.Exec(t, `DROP FUNCTION refuse CASCADE`) }
}

// Pass lets time go by for everybody who claims refreshes.
func (d Database) Pass(t testing.TB, time time.Duration) {
	t.Helper()
	d.Exec(t, `UPDATE refreshes SET held_until = CASE WHEN held_until > 0 THEN held_until - $1 ELSE 0 END,
			doubt_until = CASE WHEN doubt_until > 0 THEN doubt_until - $1 ELSE 0 END,
			retry_at = CASE WHEN retry_at > 0 THEN retry_at - $1 ELSE 0 END`, time.Milliseconds())
}

// Exec runs a statement, and returns how many rows it changed.
func (d Database) Exec(t testing.TB, statement string, args ...any) int64 {
	t.Helper()
	db := d.open(t)
	defer func() { _ = db.Close() }()
	result, err := db.ExecContext(t.Context(), statement, args...)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Number reads one.
func (d Database) Number(t testing.TB, query string, args ...any) (n int64) {
	t.Helper()
	db := d.open(t)
	defer func() { _ = db.Close() }()
	if err := db.QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// Stored is what the disk says of an account.
type Stored struct {
	Generation    int64
	Status, Error string
	Losses        int // told in the audit trail
}

// Accounts is what is stored of all of them.
func (d Database) Accounts(t testing.TB) map[int64]Stored {
	t.Helper()
	db := d.open(t)
	defer func() { _ = db.Close() }()
	rows, err := db.QueryContext(t.Context(),
		`SELECT a.id, c.generation, a.token_status, a.token_error,
			(SELECT COUNT(*) FROM audit_events e WHERE e.account_id = a.id AND e.kind = 'credential.lost')
		FROM accounts a JOIN credentials c ON c.account_id = a.id`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	found := map[int64]Stored{}
	for rows.Next() {
		var id int64
		var s Stored
		if err := rows.Scan(&id, &s.Generation, &s.Status, &s.Error, &s.Losses); err != nil {
			t.Fatal(err)
		}
		found[id] = s
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}
