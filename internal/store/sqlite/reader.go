package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// reader answers reads from a pool and prepares each statement once.
type reader struct {
	db *sql.DB

	mu         sync.RWMutex
	statements map[string]*sql.Stmt // by text
}

func newReader(db *sql.DB) *reader {
	return &reader{db: db, statements: map[string]*sql.Stmt{}}
}

// statement finds or prepares the statement of that text.
func (r *reader) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	r.mu.RLock()
	known := r.statements[query]
	r.mu.RUnlock()
	if known != nil {
		return known, nil
	}
	made, err := r.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if known = r.statements[query]; known != nil { // another goroutine was faster
		return known, made.Close()
	}
	r.statements[query] = made
	return made, nil
}

func (r *reader) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	statement, err := r.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return statement.QueryContext(ctx, args...)
}

// QueryRowContext looks at ctx only before it starts. Reading one row by a key
// takes microseconds; two goroutines that watch ctx would take as long again.
func (r *reader) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	statement, err := r.statement(ctx, query)
	if err != nil { // only the pool can make a Row that holds the error
		return r.db.QueryRowContext(ctx, query, args...)
	}
	if ctx.Err() == nil {
		ctx = context.WithoutCancel(ctx)
	}
	return statement.QueryRowContext(ctx, args...)
}

func (r *reader) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	statement, err := r.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return statement.ExecContext(ctx, args...) // changes are refused: query_only
}

func (r *reader) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, s := range r.statements {
		errs = append(errs, s.Close())
	}
	clear(r.statements)
	return errors.Join(append(errs, r.db.Close())...)
}
