package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/brand"
	"github.com/avain-project/avain/internal/store"
)

func testApplications(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	later := newApplication()
	later.CreatedAt = noon.Add(time.Second)
	later.ReturnURLs, later.Settings, later.DataKey = nil, account.Settings{Public: true}, nil
	w.ok(s.CreateApplication(w.ctx(), later))

	equal(t, must(s.Application(w.ctx(), w.app.ID))(t), w.app)
	equal(t, must(s.ApplicationByClientID(w.ctx(), later.ClientID))(t), later)
	equal(t, must(s.Applications(w.ctx()))(t), []store.Application{w.app, later})
	_, err := s.Application(w.ctx(), "nobody")
	w.is(err, store.ErrNotFound)
	_, err = s.ApplicationByClientID(w.ctx(), w.app.ID)
	w.is(err, store.ErrNotFound)
}

func testApplicationConflicts(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	same := newApplication()
	same.ClientID = w.app.ClientID
	w.is(s.CreateApplication(w.ctx(), same), store.ErrConflict)

	// A secret that cannot be inserted takes the application with it.
	other := newApplication()
	secret := newSecret(other.ID, noon)
	w.is(s.CreateApplication(w.ctx(), other, secret, secret), store.ErrConflict)
	_, err := s.Application(w.ctx(), other.ID)
	w.is(err, store.ErrNotFound)
}

func testApplicationUpdate(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	want := w.app
	want.Name = "Notes 2"
	want.ReturnURLs = []string{"https://new.example/b", "https://new.example/a"}
	want.Settings = account.Settings{Origins: []string{"https://other.example"}}
	want.Brand = brand.Brand{Color: "#123456"}
	want.UpdatedAt = noon.Add(time.Minute)
	update := want.Application
	update.ReturnURLs = append(update.ReturnURLs, "https://new.example/b") // repeated: kept once
	to := func(app *account.Application) error { *app = update; return nil }
	w.ok(s.UpdateApplication(w.ctx(), w.app.ID, to))
	equal(t, must(s.Application(w.ctx(), w.app.ID))(t), want)

	for origin, known := range map[string]bool{
		"https://new.example": true, "https://other.example": true, "https://notes.example": false, "https://spa.example": false,
	} {
		if got := must(s.OriginRegistered(w.ctx(), origin))(t); got != known {
			t.Errorf("%s is registered = %v after the update", origin, got)
		}
	}
	w.is(s.UpdateApplication(w.ctx(), "nobody", to), store.ErrNotFound)
	refused := errors.New("refused")
	w.is(s.UpdateApplication(w.ctx(), w.app.ID, func(app *account.Application) error { app.Name = "x"; return refused }), refused)
	equal(t, must(s.Application(w.ctx(), w.app.ID))(t), want)
}

// Updates at the same time all count: each reads what the one before it wrote.
func testApplicationUpdateRace(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	for _, err := range race(20, func(i int) error {
		return s.UpdateApplication(w.ctx(), w.app.ID, func(app *account.Application) error {
			app.ReturnURLs = append(app.ReturnURLs, fmt.Sprintf("https://notes.example/%d", i))
			return nil
		})
	}) {
		w.ok(err)
	}
	equal(t, len(must(s.Application(w.ctx(), w.app.ID))(t).ReturnURLs), len(w.app.ReturnURLs)+20)
}

func testApplicationDelete(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	attempt := w.newAttempt()
	w.ok(s.CreateAttempt(w.ctx(), attempt))
	a := w.connected("ada")
	code, token := w.withCode(a), w.withToken(a)
	now := noon.Add(time.Hour)
	w.ok(s.DeleteApplication(w.ctx(), w.app.ID, now))

	_, err := s.Application(w.ctx(), w.app.ID)
	w.is(err, store.ErrNotFound)
	_, err = s.Registration(w.ctx(), w.reg.ID)
	w.is(err, store.ErrNotFound)
	_, err = s.Attempt(w.ctx(), attempt.StateHash)
	w.is(err, store.ErrNotFound)
	_, err = s.Account(w.ctx(), a.ID)
	w.is(err, store.ErrNotFound)
	_, err = s.Credential(w.ctx(), a.ID)
	w.is(err, store.ErrNotFound)
	_, err = s.Code(w.ctx(), code.Hash)
	w.is(err, store.ErrNotFound)
	equal(t, must(s.ApplicationSecrets(w.ctx(), w.app.ID))(t), nil)
	if must(s.OriginRegistered(w.ctx(), "https://notes.example"))(t) || must(s.OriginRegistered(w.ctx(), "https://spa.example"))(t) {
		t.Error("an origin outlived its application")
	}
	equal(t, must(s.TokenByHash(w.ctx(), token.Hash))(t).RevokedAt, now)
	w.is(s.DeleteApplication(w.ctx(), w.app.ID, now), store.ErrNotFound)
}

