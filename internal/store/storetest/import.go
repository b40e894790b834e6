package storetest

import (
	"testing"

	"github.com/avain-project/avain/internal/store"
)

// Many connections are written as one each is, and all of them or none.
func testConnectionsAtOnce(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	there := w.connected("ada")
	bob, cy := w.newAccount("bob"), w.newAccount("cy")
	token, renewed := newToken(bob), newCredential()
	there.Identity.Name = "New Name"
	all := []store.Connection{
		{Account: bob, New: true, Credential: newCredential(), Token: &token},
		{Account: there, Credential: renewed, ExpectGeneration: 9},
		{Account: cy, New: true, Credential: newCredential()},
	}
	w.is(s.SaveConnections(w.ctx(), all), store.ErrConflict)
	_, err := s.Account(w.ctx(), bob.ID)
	w.is(err, store.ErrNotFound)
	_, err = s.TokenByHash(w.ctx(), token.Hash)
	w.is(err, store.ErrNotFound)

	all[1].ExpectGeneration = 1
	w.ok(s.SaveConnections(w.ctx(), all))
	equal(t, must(s.Account(w.ctx(), bob.ID))(t), bob)
	equal(t, must(s.Account(w.ctx(), cy.ID))(t), cy)
	equal(t, must(s.TokenByHash(w.ctx(), token.Hash))(t), token)
	equal(t, must(s.Account(w.ctx(), there.ID))(t).Identity.Name, "New Name")
	if err := s.SaveConnections(w.ctx(), []store.Connection{{Account: w.newAccount("di"), New: true}}); err == nil {
		t.Error("a new account without a credential must be refused")
	}
}
