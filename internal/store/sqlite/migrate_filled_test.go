package sqlite

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/pressly/goose/v3"
)

// A sign-in that insists on every scope goes on doing so when the server is upgraded
// while it is under way.
func TestEnsureScopesOutlivesTheUpgrade(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "avain.db")
	e, err := Open(t.Context(), Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	before, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS("migrations"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := before.UpTo(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	for id, ensures := range map[string]bool{"insists": true, "does not": false} {
		_, err := db.ExecContext(t.Context(), `INSERT INTO attempts (id, state_hash, application_id, registration_id, service_type, unbound,
			return_url, state, token_mode, scopes, native_scopes, account_id, client_org_id, login_hint, prompt, auth_email, challenge,
			ensure_scopes, fresh, consent_forced, created_at, expires_at, consumed_at)
			VALUES ($1, CAST($1 AS BLOB), 'a', 'r', 'Google', FALSE, '', '', FALSE, '', '', 0, '', '', '', '', '', $2, FALSE, FALSE, 0, 0, 0)`, id, ensures)
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{"insists": "refuse", "does not": "ask"} {
		var got string
		if err := e.Reader().QueryRowContext(t.Context(), `SELECT partial_grant FROM attempts WHERE id = $1`, id).Scan(&got); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", id, got, err, want)
		}
	}
}
