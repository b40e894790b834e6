package storetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/sqlite"
)

// engineVar set to "postgres" runs the tests of the services and the journeys on
// PostgreSQL instead of SQLite. "sqlite" leaves PostgreSQL out of those that have both:
// for a run that is followed by one on PostgreSQL, as scripts/test-all has it.
const engineVar = "AVAIN_TEST_ENGINE"

// OnPostgres tells whether this run is one on PostgreSQL.
func OnPostgres() bool { return os.Getenv(engineVar) == "postgres" }

// OnSQLite tells whether this run is one on SQLite, and another one will have PostgreSQL.
func OnSQLite() bool { return os.Getenv(engineVar) == "sqlite" }

// Open gives t a store of its own, migrated and empty, which is closed at cleanup:
// on SQLite, or on the engine of the run.
func Open(t testing.TB) *store.Store {
	t.Helper()
	if OnPostgres() {
		return OpenPostgres(t)
	}
	return OpenSQLite(t)
}

// Setting gives t a database of its own, migrated and empty, as the setting --database names it: on
// SQLite, or on the engine of the run.
func Setting(t testing.TB) string {
	t.Helper()
	if OnPostgres() {
		return NewPostgres(t).URL
	}
	return "sqlite:" + newFile(t)
}

// OpenSQLite is [Open] on a file in t.TempDir.
func OpenSQLite(t testing.TB) *store.Store {
	t.Helper()
	engine, err := sqlite.Open(context.Background(), sqlite.Config{Path: newFile(t)})
	if err != nil {
		t.Fatal(err)
	}
	return closing(t, engine)
}

// newFile is a file of t's own, migrated and empty.
func newFile(t testing.TB) string {
	t.Helper()
	template, err := migrated()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "avain.db")
	if err := os.WriteFile(path, template, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// closing is the store on the engine, closed at cleanup.
func closing(t testing.TB, engine store.Engine) *store.Store {
	t.Helper()
	s := store.New(engine)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// migrated is the content of a migrated, empty database: made once a process,
// because the migrations take longer than most tests.
var migrated = sync.OnceValues(func() (content []byte, err error) {
	dir, err := os.MkdirTemp("", "avain-storetest-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "template.db")
	engine, err := sqlite.Open(context.Background(), sqlite.Config{Path: path})
	if err != nil {
		return nil, err
	}
	_, err = engine.Migrate(context.Background())
	if err = errors.Join(err, engine.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})
