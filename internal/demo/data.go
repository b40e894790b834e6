package demo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/secret"
)

// demoKey reads the demo's key, or makes it in an empty directory.
func demoKey(dir string) (secret.Text, error) {
	path := filepath.Join(dir, "avain.key")
	stored, err := os.ReadFile(path) //nolint:gosec // the operator's own directory
	if err == nil {
		return secret.New(strings.TrimSpace(string(stored))), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return secret.Text{}, fmt.Errorf("read the demo's key: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "avain.db")); err == nil {
		return secret.Text{}, fmt.Errorf("%s holds a database but no key: choose another --data-dir", dir)
	}
	ring, err := seal.NewRing()
	if err != nil {
		return secret.Text{}, err
	}
	text, err := ring.Encode()
	if err != nil {
		return secret.Text{}, err
	}
	if err := os.WriteFile(path, []byte(text.Reveal()+"\n"), 0o600); err != nil {
		return secret.Text{}, fmt.Errorf("write the demo's key: %w", err)
	}
	return text, nil
}

func dataDir(chosen string) (dir string, cleanUp func(), err error) {
	if chosen != "" {
		if err := os.MkdirAll(chosen, 0o700); err != nil {
			return "", nil, fmt.Errorf("make the data directory: %w", err)
		}
		return chosen, func() {}, nil
	}
	dir, err = os.MkdirTemp("", "avain-demo-")
	if err != nil {
		return "", nil, fmt.Errorf("make a temporary directory: %w", err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil
}
