package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/changes"
	"github.com/avain-project/avain/internal/store/postgres"
	"github.com/avain-project/avain/internal/store/storetest"
	"github.com/avain-project/avain/internal/testenv"
)

// Not parallel: the snapshot is the whole server's, so it stands still only while no
// other test writes. Those that wait to go on in parallel do not.
func TestChangesStandStillWhileNobodyWrites(t *testing.T) {
	e := open(t, storetest.EmptyPostgres(t).URL)
	standstill := func() bool {
		deadline := time.NewTimer(2 * changes.Every)
		defer deadline.Stop()
		before := e.Changes()
		<-deadline.C
		return e.Changes() == before
	}
	for range 60 { // other packages' tests may use the same server
		if standstill() {
			return
		}
	}
	t.Error("the number never stands still")
}

// Not parallel, for the same reason.
func TestAWriteThatChangesNothingIsNoChange(t *testing.T) {
	_, e := words(t)
	for range 60 { // other packages' tests may use the same server
		before := e.Changes()
		write(t, e, `DELETE FROM words WHERE word = 'none'`)
		same := e.Changes() == before
		write(t, e, `INSERT INTO words VALUES ('one')`)
		if e.Changes() == before {
			t.Fatal("a change of its own is not counted at once")
		}
		write(t, e, `DELETE FROM words`)
		if same {
			return
		}
	}
	t.Error("a write that finds nothing to change makes everybody read anew")
}

// What another process commits is seen within a second, and what it has not yet
// committed makes nobody believe in it.
func TestChangesOfOthersAreSeen(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]func(*storetest.Postgres) string{
		"directly":         func(p *storetest.Postgres) string { return p.URL },
		"behind PgBouncer": func(p *storetest.Postgres) string { return p.Pooled },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := storetest.EmptyPostgres(t)
			testenv.Need(t, "PgBouncer", p.Pooled != "", "run the tests by scripts/with-postgres")
			ours, theirs := open(t, address(p)), open(t, address(p))
			write(t, theirs, `CREATE TABLE words (word TEXT PRIMARY KEY)`)
			var began, committed time.Time
			before := uint64(0)
			err := theirs.Write(t.Context(), func(ctx context.Context, q store.Querier) error {
				began = time.Now()
				before = ours.Changes()
				return statement(`INSERT INTO words VALUES ('one')`)(ctx, q)
			})
			if err != nil {
				t.Fatal(err)
			}
			committed = time.Now()
			awaitChange(t, ours, before)
			if seen := time.Since(committed); seen > time.Second+committed.Sub(began) {
				t.Errorf("seen after %v", seen)
			}
		})
	}
}

func awaitChange(t *testing.T, e *postgres.Engine, before uint64) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(30 * time.Second)
	for e.Changes() == before {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatal("it was never seen")
		}
	}
}
