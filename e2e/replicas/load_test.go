package replicas_test

import (
	"strconv"
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
	answer     rig.Answer
	replica    int // that was asked; -1 for none
	began, end time.Time
}

func (f *fleet) call(t *testing.T, s *rig.Seat) call {
	c := call{seat: s, began: time.Now(), replica: -1}
	c.answer = s.Call(t)
	c.end = time.Now()
	if number, err := strconv.Atoi(c.answer.Header.Get(servedBy)); err == nil {
		c.replica = number
	}
	return c
}

// round ends all access tokens and calls every account at several replicas at once: it
// takes one refresh, and no more, to serve them all.
func (f *fleet) round(t *testing.T) {
	before := map[*rig.Seat]rig.Book{}
	for _, s := range f.seats {
		before[s] = s.Provider.Book()
	}
	f.box.Expire()
	var group sync.WaitGroup
	for _, s := range f.seats {
		for range callers {
			group.Go(func() { f.log.note(f.call(t, s)) })
		}
	}
	group.Wait()
	for _, s := range f.seats {
		if n := s.Provider.Book().Refreshes - before[s].Refreshes; n > 1 {
			t.Errorf("%s: %d refreshes for one access token that had ended", s.Name, n)
		}
	}
}

// load makes rounds until stop is called, which waits for the end of the last one.
func (f *fleet) load(t *testing.T) (stop func()) {
	ending, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			f.round(t)
			select {
			case <-ending:
				return
			default:
			}
		}
	}()
	return func() { close(ending); <-ended }
}
