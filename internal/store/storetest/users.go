package storetest

import (
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/store"
)

func (w *world) newUser() store.User {
	return store.User{ID: account.NewRecordID(), ApplicationID: w.app.ID, CreatedAt: noon, ActiveAt: noon}
}

// owned is a new account of that user, not stored.
func (w *world) owned(subject, userID string, role account.UserRole) account.Account {
	a := w.newAccount(subject)
	a.ParentID, a.UserID, a.UserRole = 0, userID, role
	return a
}

// loggedIn is a stored user with a primary account.
func (w *world) loggedIn(subject string) (store.User, account.Account) {
	w.Helper()
	u := w.newUser()
	a := w.owned(subject, u.ID, account.UserPrimary)
	w.ok(w.SaveConnection(w.ctx(), store.Connection{Account: a, New: true, ForUser: true, User: &u, Credential: newCredential()}))
	return u, a
}

func (w *world) newSession(u store.User) store.Session {
	return store.Session{
		Hash: hashOf(account.NewRecordID()), ApplicationID: u.ApplicationID, UserID: u.ID, ByCookie: true, CreatedAt: noon, SeenAt: noon, ExpiresAt: noon.Add(time.Hour),
	}
}

func testUsers(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	u, primary := w.loggedIn("ada")
	equal(t, must(s.User(w.ctx(), w.app.ID, u.ID))(t), u)
	u.WorkHours = `{"timezone":"Europe/Berlin"}`
	w.ok(s.SetWorkHours(w.ctx(), w.app.ID, u.ID, u.WorkHours))
	equal(t, must(s.User(w.ctx(), w.app.ID, u.ID))(t), u)
	w.is(s.SetWorkHours(w.ctx(), w.app.ID, "nobody", ""), store.ErrNotFound)

	second := w.owned("bob", u.ID, account.UserSecondary)
	w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: second, New: true, ForUser: true, Credential: newCredential()}))
	session := w.newSession(u)
	w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: primary, ForUser: true, ExpectGeneration: 1, Session: &session}))

	// With a secondary account goes nothing else, and with the primary one the user.
	third := w.owned("cyd", u.ID, account.UserSecondary)
	w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: third, New: true, ForUser: true, Credential: newCredential()}))
	w.ok(s.DeleteAccount(w.ctx(), third.ID, noon))
	equal(t, must(s.User(w.ctx(), w.app.ID, u.ID))(t), u)
	w.ok(s.DeleteAccount(w.ctx(), primary.ID, noon))
	_, err := s.User(w.ctx(), w.app.ID, u.ID)
	w.is(err, store.ErrNotFound)
	_, _, err = s.Session(w.ctx(), session.Hash)
	w.is(err, store.ErrNotFound)
	second.UserID, second.UserRole = "", ""
	equal(t, must(s.Account(w.ctx(), second.ID))(t), second)

	// Nobody connects an account for a user who is gone.
	late := w.owned("dee", u.ID, account.UserSecondary)
	w.is(s.SaveConnection(w.ctx(), store.Connection{Account: late, New: true, ForUser: true, Credential: newCredential()}), store.ErrConflict)
	w.ok(s.DeleteApplication(w.ctx(), w.app.ID, noon))
}

