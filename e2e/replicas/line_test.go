package replicas_test

import (
	"sync"
	"testing"

	"github.com/avain-project/avain/e2e/rig"
)

// The line of one replica is in trouble, while it has a refresh under way: that one says
// so, the others serve everybody, and afterwards nothing is missing.
func TestTheLineToTheStoreIsInTrouble(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	step(t, "slow", func(t *testing.T) {
		for _, r := range f.replicas {
			r.cable.suffer(toxic{Type: "latency", Attributes: map[string]int{"latency": 40, "jitter": 20}})
		}
		stop := f.load(t)
		f.log.awaitServed(t, 20)
		stop()
		for _, r := range f.replicas {
			r.cable.heal()
		}
		if v := f.judge(t); v.away > 0 {
			t.Errorf("slow is not away: %+v", v)
		}
	})
	for i, trouble := range []struct {
		name string
		with toxic
	}{
		{"reset", toxic{Type: "reset_peer", Attributes: map[string]int{"timeout": 5}}},
		{"cut in the middle of answers", toxic{Type: "limit_data", Attributes: map[string]int{"bytes": 600}}},
		{"silent", toxic{Type: "timeout", Attributes: map[string]int{"timeout": 0}}},
	} {
		step(t, trouble.name, func(t *testing.T) {
			r := f.replicas[i]
			f.lineTrouble(t, r, func() { r.cable.suffer(trouble.with) }, r.cable.heal)
		})
	}
	step(t, "down", func(t *testing.T) {
		r := f.replicas[0]
		f.lineTrouble(t, r, r.cable.cut, r.cable.mend)
	})
}

func (f *fleet) lineTrouble(t *testing.T, r *replica, begin, end func()) {
	t.Helper()
	f.expire(t)
	s := f.seats[0]
	hold := s.Provider.DelayAt(rig.Answered)
	var group sync.WaitGroup
	f.only(r, func() {
		group.Go(func() { f.use(t, s) })
		reached(t, hold)
	})
	back := f.log.storeAway(r)
	begin()
	close(hold.Release)
	stop := f.load(t)
	f.log.awaitAway(t, r)
	f.log.awaitServed(t, 10)
	end()
	r.ready(t)
	back(r)
	stop()
	group.Wait()
	f.wantOutage(t)
}
