package replicas_test

import (
	"sync"
	"testing"
	"time"

	"github.com/avain-project/avain/e2e/rig"
)

// aClaim is longer than a claim lasts.
const aClaim = 46 * time.Second

// Who renews an account is killed, or frozen, at the points where that hurts nobody but
// its own callers: another replica does it, and it is done once.
func TestWhoRenewsGoesAway(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	for _, at := range []rig.Point{rig.Claimed, rig.Asked, rig.Saved} {
		step(t, "killed: "+string(at), func(t *testing.T) { f.whoRenewsIsKilled(t, at) })
	}
	step(t, "frozen with the claim, and thawed when another has done it", f.whoRenewsIsFrozen)
	step(t, "frozen in the middle of claiming", f.whoClaimsIsFrozen)
}

func (f *fleet) whoRenewsIsKilled(t *testing.T, at rig.Point) {
	f.expire(t)
	s, r := f.seats[0], f.replicas[0]
	hold := s.Provider.StopAt(at)
	var group sync.WaitGroup
	f.only(r, func() {
		group.Go(func() { f.use(t, s) })
		reached(t, hold)
	})
	s.Provider.StopAt(rig.AtRest)
	f.log.kills(r)
	r.server.Kill(t)
	close(hold.Release)
	for range 2 * callers {
		group.Go(func() { f.use(t, s) })
	}
	if at != rig.Saved {
		f.wantHeld(t, s)
		f.database.Pass(t, aClaim)
	}
	group.Wait()
	r.server.Start(t)
	if v := f.judge(t); v.cut != 1 || v.served != 2*callers {
		t.Errorf("one call was to be cut off: %+v", v)
	}
}

// The claim's time passes while its holder is frozen. Thawed, it gets no answer, and gives
// its caller what the other one has got.
func (f *fleet) whoRenewsIsFrozen(t *testing.T) {
	f.expire(t)
	s, r := f.seats[1], f.replicas[1]
	hold := s.Provider.StopAt(rig.Asked)
	var group sync.WaitGroup
	f.only(r, func() {
		group.Go(func() { f.use(t, s) })
		reached(t, hold)
	})
	s.Provider.StopAt(rig.AtRest)
	r.server.Stop(t)
	f.wantHeld(t, s)
	f.database.Pass(t, aClaim)
	f.front.takeOut(r)
	f.use(t, s)
	close(hold.Release)
	r.server.Continue(t)
	group.Wait()
	f.front.takeIn(r)
	if v := f.judge(t); v.served != 2 {
		t.Errorf("both were to be served: %+v", v)
	}
}

// A server that is frozen within a transaction keeps its rows from everybody: the database
// ends the transaction.
func (f *fleet) whoClaimsIsFrozen(t *testing.T) {
	f.expire(t)
	s, r := f.seats[2], f.replicas[0]
	refused := s.Provider.StopAt(rig.Unclaimed)
	unlock := f.database.Lock(t)
	var group sync.WaitGroup
	f.only(r, func() {
		group.Go(func() { f.use(t, s) })
		reached(t, refused)
		eventually(t, "it waits for the table", func() bool {
			return f.database.Number(t, `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'`) > 0
		})
	})
	s.Provider.StopAt(rig.AtRest)
	r.server.Stop(t)
	unlock()
	eventually(t, "its transaction stands open", func() bool {
		return f.database.Number(t, `SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'`) > 0
	})
	f.front.takeOut(r)
	f.use(t, s)
	r.server.Continue(t)
	group.Wait()
	f.front.takeIn(r)
	if v := f.judge(t); v.served != 2 {
		t.Errorf("both were to be served: %+v", v)
	}
}

// only sends everybody to one replica meanwhile.
func (f *fleet) only(r *replica, do func()) {
	for _, other := range f.replicas {
		if other != r {
			f.front.takeOut(other)
			defer f.front.takeIn(other)
		}
	}
	do()
}

// wantHeld checks that somebody holds the claim on the account.
func (f *fleet) wantHeld(t *testing.T, s *rig.Seat) {
	t.Helper()
	if f.database.Number(t, `SELECT count(*) FROM refreshes WHERE account_id = $1 AND holder <> '' AND held_until > 0`, s.Account) != 1 {
		t.Fatal("nobody holds the claim that was to be left behind")
	}
}
