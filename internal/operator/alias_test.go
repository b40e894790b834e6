package operator_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
)

func TestAnAliasIsKeptAsBrowsersWriteIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made, _, err := b.CreateApplication(t.Context(), operator.CreateApplication{Name: "CRM", Settings: account.Settings{Alias: "https://Connect.Example:443/"}})
	if err != nil || made.Settings.Alias != "https://connect.example" {
		t.Fatalf("made with %q, %v", made.Settings.Alias, err)
	}
	for _, c := range []struct{ raw, want string }{
		{"HTTPS://other.example/", "https://other.example"},
		{"", ""},
		{"http://127.0.0.3:80", "http://127.0.0.3"},
	} {
		app, err := b.SetApplication(t.Context(), "CRM", operator.SetApplication{Alias: &c.raw})
		if err != nil || app.Settings.Alias != c.want {
			t.Errorf("%q is kept as %q, %v; want %q", c.raw, app.Settings.Alias, err, c.want)
		}
	}
	other := "CRM 2"
	if app, err := b.SetApplication(t.Context(), "CRM", operator.SetApplication{Name: &other}); err != nil || app.Settings.Alias == "" {
		t.Errorf("another setting takes the alias away: %+v, %v", app.Settings, err)
	}
}

func TestAnAliasThatCannotBe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.application(t, "CRM")
	for name, alias := range map[string]string{
		"no origin": "connect.example", "a path": "https://connect.example/x", "in the clear": "http://connect.example",
		"the public URL": "https://AVAIN.example:443/", "its host": "https://avain.example",
	} {
		_, err := b.SetApplication(t.Context(), app.ClientID, operator.SetApplication{Alias: &alias})
		wantUsage(t, name, err)
		_, _, err = b.CreateApplication(t.Context(), operator.CreateApplication{Name: name, Settings: account.Settings{Alias: alias}})
		wantUsage(t, name+", a new application", err)
		_, err = b.Apply(t.Context(), read(t, "applications:\n  - name: good\n  - name: CRM\n    alias: "+alias+"\n"), resolve)
		wantUsage(t, name+", in a file", err)
	}
	if apps, err := b.Applications(t.Context()); err != nil || len(apps) != 1 || apps[0].Settings.Alias != "" {
		t.Errorf("%+v, %v", apps, err)
	}
}

func TestApplySetsAndEndsAnAlias(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const file = "applications:\n  - name: CRM\n    alias: https://Connect.Example/\n    registrations: [{serviceType: Google, clientId: a}]\n"
	changes, err := b.Apply(t.Context(), read(t, file), resolve)
	if err != nil || changes[1].RedirectURI != "https://connect.example/v1/auth/callback" {
		t.Fatalf("%+v, %v", changes, err)
	}
	if changes, err = b.Apply(t.Context(), read(t, file), resolve); err != nil || changes[0].Action != operator.Unchanged {
		t.Errorf("again: %v, %v", actions(changes), err)
	}
	changes, err = b.Apply(t.Context(), read(t, strings.Replace(file, "    alias: https://Connect.Example/\n", "", 1)), resolve)
	if err != nil || changes[0].Action != operator.Updated || changes[1].RedirectURI != "https://avain.example/v1/auth/callback" {
		t.Errorf("without it: %+v, %v", changes, err)
	}
	if app, err := b.Application(t.Context(), "CRM"); err != nil || app.Settings.Alias != "" {
		t.Errorf("it is still %q, %v", app.Settings.Alias, err)
	}
}

func TestDoctorTellsWhatAnAliasNeeds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.application(t, "CRM")
	b.registration(t, app)
	alias := "https://connect.example"
	app, err := b.SetApplication(t.Context(), app.ClientID, operator.SetApplication{Alias: &alias})
	if err != nil || b.CallbackURL(app) != "https://connect.example/v1/auth/callback" {
		t.Fatalf("%q, %v", b.CallbackURL(app), err)
	}
	found(t, b, operator.OK, "application CRM", "run at https://connect.example", "Host header", "redirect URI")
	found(t, b, operator.OK, "CRM/Google", "exactly: https://connect.example/v1/auth/callback")

	relay := "https://relay.example/r"
	reg, _, err := b.SetRegistration(t.Context(), "CRM", operator.SetRegistration{ServiceType: "Google", ClientID: "client.apps.example", CallbackURL: &relay})
	if err != nil || reg.RedirectURI != relay || reg.RelayTarget != "https://connect.example/v1/auth/callback" {
		t.Errorf("with a relay: %q leads to %q, %v", reg.RedirectURI, reg.RelayTarget, err)
	}
	found(t, b, operator.OK, "CRM/Google", "exactly: "+relay)
	found(t, b, operator.OK, "CRM/Google", "relay must send the browser on to https://connect.example/v1/auth/callback")

	// Set while the public URL was another one. All else can still be changed.
	b.PublicURL = &url.URL{Scheme: "https", Host: "connect.example"}
	found(t, b, operator.Warn, "application CRM", "is the public URL", "--alias=")
	if _, err := b.AddReturnURL(t.Context(), "CRM", "https://crm.example/another"); err != nil {
		t.Errorf("a return URL cannot be added any more: %v", err)
	}
}
