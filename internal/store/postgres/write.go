package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/store"
)

// maxAttempts is how often a change runs before its last error is the answer.
const maxAttempts = 10

var errClosed = errors.New("the database is closed")

// Write implements [store.Engine]. fn runs again where PostgreSQL broke it off in
// favour of another, or its connection died before the commit.
func (e *Engine) Write(ctx context.Context, fn func(context.Context, store.Querier) error) error {
	e.closing.RLock()
	defer e.closing.RUnlock()
	if e.closed {
		return errClosed
	}
	for attempt := 1; ; attempt++ {
		again, err := e.attempt(ctx, fn)
		if !again || attempt == maxAttempts {
			return err
		}
		// Once fn has started, the end of ctx no longer matters.
		ctx = context.WithoutCancel(ctx)
		time.Sleep(rand.N(time.Millisecond << attempt))
	}
}

// attempt runs fn in one transaction. again says that nothing was written, and that
// another attempt may go better.
func (e *Engine) attempt(ctx context.Context, fn func(context.Context, store.Querier) error) (again bool, err error) {
	waiting, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	conn, err := e.db.Conn(waiting)
	if err != nil {
		return false, fmt.Errorf("get a connection: %w", err)
	}
	defer func() { _ = conn.Close() }()

	running, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.timeout)
	defer cancel()
	tx, err := conn.BeginTx(running, nil)
	if err != nil { // perhaps its server was restarted while it lay in the pool
		return running.Err() == nil, fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // no more than a formality after the commit
	changed := &noting{Querier: tx}
	if err := fn(running, changed); err != nil {
		return running.Err() == nil && (brokenOff(err) || died(conn)), err
	}
	err = tx.Commit()
	// Of a broken commit nobody knows what became: who remembers something reads it
	// anew. One that changed nothing must not make everybody do so.
	if changed.rows || err != nil {
		e.changes.Committed()
	}
	return brokenOff(err), err
}

// noting notes whether a statement may have changed a row.
type noting struct {
	store.Querier
	rows bool
}

func (n *noting) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	result, err := n.Querier.ExecContext(ctx, query, args...)
	if err == nil {
		if affected, unknown := result.RowsAffected(); unknown != nil || affected > 0 {
			n.rows = true
		}
	}
	return result, err
}

func (n *noting) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	n.rows = n.rows || !reads(query)
	return n.Querier.QueryContext(ctx, query, args...)
}

func (n *noting) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	n.rows = n.rows || !reads(query)
	return n.Querier.QueryRowContext(ctx, query, args...)
}

// reads tells a plain SELECT from what may also write (UPDATE … RETURNING).
func reads(query string) bool { return strings.HasPrefix(query, "SELECT") }

// brokenOff tells that the server gave way to another transaction, or took us for gone, and
// undid ours.
func brokenOff(err error) bool {
	switch sqlState(err) {
	case serializationFailure, deadlockDetected, stoodStill:
		return true
	}
	return false
}

// died tells that the connection is gone, and with it the transaction.
func died(c *sql.Conn) bool {
	err := c.Raw(func(raw any) error {
		if raw.(*conn).Conn.Conn().IsClosed() {
			return errDied
		}
		return nil
	})
	return err != nil
}

var errDied = errors.New("the connection is gone")
