package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/store"
)

// kinds are those of an account's events, oldest first.
func (w *world) kinds(id account.ID) (kinds []store.EventKind) {
	w.Helper()
	for _, d := range must(w.Deliveries(w.ctx(), store.DeliveryFilter{AccountID: id}))(w) {
		kinds = append(kinds, d.Event.Kind)
	}
	slices.Reverse(kinds)
	return kinds
}

var (
	works  = store.TokenState{Status: account.TokenActive, IssuedAt: noon}
	doubts = store.TokenState{Status: account.TokenInvalid, Error: "the provider answers 401"}
	dead   = store.TokenState{Status: account.TokenDead, Error: "the person has ended the access"}
)

// Each change writes what it changes, and says it, at once; the same again says nothing.
func testEvents(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a := w.connected("ada")
	want := []store.EventKind{store.AccountCreated}
	expect := func(kinds ...store.EventKind) {
		t.Helper()
		want = append(want, kinds...)
		equal(t, w.kinds(a.ID), want)
	}
	expect()
	save := func(generation int64, state store.TokenState) {
		t.Helper()
		c := *newCredential()
		c.AccountID = a.ID
		w.ok(s.SaveCredential(w.ctx(), c, generation, state))
	}
	save(1, works)
	expect() // a renewal is none
	must(s.MarkToken(w.ctx(), a.ID, 2, doubts))(t)
	expect(store.TokenExpired)
	must(s.MarkToken(w.ctx(), a.ID, 2, doubts))(t)
	expect() // nothing that it did not say already
	must(s.MarkToken(w.ctx(), a.ID, 2, dead))(t)
	expect(store.TokenExpired)
	must(s.MarkToken(w.ctx(), a.ID, 2, dead))(t)
	must(s.MarkToken(w.ctx(), a.ID, 1, works))(t)
	expect() // another generation: nothing has changed
	save(2, works)
	expect(store.TokenRecovered)
	less := works
	less.NativeScopes, less.Scopes = []string{"native.one"}, []scope.Scope{scope.MailRead}
	save(3, less)
	expect(store.AccountUpdated)
	w.is(s.SaveCredential(w.ctx(), store.Credential{AccountID: a.ID}, 1, dead), store.ErrConflict)
	expect() // nothing of a change that was not made
	must(s.WipeCredential(w.ctx(), a.ID, 4, dead))(t)
	expect(store.TokenExpired)

	// A new sign-in of an account that is dead, by a person with a new name.
	a.Identity.Name, a.Scopes, a.NativeScopes = "New", []scope.Scope{scope.MailRead}, []string{"native.one"}
	w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: a, Credential: newCredential(), ExpectGeneration: 5}))
	expect(store.AccountUpdated, store.TokenRecovered)
	a.AuthObtainedAt, a.UpdatedAt = noon.Add(time.Hour), noon.Add(time.Hour)
	w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: a, ExpectGeneration: 6}))
	expect() // the same sign-in again

	quiet := dead
	quiet.Quiet = true
	must(s.WipeCredential(w.ctx(), a.ID, 6, quiet))(t)
	expect()
	w.ok(s.DeleteAccount(w.ctx(), a.ID, noon))
	expect(store.AccountDeleted)

	last := must(s.Deliveries(w.ctx(), store.DeliveryFilter{AccountID: a.ID, Limit: 3}))(t)
	if len(last) != 3 || last[0].Event.ID == last[1].Event.ID || last[0].URL != w.app.Settings.Webhooks[0] || last[0].State != store.DeliveryWaiting {
		t.Fatalf("the newest are %+v", last)
	}
	equal(t, last[0].Event.Data, store.EventData{ServiceType: account.Google, ClientOrgID: "org-1"}) // no more than that
	equal(t, last[1].Event.Data, store.EventData{
		ServiceType: account.Google, ClientOrgID: "org-1", TokenStatus: account.TokenActive, Scopes: []scope.Scope{scope.MailRead}, Generation: 6,
	})
	// A registration's trouble is told where it is noted, and so is its end.
	equal(t, w.failure(), true)
	equal(t, must(s.ClearRegistration(w.ctx(), w.health(), 0))(t), true)
	told := must(s.Deliveries(w.ctx(), store.DeliveryFilter{Limit: 2}))(t)
	equal(t, told[0].Event.Kind, store.RegistrationRecovered)
	equal(t, told[1].Event.Kind, store.RegistrationFailing)
	equal(t, told[1].Event.Data, store.EventData{ServiceType: account.Google, ClientID: w.reg.ClientID, Reason: "invalid_client: the secret is wrong"})
	expired := must(s.Deliveries(w.ctx(), store.DeliveryFilter{AccountID: a.ID}))(t)[3]
	equal(t, expired.Event.Data.Reason, dead.Error)
}

