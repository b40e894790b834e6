package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/store"
)

// What one writer makes safe by itself, engines with several have to lock for.

func testSecretsAddedAtOnce(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	for _, err := range race(20, func(i int) error {
		return s.AddApplicationSecret(w.ctx(), newSecret(w.app.ID, noon.Add(time.Duration(i)*time.Second)), 2)
	}) {
		w.ok(err)
	}
	if secrets := must(s.ApplicationSecrets(w.ctx(), w.app.ID))(t); len(secrets) != 2 {
		t.Errorf("%d secrets live, want 2", len(secrets))
	}
}

func testRegistrationsSavedAtOnce(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	for _, err := range race(20, func(i int) error {
		return s.SaveRegistration(w.ctx(), newRegistration(w.app.ID, fmt.Sprintf("client-%d", i)))
	}) {
		w.ok(err)
	}
	current := 0
	for _, r := range must(s.Registrations(w.ctx(), w.app.ID))(t) {
		if r.Current {
			current++
		}
	}
	equal(t, current, 1)
}

// A code that is redeemed while its account or application is deleted gives a token
// that is revoked, or none.
func testDeletionLeavesNoLiveToken(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	for i := range 10 {
		app := newApplication()
		w.ok(s.CreateApplication(w.ctx(), app))
		reg := newRegistration(app.ID, "client")
		w.ok(s.SaveRegistration(w.ctx(), reg))
		a := w.newAccount(fmt.Sprintf("person-%d", i))
		a.ApplicationID, a.RegistrationID = app.ID, reg.ID
		code, direct := newCode(a), newToken(a)
		w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: a, New: true, Credential: newCredential(), Code: &code}))
		steps := []func() error{
			func() error { return s.RedeemCode(w.ctx(), code.Hash, app.ID, noon, newToken(a)) },
			func() error {
				return s.SaveConnection(w.ctx(), store.Connection{Account: a, ExpectGeneration: 1, Token: &direct})
			},
			func() error { return s.DeleteAccount(w.ctx(), a.ID, noon) },
		}
		if i%2 == 0 {
			steps[2] = func() error { return s.DeleteApplication(w.ctx(), app.ID, noon) }
		}
		for _, err := range race(len(steps), func(i int) error { return steps[i]() }) {
			if err != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrConflict) {
				t.Error(err)
			}
		}
		for _, token := range must(s.Tokens(w.ctx(), a.ID))(t) {
			if token.RevokedAt.IsZero() {
				t.Errorf("round %d: a token lives on without its account", i)
			}
		}
	}
}

// Everything that touches an account and its credential, in all orders: nothing but
// the outcomes that the methods name.
func testChangesOfAllKinds(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	state := store.TokenState{Status: account.TokenActive, IssuedAt: noon, ExpiresAt: noon.Add(time.Hour)}
	for i := range 10 {
		a := w.connected(fmt.Sprintf("person-%d", i))
		changed := a
		changed.Identity.Name = "New Name"
		refresh := func(generation int64) error {
			c := newCredential()
			c.AccountID = a.ID
			return s.SaveCredential(w.ctx(), *c, generation, state)
		}
		steps := []func() error{
			func() error { return refresh(1) },
			func() error { return refresh(2) },
			func() error {
				return s.SaveConnection(w.ctx(), store.Connection{Account: changed, ExpectGeneration: 1})
			},
			func() error {
				return s.SaveConnection(w.ctx(), store.Connection{Account: changed, Credential: newCredential(), ExpectGeneration: 1})
			},
			func() error { _, err := s.MarkToken(w.ctx(), a.ID, 1, state); return err },
			func() error {
				_, err := s.WipeCredential(w.ctx(), a.ID, 1, store.TokenState{Status: account.TokenDead})
				return err
			},
			func() error { _, err := s.RevokeTokens(w.ctx(), a.ID, noon); return err },
			func() error { return s.DeleteAccount(w.ctx(), a.ID, noon) },
			func() error { _, err := s.Sweep(w.ctx(), noon); return err },
		}
		for _, err := range race(len(steps), func(i int) error { return steps[i]() }) {
			if err != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrConflict) {
				t.Error(err)
			}
		}
		_, err := s.Account(w.ctx(), a.ID)
		w.is(err, store.ErrNotFound)
	}
}

func testChanges(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	before := s.Changes()
	w.ok(s.AddMeta(w.ctx(), "key", []byte("value")))
	if s.Changes() == before {
		t.Error("a change of its own is not counted at once")
	}
}
