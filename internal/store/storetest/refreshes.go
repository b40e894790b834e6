package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/store"
)

// claim claims the refresh of a first credential for an hour, changed.
func (w *world) claim(id account.ID, holder string, changes ...func(*store.ClaimRequest)) (store.Claim, error) {
	r := store.ClaimRequest{AccountID: id, Generation: 1, Holder: holder, For: time.Hour, DoubtFor: time.Hour}
	for _, change := range changes {
		change(&r)
	}
	return w.ClaimRefresh(w.ctx(), r)
}

// over is a claim whose time is up as soon as it is made.
func over(r *store.ClaimRequest) { r.For = 0 }

// waits checks that err says to wait.
func (w *world) waits(err error, held bool, failure string) *store.WaitError {
	w.Helper()
	var e *store.WaitError
	if !errors.As(err, &e) || e.Held != held || e.Failure != failure || e.For <= 0 || e.For > time.Hour {
		w.Fatalf("error = %v, want a wait (held %v) after %q", err, held, failure)
	}
	return e
}

func testRefreshClaims(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a := w.connected("ada")

	first := must(w.claim(a.ID, "first"))(t)
	equal(t, first, store.Claim{AccountID: a.ID, Generation: 1, Holder: "first"})
	_, err := w.claim(a.ID, "second")
	w.waits(err, true, "")
	w.ok(s.ReleaseRefresh(w.ctx(), store.Claim{AccountID: a.ID, Holder: "second"}, store.Release{})) // not its own
	_, err = w.claim(a.ID, "second")
	w.waits(err, true, "")

	// A claim that has told its outcome leaves no doubt.
	w.ok(s.ReleaseRefresh(w.ctx(), first, store.Release{}))
	equal(t, must(w.claim(a.ID, "second", over))(t).Doubt, store.NoDoubt)
	// The next one finds one that has not.
	equal(t, must(w.claim(a.ID, "third", over))(t).Doubt, store.InDoubt)
	equal(t, must(w.claim(a.ID, "fourth"))(t).Doubt, store.InDoubt)

	// A save ends every claim and every doubt, late or not.
	cred := *newCredential()
	cred.AccountID = a.ID
	state := store.TokenState{Status: account.TokenActive, IssuedAt: noon}
	w.ok(s.SaveCredential(w.ctx(), cred, 1, state))
	_, err = w.claim(a.ID, "fifth")
	w.is(err, store.ErrConflict)
	second := func(r *store.ClaimRequest) { r.Generation = 2 }
	equal(t, must(w.claim(a.ID, "fifth", second, over))(t), store.Claim{AccountID: a.ID, Generation: 2, Holder: "fifth"})
}

func testRefreshDoubt(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a := w.connected("ada")
	// Who tells that an answer was lost does not wait for it.
	w.ok(s.ReleaseRefresh(w.ctx(), must(w.claim(a.ID, "first"))(t), store.Release{Doubt: true}))
	next := must(w.claim(a.ID, "next", over))(t)
	equal(t, next.Doubt, store.LostDoubt)
	// Of that one nobody knows again: its own answer may still come.
	equal(t, must(w.claim(a.ID, "last"))(t).Doubt, store.InDoubt)

	// Nobody knows of a claim whose holder is silent, for as long as an answer may take.
	b := w.connected("bob")
	must(w.claim(b.ID, "silent", over))(t)
	brief := func(r *store.ClaimRequest) { r.DoubtFor = time.Millisecond }
	until(t, func() bool {
		next := must(w.claim(b.ID, "next", brief))(t)
		w.ok(s.ReleaseRefresh(w.ctx(), next, store.Release{}))
		return next.Doubt == store.LostDoubt
	})
}

