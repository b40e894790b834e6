package replicas_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// ledger is what was answered, and what the replicas had to suffer meanwhile.
type ledger struct {
	mu     sync.Mutex
	calls  []call
	away   map[int][]*window // by replica: it had no store
	killed map[int][]time.Time
	judged int
}

// window is a time in which a replica may answer that it cannot serve. It is open while
// end is zero.
type window struct{ began, end time.Time }

func newLedger() *ledger {
	return &ledger{away: map[int][]*window{}, killed: map[int][]time.Time{}}
}

// note takes in a call that has just ended.
func (l *ledger) note(c call) {
	c.end, c.replica = time.Now(), -1
	if number, err := strconv.Atoi(c.answer.Header.Get(servedBy)); err == nil {
		c.replica = number
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, c)
}

// storeAway begins a time in which these replicas have no store; it is over for each when
// back says so.
func (l *ledger) storeAway(of ...*replica) (back func(*replica)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	open := map[*replica]*window{}
	for _, r := range of {
		open[r] = &window{began: time.Now()}
		l.away[r.number] = append(l.away[r.number], open[r])
	}
	return func(r *replica) {
		l.mu.Lock()
		defer l.mu.Unlock()
		open[r].end = time.Now()
	}
}

// storeIsAway tells whether some replica has none now.
func (l *ledger) storeIsAway() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, windows := range l.away {
		if slices.ContainsFunc(windows, func(w *window) bool { return w.end.IsZero() }) {
			return true
		}
	}
	return false
}

// kills notes that a replica is about to be killed: what it had not answered is cut off.
func (l *ledger) kills(r *replica) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.killed[r.number] = append(l.killed[r.number], time.Now())
}

// verdict is a count of what was answered since the last one.
type verdict struct{ served, away, cut int }

// judge looks at the answers since the last verdict.
func (l *ledger) judge(t *testing.T) (v verdict) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.calls[l.judged:] {
		switch {
		case c.right():
			v.served++
		case c.refused() && l.wasAway(c):
			v.away++
		case c.answer.Status == http.StatusBadGateway && c.answer.Body == "" && l.wasKilled(c):
			v.cut++
		default:
			t.Errorf("%s at replica %d, %v long, ended at %s: %+v", c.seat.Name, c.replica, c.end.Sub(c.began).Round(time.Millisecond),
				c.end.Format(time.StampMilli), c.answer)
		}
	}
	l.judged = len(l.calls)
	t.Logf("%d served, %d told that the store is away, %d cut off", v.served, v.away, v.cut)
	return v
}

// refused tells whether the replica has said that it cannot serve now.
func (c call) refused() bool {
	return c.answer.Status == http.StatusServiceUnavailable && c.answer.Code() != ""
}

func (l *ledger) wasAway(c call) bool {
	for _, w := range l.away[c.replica] {
		if c.end.After(w.began) && (w.end.IsZero() || c.began.Before(w.end)) {
			return true
		}
	}
	return false
}

func (l *ledger) wasKilled(c call) bool {
	for _, at := range l.killed[c.replica] {
		if c.began.Before(at) && c.end.After(at) {
			return true
		}
	}
	return false
}

// awaitServed waits for n more right answers.
func (l *ledger) awaitServed(t *testing.T, n int) {
	t.Helper()
	from := l.length()
	eventually(t, "calls are under way and served", func() bool { return l.count(from, call.right) >= n })
}

// awaitAway waits until each of the replicas has refused a call.
func (l *ledger) awaitAway(t *testing.T, of ...*replica) {
	t.Helper()
	from := l.length()
	for _, r := range of {
		eventually(t, fmt.Sprintf("replica %d says that its store is away", r.number), func() bool {
			return l.count(from, func(c call) bool { return c.replica == r.number && c.refused() }) > 0
		})
	}
}

func (l *ledger) length() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.calls)
}

func (l *ledger) count(from int, such func(call) bool) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.calls[from:] {
		if such(c) {
			n++
		}
	}
	return n
}

// judge is the end of a scenario: all is well again, and nothing was lost or done twice.
func (f *fleet) judge(t *testing.T) verdict {
	t.Helper()
	v := f.log.judge(t)
	refreshes := f.round(t)
	if now := f.log.judge(t); now.away+now.cut > 0 {
		t.Errorf("all is well, and there are failures: %+v", now)
	}
	stored := f.database.Accounts(t)
	for _, s := range f.seats {
		did, now := s.Provider.Book(), stored[s.Account]
		switch {
		case refreshes[s] != 1:
			t.Errorf("%s: %d refreshes when one was needed", s.Name, refreshes[s])
		case did.Refused > 0 || did.Strange > 0:
			t.Errorf("%s: the provider refused %d refresh tokens, and had %d calls for others", s.Name, did.Refused, did.Strange)
		case now.Generation != int64(did.Refreshes)+1 || now.Status != "active" || now.Losses > 0:
			t.Errorf("%s: after %d refreshes it is stored as %+v", s.Name, did.Refreshes, now)
		}
	}
	return v
}
