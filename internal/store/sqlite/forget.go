package sqlite

import (
	"context"
	"errors"
	"fmt"
)

// Forget implements [store.Engine]. secure_delete overwrites in the database itself what
// is deleted, but the write-ahead log keeps older contents of changed pages until it is
// begun anew. So it is folded in and cut to nothing; where somebody reads or writes at this
// moment, the next time will do.
func (e *Engine) Forget(ctx context.Context) (err error) {
	db, err := connect(e.path, 1, "synchronous(FULL)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	// On its one connection: writers wait while it waits for readers.
	if _, err := db.ExecContext(ctx, `PRAGMA busy_timeout = 50`); err != nil {
		return fmt.Errorf("truncate the write-ahead log: %w", err)
	}
	var busy, frames, folded int
	if err := db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &frames, &folded); err != nil {
		return fmt.Errorf("truncate the write-ahead log: %w", err)
	}
	return nil
}
