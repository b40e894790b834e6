package crash_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

// database is the server's, looked at from beside it. It is open only for the moment:
// a server that comes back has to find the file as the killed one left it.
type database struct{ setting string } // as --database

func (d database) open(t *testing.T) *sql.DB {
	t.Helper()
	driver, source := "pgx", d.setting
	if path, ok := strings.CutPrefix(d.setting, "sqlite:"); ok {
		driver, source = "sqlite", "file:"+path+"?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// lock lets nobody write a refresh until release is called.
func (d database) lock(t *testing.T) (release func()) {
	t.Helper()
	statements := []string{`BEGIN`, `LOCK TABLE refreshes IN EXCLUSIVE MODE`}
	if strings.HasPrefix(d.setting, "sqlite:") {
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

// pass lets time go by for everybody who claims refreshes.
func (d database) pass(t *testing.T, time time.Duration) {
	t.Helper()
	db := d.open(t)
	defer func() { _ = db.Close() }()
	_, err := db.ExecContext(t.Context(),
		`UPDATE refreshes SET held_until = CASE WHEN held_until > 0 THEN held_until - $1 ELSE 0 END,
			doubt_until = CASE WHEN doubt_until > 0 THEN doubt_until - $1 ELSE 0 END,
			retry_at = CASE WHEN retry_at > 0 THEN retry_at - $1 ELSE 0 END`, time.Milliseconds())
	if err != nil {
		t.Fatal(err)
	}
}

// stored is what the disk says of an account.
type stored struct {
	generation    int64
	status, error string
	losses        int // told in the audit trail
}

func (d database) accounts(t *testing.T) map[int64]stored {
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
	found := map[int64]stored{}
	for rows.Next() {
		var id int64
		var s stored
		if err := rows.Scan(&id, &s.generation, &s.status, &s.error, &s.losses); err != nil {
			t.Fatal(err)
		}
		found[id] = s
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}