func testEventsOfNobody(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	w.ok(s.UpdateApplication(w.ctx(), w.app.ID, func(a *account.Application) error { a.Settings.Webhooks = nil; return nil }))
	a := w.connected("ada")
	must(s.MarkToken(w.ctx(), a.ID, 1, dead))(t)
	w.ok(s.UpdateApplication(w.ctx(), w.app.ID, func(a *account.Application) error { a.Settings.Webhooks = []string{"https://one.example"}; return nil }))
	equal(t, w.kinds(a.ID), nil)
	equal(t, w.claimAll("worker"), nil)
}

// claimAll claims every endpoint that has something to deliver, for an hour.
func (w *world) claimAll(holder string) []store.Endpoint {
	w.Helper()
	return must(w.ClaimEndpoints(w.ctx(), holder, 100, time.Hour))(w)
}

func (w *world) due(e store.Endpoint) []store.Delivery {
	w.Helper()
	return must(w.DueDeliveries(w.ctx(), e, 100))(w)
}

func testDeliveries(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	now := noon
	s.At(func() time.Time { return now })
	a, b := w.connected("ada"), w.connected("bob")
	must(s.MarkToken(w.ctx(), a.ID, 1, dead))(t)

	claimed := w.claimAll("first")
	if len(claimed) != 1 || claimed[0].URL != w.app.Settings.Webhooks[0] || claimed[0].Failures != 0 {
		t.Fatalf("claimed %+v", claimed)
	}
	equal(t, w.claimAll("second"), nil)
	e := claimed[0]
	heads := w.due(e)
	if len(heads) != 2 || heads[0].Event.AccountID != a.ID || heads[1].Event.AccountID != b.ID {
		t.Fatalf("due are %+v, want the oldest of each account", heads)
	}
	// One that fails keeps those behind it waiting, and nobody else's.
	w.ok(s.Undelivered(w.ctx(), e, heads[0], "timeout", time.Minute))
	w.ok(s.Delivered(w.ctx(), heads[1]))
	equal(t, w.due(e), nil)
	w.ok(s.ReleaseEndpoint(w.ctx(), e, "", 0))
	equal(t, w.claimAll("second"), nil) // nothing is due
	now = now.Add(time.Minute)
	e = w.claimAll("second")[0]
	w.ok(s.ReleaseEndpoint(w.ctx(), claimed[0], "", 0)) // the first one's time was over: not his any more
	equal(t, w.claimAll("third"), nil)
	heads = w.due(e)
	if len(heads) != 1 || heads[0].Event.Kind != store.AccountCreated || heads[0].Attempts != 1 || heads[0].Failure != "timeout" {
		t.Fatalf("due are %+v", heads)
	}
	w.ok(s.Undelivered(w.ctx(), claimed[0], heads[0], "timeout", time.Hour)) // likewise
	equal(t, len(w.due(e)), 1)
	w.ok(s.Delivered(w.ctx(), heads[0]))
	heads = w.due(e)
	if len(heads) != 1 || heads[0].Event.Kind != store.TokenExpired {
		t.Fatalf("due are %+v", heads)
	}

	// Whoever stops without a word is followed when the claim's time is up.
	now = now.Add(time.Hour)
	e = w.claimAll("third")[0]
	w.ok(s.ReleaseEndpoint(w.ctx(), e, "unreachable", 5*time.Minute))
	equal(t, w.claimAll("fourth"), nil)
	now = now.Add(5 * time.Minute)
	e = w.claimAll("fourth")[0]
	equal(t, e.Failures, 1)
	w.ok(s.ReleaseEndpoint(w.ctx(), e, "", 0))
	equal(t, w.claimAll("fifth")[0].Failures, 0)
}

