package migration

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"path"

	"github.com/pressly/goose/v3"

	"github.com/avain-project/avain/internal/store"
)

// Schema is a database with the migrations of its dialect.
type Schema struct {
	Dialect goose.Dialect
	Files   embed.FS // in a folder "migrations"
	// Exists is a query that tells whether the table goose_db_version is there.
	Exists string
}

// Up applies what is pending. The caller keeps other processes away.
func (s Schema) Up(ctx context.Context, db *sql.DB) (store.MigrationReport, error) {
	files, provider, err := s.provider(db)
	if err != nil {
		return store.MigrationReport{}, err
	}
	report, err := s.Status(ctx, db)
	if err != nil || len(report.Pending) == 0 {
		return report, err
	}
	oldest, err := beside(files, provider.ListSources())
	if err == nil && report.Current > 0 {
		err = sayBeside(ctx, db, report.Latest, oldest)
	}
	if err != nil {
		return store.MigrationReport{}, err
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return store.MigrationReport{}, fmt.Errorf("apply the migrations: %w", err)
	}
	if err := sayBeside(ctx, db, report.Latest, oldest); err != nil {
		return store.MigrationReport{}, err
	}
	report, err = s.Status(ctx, db)
	for _, r := range results {
		report.Applied = append(report.Applied, path.Base(r.Source.Path))
	}
	return report, err
}

// Status changes nothing. It asks the version table itself: goose would create it.
func (s Schema) Status(ctx context.Context, db *sql.DB) (store.MigrationReport, error) {
	_, provider, err := s.provider(db) // to list its sources only; nothing is run
	if err != nil {
		return store.MigrationReport{}, err
	}
	applied, err := s.applied(ctx, db)
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
	if report.Current > 0 {
		report.Beside, err = saidBeside(ctx, db, report.Current)
	}
	return report, err
}

func (s Schema) provider(db *sql.DB) (fs.FS, *goose.Provider, error) {
	files, err := fs.Sub(s.Files, "migrations")
	if err != nil {
		return nil, nil, fmt.Errorf("read the migrations: %w", err)
	}
	provider, err := goose.NewProvider(s.Dialect, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, nil, fmt.Errorf("read the migrations: %w", err)
	}
	return files, provider, nil
}

func (s Schema) applied(ctx context.Context, db *sql.DB) (map[int64]bool, error) {
	var exists bool
	err := db.QueryRowContext(ctx, s.Exists).Scan(&exists)
	if err != nil || !exists {
		return nil, err
	}
	rows, err := db.QueryContext(ctx, `SELECT version_id FROM goose_db_version WHERE is_applied`)
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
