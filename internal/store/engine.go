package store

import (
	"context"
	"database/sql"
)

// Querier is the part of database/sql that statements need.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// Engine is one database in its own dialect. It is safe for concurrent use.
type Engine interface {
	// Reader answers reads from a pool, each statement on its own snapshot.
	// Statements are prepared once and found again by their text, so the text
	// must be constant.
	Reader() Querier

	// Write runs fn as one atomic change, durable when Write returns nil. An
	// error of fn undoes all that fn did and comes back as it is. fn must use the
	// context and the Querier given to it, close its rows, and have no effect
	// outside the database: an engine may run it more than once. A context that
	// ends before fn starts prevents it; one that ends later changes nothing.
	Write(ctx context.Context, fn func(ctx context.Context, q Querier) error) error

	// Changes differs from an earlier answer once anything has changed since: at
	// once after a Write of this engine, within a second after one of another
	// process. Equal answers mean that what was read in between still stands.
	Changes() uint64

	// Clock is the SQL of the database's own time in unix milliseconds: the one clock
	// that all processes share.
	Clock() string

	// SkipLocked ends a SELECT whose rows a change is about to take, where writers run side
	// by side: rows that another one has taken are left out. Empty where there is one writer.
	SkipLocked() string

	// Conflict tells whether err is a violated unique or foreign key constraint.
	Conflict(err error) bool

	// Migrate brings the schema up to Latest. Processes may call it at once: one
	// does the work, the others wait for it.
	Migrate(ctx context.Context) (MigrationReport, error)

	// MigrationStatus changes nothing.
	MigrationStatus(ctx context.Context) (MigrationReport, error)

	// Backup writes a consistent copy to path, which must not exist, while
	// readers and writers go on.
	Backup(ctx context.Context, path string) error

	// Forget makes the engine's own files lose what was deleted or replaced, as far as
	// that is possible now without making anybody wait.
	Forget(ctx context.Context) error

	// Ping does the least read that proves the database answers.
	Ping(ctx context.Context) error

	// Close finishes the writes already accepted, then lets go of the database.
	Close() error
}

// MigrationReport says how the schema stands against what this program knows.
type MigrationReport struct {
	Current int64    // version of the schema; 0 before the first migration
	Latest  int64    // newest version this program carries
	Applied []string // file names that this very call applied
	Pending []string // file names still to apply, in order
	// Beside is the newest migration that a program has to have to serve this schema; 0
	// where nobody has said it.
	Beside int64
}

// Serves tells whether this program may serve the schema, once nothing is pending. A newer
// program that has changed it may have left it so that older ones can go on.
func (r MigrationReport) Serves() bool {
	return r.Current <= r.Latest || r.Beside > 0 && r.Beside <= r.Latest
}
