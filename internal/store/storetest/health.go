package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/store"
)

// health is how the world's registration fares at the provider's only place.
func (w *world) health() store.Health {
	w.Helper()
	return must(w.Health(w.ctx(), w.reg.ID, ""))(w)
}

var wrongSecret = store.Refusal{Class: "config", Code: "invalid_client", Cause: "the secret is wrong", Cure: "enter it again"}

// failure is a refusal that names the client, changed.
func (w *world) failure(changes ...func(*store.RegistrationFailure)) bool {
	w.Helper()
	f := store.RegistrationFailure{Health: w.health(), AccountID: 7, Refusal: wrongSecret, Accounts: 1, Within: time.Hour, Pause: time.Hour}
	for _, change := range changes {
		change(&f)
	}
	return must(w.FailRegistration(w.ctx(), f))(w)
}

// told counts the events of a kind.
func (w *world) told(kind string) (n int) {
	w.Helper()
	for _, e := range must(w.AuditEvents(w.ctx(), 100))(w) {
		if e.Kind == kind {
			n++
			equal(w, e.ApplicationID, w.app.ID)
		}
	}
	return n
}

func testRegistrationStops(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	if h := w.health(); h.Failing() || h.Stopped || h.Suspect || h.Revision != 1 {
		t.Fatalf("at first: %+v", h)
	}
	now := func(f *store.RegistrationFailure) { f.Pause = 0 }
	equal(t, w.failure(), true)
	h := w.health()
	if !h.Stopped || h.Since.IsZero() || h.Refusal != wrongSecret || h.Failures != 1 || h.AccountID != 7 || h.Wait <= 59*time.Minute || h.Wait > time.Hour {
		t.Fatalf("after a refusal: %+v", h)
	}
	equal(t, must(s.ClaimProbe(w.ctx(), h, "early", time.Hour))(t), false)
	equal(t, w.failure(), false) // whoever was on the way
	equal(t, len(must(s.FailingRegistrations(w.ctx()))(t)), 1)

	// Another place is not concerned.
	if other := must(s.Health(w.ctx(), w.reg.ID, "https://eu.example"))(t); other.Failing() || other.Place == "" {
		t.Errorf("at another place: %+v", other)
	}
	equal(t, w.told("registration.failing"), 1)
	equal(t, must(s.ClearRegistration(w.ctx(), w.health(), 1))(t), true)
	equal(t, must(s.ClearRegistration(w.ctx(), w.health(), 1))(t), false)
	if h := w.health(); h.Failing() || h.Stopped || h.Secret != 1 || h.Refusal != (store.Refusal{}) || h.Wait != 0 {
		t.Errorf("after an answer: %+v", h)
	}
	equal(t, w.told("registration.recovered"), 1)
	equal(t, len(must(s.FailingRegistrations(w.ctx()))(t)), 0)

	// A changed registration is judged anew, and what was asked before says nothing about it.
	equal(t, w.failure(now), true)
	old := w.health()
	w.ok(s.SaveRegistration(w.ctx(), w.reg))
	if h := w.health(); !h.Failing() || h.Stopped || h.Secret != 0 || h.Revision != 2 {
		t.Errorf("after a change: %+v", h)
	}
	equal(t, w.failure(func(f *store.RegistrationFailure) { f.Health = old }), false)
	equal(t, must(s.ClearRegistration(w.ctx(), old, 0))(t), false)
	equal(t, w.health().Stopped, false)
	equal(t, w.failure(), true) // it fails still, which is no news
	equal(t, w.told("registration.failing"), 2)
	equal(t, w.health().Failures, 1)

	w.ok(s.DeleteRegistration(w.ctx(), w.reg.ID))
	_, err := s.FailRegistration(w.ctx(), store.RegistrationFailure{Health: old, Accounts: 1})
	w.is(err, store.ErrConflict)
	_, err = s.Health(w.ctx(), w.reg.ID, "")
	w.is(err, store.ErrNotFound)
}

