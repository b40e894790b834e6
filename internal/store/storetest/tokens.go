package storetest

import (
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/store"
)

func testCodes(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a := w.connected("ada")
	code, token := w.withCode(a), newToken(a)
	refused := func(hash []byte, applicationID string, at time.Time) {
		t.Helper()
		w.is(s.RedeemCode(w.ctx(), hash, applicationID, at, newToken(a)), store.ErrNotFound)
	}
	refused(hashOf("unknown"), w.app.ID, noon)
	refused(code.Hash, "another application", noon)
	refused(code.Hash, w.app.ID, code.ExpiresAt)
	equal(t, must(s.Code(w.ctx(), code.Hash))(t), code) // untouched
	equal(t, must(s.Tokens(w.ctx(), a.ID))(t), nil)

	w.ok(s.RedeemCode(w.ctx(), code.Hash, w.app.ID, noon.Add(time.Second), token))
	code.UsedAt, code.TokenID = noon.Add(time.Second), token.ID
	equal(t, must(s.Code(w.ctx(), code.Hash))(t), code)
	equal(t, must(s.TokenByHash(w.ctx(), token.Hash))(t), token)
	refused(code.Hash, w.app.ID, noon.Add(2*time.Second))
	_, err := s.Code(w.ctx(), hashOf("unknown"))
	w.is(err, store.ErrNotFound)
}

func testCodeRedeemedOnce(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a := w.connected("ada")
	code := w.withCode(a)
	oneWins(t, race(20, func(int) error { return s.RedeemCode(w.ctx(), code.Hash, w.app.ID, noon, newToken(a)) }), store.ErrNotFound)
	if got := len(must(s.Tokens(w.ctx(), a.ID))(t)); got != 1 {
		t.Errorf("%d tokens for one code", got)
	}
}

func testTokens(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a, b := w.connected("ada"), w.connected("bob")
	first := w.withToken(a)
	second := newToken(a)
	second.CreatedAt = noon.Add(time.Second)
	w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: a, ExpectGeneration: 1, Token: &second}))
	other := w.withToken(b)
	equal(t, must(s.Tokens(w.ctx(), a.ID))(t), []store.Token{second, first})

	first.RevokedAt, second.RevokedAt = noon.Add(time.Minute), noon.Add(time.Hour)
	w.ok(s.RevokeToken(w.ctx(), first.ID, first.RevokedAt))
	w.ok(s.RevokeToken(w.ctx(), first.ID, noon.Add(time.Hour))) // keeps its time
	equal(t, must(s.TokenByHash(w.ctx(), first.Hash))(t), first)
	w.is(s.RevokeToken(w.ctx(), "unknown", noon), store.ErrNotFound)
	if n := must(s.RevokeTokens(w.ctx(), a.ID, second.RevokedAt))(t); n != 1 {
		t.Errorf("RevokeTokens = %d, want 1", n)
	}
	equal(t, must(s.Tokens(w.ctx(), a.ID))(t), []store.Token{second, first})
	equal(t, must(s.TokenByHash(w.ctx(), other.Hash))(t), other)
	_, err := s.TokenByHash(w.ctx(), hashOf("unknown"))
	w.is(err, store.ErrNotFound)
}

func testBearer(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a := w.connected("ada")
	token := w.withToken(a)
	check := func(wantAccount account.Account) {
		t.Helper()
		gotToken, gotAccount, err := s.Bearer(w.ctx(), token.Hash)
		w.ok(err)
		equal(t, gotToken, token)
		equal(t, gotAccount, wantAccount)
	}
	check(a)
	token.RevokedAt = noon.Add(time.Second)
	w.ok(s.RevokeToken(w.ctx(), token.ID, token.RevokedAt))
	check(a)
	w.ok(s.DeleteAccount(w.ctx(), a.ID, noon.Add(time.Hour)))
	check(account.Account{})
	_, _, err := s.Bearer(w.ctx(), hashOf("unknown"))
	w.is(err, store.ErrNotFound)
}
