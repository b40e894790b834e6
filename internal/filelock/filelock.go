package filelock

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// HeldError says that somebody else has the lock.
type HeldError struct {
	Path string
	PID  int // of the process that took it; 0 where it has not said so
}

func (e *HeldError) Error() string {
	if e.PID == 0 {
		return "another process holds " + e.Path
	}
	return fmt.Sprintf("process %d holds %s", e.PID, e.Path)
}

// Lock is a lock that is held.
type Lock struct{ file *os.File }

// Take takes the lock named by path, whose folder must exist; the file is made where it
// does not. It does not wait: a [*HeldError] says that somebody has it, this very process
// included.
func Take(path string) (*Lock, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("take a lock: %w", err)
	}
	err = lock(file)
	switch {
	case errors.Is(err, errHeld):
		err = &HeldError{Path: path, PID: holder(file)}
	case err != nil:
		err = fmt.Errorf("lock %s: %w", path, err)
	default:
		// Only for people: a lock without the number is as good.
		_ = file.Truncate(0)
		_, _ = file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
		return &Lock{file}, nil
	}
	return nil, errors.Join(err, file.Close())
}

var errHeld = errors.New("somebody holds it")

// holder is the process that the file names.
func holder(file *os.File) int {
	raw, err := io.ReadAll(io.LimitReader(file, 32))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err != nil {
		return 0
	}
	return pid
}

// Release gives the lock back. A nil lock is none.
func (l *Lock) Release() error {
	if l == nil {
		return nil
	}
	// Not by closing alone: a child on its way to its own program still has the file.
	return errors.Join(unlock(l.file), l.file.Close())
}
