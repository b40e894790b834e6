package sqlite

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/store"
)

func TestPragmas(t *testing.T) {
	t.Parallel()
	e := open(t)
	pragmas := func(ctx context.Context, q store.Querier, want map[string]string) {
		t.Helper()
		for name, value := range want {
			var got string
			if err := q.QueryRowContext(ctx, `PRAGMA `+name).Scan(&got); err != nil || got != value {
				t.Errorf("%s = %q, %v; want %q", name, got, err, value)
			}
		}
	}
	pragmas(t.Context(), e.Reader(), map[string]string{"busy_timeout": "10000", "journal_mode": "wal", "query_only": "1"})
	err := e.Write(t.Context(), func(ctx context.Context, q store.Querier) error {
		pragmas(ctx, q, map[string]string{
			"busy_timeout": "10000", "journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "secure_delete": "1",
		})
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if _, err := e.Reader().ExecContext(t.Context(), `INSERT INTO words (word) VALUES ('read')`); err == nil {
		t.Error("a reader must not write")
	}
}

func TestFilesAreTheOwnersAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ä b#1?x=%41.db")
	e, err := Open(t.Context(), Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	if _, err := e.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	backup := path + ".backup"
	if err := e.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm", path + "-migrate", backup} {
		info, err := os.Stat(name)
		if err != nil {
			t.Error(err)
		} else if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", filepath.Base(name), info.Mode().Perm())
		}
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	if err := os.WriteFile(garbage, []byte("this is a letter, and no database at all, whoever named it so"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"no path": "", "a folder": dir, "no folder": filepath.Join(dir, "missing", "avain.db"), "no database": garbage,
	} {
		if e, err := Open(t.Context(), Config{Path: path}); err == nil {
			t.Errorf("%s: opened", name)
			_ = e.Close()
		}
	}
}

func TestBackupOpens(t *testing.T) {
	t.Parallel()
	e := open(t)
	if err := e.Write(t.Context(), insert("one")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := e.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if err := e.Write(t.Context(), insert("two")); err != nil {
		t.Fatal(err)
	}
	if err := e.Backup(t.Context(), path); err == nil {
		t.Error("the copy was overwritten")
	}
	copied, err := Open(t.Context(), Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = copied.Close() }()
	if d := cmp.Diff("one", words(t, copied)); d != "" {
		t.Error(d)
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	failed := filepath.Join(t.TempDir(), "failed.db")
	if err := e.Backup(ended, failed); err == nil {
		t.Error("a backup of an ended context went well")
	}
	if _, err := os.Stat(failed); !os.IsNotExist(err) {
		t.Errorf("a failed backup left a file: %v", err)
	}
}

// Processes that start at once on a new file can be told "busy" in spite of the
// busy timeout, while one of them changes the file to WAL.
func TestOpenTriesAgainWhileBusy(t *testing.T) {
	t.Parallel()
	path, err := create(filepath.Join(t.TempDir(), "busy.db"))
	if err != nil {
		t.Fatal(err)
	}
	holder, err := connect(path, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Close() }()
	other, err := connect(path, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	if _, err := other.ExecContext(t.Context(), `PRAGMA busy_timeout = 0`); err != nil {
		t.Fatal(err)
	}
	if _, err := holder.ExecContext(t.Context(), `BEGIN EXCLUSIVE`); err != nil {
		t.Fatal(err)
	}
	tries := 0
	err = untilFree(t.Context(), func(ctx context.Context) error {
		tries++
		if tries == 3 {
			if _, err := holder.ExecContext(ctx, `ROLLBACK`); err != nil {
				t.Error(err)
			}
		}
		_, err := other.ExecContext(ctx, `CREATE TABLE words (word TEXT) STRICT`)
		return err
	})
	if err != nil || tries != 3 {
		t.Errorf("%d tries, %v; want the third to go well", tries, err)
	}
}
