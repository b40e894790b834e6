package replicas_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/avain-project/avain/e2e/rig"
)

// callers are how many call one account at a time.
const callers = 3

// call is one request with the account's bearer, and its answer.
type call struct {
	seat       *rig.Seat
	look       bool // at what is stored; else a use of the account at its provider
	answer     rig.Answer
	replica    int // that was asked; -1 for none
	began, end time.Time
}

// use calls the account's provider.
func (f *fleet) use(t *testing.T, s *rig.Seat) {
	f.log.note(call{seat: s, began: time.Now(), answer: s.Call(t)})
}

// look asks for what is stored of the account.
func (f *fleet) look(t *testing.T, s *rig.Seat) {
	f.log.note(call{seat: s, look: true, began: time.Now(), answer: s.Do(t, http.MethodGet, "/v1/account")})
}

// right tells whether the answer is what an account gets that is well.
func (c call) right() bool {
	if !c.look {
		return c.seat.Served(c.answer)
	}
	var stored struct {
		ID          int64
		TokenStatus string
	}
	return c.answer.Err == nil && c.answer.Status == http.StatusOK && json.Unmarshal([]byte(c.answer.Body), &stored) == nil &&
		stored.ID == c.seat.Account && stored.TokenStatus == "active"
}

// round ends all access tokens and calls every account at several replicas at once: it
// takes one refresh, and no more, to serve them all. Tokens that wait to be stored are not
// ended: no provider ends two of an account within one call.
func (f *fleet) round(t *testing.T) (refreshes map[*rig.Seat]int) {
	if !f.log.storeIsAway() && f.kept(t) == 0 {
		f.expire(t)
	}
	refreshes = map[*rig.Seat]int{}
	for _, s := range f.seats {
		refreshes[s] = -s.Provider.Book().Refreshes
	}
	var group sync.WaitGroup
	for _, s := range f.seats {
		for range callers {
			group.Go(func() { f.use(t, s) })
		}
	}
	group.Wait()
	for _, s := range f.seats {
		if refreshes[s] += s.Provider.Book().Refreshes; refreshes[s] > 1 {
			t.Errorf("%s: %d refreshes for one access token that had ended", s.Name, refreshes[s])
		}
	}
	return refreshes
}

// expire ends all access tokens, once every replica has the newest: what one has stored the
// others know within a second, and until then they can come by two tokens for one call. No
// provider ends both.
func (f *fleet) expire(t *testing.T) {
	t.Helper()
	for _, r := range f.replicas {
		for _, s := range f.seats {
			at := *s
			at.Client = r.server.Client
			eventually(t, fmt.Sprintf("replica %d has the newest token of %s", r.number, s.Name), func() bool {
				before := s.Provider.Book().Turned
				at.Call(t)
				return s.Provider.Book().Turned == before || f.log.storeIsAway()
			})
		}
	}
	f.box.Expire()
}

// load makes rounds, and looks besides, until stop is called, which waits for the last of
// them.
func (f *fleet) load(t *testing.T) (stop func()) {
	t.Helper()
	ending := make(chan struct{})
	var group sync.WaitGroup
	every := func(pause time.Duration, do func(i int)) {
		group.Go(func() {
			pace := time.NewTicker(pause)
			defer pace.Stop()
			for i := 0; ; i++ {
				do(i)
				select {
				case <-ending:
					return
				case <-pace.C:
				}
			}
		})
	}
	every(200*time.Millisecond, func(int) { f.round(t) })
	every(10*time.Millisecond, func(i int) { group.Go(func() { f.look(t, f.seats[i%len(f.seats)]) }) })
	stop = sync.OnceFunc(func() { close(ending); group.Wait() })
	t.Cleanup(stop)
	return stop
}
