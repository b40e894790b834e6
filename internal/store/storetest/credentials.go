package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/store"
)

func testCredential(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a := w.connected("ada")
	cred := must(s.Credential(w.ctx(), a.ID))(t)
	cred.Sealed, cred.UpdatedAt = []byte("refreshed"), noon.Add(time.Minute)
	state := store.TokenState{Status: account.TokenActive, IssuedAt: noon.Add(time.Minute), ExpiresAt: noon.Add(2 * time.Hour)}
	w.ok(s.SaveCredential(w.ctx(), cred, 1, state))
	w.is(s.SaveCredential(w.ctx(), cred, 1, store.TokenState{Status: account.TokenDead}), store.ErrConflict)
	cred.Generation = 2
	equal(t, must(s.Credential(w.ctx(), a.ID))(t), cred)
	a.TokenIssuedAt, a.AuthExpiresAt = state.IssuedAt, state.ExpiresAt
	equal(t, must(s.Account(w.ctx(), a.ID))(t), a)

	_, err := s.WipeCredential(w.ctx(), a.ID, 1, store.TokenState{Status: account.TokenDead})
	w.is(err, store.ErrConflict) // a newer one came in between
	if shared := must(s.WipeCredential(w.ctx(), a.ID, 2, store.TokenState{Status: account.TokenDead, Error: "disconnected"}))(t); shared {
		t.Error("the only account of a grant shares it with somebody")
	}
	cred.Sealed, cred.Generation = nil, 3
	equal(t, must(s.Credential(w.ctx(), a.ID))(t), cred)
	a.TokenStatus, a.TokenError = account.TokenDead, "disconnected" // and the times stay
	equal(t, must(s.Account(w.ctx(), a.ID))(t), a)

	_, err = s.Credential(w.ctx(), 1)
	w.is(err, store.ErrNotFound)
	_, err = s.WipeCredential(w.ctx(), 1, 1, state)
	w.is(err, store.ErrConflict)
	cred.AccountID = 1
	w.is(s.SaveCredential(w.ctx(), cred, 3, state), store.ErrConflict)
}

func testCredentialRace(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a := w.connected("ada")
	oneWins(t, race(20, func(int) error {
		c := *newCredential()
		c.AccountID = a.ID
		return s.SaveCredential(w.ctx(), c, 1, store.TokenState{Status: account.TokenActive, IssuedAt: noon})
	}), store.ErrConflict)
	equal(t, must(s.Credential(w.ctx(), a.ID))(t).Generation, 2)
}

func testMarkToken(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a := w.connected("ada")
	dead := store.TokenState{Status: account.TokenDead, Error: "access was taken back"}
	for _, c := range []struct {
		id         account.ID
		generation int64
		want       bool
	}{{a.ID, 0, false}, {a.ID, 2, false}, {1, 1, false}, {a.ID, 1, true}} {
		if changed, err := s.MarkToken(w.ctx(), c.id, c.generation, dead); err != nil || changed != c.want {
			t.Errorf("MarkToken(%d, generation %d) = %v, %v; want %v", c.id, c.generation, changed, err, c.want)
		}
		if !c.want {
			equal(t, must(s.Account(w.ctx(), a.ID))(t), a)
		}
	}
	a.TokenStatus, a.TokenError = dead.Status, dead.Error
	equal(t, must(s.Account(w.ctx(), a.ID))(t), a)
}

// A refresh tells what is left of the grant.
func testCredentialScopes(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a := w.connected("ada")
	c := must(s.Credential(w.ctx(), a.ID))(t)
	state := store.TokenState{Status: account.TokenActive, IssuedAt: noon, NativeScopes: []string{"mail"}, Scopes: []scope.Scope{scope.MailRead}}
	w.ok(s.SaveCredential(w.ctx(), c, 1, state))
	got := must(s.Account(w.ctx(), a.ID))(t)
	equal(t, got.NativeScopes, state.NativeScopes)
	equal(t, got.Scopes, state.Scopes)
	w.ok(s.SaveCredential(w.ctx(), c, 2, store.TokenState{Status: account.TokenActive, IssuedAt: noon}))
	equal(t, must(s.Account(w.ctx(), a.ID))(t).NativeScopes, state.NativeScopes)
}

func testSharesGrant(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	for _, c := range []struct {
		name string
		twin func(account.Account) *account.Account // nil: there is none
		mark account.TokenStatus
		wipe bool
		want bool
	}{
		{name: "alone"},
		{name: "another person", twin: func(a account.Account) *account.Account { a.Identity.Subject += "-other"; return &a }},
		{name: "twin", twin: func(a account.Account) *account.Account { return &a }, want: true},
		{name: "dead twin", twin: func(a account.Account) *account.Account { return &a }, mark: account.TokenDead},
		{name: "invalid twin", twin: func(a account.Account) *account.Account { return &a }, mark: account.TokenInvalid, want: true},
		{name: "wiped twin", twin: func(a account.Account) *account.Account { return &a }, wipe: true},
		{
			name: "twin of another application with the same client", want: true,
			twin: func(a account.Account) *account.Account {
				a.ApplicationID, a.RegistrationID = w.otherApplication()
				return &a
			},
		},
	} {
		a := w.connected(c.name)
		if c.twin != nil {
			twin := c.twin(w.newAccount(c.name))
			twin.ClientOrgID = "twin"
			w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: *twin, New: true, Credential: newCredential()}))
			if c.mark != "" {
				must(s.MarkToken(w.ctx(), twin.ID, 1, store.TokenState{Status: c.mark}))(t)
			}
			if c.wipe {
				must(s.WipeCredential(w.ctx(), twin.ID, 1, store.TokenState{Status: account.TokenDead}))(t)
			}
		}
		if shared := must(s.WipeCredential(w.ctx(), a.ID, 1, store.TokenState{Status: account.TokenDead}))(t); shared != c.want {
			t.Errorf("%s: shared = %v, want %v", c.name, shared, c.want)
		}
	}
}

// Of accounts wiped at once, exactly one finds itself alone, and ends the grant.
func testWipeRace(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	accounts := make([]account.Account, 8)
	for i := range accounts {
		accounts[i] = w.newAccount("ada")
		accounts[i].ClientOrgID = fmt.Sprint(i)
		w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: accounts[i], New: true, Credential: newCredential()}))
	}
	errShared := errors.New("shared")
	oneWins(t, race(len(accounts), func(i int) error {
		shared, err := s.WipeCredential(w.ctx(), accounts[i].ID, 1, store.TokenState{Status: account.TokenDead})
		if err == nil && shared {
			return errShared
		}
		return err
	}), errShared)
}
