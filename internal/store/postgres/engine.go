package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/changes"
)

// maxConnLifetime and maxConnIdle let the pool follow a server that has moved, and
// shrink after a rush.
const (
	maxConnLifetime = 30 * time.Minute
	maxConnIdle     = 5 * time.Minute
)

// Engine implements [store.Engine].
type Engine struct {
	config  *pgx.ConnConfig
	timeout time.Duration
	db      *sql.DB // reads and writes
	watchDB *sql.DB // one connection, so that a rush on the pool makes nobody blind
	changes *changes.Watcher

	closing sync.RWMutex // held for reading while a write runs
	closed  bool
}

var _ store.Engine = (*Engine)(nil)

// Open connects, and finds out whether a pooler stands in between; it does not
// migrate.
func Open(ctx context.Context, c Config) (*Engine, error) {
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	parsed, maxConns, err := c.read()
	if err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	pooled, err := probe(bounded, *parsed)
	if err != nil {
		return nil, fmt.Errorf("open the database %s on %s: %w", parsed.Database, parsed.Host, err)
	}
	if pooled && !c.namesMode() {
		// Without named prepared statements, which would stay behind on a server
		// connection that the pooler gives to somebody else.
		parsed.DefaultQueryExecMode = pgx.QueryExecModeExec
	}
	e := &Engine{config: parsed, timeout: c.Timeout, db: connect(parsed, c.Timeout, maxConns), watchDB: connect(parsed, c.Timeout, 1)}
	if e.changes, err = watch(bounded, e.watchDB); err != nil {
		return nil, errors.Join(err, e.watchDB.Close(), e.db.Close())
	}
	return e, nil
}

func connect(c *pgx.ConnConfig, timeout time.Duration, size int) *sql.DB {
	db := sql.OpenDB(connector{stdlib.GetConnector(*c), timeout})
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	db.SetConnMaxLifetime(maxConnLifetime)
	db.SetConnMaxIdleTime(maxConnIdle)
	return db
}

// Reader implements [store.Engine].
func (e *Engine) Reader() store.Querier { return e.db }

// Changes implements [store.Engine].
func (e *Engine) Changes() uint64 { return e.changes.Current() }

// SQLSTATEs: https://www.postgresql.org/docs/current/errcodes-appendix.html
const (
	restrictViolation    = "23001"
	foreignKeyViolation  = "23503"
	uniqueViolation      = "23505"
	exclusionViolation   = "23P01"
	stoodStill           = "25P03" // idle_in_transaction_session_timeout
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
)

// sqlState is what the server calls the error, or "" for an error not of the server.
func sqlState(err error) string {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return ""
	}
	return e.Code
}

// Clock implements [store.Engine].
func (e *Engine) Clock() string {
	return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
}

// SkipLocked implements [store.Engine].
func (e *Engine) SkipLocked() string { return "FOR UPDATE SKIP LOCKED" }

// Conflict implements [store.Engine].
func (e *Engine) Conflict(err error) bool {
	switch sqlState(err) {
	case uniqueViolation, exclusionViolation, foreignKeyViolation, restrictViolation:
		return true
	}
	return false
}

// Backup implements [store.Engine]: PostgreSQL's own tools do it.
func (e *Engine) Backup(context.Context, string) error {
	return errBackup{}
}

type errBackup struct{}

func (errBackup) Error() string {
	return "a PostgreSQL database is copied by PostgreSQL's own tools: pg_dump --format=custom --file=FILE URL, and pg_restore"
}

func (errBackup) Is(target error) bool { return target == errors.ErrUnsupported }

// Ping implements [store.Engine].
func (e *Engine) Ping(ctx context.Context) error {
	var one int
	return e.db.QueryRowContext(ctx, `SELECT 1`).Scan(&one)
}

// Close implements [store.Engine].
func (e *Engine) Close() error {
	e.closing.Lock()
	defer e.closing.Unlock()
	e.closed = true
	e.changes.Close()
	if err := errors.Join(e.watchDB.Close(), e.db.Close()); err != nil {
		return fmt.Errorf("close the database: %w", err)
	}
	return nil
}

// Forget implements [store.Engine]: files and their contents are the server's own.
func (e *Engine) Forget(context.Context) error { return nil }