func testDeliveriesEnd(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	now := noon
	s.At(func() time.Time { return now })
	a := w.connected("ada")
	must(s.MarkToken(w.ctx(), a.ID, 1, dead))(t)
	now = now.Add(72*time.Hour - time.Second)
	e := w.claimAll("worker")[0]
	w.ok(s.Undelivered(w.ctx(), e, w.due(e)[0], "wrong answer", time.Second))
	now = now.Add(time.Second)
	w.ok(s.Undelivered(w.ctx(), e, w.due(e)[0], "wrong answer", time.Second)) // three days are over
	heads := w.due(e)
	if len(heads) != 1 || heads[0].Event.Kind != store.TokenExpired {
		t.Fatalf("due are %+v", heads)
	}
	w.ok(s.ReleaseEndpoint(w.ctx(), e, "unreachable", time.Hour)) // gives up whatever else has waited so long
	for _, d := range must(s.Deliveries(w.ctx(), store.DeliveryFilter{}))(t) {
		if d.State != store.DeliveryFailed || !d.EndedAt.Equal(now) || d.Failure == "" {
			t.Errorf("%+v", d)
		}
	}

	// Delivered again, they have three days anew, and the endpoint is tried at once.
	equal(t, must(s.Redeliver(w.ctx(), store.DeliveryFilter{ApplicationID: "nobody"}))(t), 0)
	equal(t, must(s.Redeliver(w.ctx(), store.DeliveryFilter{State: store.DeliveryDone}))(t), 0)
	equal(t, must(s.Redeliver(w.ctx(), store.DeliveryFilter{ApplicationID: w.app.ID, State: store.DeliveryFailed, Since: noon}))(t), 2)
	equal(t, must(s.Redeliver(w.ctx(), store.DeliveryFilter{}))(t), 0) // they wait already
	now = now.Add(71 * time.Hour)
	e = w.claimAll("worker")[0]
	w.ok(s.Undelivered(w.ctx(), e, w.due(e)[0], "timeout", 0))
	head := w.due(e)[0]
	equal(t, head.Event.Kind, store.AccountCreated)
	equal(t, head.State, store.DeliveryWaiting)

	// A URL that is taken away takes along what waits for it; one that stays does not.
	w.ok(s.UpdateApplication(w.ctx(), w.app.ID, func(a *account.Application) error { a.Name = "New"; return nil }))
	equal(t, len(w.due(e)), 1)
	w.ok(s.UpdateApplication(w.ctx(), w.app.ID, func(a *account.Application) error { a.Settings.Webhooks = []string{"https://new.example"}; return nil }))
	equal(t, must(s.Deliveries(w.ctx(), store.DeliveryFilter{}))(t), nil)

	must(s.MarkToken(w.ctx(), a.ID, 1, works))(t)
	equal(t, must(s.Sweep(w.ctx(), now.Add(30*24*time.Hour)))(t).Events, 2) // the first two
	equal(t, must(s.Sweep(w.ctx(), now.Add(30*24*time.Hour+time.Second)))(t).Events, 1)
	equal(t, must(s.Deliveries(w.ctx(), store.DeliveryFilter{}))(t), nil)
	must(s.MarkToken(w.ctx(), a.ID, 1, dead))(t)
	w.ok(s.DeleteApplication(w.ctx(), w.app.ID, now))
	equal(t, must(s.Deliveries(w.ctx(), store.DeliveryFilter{}))(t), nil)
}

// Replicas deliver at once: each event once, each account's in their order.
func testDeliveryRace(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	urls := []string{"https://one.example", "https://two.example", "https://three.example"}
	w.ok(s.UpdateApplication(w.ctx(), w.app.ID, func(a *account.Application) error { a.Settings.Webhooks = urls; return nil }))
	const people = 6
	for i := range people {
		a := w.connected(fmt.Sprintf("person-%d", i))
		must(s.MarkToken(w.ctx(), a.ID, 1, dead))(t)
		must(s.MarkToken(w.ctx(), a.ID, 1, works))(t)
	}
	type stream struct {
		url string
		id  account.ID
	}
	var mu sync.Mutex
	arrived := map[stream][]store.EventKind{}
	for _, err := range race(6, func(i int) error {
		for range 100 {
			claimed, err := s.ClaimEndpoints(w.ctx(), fmt.Sprintf("replica %d", i), 2, time.Hour)
			if err != nil {
				return err
			}
			for _, e := range claimed {
				heads, err := s.DueDeliveries(w.ctx(), e, 4)
				if err != nil {
					return err
				}
				for _, d := range heads {
					mu.Lock()
					at := stream{e.URL, d.Event.AccountID}
					arrived[at] = append(arrived[at], d.Event.Kind)
					mu.Unlock()
					if err := s.Delivered(w.ctx(), d); err != nil {
						return err
					}
				}
				if err := s.ReleaseEndpoint(w.ctx(), e, "", 0); err != nil {
					return err
				}
			}
		}
		return nil
	}) {
		w.ok(err)
	}
	equal(t, len(arrived), people*len(urls))
	for at, kinds := range arrived {
		if !slices.Equal(kinds, []store.EventKind{store.AccountCreated, store.TokenExpired, store.TokenRecovered}) {
			t.Errorf("%s was told %v", at.url, kinds)
		}
	}
}

func testSigningSecret(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	_, err := s.SigningSecret(w.ctx(), w.app.ID)
	w.is(err, store.ErrNotFound)
	one := store.SigningSecret{ID: "one", ApplicationID: w.app.ID, Sealed: []byte("sealed one"), CreatedAt: noon}
	two := store.SigningSecret{ID: "two", ApplicationID: w.app.ID, Sealed: []byte("sealed two"), CreatedAt: noon}
	w.ok(s.SetSigningSecret(w.ctx(), one, false))
	w.ok(s.SetSigningSecret(w.ctx(), two, false))
	equal(t, must(s.SigningSecret(w.ctx(), w.app.ID))(t), one)
	w.ok(s.SetSigningSecret(w.ctx(), two, true))
	equal(t, must(s.SigningSecret(w.ctx(), w.app.ID))(t), two)
	two.ApplicationID = "nobody"
	w.is(s.SetSigningSecret(w.ctx(), two, false), store.ErrConflict)
}
