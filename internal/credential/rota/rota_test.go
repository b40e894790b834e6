package rota_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/credential/rota"
)

// clock is set by hand.
type clock struct{ now time.Time }

func (c *clock) time() time.Time { return c.now }

// world plays the accounts that are due, and counts what is asked for.
type world struct {
	*rota.Rota
	clock
	due  map[string]int // by registration
	busy map[string]int
	// most is the most at once of each registration, and of all by "".
	most map[string]int
	done map[string]int
}

func newWorld(limit rota.Limit, due map[string]int) *world {
	w := &world{clock: clock{time.Unix(1, 0)}, due: due, busy: map[string]int{}, most: map[string]int{}, done: map[string]int{}}
	w.Rota = rota.New(limit, w.time)
	return w
}

func (w *world) list() {
	var lanes []rota.Lane
	for _, id := range slices.Sorted(maps.Keys(w.due)) {
		if w.due[id] > 0 {
			lanes = append(lanes, rota.Lane{Registration: id, Provider: "Google"})
		}
	}
	w.Wait(lanes)
}

// begin claims what may begin now.
func (w *world) begin() {
	for _, share := range w.Shares() {
		n := min(share.N, w.due[share.Registration])
		w.Used(share, n)
		w.due[share.Registration] -= n
		w.busy[share.Registration] += n
		w.busy[""] += n
		for _, of := range []string{"", share.Registration} {
			w.most[of] = max(w.most[of], w.busy[of])
		}
	}
}

// end ends all that is under way.
func (w *world) end() {
	for id, n := range w.busy {
		if w.busy[id] = 0; id == "" {
			continue
		}
		for range n {
			w.Done(id)
		}
		w.done[id] += n
	}
}

func TestNoRegistrationTakesAllPlaces(t *testing.T) {
	t.Parallel()
	w := newWorld(rota.Limit{AtOnce: 10, PerSecond: 1e6}, map[string]int{"big": 100_000, "other": 100_000, "third": 100_000, "small": 3})
	w.list()
	w.begin()
	w.begin() // what small does not need
	if w.busy["small"] != 3 || w.busy["big"] < 5 || w.busy["big"] > 7 {
		t.Errorf("%v are under way", w.busy)
	}
	w.due["other"], w.due["third"] = 0, 0
	w.end()
	w.list()
	w.begin()
	if w.most[""] != 20 || w.busy["big"] != 10 {
		t.Errorf("%d at once, now %v; want 20 of the provider, and 10 of each registration", w.most[""], w.busy)
	}
}

func TestARateHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(rota.Limit{AtOnce: 1000, PerSecond: 40}, map[string]int{"one": 100_000, "two": 100_000, "three": 100_000})
	for range 10 * 40 {
		w.list()
		w.begin()
		w.end()
		w.now = w.now.Add(25 * time.Millisecond)
	}
	// Of 40 a second, and a quarter of a second's at the beginning; all together twice as many.
	all := w.done["one"] + w.done["two"] + w.done["three"]
	if all < 790 || all > 820 {
		t.Errorf("%d in ten seconds: %v", all, w.done)
	}
	for id, n := range w.done {
		if n < all/3-10 || n > all/3+10 {
			t.Errorf("%s had %d of %d", id, n, all)
		}
	}
	w = newWorld(rota.Limit{AtOnce: 1000, PerSecond: 40}, map[string]int{"one": 100_000})
	for range 10 * 40 {
		w.list()
		w.begin()
		w.end()
		w.now = w.now.Add(25 * time.Millisecond)
	}
	if n := w.done["one"]; n < 390 || n > 410 {
		t.Errorf("%d of one registration in ten seconds", n)
	}
}

func TestWhatIsNotUsedIsGivenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(rota.Limit{AtOnce: 4, PerSecond: 1e6}, map[string]int{"a": 1, "b": 1})
	for round := range 10 {
		w.due["a"], w.due["b"] = 1, 1
		w.list()
		if !w.Waiting() {
			t.Fatalf("round %d: nobody waits", round)
		}
		w.begin()
		if w.Waiting() || w.busy[""] != 2 {
			t.Fatalf("round %d: %v under way, waiting %v", round, w.busy, w.Waiting())
		}
		w.end()
	}
}

// Somebody may be left out of a list while its last places are in use.
func TestPlacesOutliveAList(t *testing.T) {
	t.Parallel()
	w := newWorld(rota.Limit{AtOnce: 2, PerSecond: 1e6}, map[string]int{"a": 2})
	w.list()
	w.begin()
	w.list() // of nobody
	w.due["a"] = 5
	w.list()
	if w.begin(); w.busy["a"] != 2 {
		t.Errorf("%d at once", w.busy["a"])
	}
	w.end()
	if w.begin(); w.busy["a"] != 2 {
		t.Errorf("%d at once, after the others", w.busy["a"])
	}
}

func BenchmarkShares(b *testing.B) {
	w := newWorld(rota.Limit{AtOnce: 100, PerSecond: 600}, map[string]int{})
	for i := range 5000 {
		w.due[fmt.Sprint(i)] = 1 << 40
	}
	w.list()
	for b.Loop() {
		w.begin()
		w.end()
		w.now = w.now.Add(25 * time.Millisecond)
	}
}
