package storetest

import (
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
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

	w.ok(s.WipeCredential(w.ctx(), a.ID, store.TokenState{Status: account.TokenDead, Error: "disconnected"}))
	cred.Sealed, cred.Generation = nil, 3
	equal(t, must(s.Credential(w.ctx(), a.ID))(t), cred)
	a.TokenStatus, a.TokenError = account.TokenDead, "disconnected" // and the times stay
	equal(t, must(s.Account(w.ctx(), a.ID))(t), a)

	_, err := s.Credential(w.ctx(), 1)
	w.is(err, store.ErrNotFound)
	w.is(s.WipeCredential(w.ctx(), 1, state), store.ErrNotFound)
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

func testSharesGrant(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a := w.connected("ada")
	w.connected("bob")
	shares := func(registrationID string) bool {
		t.Helper()
		return must(s.SharesGrant(w.ctx(), registrationID, "ada", a.ID))(t)
	}
	if shares(w.reg.ID) {
		t.Error("an account does not share its grant with itself, nor with another person")
	}
	twin := w.newAccount("ada")
	twin.ClientOrgID = "org-2"
	w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: twin, New: true, Credential: newCredential()}))
	if !shares(w.reg.ID) || shares("another registration") {
		t.Error("two accounts of one person at one registration share the grant")
	}
	must(s.MarkToken(w.ctx(), twin.ID, 1, store.TokenState{Status: account.TokenDead}))(t)
	if shares(w.reg.ID) {
		t.Error("a dead credential holds no grant")
	}
	must(s.MarkToken(w.ctx(), twin.ID, 1, store.TokenState{Status: account.TokenInvalid}))(t)
	if !shares(w.reg.ID) {
		t.Error("an invalid access token leaves the grant")
	}
	w.ok(s.WipeCredential(w.ctx(), twin.ID, store.TokenState{Status: account.TokenInvalid}))
	if shares(w.reg.ID) {
		t.Error("a wiped credential holds no grant")
	}
}
