package storetest

import (
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/store"
)

func testAccounts(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	var all []account.Account
	for i, subject := range []string{"ada", "bob", "cyd"} {
		a := w.newAccount(subject)
		a.CreatedAt = noon.Add(time.Duration(i) * time.Second)
		w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: a, New: true, Credential: newCredential()}))
		all = append(all, a)
	}
	equal(t, must(s.Account(w.ctx(), all[1].ID))(t), all[1])
	_, err := s.Account(w.ctx(), 1)
	w.is(err, store.ErrNotFound)

	for _, c := range []struct {
		name   string
		filter store.AccountFilter
		want   []account.Account
		total  int
	}{
		{"all", store.AccountFilter{}, all, 3},
		{"application", store.AccountFilter{ApplicationID: w.app.ID, ServiceType: account.Google}, all, 3},
		{"page", store.AccountFilter{ApplicationID: w.app.ID, Limit: 1, Offset: 1}, all[1:2], 3},
		{"behind the end", store.AccountFilter{Limit: 5, Offset: 3}, nil, 3},
		{"no such service", store.AccountFilter{ServiceType: account.Zoho}, nil, 0},
		{"no such application", store.AccountFilter{ApplicationID: "x", ServiceType: account.Google}, nil, 0},
	} {
		page, total, err := s.Accounts(w.ctx(), c.filter)
		w.ok(err)
		if total != c.total {
			t.Errorf("%s: total = %d, want %d", c.name, total, c.total)
		}
		equal(t, page, c.want)
	}
}

func testAccountByIdentity(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	find := func(subject, org string) (account.Account, error) {
		return s.AccountByIdentity(w.ctx(), w.app.ID, account.Google, subject, org)
	}
	fresh := func(age time.Duration) account.Account {
		a := w.newAccount("ada")
		a.CreatedAt = noon.Add(age)
		w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: a, New: true, Fresh: true, Credential: newCredential()}))
		return a
	}
	newer, older := fresh(time.Minute), fresh(0)
	equal(t, must(find("ada", "org-1"))(t).ID, newer.ID) // no canonical one yet: the newest
	canonical := w.connected("ada")
	equal(t, must(find("ada", "org-1"))(t), canonical)
	w.ok(s.DeleteAccount(w.ctx(), canonical.ID, noon))
	w.ok(s.DeleteAccount(w.ctx(), newer.ID, noon))
	equal(t, must(find("ada", "org-1"))(t), older)

	for _, other := range [][2]string{{"ada", ""}, {"ada", "org-2"}, {"bob", "org-1"}, {"ad", "aorg-1"}} {
		_, err := find(other[0], other[1])
		w.is(err, store.ErrNotFound)
	}
}

func testAccountDelete(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a, b := w.connected("ada"), w.connected("bob")
	code, token, other := w.withCode(a), w.withToken(a), w.withToken(b)
	w.ok(s.DeleteAccount(w.ctx(), a.ID, noon.Add(time.Hour)))

	_, err := s.Account(w.ctx(), a.ID)
	w.is(err, store.ErrNotFound)
	_, err = s.Credential(w.ctx(), a.ID)
	w.is(err, store.ErrNotFound)
	_, err = s.Code(w.ctx(), code.Hash)
	w.is(err, store.ErrNotFound)
	equal(t, must(s.TokenByHash(w.ctx(), token.Hash))(t).RevokedAt, noon.Add(time.Hour))
	equal(t, must(s.TokenByHash(w.ctx(), other.Hash))(t).RevokedAt, time.Time{})
	w.is(s.DeleteAccount(w.ctx(), a.ID, noon), store.ErrNotFound)
}

// The versions behind an account let others remember what they opened: each must
// move with its record, however the account is read.
func testAccountVersions(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a := w.newAccount("ada")
	w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: a, New: true, Credential: newCredential()}))
	versions := func() (generation, revision int64) {
		read := must(s.Account(w.ctx(), a.ID))(t)
		return read.CredentialGeneration, read.RegistrationRevision
	}
	generation, revision := versions()
	if generation != 1 || revision < 1 {
		t.Fatalf("a new account has generation %d, revision %d", generation, revision)
	}
	must(s.WipeCredential(w.ctx(), a.ID, 1, store.TokenState{Status: account.TokenDead}))(t)
	if g, r := versions(); g != generation+1 || r != revision {
		t.Errorf("after a wipe: generation %d, revision %d", g, r)
	}
	w.ok(s.SaveRegistration(w.ctx(), must(s.Registration(w.ctx(), a.RegistrationID))(t)))
	if g, r := versions(); g != generation+1 || r != revision+1 {
		t.Errorf("after a changed registration: generation %d, revision %d", g, r)
	}
}
