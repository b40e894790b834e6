package rota

import (
	"sync"
	"time"
)

// atATime bounds what is given out at a time: what is claimed together waits for one write.
const atATime = 64

// Lane is one registration, and the provider that it shares with others.
type Lane struct{ Registration, Provider string }

// Share is how many of a registration's accounts may begin now.
type Share struct {
	Registration string
	N            int
}

// Rota is safe for concurrent use.
type Rota struct {
	limit Limit
	now   func() time.Time

	mu        sync.Mutex
	waiting   []*lane // with something due, in the order of their turns
	next      int     // whose turn it is
	lanes     map[string]*lane
	providers map[string]*bucket
}

type lane struct {
	Lane
	*bucket
	empty bool // as far as is known
}

// New makes a rota in which each registration has that limit, and each provider twice as much.
func New(limit Limit, now func() time.Time) *Rota {
	return &Rota{limit: limit, now: now, lanes: map[string]*lane{}, providers: map[string]*bucket{}}
}

// Wait says who has something due; whoever is not named has not.
func (r *Rota) Wait(lanes []Lane) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now, known := r.now(), r.lanes
	r.waiting, r.lanes = nil, make(map[string]*lane, len(lanes))
	for _, l := range lanes {
		own, ok := known[l.Registration]
		if !ok {
			own = &lane{Lane: l, bucket: newBucket(r.limit, now)}
		}
		if r.providers[l.Provider] == nil {
			r.providers[l.Provider] = newBucket(r.limit.twice(), now)
		}
		own.empty = false
		r.waiting, r.lanes[l.Registration] = append(r.waiting, own), own
	}
	for id, l := range known { // whose last places are in use
		if r.lanes[id] == nil && l.taken > 0 {
			r.lanes[id] = l
		}
	}
}

// Waiting tells whether anybody has something due, as far as is known.
func (r *Rota) Waiting() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.waiting {
		if !l.empty {
			return true
		}
	}
	return false
}

// Shares gives out the places that are free now: one to each who waits, and then another.
func (r *Rota) Shares() []Share {
	r.mu.Lock()
	defer r.mu.Unlock()
	now, given := r.now(), map[string]int{}
	var order []string
	for left, idle := atATime, 0; left > 0 && idle < len(r.waiting); {
		l := r.waiting[r.next%len(r.waiting)]
		r.next = (r.next + 1) % len(r.waiting)
		provider := r.providers[l.Provider]
		if l.empty || l.room(now) < 1 || provider.room(now) < 1 {
			idle++
			continue
		}
		l.take()
		provider.take()
		if given[l.Registration]++; given[l.Registration] == 1 {
			order = append(order, l.Registration)
		}
		left, idle = left-1, 0
	}
	shares := make([]Share, len(order))
	for i, id := range order {
		shares[i] = Share{id, given[id]}
	}
	return shares
}

// Used says how much of a share there was something due for; the rest is given back.
func (r *Rota) Used(s Share, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l := r.lanes[s.Registration]; n < s.N {
		l.empty = true
		l.untake(s.N - n)
		r.providers[l.Provider].untake(s.N - n)
	}
}

// Done gives a place back.
func (r *Rota) Done(registration string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.lanes[registration]
	l.taken--
	r.providers[l.Provider].taken--
}
