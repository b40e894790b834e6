package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Backup implements [store.Engine] by VACUUM INTO: one read transaction, so the
// copy is of one moment while writes go on. It is complete and on the disk when
// Backup returns nil; otherwise there is none.
func (e *Engine) Backup(ctx context.Context, path string) error {
	path, err := filepath.Abs(path) // a bare name could pass for one of SQLite's URIs
	if err != nil {
		return fmt.Errorf("find the copy's folder: %w", err)
	}
	// Made first, for its owner alone; SQLite fills an empty file but no other.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("create the copy (name a file that does not exist yet): %w", err)
	}
	err = e.vacuumInto(ctx, path)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func (e *Engine) vacuumInto(ctx context.Context, path string) error {
	db, err := connect(e.path, 1) // the pool's connections refuse VACUUM
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `VACUUM INTO $1`, path)
	return errors.Join(err, db.Close())
}