func testUserAccounts(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	bystander := w.connected("bystander") // of "user-1", who has no row
	free := w.newAccount("ada")
	free.ParentID, free.UserID, free.UserRole = 0, "", ""
	w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: free, New: true, Credential: newCredential()}))
	find := func(subject, userID string) account.ID {
		t.Helper()
		a, err := s.AccountForUser(w.ctx(), w.app.ID, account.Google, subject, "org-1", userID)
		if err != nil {
			w.is(err, store.ErrNotFound)
		}
		return a.ID
	}
	equal(t, find("ada", ""), free.ID) // nobody's yet
	equal(t, find("ada", "user-2"), free.ID)
	equal(t, find("bystander", ""), 0) // user-1's, beside the one that logs in
	equal(t, find("bystander", "user-2"), 0)
	equal(t, find("bystander", "user-1"), bystander.ID)

	u := w.newUser()
	primary := free
	primary.UserID, primary.UserRole = u.ID, account.UserPrimary
	w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: primary, ForUser: true, User: &u, ExpectGeneration: 1}))
	equal(t, find("ada", ""), free.ID)
	equal(t, find("ada", "user-2"), 0)

	beside := w.owned("bystander", u.ID, account.UserSecondary)
	beside.CreatedAt = noon.Add(-time.Hour) // still behind the primary one
	later := w.owned("later", u.ID, account.UserSecondary)
	for _, a := range []account.Account{beside, later} {
		w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: a, New: true, Fresh: a.ID == beside.ID, ForUser: true, Credential: newCredential()}))
	}
	equal(t, find("bystander", u.ID), beside.ID)
	equal(t, find("bystander", "user-1"), bystander.ID)
	want := []account.Account{primary, beside, later}
	equal(t, must(s.UserAccounts(w.ctx(), w.app.ID, u.ID, account.Account{}, 9))(t), want)
	var paged []account.Account
	for after := (account.Account{}); ; after = paged[len(paged)-1] {
		page := must(s.UserAccounts(w.ctx(), w.app.ID, u.ID, after, 1))(t)
		if paged = append(paged, page...); len(page) == 0 {
			break
		}
	}
	equal(t, paged, want)
	equal(t, must(s.UserAccounts(w.ctx(), w.app.ID, "", account.Account{}, 9))(t), nil)
}

// However many sign in at once with one identity, they are one user.
func testUserRace(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	_ = w.connected("ada") // a secondary account of somebody
	oneWins(t, race(8, func(int) error {
		u := w.newUser()
		return s.SaveConnection(w.ctx(), store.Connection{
			Account: w.owned("ada", u.ID, account.UserPrimary), New: true, Fresh: true, ForUser: true, User: &u, Credential: newCredential(),
		})
	}), store.ErrConflict)
}

func testAccountKeepsItsUser(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	u, a := w.loggedIn("ada")
	other, _ := w.loggedIn("bob")
	for _, to := range []struct {
		user string
		role account.UserRole
		by   bool
	}{{other.ID, account.UserSecondary, true}, {other.ID, account.UserSecondary, false}, {"", "", false}} {
		moved := a
		moved.UserID, moved.UserRole = to.user, to.role
		w.is(s.SaveConnection(w.ctx(), store.Connection{Account: moved, ForUser: to.by, ExpectGeneration: 1}), store.ErrConflict)
	}
	equal(t, must(s.Account(w.ctx(), a.ID))(t), a)
	// A renewal that read the account before its user ended does not bring the user back.
	second := w.owned("cyd", u.ID, account.UserSecondary)
	w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: second, New: true, ForUser: true, Credential: newCredential()}))
	w.ok(s.DeleteAccount(w.ctx(), a.ID, noon))
	w.is(s.SaveConnection(w.ctx(), store.Connection{Account: second, ExpectGeneration: 1}), store.ErrConflict)
}

func testSessions(t *testing.T, s *store.Store) {
	w := newWorld(t, s.At(func() time.Time { return noon }))
	u, a := w.loggedIn("ada")
	session, other := w.newSession(u), w.newSession(u)
	for _, one := range []*store.Session{&session, &other} {
		w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: a, ForUser: true, ExpectGeneration: 1, Session: one}))
	}
	check := func() {
		t.Helper()
		got, user, err := s.Session(w.ctx(), session.Hash)
		w.ok(err)
		equal(t, got, session)
		equal(t, user, u)
	}
	check()
	session.SeenAt, u.ActiveAt = noon.Add(time.Minute), noon.Add(time.Minute)
	w.ok(s.SeeSession(w.ctx(), session.Hash, session.SeenAt))
	check()
	w.ok(s.EndSession(w.ctx(), other.Hash))
	w.ok(s.EndSession(w.ctx(), other.Hash))
	_, _, err := s.Session(w.ctx(), other.Hash)
	w.is(err, store.ErrNotFound)
	check()
	equal(t, must(s.Sweep(w.ctx(), session.ExpiresAt))(t), store.SweepReport{})
	equal(t, must(s.Sweep(w.ctx(), session.ExpiresAt.Add(time.Millisecond)))(t), store.SweepReport{Sessions: 1})
}

