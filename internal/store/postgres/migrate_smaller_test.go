package postgres_test

import (
	"database/sql"
	"os"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/pressly/goose/v3"

	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/storetest"
)

// As on SQLite.
func TestSmallerAccountsReadTheSame(t *testing.T) {
	t.Parallel()
	p := storetest.EmptyPostgres(t)
	e := open(t, p.URL)
	db, err := sql.Open("pgx", p.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	before, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS("migrations"), goose.WithDisableGlobalRegistry(true))
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