func testRegistrationProbes(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	now := func(f *store.RegistrationFailure) { f.Pause = 0 }
	equal(t, w.failure(now), true)
	for round := range 4 {
		h := w.health()
		won := make(chan string, 10)
		for _, err := range race(cap(won), func(i int) error {
			name := fmt.Sprintf("round %d, probe %d", round, i)
			claimed, err := s.ClaimProbe(w.ctx(), h, name, time.Hour)
			if claimed {
				won <- name
			}
			return err
		}) {
			w.ok(err)
		}
		if len(won) != 1 {
			t.Fatalf("round %d: %d probes", round, len(won))
		}
		if h := w.health(); h.Wait <= 0 {
			t.Errorf("round %d: a second one may probe: %+v", round, h)
		}
		equal(t, w.failure(now, func(f *store.RegistrationFailure) { f.Probe = "another" }), false)
		probe := <-won
		equal(t, w.failure(now, func(f *store.RegistrationFailure) { f.Probe = probe }), true)
		equal(t, w.health().Failures, round+2)
	}
	// One that is never heard of again holds nobody up for long.
	equal(t, must(s.ClaimProbe(w.ctx(), w.health(), "gone", 0))(t), true)
	equal(t, must(s.ClaimProbe(w.ctx(), w.health(), "next", 0))(t), true)
	equal(t, w.told("registration.failing"), 1)
}

func testAccountsFailAlike(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	fail := func(id account.ID, code string, changes ...func(*store.RegistrationFailure)) bool {
		t.Helper()
		return w.failure(append(changes, func(f *store.RegistrationFailure) {
			f.AccountID, f.Refusal.Code, f.Accounts = id, code, 3
		})...)
	}
	for range 5 {
		equal(t, fail(1, "http_503"), false)
	}
	equal(t, fail(2, "http_503"), false)
	equal(t, fail(3, "http_500"), false)
	if h := w.health(); h.Failing() || !h.Suspect {
		t.Errorf("two alike, and another: %+v", h)
	}
	// An answer in between, and what is long ago.
	equal(t, must(s.ClearRegistration(w.ctx(), w.health(), 0))(t), false)
	equal(t, w.health().Suspect, false)
	equal(t, fail(3, "http_503"), false)
	equal(t, fail(4, "http_503", func(f *store.RegistrationFailure) { f.Within = 0 }), false)
	equal(t, fail(5, "http_503"), false)
	equal(t, fail(6, "http_503"), false)
	equal(t, fail(7, "http_503"), true)

	// However many come at once.
	equal(t, must(s.ClearRegistration(w.ctx(), w.health(), 0))(t), true)
	before := w.health()
	stopped := make(chan bool, 3)
	for _, err := range race(cap(stopped), func(i int) error {
		did, err := s.FailRegistration(w.ctx(), store.RegistrationFailure{
			Health: before, AccountID: account.ID(i + 1), Refusal: wrongSecret, Accounts: 3, Within: time.Hour, Pause: time.Hour,
		})
		if did {
			stopped <- true
		}
		return err
	}) {
		w.ok(err)
	}
	equal(t, len(stopped), 1)
}

func testRegistrationAccounts(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	for _, subject := range []string{"ada", "bob", "eve"} {
		w.connected(subject)
	}
	dead := w.connected("dead")
	must(s.MarkToken(w.ctx(), dead.ID, 1, store.TokenState{Status: account.TokenDead}))(t)
	equal(t, len(must(s.RegistrationAccounts(w.ctx(), w.reg.ID, 2))(t)), 2)
	equal(t, len(must(s.RegistrationAccounts(w.ctx(), w.reg.ID, 9))(t)), 3)
	_, other := w.otherApplication()
	equal(t, len(must(s.RegistrationAccounts(w.ctx(), other, 9))(t)), 0)
	if _, err := s.Health(w.ctx(), "unknown", ""); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("of an unknown one: %v", err)
	}
}
