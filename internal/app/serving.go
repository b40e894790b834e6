package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/avain-project/avain/internal/filelock"
)

// lockServing makes this process the only server of its SQLite file: limits, claims of a
// moment and the journal count on that. Commands do not ask. Nil on PostgreSQL, which is
// for several.
func (c Config) lockServing() (*filelock.Lock, error) {
	at, err := c.Location()
	if err != nil || at.URL != "" {
		return nil, err
	}
	if err := c.makeDataDir(); err != nil {
		return nil, err
	}
	// Of two names of one file, the lock has but one.
	file, err := filepath.EvalSymlinks(at.File)
	if errors.Is(err, os.ErrNotExist) {
		file, err = at.File, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find the database file: %w", err)
	}
	lock, err := filelock.Take(file + "-serve")
	var held *filelock.HeldError
	if errors.As(err, &held) {
		process := "another process"
		if held.PID != 0 {
			process = fmt.Sprintf("process %d", held.PID)
		}
		return nil, fmt.Errorf("%s serves %s already, and one SQLite file has one server: stop that one, or give this one another --data-dir or --database "+
			"(several servers share a PostgreSQL database; commands need no server to be stopped): %w", process, file, err)
	}
	return lock, err
}

func (c Config) makeDataDir() error {
	if c.DataDir == "" {
		return nil
	}
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	return nil
}