// A picture is there while an application names it.
func testLogos(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	first, second := newLogo("first"), newLogo("second")
	gone := func(l brand.Logo) {
		t.Helper()
		if _, found, err := s.Logo(w.ctx(), l.Hash); found || err != nil {
			t.Errorf("the logo %s: found = %t, %v", l.Data, found, err)
		}
	}
	there := func(l brand.Logo) {
		t.Helper()
		got, found, err := s.Logo(w.ctx(), l.Hash)
		w.ok(err)
		if !found {
			t.Fatalf("the logo %s is gone", l.Data)
		}
		equal(t, got, l)
	}
	set := func(id string, logos ...brand.Logo) {
		t.Helper()
		w.ok(s.UpdateApplication(w.ctx(), id, func(app *account.Application) error {
			app.Brand.Logo = ""
			for _, l := range logos {
				app.Brand.Logo = l.Hash
			}
			return nil
		}, logos...))
	}
	other := newApplication()
	other.ID, other.ClientID, other.Settings.Alias = account.NewRecordID(), account.NewClientID(), ""
	other.Brand.Logo, other.Logos = first.Hash, []brand.Logo{first}
	gone(first)
	w.ok(s.CreateApplication(w.ctx(), other))
	there(first)
	set(w.app.ID, first) // the same picture twice
	set(w.app.ID, second)
	there(first)
	there(second)
	set(w.app.ID, second) // again: it stays
	w.ok(s.UpdateApplication(w.ctx(), w.app.ID, func(app *account.Application) error { app.Name = "Another"; return nil }))
	there(second)
	set(w.app.ID)
	gone(second)
	// What is refused changes no picture.
	refused := errors.New("refused")
	w.is(s.UpdateApplication(w.ctx(), w.app.ID, func(*account.Application) error { return refused }, second), refused)
	gone(second)
	w.ok(s.DeleteApplication(w.ctx(), other.ID, noon))
	gone(first)
}

func newLogo(data string) brand.Logo {
	return brand.Logo{Hash: "hash of " + data, MediaType: "image/png", Data: []byte(data)}
}

func testApplicationSecrets(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	first := must(s.ApplicationSecrets(w.ctx(), w.app.ID))(t)
	if len(first) != 1 {
		t.Fatalf("%d secrets after creation, want 1", len(first))
	}
	second, third := newSecret(w.app.ID, noon.Add(time.Second)), newSecret(w.app.ID, noon.Add(2*time.Second))
	w.ok(s.AddApplicationSecret(w.ctx(), second, 2))
	equal(t, must(s.ApplicationSecrets(w.ctx(), w.app.ID))(t), []store.ApplicationSecret{second, first[0]})
	w.ok(s.AddApplicationSecret(w.ctx(), third, 2))
	equal(t, must(s.ApplicationSecrets(w.ctx(), w.app.ID))(t), []store.ApplicationSecret{third, second})

	// The new one stays even if its clock is behind.
	late := newSecret(w.app.ID, noon.Add(-time.Hour))
	w.ok(s.AddApplicationSecret(w.ctx(), late, 1))
	equal(t, must(s.ApplicationSecrets(w.ctx(), w.app.ID))(t), []store.ApplicationSecret{late})
	w.is(s.AddApplicationSecret(w.ctx(), newSecret("nobody", noon), 2), store.ErrConflict)
}

func testOrigins(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	app := newApplication()
	app.ReturnURLs = []string{"HTTPS://Upper.Example:443/back?x=1", "http://[::1]:8080/back", "http://plain.example:80/"}
	app.Settings.Origins = []string{"https://listed.example:8443"}
	w.ok(s.CreateApplication(w.ctx(), app))
	for origin, want := range map[string]bool{
		"https://notes.example": true, "https://notes.example:443": true, "http://localhost:3000": true, "https://spa.example": true,
		"https://upper.example": true, "http://[::1]:8080": true, "http://plain.example": true, "https://listed.example:8443": true,
		"http://notes.example": false, "https://notes.example:8443": false, "https://notes.example.evil.example": false,
		"https://listed.example": false, "com.example.notes:": false, "null": false, "": false, "https://": false, "%": false,
	} {
		if got := must(s.OriginRegistered(w.ctx(), origin))(t); got != want {
			t.Errorf("OriginRegistered(%q) = %v, want %v", origin, got, want)
		}
	}
}
