package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/secret"
)

type keyCommands struct {
	Init   keyInitCommand   `cmd:"" help:"Make the key: avain.key in the data directory."`
	Check  keyCheckCommand  `cmd:"" help:"Open every sealed value of the database, and tell which keys it needs."`
	Rotate keyRotateCommand `cmd:"" help:"Change over to a new key while servers run; goes on with a rotation that was cut off."`
	Add    keyAddCommand    `cmd:"" help:"Add a key that waits for avain key rotate, where servers on several machines need it first."`
	Drop   keyDropCommand   `cmd:"" help:"Drop the keys that nothing in the database needs any more."`
}

type keyInitCommand struct {
	Print bool `help:"Print the key instead of writing a file, for a secret store: it goes into AVAIN_KEY."`
}

type keyView struct {
	ID   string `json:"id"`
	Path string `json:"path,omitempty"`
	Key  string `json:"key,omitempty"` // with --print only
}

// Run makes a key, and never one beside data that another key has sealed.
func (c *keyInitCommand) Run(ctx context.Context, s *settings, out output) error {
	if err := s.refuseBesideSealedData(ctx); err != nil {
		return err
	}
	key, id, err := operator.NewKey()
	if err != nil {
		return err
	}
	if c.Print {
		return out.show(keyView{ID: id, Key: key.Reveal()}, func(w io.Writer) { printf(w, "%s\n", key.Reveal()) })
	}
	path, err := s.writeKey(key)
	if err != nil {
		return err
	}
	return out.show(keyView{ID: id, Path: path}, func(w io.Writer) {
		printf(w, "key %s written to %s\n\n", id, path)
		printf(w, "Keep a copy of it, apart from backups of the database: without the key, no connected account can be opened.\n")
		printf(w, "\nNext:\n\n    %s\n", s.line("app create NAME --return-url URL"))
	})
}

func (s *settings) refuseBesideSealedData(ctx context.Context) error {
	at, exists, err := s.databaseExists()
	if err != nil || !exists {
		return err
	}
	held, err := app.HoldsSealed(ctx, s.config())
	if err != nil {
		return err
	}
	if held {
		return fmt.Errorf("%s holds data that another key has sealed, which a new one would not open: "+
			"bring that key back (%s, AVAIN_KEY or AVAIN_KEY_FILE), or begin with another --data-dir or --database", at, s.keyPath())
	}
	return nil
}

// writeKey writes the file for its owner alone, and never over another one.
func (s *settings) writeKey(key secret.Text) (path string, err error) {
	path, err = filepath.Abs(s.keyPath())
	if err != nil {
		return "", fmt.Errorf("find the data directory: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("make the data directory: %w", err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("%s exists already: it is used as it is, and never replaced", path)
	}
	if err != nil {
		return "", fmt.Errorf("write the key: %w", err)
	}
	_, err = file.WriteString(key.Reveal() + "\n")
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("write the key: %w", err), os.Remove(path))
	}
	return path, nil
}
