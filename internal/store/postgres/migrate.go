package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/migration"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrateLock is the advisory lock of those who migrate ("avainmig"), migrateEvery
// is how often one that waits asks for it.
const (
	migrateLock  = 0x617661696e6d6967
	migrateEvery = 100 * time.Millisecond
)

func schema() migration.Schema {
	return migration.Schema{Dialect: goose.DialectPostgres, Files: migrations, Exists: `SELECT to_regclass('goose_db_version') IS NOT NULL`}
}

// Migrate implements [store.Engine]. Processes take turns by an advisory lock that a
// transaction holds while goose works on another connection: a lock of a session
// would be anybody's behind a pooler. Those that wait hold no connection meanwhile,
// so that they cannot take the pooler's last one from the one that works.
func (e *Engine) Migrate(ctx context.Context) (report store.MigrationReport, err error) {
	report, err = e.MigrationStatus(ctx)
	if err != nil || len(report.Pending) == 0 {
		return report, err
	}
	lock, err := e.lockMigrations(ctx)
	if err != nil {
		return store.MigrationReport{}, err
	}
	defer func() { err = errors.Join(err, lock.Rollback()) }()
	db := connect(e.config, migrateTimeout, 2)
	defer func() { err = errors.Join(err, db.Close()) }()
	return schema().Up(ctx, db)
}

// migrateTimeout bounds each statement of a migration: large tables take their time.
const migrateTimeout = time.Hour

// lockMigrations waits for its turn, which ends with the transaction.
func (e *Engine) lockMigrations(ctx context.Context) (*sql.Tx, error) {
	tick := time.NewTicker(migrateEvery)
	defer tick.Stop()
	for {
		tx, locked, err := e.tryLock(ctx)
		if err != nil {
			// A driver that was stopped in mid-question calls that whatever it likes.
			return nil, fmt.Errorf("wait for the turn to migrate: %w", errors.Join(ctx.Err(), err))
		}
		if locked {
			return tx, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("another process is migrating the database: %w", ctx.Err())
		}
	}
}

func (e *Engine) tryLock(ctx context.Context) (tx *sql.Tx, locked bool, err error) {
	if tx, err = e.db.BeginTx(ctx, nil); err != nil {
		return nil, false, err
	}
	// The transaction stands idle while goose works.
	_, err = tx.ExecContext(ctx, `SET LOCAL idle_in_transaction_session_timeout = 0`)
	if err == nil {
		err = tx.QueryRowContext(ctx, `SELECT pg_try_advisory_xact_lock($1)`, int64(migrateLock)).Scan(&locked)
	}
	if err != nil || !locked {
		return nil, false, errors.Join(err, tx.Rollback())
	}
	return tx, true, nil
}

// MigrationStatus implements [store.Engine].
func (e *Engine) MigrationStatus(ctx context.Context) (store.MigrationReport, error) {
	return schema().Status(ctx, e.db)
}
