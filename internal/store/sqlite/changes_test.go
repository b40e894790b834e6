package sqlite

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/store"
)

func TestChangesStandStillOnlyWhileNothingChanges(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "avain.db")
	ours, theirs := opened(t, path), opened(t, path)
	if _, err := ours.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	settle(t, ours)

	before := ours.Changes()
	write(t, ours)
	own := ours.Changes()
	if own == before {
		t.Error("a write of its own is not seen at once")
	}

	settle(t, ours)
	before = ours.Changes()
	write(t, theirs)
	awaitChange(t, ours, before)
}

// A watcher that cannot look must not let anybody believe in standstill.
func TestChangesNeverRepeatWhileBlind(t *testing.T) {
	t.Parallel()
	e := opened(t, filepath.Join(t.TempDir(), "avain.db"))
	e.changes.close()
	e.changes.looked.Store(time.Now().Add(-2 * blindAfter).UnixNano())
	if a, b := e.Changes(), e.Changes(); a == b {
		t.Errorf("two answers are %d although nobody looks", a)
	}
}

func opened(t *testing.T, path string) *Engine {
	t.Helper()
	e, err := Open(t.Context(), Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func write(t *testing.T, e *Engine) {
	t.Helper()
	err := e.Write(t.Context(), func(ctx context.Context, q store.Querier) error {
		_, err := q.ExecContext(ctx, `INSERT INTO meta (key, value) VALUES ('k', x'00') ON CONFLICT (key) DO UPDATE SET value = x'01'`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// settle waits until the watcher has looked after everything so far.
func settle(t *testing.T, e *Engine) {
	t.Helper()
	from := e.changes.looked.Load()
	await(t, func() bool { return e.changes.looked.Load() > from })
}

func awaitChange(t *testing.T, e *Engine, before uint64) {
	t.Helper()
	await(t, func() bool { return e.Changes() != before })
}

func await(t *testing.T, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(30 * time.Second)
	for !done() {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatal("it never happened")
		}
	}
}
