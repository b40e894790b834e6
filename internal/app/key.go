package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/filelock"
	"github.com/avain-project/avain/internal/jobs"
	"github.com/avain-project/avain/internal/secret"
)

// followKey takes a changed key file over while the server runs. What meets an unknown key
// in between does so by itself.
func (a *App) followKey(ctx context.Context) {
	if a.cfg.ReadKey == nil {
		return
	}
	said := "" // of a file that stays as bad as it is, once is enough
	jobs.Run(ctx, a.logger, jobs.Task{Name: "key", Interval: time.Second, Do: func(ctx context.Context) error {
		before := a.ring.ID()
		changed, err := a.ring.ReadAnew()
		switch {
		case err != nil && err.Error() != said:
			a.logger.WarnContext(ctx, "the key file cannot be taken over; the keys in memory stay", "keys", a.ring.IDs(), "error", err)
		case changed:
			a.logger.InfoContext(ctx, "the key file was read anew", "keys", a.ring.IDs(), "primary", a.ring.ID(), "before", before)
		}
		said = ""
		if err != nil {
			said = err.Error()
		}
		return nil
	}})
}

// KeyFile is the path of the file that holds the key ring.
type KeyFile string

// Lock keeps other commands from changing the file until release is called.
func (f KeyFile) Lock() (release func() error, err error) {
	lock, err := filelock.Take(string(f) + "-lock")
	var held *filelock.HeldError
	if errors.As(err, &held) {
		return nil, fmt.Errorf("another command changes %s at this moment: wait for its end: %w", f, err)
	}
	return lock.Release, err
}

// Replace puts another ring into the file, which exists: at any moment, and after a loss
// of power, it holds the one or the other. Owner and permissions stay.
func (f KeyFile) Replace(key secret.Text) (err error) {
	path, err := filepath.EvalSymlinks(string(f)) // the link stays where it is
	if err != nil {
		return fmt.Errorf("find the key file: %w", err)
	}
	have, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("look at the key file: %w", err)
	}
	fresh, err := os.CreateTemp(filepath.Dir(path), ".avain-key-*")
	if err != nil {
		return fmt.Errorf("replace the key file (--print shows the new key, to be put there by other means): %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignore(os.Remove(fresh.Name()), fs.ErrNotExist))
		}
	}()
	err = fill(fresh, have, key)
	if err = errors.Join(err, fresh.Close()); err != nil {
		return fmt.Errorf("replace the key file: %w", err)
	}
	if err := os.Rename(fresh.Name(), path); err != nil {
		return fmt.Errorf("replace the key file: %w", err)
	}
	return syncFolder(filepath.Dir(path))
}

func fill(fresh *os.File, like fs.FileInfo, key secret.Text) error {
	if err := fresh.Chmod(like.Mode().Perm()); err != nil {
		return err
	}
	if err := keepOwner(fresh, like); err != nil {
		return fmt.Errorf("give it the owner of the old one (run this command as that user, or as root): %w", err)
	}
	_, err := fresh.WriteString(strings.TrimSpace(key.Reveal()) + "\n")
	return errors.Join(err, fresh.Sync())
}

func ignore(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}
