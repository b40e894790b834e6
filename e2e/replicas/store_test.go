package replicas_test

import (
	"path/filepath"
	"testing"

	"github.com/avain-project/avain/e2e/rig"
)

// PostgreSQL is killed while answers of the provider are on their way, and again when
// nobody has chosen the moment; then the pooler is, which is one replica's store alone.
func TestTheStoreIsKilled(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	step(t, "PostgreSQL, with refreshes under way", func(t *testing.T) {
		asked, answered := f.seats[0].Provider.DelayAt(rig.Asked), f.seats[1].Provider.DelayAt(rig.Answered)
		stop := f.load(t)
		reached(t, asked)
		reached(t, answered)
		back := f.log.storeAway(f.replicas...)
		f.postgres.Kill()
		close(asked.Release)
		close(answered.Release)
		eventually(t, "both answers are in a journal", func() bool { return f.kept(t) >= 2 })
		f.outage(t, back)
		stop()
		f.wantOutage(t)
	})
	step(t, "PostgreSQL, at any moment", func(t *testing.T) {
		for range 2 {
			stop := f.load(t)
			f.log.awaitServed(t, 2*len(f.seats))
			back := f.log.storeAway(f.replicas...)
			f.postgres.Kill()
			f.outage(t, back)
			stop()
			f.wantOutage(t)
		}
	})
	step(t, "PgBouncer", func(t *testing.T) {
		behind := f.replicas[replicas-1]
		stop := f.load(t)
		f.log.awaitServed(t, 2*len(f.seats))
		back := f.log.storeAway(behind)
		f.pooler.Kill()
		f.log.awaitAway(t, behind)
		f.pooler.Start()
		behind.ready(t)
		back(behind)
		stop()
		f.wantOutage(t)
	})
}

// outage lasts until every replica has felt it; then PostgreSQL comes back.
func (f *fleet) outage(t *testing.T, back func(*replica)) {
	t.Helper()
	f.log.awaitAway(t, f.replicas...)
	f.postgres.Start()
	for _, r := range f.replicas {
		r.ready(t)
		back(r)
	}
}

// wantOutage is judge after one that callers have felt.
func (f *fleet) wantOutage(t *testing.T) {
	t.Helper()
	if v := f.judge(t); v.served == 0 || v.away == 0 {
		t.Errorf("it was to be felt, and to end: %+v", v)
	}
	if n := f.kept(t); n > 0 {
		t.Errorf("%d answers are left in journals", n)
	}
}

// kept is how many answers of the provider are in the replicas' journals.
func (f *fleet) kept(t *testing.T) (n int) {
	t.Helper()
	for _, r := range f.replicas {
		found, err := filepath.Glob(filepath.Join(r.server.Dir, "journal", "*.entry"))
		if err != nil {
			t.Fatal(err)
		}
		n += len(found)
	}
	return n
}
