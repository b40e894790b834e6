package sqlite_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/pressly/goose/v3"

	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/sqlite"
	"github.com/avain-project/avain/internal/store/storetest"
)

// What was stored before accounts became smaller reads the same afterwards.
func TestSmallerAccountsReadTheSame(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "avain.db")
	e, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
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
	if _, err := before.UpTo(t.Context(), storetest.BeforeSmaller); err != nil {
		t.Fatal(err)
	}
	storetest.FillBeforeSmaller(t, db)
	if _, err := e.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	storetest.ReadSmaller(t, store.New(e))
}
