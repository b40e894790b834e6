package storetest

import (
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/store"
)

func testConnection(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	attempt := w.newAttempt()
	w.ok(s.CreateAttempt(w.ctx(), attempt))
	a, cred := w.newAccount("ada"), newCredential()
	code, token := newCode(a), newToken(a)
	w.ok(s.SaveConnection(w.ctx(), store.Connection{
		Account: a, New: true, Credential: cred, StateHash: attempt.StateHash, Result: []byte("sealed redirect"), Code: &code, Token: &token,
	}))
	cred.AccountID, cred.Generation, attempt.Result = a.ID, 1, []byte("sealed redirect")
	equal(t, must(s.Account(w.ctx(), a.ID))(t), a)
	equal(t, must(s.Credential(w.ctx(), a.ID))(t), *cred)
	equal(t, must(s.Code(w.ctx(), code.Hash))(t), code)
	equal(t, must(s.TokenByHash(w.ctx(), token.Hash))(t), token)
	equal(t, must(s.Attempt(w.ctx(), attempt.StateHash))(t), attempt)

	if err := s.SaveConnection(w.ctx(), store.Connection{Account: w.newAccount("bob"), New: true}); err == nil {
		t.Error("a new account without a credential must be refused")
	}
}

func testConnectionRenews(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a := w.connected("ada")
	second := newRegistration(w.app.ID, "second-client")
	w.ok(s.SaveRegistration(w.ctx(), second))
	a.RegistrationID, a.Scopes, a.NativeScopes = second.ID, []scope.Scope{scope.MailAll}, []string{"native.all"}
	a.Identity.Email, a.Identity.Name, a.LoginString, a.ClientOrgID = "new@example.com", "New Name", "new", "org-2"
	a.TokenIssuedAt, a.AuthObtainedAt, a.AuthExpiresAt = noon.Add(time.Hour), noon.Add(time.Hour), time.Time{}
	a.UpdatedAt = noon.Add(time.Hour)
	cred := newCredential()
	renew := store.Connection{Account: a, Credential: cred, ExpectGeneration: 1}
	w.ok(s.SaveConnection(w.ctx(), renew))
	equal(t, must(s.Account(w.ctx(), a.ID))(t), a)
	got := must(s.Credential(w.ctx(), a.ID))(t)
	cred.AccountID, cred.Generation = a.ID, 2
	equal(t, got, *cred)

	w.is(s.SaveConnection(w.ctx(), renew), store.ErrConflict) // generation 1 is over
	equal(t, must(s.Credential(w.ctx(), a.ID))(t), *cred)

	w.ok(s.DeleteAccount(w.ctx(), a.ID, noon))
	renew.ExpectGeneration = 2
	w.is(s.SaveConnection(w.ctx(), renew), store.ErrConflict)
	renew.Credential = nil
	w.is(s.SaveConnection(w.ctx(), renew), store.ErrConflict)
}

// A sign-in that keeps the stored credential keeps all that describes it.
func testConnectionKeepsCredential(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	want := w.connected("ada")
	before := must(s.Credential(w.ctx(), want.ID))(t)
	a := want
	a.Scopes, a.NativeScopes, a.TokenStatus, a.TokenError = nil, nil, account.TokenDead, "old news"
	a.TokenIssuedAt, a.AuthExpiresAt = time.Time{}, time.Time{}
	a.Identity.Name, a.AuthObtainedAt, a.UpdatedAt = "New Name", noon.Add(time.Hour), noon.Add(time.Hour)
	w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: a, ExpectGeneration: 1}))
	want.Identity.Name, want.AuthObtainedAt, want.UpdatedAt = a.Identity.Name, a.AuthObtainedAt, a.UpdatedAt
	equal(t, must(s.Account(w.ctx(), want.ID))(t), want)
	equal(t, must(s.Credential(w.ctx(), want.ID))(t), before)
}

func testConnectionAllOrNothing(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a := w.newAccount("ada")
	code, token := newCode(a), newToken(a)
	c := store.Connection{
		Account: a, New: true, Credential: newCredential(), Code: &code, Token: &token,
		StateHash: hashOf("no such attempt"), Result: []byte("sealed redirect"),
	}
	w.is(s.SaveConnection(w.ctx(), c), store.ErrNotFound)
	c.StateHash = nil
	token.ID = w.withToken(w.connected("bob")).ID // taken
	w.is(s.SaveConnection(w.ctx(), c), store.ErrConflict)
	_, err := s.Account(w.ctx(), a.ID)
	w.is(err, store.ErrNotFound)
	_, err = s.Credential(w.ctx(), a.ID)
	w.is(err, store.ErrNotFound)
	_, err = s.Code(w.ctx(), code.Hash)
	w.is(err, store.ErrNotFound)

	a.ApplicationID = "gone"
	w.is(s.SaveConnection(w.ctx(), store.Connection{Account: a, New: true, Credential: newCredential()}), store.ErrConflict)
}

func testConnectionRace(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	accounts := make([]account.Account, 20)
	for i := range accounts {
		accounts[i] = w.newAccount("ada")
	}
	oneWins(t, race(len(accounts), func(i int) error {
		return s.SaveConnection(w.ctx(), store.Connection{Account: accounts[i], New: true, Credential: newCredential()})
	}), store.ErrConflict)
	if _, total, err := s.Accounts(w.ctx(), store.AccountFilter{}); err != nil || total != 1 {
		t.Errorf("%d accounts, %v; want 1", total, err)
	}

	a := must(s.AccountByIdentity(w.ctx(), w.app.ID, account.Google, "ada", "org-1"))(t)
	oneWins(t, race(20, func(int) error {
		return s.SaveConnection(w.ctx(), store.Connection{Account: a, Credential: newCredential(), ExpectGeneration: 1})
	}), store.ErrConflict)
	equal(t, must(s.Credential(w.ctx(), a.ID))(t).Generation, 2)
}

// An account may move to another clientOrgId. Its old identity is free then, and
// an identity that is taken stays with the account that has it.
func testConnectionTakesOver(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	find := func(org string) account.ID {
		t.Helper()
		return must(s.AccountByIdentity(w.ctx(), w.app.ID, account.Google, "ada", org))(t).ID
	}
	moved := w.connected("ada")
	moved.ClientOrgID = "org-2"
	w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: moved, ExpectGeneration: 1}))
	equal(t, find("org-2"), moved.ID)
	first := w.connected("ada") // org-1 is free again
	equal(t, find("org-1"), first.ID)

	moved.ClientOrgID, moved.UpdatedAt = "org-1", noon.Add(time.Hour)
	w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: moved, ExpectGeneration: 1}))
	equal(t, find("org-1"), first.ID)
	w.ok(s.DeleteAccount(w.ctx(), first.ID, noon))
	equal(t, find("org-1"), moved.ID)
}
