package storetest

import (
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/store"
)

func testRegistrations(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	equal(t, must(s.CurrentRegistration(w.ctx(), w.app.ID, account.Google))(t), w.reg)

	// Another client id becomes current and takes the place of the first.
	second := newRegistration(w.app.ID, "second-client")
	second.CreatedAt, second.Sealed = noon.Add(time.Second), nil
	w.ok(s.SaveRegistration(w.ctx(), second))
	office := newRegistration(w.app.ID, "google-client")
	office.ServiceType = account.Office365
	w.ok(s.SaveRegistration(w.ctx(), office))
	w.reg.Current = false
	equal(t, must(s.Registration(w.ctx(), w.reg.ID))(t), w.reg)
	equal(t, must(s.CurrentRegistration(w.ctx(), w.app.ID, account.Google))(t), second)
	equal(t, must(s.CurrentRegistration(w.ctx(), w.app.ID, account.Office365))(t), office)
	equal(t, must(s.RegistrationByClientID(w.ctx(), w.app.ID, account.Google, "google-client"))(t), w.reg)
	equal(t, must(s.Registrations(w.ctx(), w.app.ID))(t), []store.Registration{w.reg, second, office})

	// Saving the first again updates it in place and makes it current.
	w.reg.Scopes, w.reg.NativeScopes, w.reg.Endpoints = []scope.Scope{scope.TasksRead}, nil, account.Endpoints{}
	w.reg.Tenant, w.reg.Cloud = "contoso.example", account.CloudUSGov
	w.reg.CallbackURL, w.reg.UnboundBrowser, w.reg.Sealed = "", false, []byte("other secrets")
	w.reg.Current, w.reg.UpdatedAt = true, noon.Add(time.Hour)
	w.ok(s.SaveRegistration(w.ctx(), w.reg))
	equal(t, must(s.CurrentRegistration(w.ctx(), w.app.ID, account.Google))(t), w.reg)

	other := newApplication()
	w.ok(s.CreateApplication(w.ctx(), other))
	elsewhere := newRegistration(other.ID, "google-client")
	w.ok(s.SaveRegistration(w.ctx(), elsewhere))
	if got := len(must(s.Registrations(w.ctx(), ""))(t)); got != 4 {
		t.Errorf("%d registrations in all, want 4", got)
	}
	equal(t, must(s.Registrations(w.ctx(), other.ID))(t), []store.Registration{elsewhere})
}

func testRegistrationConflicts(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	_, err := s.CurrentRegistration(w.ctx(), w.app.ID, account.Zoho)
	w.is(err, store.ErrNotFound)
	_, err = s.RegistrationByClientID(w.ctx(), w.app.ID, account.Google, "unknown")
	w.is(err, store.ErrNotFound)
	_, err = s.Registration(w.ctx(), "unknown")
	w.is(err, store.ErrNotFound)

	// Its secrets are sealed for its id: another id must not get into the row.
	w.is(s.SaveRegistration(w.ctx(), newRegistration(w.app.ID, "google-client")), store.ErrConflict)
	renamed := w.reg
	renamed.ClientID = "renamed"
	w.is(s.SaveRegistration(w.ctx(), renamed), store.ErrConflict)
	w.is(s.SaveRegistration(w.ctx(), newRegistration("nobody", "google-client")), store.ErrConflict)
	equal(t, must(s.CurrentRegistration(w.ctx(), w.app.ID, account.Google))(t), w.reg) // still current

	a := w.connected("ada")
	w.is(s.DeleteRegistration(w.ctx(), w.reg.ID), store.ErrConflict)
	w.ok(s.DeleteAccount(w.ctx(), a.ID, noon))
	w.ok(s.CreateAttempt(w.ctx(), w.newAttempt()))
	w.ok(s.DeleteRegistration(w.ctx(), w.reg.ID))
	w.is(s.DeleteRegistration(w.ctx(), w.reg.ID), store.ErrNotFound)
}
