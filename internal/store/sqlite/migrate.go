package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"

	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/migration"
)

//go:embed migrations/*.sql
var migrations embed.FS

func schema() migration.Schema {
	return migration.Schema{
		Dialect: goose.DialectSQLite3, Files: migrations,
		Exists: `SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'goose_db_version')`,
	}
}

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
	return schema().Up(ctx, db)
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

// MigrationStatus implements [store.Engine].
func (e *Engine) MigrationStatus(ctx context.Context) (store.MigrationReport, error) {
	return schema().Status(ctx, e.reader.db)
}
