package journal

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// Files is the part of a file system that the journal needs. Names are paths.
type Files interface {
	// MakeDir makes a folder for its owner alone, where there is none.
	MakeDir(dir string) error
	// Create makes a file for its owner alone, which must not exist.
	Create(name string) (File, error)
	Rename(from, to string) error
	Remove(name string) error
	ReadFile(name string) ([]byte, error)
	// List names what is in the folder, without its path; of one that does not exist, nothing.
	List(dir string) ([]string, error)
	// SyncDir makes names that were made, changed or removed in the folder outlive a power loss.
	SyncDir(dir string) error
}

// File is a file being written.
type File interface {
	io.Writer
	// Sync makes what was written outlive a power loss.
	Sync() error
	Close() error
}

// Disk is the file system of the machine.
type Disk struct{}

// MakeDir implements Files.
func (Disk) MakeDir(dir string) error { return os.MkdirAll(dir, 0o700) }

// Create implements Files.
func (Disk) Create(name string) (File, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

// Rename implements Files.
func (Disk) Rename(from, to string) error { return os.Rename(from, to) }

// Remove implements Files.
func (Disk) Remove(name string) error { return os.Remove(name) }

// ReadFile implements Files.
func (Disk) ReadFile(name string) ([]byte, error) { return os.ReadFile(name) }

// List implements Files.
func (Disk) List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

// SyncDir implements Files.
func (Disk) SyncDir(dir string) error {
	folder, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
