package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// What callers tell apart, with errors.Is. An error of an ended context is none
// of them and wraps the context's own error.
var (
	// ErrNotFound says that there is no such record, or none in the state asked for.
	ErrNotFound = errors.New("no such record")
	// ErrConflict says that another change came first, or that the record would
	// clash with another one: read again, then decide anew.
	ErrConflict = errors.New("the record conflicts with another change")
	// ErrUnavailable wraps failures of the database itself: try later.
	ErrUnavailable = errors.New("the database is unavailable")
)

// Store reads and writes the records. It is safe for concurrent use.
type Store struct {
	engine   Engine
	now      func() time.Time // in place of the database's clock; nil for that one
	interned internedTexts
}

// New makes a store on an engine, which the store then owns: see [Store.Close].
func New(e Engine) *Store { return &Store{engine: e} }

// At makes the store go by that clock where it would go by the database's, for tests that move the
// time by hand.
func (s *Store) At(now func() time.Time) *Store {
	s.now = now
	return s
}

// clock is the SQL of the time in unix milliseconds.
func (s *Store) clock() string {
	if s.now == nil {
		return s.engine.Clock()
	}
	return "CAST(" + strconv.FormatInt(s.now().UnixMilli(), 10) + " AS BIGINT)"
}

// Migrate brings the schema up to date; see [Engine].
func (s *Store) Migrate(ctx context.Context) (MigrationReport, error) {
	r, err := s.engine.Migrate(ctx)
	return r, s.fail(ctx, "migrate the database", err)
}

// MigrationStatus tells what Migrate would do, and changes nothing.
func (s *Store) MigrationStatus(ctx context.Context) (MigrationReport, error) {
	r, err := s.engine.MigrationStatus(ctx)
	return r, s.fail(ctx, "read the schema's version", err)
}

// Backup writes a consistent copy to path, which must not exist yet. An error that is
// errors.ErrUnsupported says what to use instead with this engine.
func (s *Store) Backup(ctx context.Context, path string) error {
	return s.fail(ctx, "back the database up to "+path, s.engine.Backup(ctx, path))
}

// Ping returns nil while the database answers.
func (s *Store) Ping(ctx context.Context) error {
	return s.fail(ctx, "ping the database", s.engine.Ping(ctx))
}

// Changes answers the same number as before while nothing has changed: see
// [Engine].
func (s *Store) Changes() uint64 { return s.engine.Changes() }

// Close finishes accepted writes and closes the engine.
func (s *Store) Close() error { return s.engine.Close() }

// write runs fn as one atomic change; what names it in errors.
func (s *Store) write(ctx context.Context, what string, fn func(ctx context.Context, q Querier) error) error {
	return s.fail(ctx, what, s.engine.Write(ctx, fn))
}

// fail names the failed operation and sorts its error into the sentinels.
func (s *Store) fail(ctx context.Context, what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrConflict), errors.Is(err, ErrUnavailable), errors.Is(err, errors.ErrUnsupported):
		return fmt.Errorf("%s: %w", what, err)
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("%s: %w", what, ErrNotFound)
	case ctx.Err() != nil: // whatever the engine says of an interrupted statement
		return fmt.Errorf("%s: %w: %w", what, ctx.Err(), err)
	case s.engine.Conflict(err):
		return fmt.Errorf("%s: %w: %w", what, ErrConflict, err)
	default:
		return fmt.Errorf("%s: %w: %w", what, ErrUnavailable, err)
	}
}
