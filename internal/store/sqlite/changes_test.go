package sqlite

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/changes"
)

func TestChangesStandStillOnlyWhileNothingChanges(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "avain.db")
	ours, theirs := opened(t, path), opened(t, path)
	if _, err := ours.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := ours.Changes()
	write(t, ours)
	own := ours.Changes()
	if own == before {
		t.Error("a write of its own is not seen at once")
	}

	awaitStandstill(t, ours) // the watcher has seen everything so far
	before = ours.Changes()
	write(t, theirs)
	await(t, func() bool { return ours.Changes() != before })
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

// awaitStandstill waits until two looks in a row have found nothing new.
func awaitStandstill(t *testing.T, e *Engine) {
	t.Helper()
	since, last := time.Now(), e.Changes()
	await(t, func() bool {
		if now := e.Changes(); now != last {
			since, last = time.Now(), now
		}
		return time.Since(since) > 2*changes.Every
	})
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