// Claims of what is due leave and find doubts like any others.
func testDueDoubt(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a := w.connected("ada")
	c := *newCredential()
	c.AccountID, c.Due = a.ID, time.Millisecond
	w.ok(s.SaveCredential(w.ctx(), c, 1, store.TokenState{Status: account.TokenActive, IssuedAt: noon}))
	second := func(r *store.ClaimRequest) { r.Generation = 2 }
	w.ok(s.ReleaseRefresh(w.ctx(), must(w.claim(a.ID, "first", second))(t), store.Release{Doubt: true}))
	for _, want := range []store.Doubt{store.LostDoubt, store.InDoubt} { // nobody knows what became of the one before
		var due []store.Claim
		until(t, func() bool {
			due = must(s.ClaimDue(w.ctx(), store.DueRequest{
				Turn: "turn", Holder: "holder", Shares: []store.DueShare{{RegistrationID: a.RegistrationID, N: 1}}, DoubtFor: time.Hour,
			}))(t)
			return len(due) > 0
		})
		equal(t, due[0].Doubt, want)
	}
}

func testRefreshWaits(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a := w.connected("ada")
	w.ok(s.ReleaseRefresh(w.ctx(), must(w.claim(a.ID, "first"))(t), store.Release{Failure: "http_503"}))
	second := must(w.claim(a.ID, "second"))(t)
	equal(t, second.Failures, 1)
	w.ok(s.ReleaseRefresh(w.ctx(), second, store.Release{Failure: "http_429", Wait: 10 * time.Minute}))
	_, err := w.claim(a.ID, "third")
	if e := w.waits(err, false, "http_429"); e.For > 10*time.Minute || e.For < 9*time.Minute {
		t.Errorf("waits for %s", e.For)
	}
	// A new sign-in is another credential, which nobody has refused.
	w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: a, Credential: newCredential(), ExpectGeneration: 1}))
	equal(t, must(w.claim(a.ID, "fourth", func(r *store.ClaimRequest) { r.Generation = 2 }))(t).Failures, 0)
}

func testRefreshRace(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a := w.connected("ada")
	for round := range 5 {
		won := make(chan store.Claim, 20)
		for _, err := range race(cap(won), func(i int) error {
			claim, err := w.claim(a.ID, fmt.Sprintf("holder %d", i))
			if err == nil {
				won <- claim
			}
			return err
		}) {
			if err != nil {
				w.waits(err, true, "")
			}
		}
		if len(won) != 1 {
			t.Fatalf("round %d: %d hold the claim", round, len(won))
		}
		w.ok(s.ReleaseRefresh(w.ctx(), <-won, store.Release{}))
	}
}

func testDueRefreshes(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	state := store.TokenState{Status: account.TokenActive, IssuedAt: noon}
	ids := map[account.ID]bool{}
	for i := range 40 {
		a := w.connected(fmt.Sprintf("person-%d", i))
		c := *newCredential()
		c.AccountID = a.ID
		switch {
		case i < 30:
			c.Due = time.Millisecond
			ids[a.ID] = true
		case i < 35:
			c.Due = 90 * 24 * time.Hour // not yet; the rest never
		}
		w.ok(s.SaveCredential(w.ctx(), c, 1, state))
		if i == 0 { // what is dead is not renewed
			must(s.MarkToken(w.ctx(), a.ID, 2, store.TokenState{Status: account.TokenDead}))(t)
			delete(ids, a.ID)
		}
		if i == 1 {
			must(s.WipeCredential(w.ctx(), a.ID, 2, store.TokenState{Status: account.TokenDead}))(t)
			delete(ids, a.ID)
		}
	}
	lane := w.reg.ID
	of := func(turn, holder string, n int) store.DueRequest {
		return store.DueRequest{Turn: turn, Holder: holder, Shares: []store.DueShare{{RegistrationID: lane, N: n}}, For: time.Hour, DoubtFor: time.Hour}
	}
	until(t, func() bool { return len(must(s.DueRegistrations(w.ctx()))(t)) > 0 })
	equal(t, must(s.DueRegistrations(w.ctx()))(t), []store.DueRegistration{{ID: lane, ServiceType: account.Google}})
	batches := make([][]store.Claim, 8)
	until(t, func() bool {
		for _, err := range race(len(batches), func(i int) error {
			claims, err := s.ClaimDue(w.ctx(), of("turn", fmt.Sprintf("worker %d", i), 5))
			batches[i] = append(batches[i], claims...)
			return err
		}) {
			w.ok(err)
		}
		n := 0
		for _, b := range batches {
			n += len(b)
		}
		return n >= len(ids)
	})
	for i, batch := range batches {
		for _, c := range batch {
			if !ids[c.AccountID] || c.Generation != 2 || c.Holder != fmt.Sprintf("worker %d", i) || c.RegistrationID != lane {
				t.Errorf("%+v was claimed twice, or should not have been", c)
			}
			delete(ids, c.AccountID)
		}
	}
	if len(ids) > 0 {
		t.Errorf("%d due refreshes were not claimed", len(ids))
	}
	// One at a time has the turn, until it ends it or its time is up.
	_, err := s.ClaimDue(w.ctx(), of("another", "worker", 5))
	w.is(err, store.ErrConflict)
	w.ok(s.EndDue(w.ctx(), "another"))
	_, err = s.ClaimDue(w.ctx(), of("another", "worker", 5))
	w.is(err, store.ErrConflict)
	w.ok(s.EndDue(w.ctx(), "turn"))
	brief := of("another", "worker", 5)
	brief.For = time.Millisecond
	equal(t, len(must(s.ClaimDue(w.ctx(), brief))(t)), 0)
	until(t, func() bool {
		_, err := s.ClaimDue(w.ctx(), of("turn", "worker", 5))
		return err == nil
	})
	// What fails in passing is due again when its wait is over, and not before.
	c := slices.Concat(batches...)[0]
	w.ok(s.ReleaseRefresh(w.ctx(), c, store.Release{Failure: "http_503", Wait: 90 * 24 * time.Hour, Due: 90 * 24 * time.Hour}))
	if again := must(s.ClaimDue(w.ctx(), of("turn", "worker", 100)))(t); len(again) > 0 {
		t.Errorf("claimed again: %+v", again)
	}
}

