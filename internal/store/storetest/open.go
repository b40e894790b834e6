package storetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/sqlite"
)

// Open gives t a store of its own, migrated and empty, on a file in t.TempDir; it
// is closed at cleanup.
func Open(t testing.TB) *store.Store {
	t.Helper()
	template, err := migrated()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "avain.db")
	if err := os.WriteFile(path, template, 0o600); err != nil {
		t.Fatal(err)
	}
	engine, err := sqlite.Open(context.Background(), sqlite.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	s := store.New(engine)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// migrated is the content of a migrated, empty database: made once a process,
// because the migrations take longer than most tests.
var migrated = sync.OnceValues(func() (content []byte, err error) {
	dir, err := os.MkdirTemp("", "avain-storetest-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "template.db")
	engine, err := sqlite.Open(context.Background(), sqlite.Config{Path: path})
	if err != nil {
		return nil, err
	}
	_, err = engine.Migrate(context.Background())
	if err = errors.Join(err, engine.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})
