package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/store"
)

func testAccountLists(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	var all []account.Account
	for i, subject := range []string{"ada", "bob", "cyd", "dot"} {
		a := w.newAccount(subject)
		a.CreatedAt = noon.Add(time.Duration(i/2) * time.Second) // two at a time: the id decides
		if a.ClientOrgID = ""; i == 2 {
			a.ClientOrgID, a.Identity.OrgID, a.UserID, a.UserRole, a.Kind = "mine", "theirs", "u", account.UserPrimary, account.KindManaged
		}
		w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: a, New: true, Credential: newCredential()}))
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b account.Account) int {
		if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
			return c
		}
		return int(a.ID - b.ID)
	})
	odd := all[slices.IndexFunc(all, func(a account.Account) bool { return a.UserID == "u" })]
	mine := store.AccountFilter{ApplicationID: w.app.ID}
	page := func(f store.AccountFilter, at store.AccountPosition, limit int) []account.Account {
		t.Helper()
		return must(s.AccountsBehind(w.ctx(), f, at, limit))(t)
	}
	equal(t, page(mine, store.AccountPosition{}, 0), all)
	for i := range all {
		at := must(s.SkipAccounts(w.ctx(), mine, store.AccountPosition{}, i+1))(t)
		equal(t, at, store.PositionOf(all[i]))
		equal(t, page(mine, at, 2), all[i+1:min(i+3, len(all))])
	}
	equal(t, must(s.SkipAccounts(w.ctx(), mine, store.PositionOf(all[0]), 2))(t), store.PositionOf(all[2]))
	_, err := s.SkipAccounts(w.ctx(), mine, store.PositionOf(all[0]), 4)
	w.is(err, store.ErrNotFound)
	// A place stays good when its account goes.
	w.ok(s.DeleteAccount(w.ctx(), all[0].ID, noon))
	equal(t, page(mine, store.PositionOf(all[0]), 0), all[1:])

	for name, f := range map[string]store.AccountFilter{
		"clientOrgId": {ClientOrgID: "mine"}, "org": {OrgID: "theirs"}, "user": {UserID: "u"}, "kind": {Kind: account.KindManaged},
		"all of them": {ClientOrgID: "mine", OrgID: "theirs", UserID: "u", ServiceType: account.Google},
	} {
		f.ApplicationID = w.app.ID
		if n := must(s.CountAccounts(w.ctx(), f))(t); n != 1 {
			t.Errorf("%s: %d accounts", name, n)
		}
		equal(t, page(f, store.AccountPosition{}, 9), []account.Account{odd})
	}
	if n := must(s.CountAccounts(w.ctx(), store.AccountFilter{ApplicationID: w.app.ID, NotKind: account.KindManaged}))(t); n != 2 {
		t.Errorf("not managed: %d", n)
	}
	if n := must(s.CountAccounts(w.ctx(), store.AccountFilter{ApplicationID: "x", ClientOrgID: "mine"}))(t); n != 0 {
		t.Errorf("another application's: %d", n)
	}
}

func testAccountMatch(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a := w.newAccount("ada")
	a.Identity.Email, a.LoginString, a.Identity.OrgID, a.ClientOrgID = "Ada@Mail.test", "ada", "org", "mine"
	w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: a, New: true, Credential: newCredential()}))
	own, none := "mine", ""
	base := store.AccountMatch{ApplicationID: w.app.ID, ServiceType: account.Google}
	for name, c := range map[string]struct {
		change func(*store.AccountMatch)
		want   int
	}{
		"email":          {func(m *store.AccountMatch) { m.Email = "ada@mail.TEST" }, 1},
		"another email":  {func(m *store.AccountMatch) { m.Email = "ad_@mail.test" }, 0},
		"subject":        {func(m *store.AccountMatch) { m.Subject = a.Identity.Subject }, 1},
		"login":          {func(m *store.AccountMatch) { m.LoginString = "ada" }, 1},
		"organization":   {func(m *store.AccountMatch) { m.OrgID = "org" }, 1},
		"clientOrgId":    {func(m *store.AccountMatch) { m.ClientOrgID = &own }, 1},
		"no clientOrgId": {func(m *store.AccountMatch) { m.ClientOrgID = &none }, 0},
		"kind":           {func(m *store.AccountMatch) { m.Kind = account.KindDaemon }, 0},
		"all": {func(m *store.AccountMatch) {
			m.Email, m.LoginString, m.ClientOrgID, m.Kind = "ada@mail.test", "ada", &own, account.KindPersonal
		}, 1},
		"another service":     {func(m *store.AccountMatch) { m.Email, m.ServiceType = "ada@mail.test", account.Zoho }, 0},
		"another application": {func(m *store.AccountMatch) { m.Email, m.ApplicationID = "ada@mail.test", "x" }, 0},
	} {
		m := base
		c.change(&m)
		if got := must(s.MatchAccounts(w.ctx(), m, 5))(t); len(got) != c.want {
			t.Errorf("%s: %d accounts", name, len(got))
		}
	}
}