// What fails before it is due stays due when it was.
func testFarOffDue(t *testing.T, s *store.Store) {
	now := noon
	s = s.At(func() time.Time { return now })
	w := newWorld(t, s)
	a := w.connected("ada")
	c := *newCredential()
	c.AccountID, c.Due = a.ID, 90*24*time.Hour
	w.ok(s.SaveCredential(w.ctx(), c, 1, store.TokenState{Status: account.TokenActive, IssuedAt: noon}))
	claim := must(w.claim(a.ID, "caller", func(r *store.ClaimRequest) { r.Generation = 2 }))(t)
	w.ok(s.ReleaseRefresh(w.ctx(), claim, store.Release{Failure: "http_503", Due: time.Minute}))
	now = now.Add(89 * 24 * time.Hour)
	equal(t, must(s.DueRegistrations(w.ctx()))(t), nil)
	now = now.Add(24 * time.Hour)
	equal(t, len(must(s.DueRegistrations(w.ctx()))(t)), 1)
	// What is due is put off.
	claim = must(w.claim(a.ID, "caller", func(r *store.ClaimRequest) { r.Generation = 2 }))(t)
	w.ok(s.ReleaseRefresh(w.ctx(), claim, store.Release{Failure: "http_503", Due: time.Minute}))
	equal(t, must(s.DueRegistrations(w.ctx()))(t), nil)
	now = now.Add(time.Minute)
	equal(t, len(must(s.DueRegistrations(w.ctx()))(t)), 1)
}

// An account that signs in by another registration is due in that one's name.
func testDueOfAnotherRegistration(t *testing.T, s *store.Store) {
	now := noon
	s = s.At(func() time.Time { return now })
	w := newWorld(t, s)
	a := w.connected("ada")
	newer := newRegistration(w.app.ID, "newer-client")
	w.ok(s.SaveRegistration(w.ctx(), newer))
	a.RegistrationID = newer.ID
	c := newCredential()
	c.Due = time.Minute
	w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: a, Credential: c, ExpectGeneration: 1}))
	now = now.Add(time.Minute)
	equal(t, must(s.DueRegistrations(w.ctx()))(t), []store.DueRegistration{{ID: newer.ID, ServiceType: account.Google}})
}

// until repeats a step whose outcome the database's clock decides.
func until(t testing.TB, done func() bool) {
	t.Helper()
	for range 10_000 {
		if done() {
			return
		}
	}
	t.Fatal("it does not come to an end")
}
