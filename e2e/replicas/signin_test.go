package replicas_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/avain-project/avain/e2e/rig"
)

// A sign-in whose three requests come to three replicas, and calls at all of them: one
// refresh is enough.
func TestAnyReplicaServesAnybody(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	s := rig.NewSeat(t, "late", f.box, f.seats[0].Client)
	a := f.open(t)
	s.Register(t, a, f.box)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	s.SignIn(t)
	way := f.front.visits(3)
	at := []int{way[0].replica, way[1].replica, way[2].replica}
	slices.Sort(at)
	if !strings.HasPrefix(way[0].path, "/v1/auth/authorize") || !strings.HasPrefix(way[1].path, "/v1/auth/callback") ||
		!strings.HasPrefix(way[2].path, "/v1/auth/token/") || !slices.Equal(at, []int{0, 1, 2}) {
		t.Errorf("the sign-in went %+v", way)
	}
	f.seats = append(f.seats, s)
	for range 3 {
		f.round(t)
	}
	if v := f.judge(t); v.served != 3*callers*len(f.seats) {
		t.Errorf("%+v", v)
	}
}
