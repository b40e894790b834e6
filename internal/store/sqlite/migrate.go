package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/pressly/goose/v3"

	"github.com/avain-project/avain/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate implements [store.Engine]. Processes take turns by a lock on a file of
// its own, named after the database with "-migrate" behind: goose reads what is
// pending before it takes any lock of the database itself.
func (e *Engine) Migrate(ctx context.Context) (report store.MigrationReport, err error) {
	lock, err := e.lockMigrations(ctx)
	if err != nil {
		return store.MigrationReport{}, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()

	db, err := connect(e.path, 1, "foreign_keys(1)", "synchronous(FULL)")
	if err != nil {
		return store.MigrationReport{}, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	provider, err := newProvider(db)
	if err != nil {
		return store.MigrationReport{}, err
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return store.MigrationReport{}, fmt.Errorf("apply the migrations: %w", err)
	}
	report, err = e.MigrationStatus(ctx)
	for _, r := range results {
		report.Applied = append(report.Applied, path.Base(r.Source.Path))
	}
	return report, err
}

func newProvider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return provider, nil
}

// lockMigrations waits for its turn; closing what it returns ends the turn, as
// does the end of the process.
func (e *Engine) lockMigrations(ctx context.Context) (*sql.DB, error) {
	file, err := create(e.path + "-migrate")
	if err != nil {
		return nil, err
	}
	db, err := connect(file, 1)
	if err != nil {
		return nil, err
	}
	_, err = db.ExecContext(ctx, "BEGIN EXCLUSIVE") // its one connection keeps it
	if err != nil {
		return nil, errors.Join(fmt.Errorf("another process is migrating the database: %w", err), db.Close())
	}
	return db, nil
}

// MigrationStatus implements [store.Engine]. It asks the version table itself:
// goose would create it.
func (e *Engine) MigrationStatus(ctx context.Context) (store.MigrationReport, error) {
	provider, err := newProvider(e.writerDB) // to list its sources only; nothing is run
	if err != nil {
		return store.MigrationReport{}, err
	}
	applied, err := e.appliedVersions(ctx)
	if err != nil {
		return store.MigrationReport{}, err
	}
	var report store.MigrationReport
	for version := range applied {
		report.Current = max(report.Current, version)
	}
	for _, source := range provider.ListSources() {
		report.Latest = max(report.Latest, source.Version)
		if !applied[source.Version] {
			report.Pending = append(report.Pending, path.Base(source.Path))
		}
	}
	return report, nil
}

func (e *Engine) appliedVersions(ctx context.Context) (map[int64]bool, error) {
	var exists bool
	err := e.reader.QueryRowContext(ctx,
		`SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'goose_db_version')`).Scan(&exists)
	if err != nil || !exists {
		return nil, err
	}
	rows, err := e.reader.QueryContext(ctx, `SELECT version_id FROM goose_db_version WHERE is_applied`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	applied := map[int64]bool{}
	for rows.Next() {
		var version int64
		if err := rows.Scan(&version); err != nil {
			return nil, err
		}
		applied[version] = true
	}
	return applied, rows.Err()
}
