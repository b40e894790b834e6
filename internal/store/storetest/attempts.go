package storetest

import (
	"testing"
	"time"

	"github.com/avain-project/avain/internal/store"
)

func testAttempts(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a := w.newAttempt()
	w.ok(s.CreateAttempt(w.ctx(), a))
	w.is(s.CreateAttempt(w.ctx(), a), store.ErrConflict)
	equal(t, must(s.Attempt(w.ctx(), a.StateHash))(t), a)
	_, err := s.Attempt(w.ctx(), hashOf("unknown"))
	w.is(err, store.ErrNotFound)

	now := noon.Add(time.Minute)
	got := must(s.ConsumeAttempt(w.ctx(), a.StateHash, a.BrowserHash, now))(t)
	a.ConsumedAt = now
	equal(t, got, a)
	equal(t, must(s.Attempt(w.ctx(), a.StateHash))(t), a)
	_, err = s.ConsumeAttempt(w.ctx(), a.StateHash, a.BrowserHash, now)
	w.is(err, store.ErrNotFound)

	orphan := w.newAttempt()
	orphan.RegistrationID = "gone"
	w.is(s.CreateAttempt(w.ctx(), orphan), store.ErrConflict)
}

func testAttemptBinding(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	bound, unbound, cookieless := w.newAttempt(), w.newAttempt(), w.newAttempt()
	unbound.Unbound, unbound.BrowserHash = true, nil
	cookieless.BrowserHash = nil
	for _, a := range []store.Attempt{bound, unbound, cookieless} {
		w.ok(s.CreateAttempt(w.ctx(), a))
	}
	refused := func(a store.Attempt, browser []byte, at time.Time) {
		t.Helper()
		_, err := s.ConsumeAttempt(w.ctx(), a.StateHash, browser, at)
		w.is(err, store.ErrNotFound)
	}
	refused(bound, hashOf("another browser"), noon)
	refused(bound, nil, noon)
	refused(bound, []byte{}, noon)
	refused(cookieless, nil, noon) // no hash matches no hash
	refused(cookieless, []byte{}, noon)
	refused(bound, bound.BrowserHash, bound.ExpiresAt)
	refused(unbound, nil, unbound.ExpiresAt.Add(time.Hour))
	must(s.ConsumeAttempt(w.ctx(), bound.StateHash, bound.BrowserHash, bound.ExpiresAt.Add(-time.Millisecond)))(t)
	must(s.ConsumeAttempt(w.ctx(), unbound.StateHash, hashOf("any"), noon))(t)
}

func testOpenAttempts(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	var last store.Attempt
	for range 3 {
		last = w.newAttempt()
		w.ok(s.CreateAttempt(w.ctx(), last))
	}
	count := func(application string, now time.Time, limit int) int {
		t.Helper()
		return must(s.OpenAttempts(w.ctx(), application, now, limit))(t)
	}
	equal(t, count(w.app.ID, noon, 10), 3)
	equal(t, count(w.app.ID, noon, 2), 2) // no further than asked
	equal(t, count("another", noon, 10), 0)
	must(s.ConsumeAttempt(w.ctx(), last.StateHash, last.BrowserHash, noon))(t)
	equal(t, count(w.app.ID, noon, 10), 2)
	equal(t, count(w.app.ID, last.ExpiresAt, 10), 0)
}

func testAttemptConsumedOnce(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a := w.newAttempt()
	w.ok(s.CreateAttempt(w.ctx(), a))
	oneWins(t, race(50, func(int) error {
		_, err := s.ConsumeAttempt(w.ctx(), a.StateHash, a.BrowserHash, noon)
		return err
	}), store.ErrNotFound)
}