func testSessionForACode(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	u, a := w.loggedIn("ada")
	code, session := newCode(a), w.newSession(u)
	code.UserID = u.ID
	w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: a, ForUser: true, ExpectGeneration: 1, Code: &code}))
	equal(t, must(s.Code(w.ctx(), code.Hash))(t), code)
	gone := w.newSession(store.User{ID: "nobody", ApplicationID: w.app.ID})
	w.is(s.RedeemCode(w.ctx(), code.Hash, w.app.ID, noon, newToken(a), gone), store.ErrNotFound)
	equal(t, must(s.Code(w.ctx(), code.Hash))(t), code) // untouched
	w.ok(s.RedeemCode(w.ctx(), code.Hash, w.app.ID, noon, newToken(a), session))
	equal(t, must(s.Code(w.ctx(), code.Hash))(t).SessionHash, session.Hash)
	got, _, err := s.Session(w.ctx(), session.Hash)
	w.ok(err)
	equal(t, got, session)
}

func testSignaturesOnce(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	signature := &store.UsedSignature{Hash: hashOf("signature"), ExpiresAt: noon.Add(time.Minute)}
	equal(t, must(s.SignatureUsed(w.ctx(), signature.Hash))(t), false)
	oneWins(t, race(8, func(int) error {
		a := w.newAttempt()
		a.Signature = signature
		return s.CreateAttempt(w.ctx(), a)
	}), store.ErrConflict)
	equal(t, must(s.SignatureUsed(w.ctx(), signature.Hash))(t), true)
	equal(t, must(s.OpenAttempts(w.ctx(), w.app.ID, noon, 9))(t), 1)
	must(s.Sweep(w.ctx(), signature.ExpiresAt.Add(time.Millisecond)))(t)
	equal(t, must(s.SignatureUsed(w.ctx(), signature.Hash))(t), false)
}

// An id is of one application: another one's user of the same id is another person.
func testOneIDOfTwoApplications(t *testing.T, s *store.Store) {
	type side struct {
		*world
		user            store.User
		primary, second account.Account
		session         store.Session
	}
	var sides []side
	for range 2 {
		w := newWorld(t, s)
		d := side{world: w, user: w.newUser()}
		d.user.ID = "42"
		d.primary, d.second = w.owned("ada", "42", account.UserPrimary), w.owned("bob", "42", account.UserSecondary)
		d.session = w.newSession(d.user)
		w.ok(s.SaveConnection(w.ctx(), store.Connection{
			Account: d.primary, New: true, ForUser: true, User: &d.user, Session: &d.session, Credential: newCredential(),
		}))
		w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: d.second, New: true, ForUser: true, Credential: newCredential()}))
		sides = append(sides, d)
	}
	check := func(d side) {
		t.Helper()
		equal(t, must(s.User(d.ctx(), d.app.ID, "42"))(t), d.user)
		equal(t, must(s.UserAccounts(d.ctx(), d.app.ID, "42", account.Account{}, 9))(t), []account.Account{d.primary, d.second})
		session, user, err := s.Session(d.ctx(), d.session.Hash)
		d.ok(err)
		equal(t, session, d.session)
		equal(t, user, d.user)
	}
	one, other := sides[0], sides[1]
	one.user.WorkHours = `{"timezone":"Europe/Berlin"}`
	one.ok(s.SetWorkHours(one.ctx(), one.app.ID, "42", one.user.WorkHours))
	one.session.SeenAt, one.user.ActiveAt = noon.Add(time.Minute), noon.Add(time.Minute)
	one.ok(s.SeeSession(one.ctx(), one.session.Hash, one.session.SeenAt))
	check(one)
	check(other)
	one.ok(s.DeleteAccount(one.ctx(), one.primary.ID, noon))
	_, err := s.User(one.ctx(), one.app.ID, "42")
	one.is(err, store.ErrNotFound)
	check(other)
}
