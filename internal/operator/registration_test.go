package operator_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/secret"
)

// bare reveals the secrets of the only registration, newest first.
func (b *bench) bare(t *testing.T) string {
	t.Helper()
	list, err := b.Registrations(t.Context(), "")
	if err != nil || len(list) != 1 {
		t.Fatalf("%d registrations, %v", len(list), err)
	}
	var out []string
	for _, one := range list[0].Secrets {
		out = append(out, one.Reveal())
	}
	return strings.Join(out, " ")
}

func TestARegistrationIsSetPieceByPiece(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.application(t, "CRM")
	reg := b.registration(t, app)
	if reg.RedirectURI != "https://avain.example/v1/auth/callback" {
		t.Errorf("redirect URI %q", reg.RedirectURI)
	}
	relay := "https://app.example/relay"
	again, action, err := b.SetRegistration(t.Context(), "CRM", operator.SetRegistration{
		ServiceType: "Google", ClientID: reg.ClientID, CallbackURL: &relay,
	})
	if err != nil || action != operator.Updated || again.RedirectURI != relay {
		t.Errorf("%s, %q, %v", action, again.RedirectURI, err)
	}
	if len(again.Scopes) != 1 || b.bare(t) != "first" {
		t.Errorf("what was not named changed: scopes %v, secrets %q", again.Scopes, b.bare(t))
	}
	_, action, err = b.SetRegistration(t.Context(), "CRM", operator.SetRegistration{ServiceType: "Google", ClientID: reg.ClientID})
	if err != nil || action != operator.Unchanged {
		t.Errorf("setting nothing: %s, %v", action, err)
	}
}

func TestSecretsAreReplacedOrAdded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	reg := b.registration(t, b.application(t, "CRM"))
	put := func(bare string, add bool) error {
		_, _, err := b.SetRegistration(t.Context(), "CRM", operator.SetRegistration{
			ServiceType: "Google", ClientID: reg.ClientID, Secrets: []secret.Text{secret.New(bare)}, AddSecret: add,
		})
		return err
	}
	for i, step := range []struct {
		bare string
		add  bool
		want string
	}{{"second", true, "second first"}, {"second", true, "second first"}, {"third", true, "third second first"}, {"only", false, "only"}} {
		if err := put(step.bare, step.add); err != nil || b.bare(t) != step.want {
			t.Errorf("step %d: %q, %v; want %q", i, b.bare(t), err, step.want)
		}
	}
	for i := range 2 {
		if err := put(fmt.Sprint("more", i), true); err != nil {
			t.Fatal(err)
		}
	}
	wantUsage(t, "a fourth secret", put("more2", true))
}

func TestAnotherClientIDIsAnotherRegistration(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.application(t, "CRM")
	first := b.registration(t, app)
	b.connect(t, first, "ada", 7)
	_, action, err := b.SetRegistration(t.Context(), "CRM", operator.SetRegistration{ServiceType: "Google", ClientID: "other"})
	if err != nil || action != operator.Created {
		t.Fatalf("%s, %v", action, err)
	}
	list, err := b.Registrations(t.Context(), "CRM")
	if err != nil || len(list) != 2 || list[0].Current || !list[1].Current {
		t.Fatalf("%+v, %v", list, err)
	}
	wantUsage(t, "removing one of two unnamed", b.RemoveRegistration(t.Context(), "CRM", "Google", ""))
	if err := b.RemoveRegistration(t.Context(), "CRM", "Google", first.ClientID); err == nil || !strings.Contains(err.Error(), "accounts") {
		t.Errorf("a registration that an account rests on: %v", err)
	}
	if err := b.RemoveRegistration(t.Context(), "CRM", "google", "other"); err != nil {
		t.Error(err)
	}
	// Setting it again makes it the one for new sign-ins, though nothing else differs.
	_, action, err = b.SetRegistration(t.Context(), "CRM", operator.SetRegistration{ServiceType: "Google", ClientID: first.ClientID})
	if err != nil || action != operator.Updated {
		t.Errorf("%s, %v", action, err)
	}
}

func TestWrongRegistrationsAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.application(t, "CRM")
	endpoint := func(raw string) func(*operator.SetRegistration) {
		return func(in *operator.SetRegistration) { in.Endpoints = &account.Endpoints{Token: raw} }
	}
	callback := func(raw string) func(*operator.SetRegistration) {
		return func(in *operator.SetRegistration) { in.CallbackURL = &raw }
	}
	for name, spoil := range map[string]func(*operator.SetRegistration){
		"unknown service type":     func(in *operator.SetRegistration) { in.ServiceType = "Gogle" },
		"service type of later":    func(in *operator.SetRegistration) { in.ServiceType = "Hubspot" },
		"no client id":             func(in *operator.SetRegistration) { in.ClientID = "" },
		"client id with a space":   func(in *operator.SetRegistration) { in.ClientID = "a b" },
		"empty secret":             func(in *operator.SetRegistration) { in.Secrets = []secret.Text{{}} },
		"secret with newline":      func(in *operator.SetRegistration) { in.Secrets = []secret.Text{secret.New("x\n")} },
		"unknown scope":            func(in *operator.SetRegistration) { in.Scopes = []string{"Mail.Raed"} },
		"scope the vendor has not": func(in *operator.SetRegistration) { in.Scopes = []string{"Tasks.Read"} },
		"native scope with quote":  func(in *operator.SetRegistration) { in.NativeScopes = []string{`a"b`} },
		"endpoint over http":       endpoint("http://accounts.example/token"),
		"relative endpoint":        endpoint("/token"),
		"endpoint with user":       endpoint("https://user:hunter2@accounts.example/token"),
		"endpoint of a file":       endpoint("file:///etc/passwd"),
		"callback over http":       callback("http://app.example/relay"),
		"callback of an own kind":  callback("crm://relay"),
		"callback with fragment":   callback("https://app.example/#relay"),
	} {
		in := operator.SetRegistration{ServiceType: "Google", ClientID: "client"}
		spoil(&in)
		_, _, err := b.SetRegistration(t.Context(), "CRM", in)
		wantUsage(t, name, err)
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error repeats the password: %v", name, err)
		}
	}
	_, _, err := b.SetRegistration(t.Context(), "CRM", operator.SetRegistration{
		ServiceType: "Google", ClientID: "client", Endpoints: &account.Endpoints{Token: "http://127.0.0.1:9/token", API: "https://api.example/"},
	})
	if err != nil {
		t.Errorf("endpoints on loopback and https: %v", err)
	}
}
