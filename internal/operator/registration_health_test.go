package operator_test

import (
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

func day(t *testing.T, s string) *time.Time {
	t.Helper()
	at, err := operator.ParseExpiry(s)
	if err != nil {
		t.Fatal(err)
	}
	return &at
}

func TestTheEndOfASecretIsKeptWithIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.application(t, "CRM")
	b.registration(t, app)
	for i, step := range []struct {
		secret, expires string // "-": not said
		want            string
		action          operator.Action
	}{
		{"", "-", "", operator.Unchanged},
		{"", "2027-01-31", "2027-01-31", operator.Updated},
		{"", "2027-01-31", "2027-01-31", operator.Unchanged},
		{"", "-", "2027-01-31", operator.Unchanged},
		{"first", "-", "2027-01-31", operator.Unchanged},
		{"second", "-", "", operator.Updated}, // another one, of which nothing is known
		{"second", "2027-06-30", "2027-06-30", operator.Updated},
		{"third", "2028-01-01T12:00:00+01:00", "2028-01-01", operator.Updated},
		{"", "", "", operator.Updated},
	} {
		in := operator.SetRegistration{ServiceType: "Google", ClientID: "client.apps.example"}
		if step.secret != "" {
			in.Secrets = []secret.Text{secret.New(step.secret)}
		}
		if step.expires != "-" {
			in.SecretExpires = day(t, step.expires)
		}
		_, action, err := b.SetRegistration(t.Context(), "CRM", in)
		if err != nil || action != step.action {
			t.Fatalf("step %d: %s, %v; want %s", i, action, err, step.action)
		}
		list, err := b.Registrations(t.Context(), "CRM")
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if at := list[0].SecretExpires; !at.IsZero() {
			got = at.Format(time.DateOnly)
		}
		if got != step.want {
			t.Errorf("step %d: it ends on %q, want %q", i, got, step.want)
		}
	}
	for _, bad := range []string{"tomorrow", "31.01.2027", "2027-13-01", "2027-02-30"} {
		_, err := operator.ParseExpiry(bad)
		wantUsage(t, bad, err)
	}
	_, _, err := b.SetRegistration(t.Context(), "CRM", operator.SetRegistration{ServiceType: "IMAP", SecretExpires: day(t, "2027-01-31")})
	wantUsage(t, "the end of a secret that there is none of", err)
}

func TestDoctorWarnsBeforeASecretEnds(t *testing.T) {
	t.Parallel()
	b := setup(t) // the desk's clock stands at 2026-11-21, 9 o'clock
	b.registration(t, b.application(t, "CRM"))
	const hour, aDay = time.Hour, 24 * time.Hour
	for _, step := range []struct {
		expires string
		level   operator.Level
		words   string
		warning time.Duration // -1: none
	}{
		{"2026-12-22", operator.OK, "ends on 2026-12-22", -1},
		{"2026-12-21T08:00:00Z", operator.Warn, "ends in 29 days, on 2026-12-21", 30 * aDay},
		{"2026-11-28T08:00:00Z", operator.Warn, "ends in 6 days", 7 * aDay},
		{"2026-11-23", operator.Warn, "ends in a day, on", 7 * aDay},
		{"2026-11-22", operator.Warn, "within a day", aDay},
		{"2026-11-21", operator.Error, "ended on 2026-11-21", 0},
	} {
		_, _, err := b.SetRegistration(t.Context(), "CRM", operator.SetRegistration{
			ServiceType: "Google", ClientID: "client.apps.example", SecretExpires: day(t, step.expires),
		})
		if err != nil {
			t.Fatal(err)
		}
		words := []string{"CRM/Google", step.words}
		if step.level != operator.OK {
			words = append(words, "--add-secret --client-secret-file PATH --client-secret-expires")
		}
		found(t, b, step.level, words...)
		list, err := b.ExpiringSecrets(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case step.warning < 0:
			if len(list) > 0 {
				t.Errorf("%s: %+v", step.expires, list)
			}
		case len(list) != 1 || list[0].Warning != step.warning || list[0].Application.Name != "CRM":
			t.Errorf("%s: %+v, want the warning of %s", step.expires, list, step.warning)
		}
	}
}

func TestDoctorTellsWhatTheProviderRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	reg := b.registration(t, b.application(t, "CRM"))
	fail := func(place string) {
		t.Helper()
		h, err := b.store.Health(t.Context(), reg.ID, place)
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.store.FailRegistration(t.Context(), store.RegistrationFailure{
			Health: h, Accounts: 1, Refusal: store.Refusal{Class: "config", Code: "invalid_client", Cause: "the secret has expired", Cure: "make a new one"},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	fail("")
	found(t, b, operator.Error, "CRM/Google", "refuses it since", "(invalid_client): the secret has expired", "make a new one; its accounts are untouched")
	fail("https://eu.example")
	found(t, b, operator.Error, "CRM/Google", "(invalid_client) at https://eu.example")
	list, err := b.Registrations(t.Context(), "CRM")
	if err != nil || len(list[0].Failing) != 2 || !list[0].Failing[0].Stopped {
		t.Fatalf("%+v, %v", list, err)
	}
	_, _, err = b.SetRegistration(t.Context(), "CRM", operator.SetRegistration{
		ServiceType: "Google", ClientID: reg.ClientID, Secrets: []secret.Text{secret.New("new")},
	})
	if err != nil {
		t.Fatal(err)
	}
	found(t, b, operator.Warn, "CRM/Google", "changed since")
	h, err := b.store.Health(t.Context(), reg.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.store.ClearRegistration(t.Context(), h, 0); err != nil {
		t.Fatal(err)
	}
	if list, err = b.Registrations(t.Context(), "CRM"); err != nil || len(list[0].Failing) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
}

func TestAFileNamesTheEndOfTheSecret(t *testing.T) {
	t.Parallel()
	b := setup(t)
	apply := func(line string) error {
		_, err := b.Apply(t.Context(), read(t, strings.Replace(`
applications:
  - name: CRM
    registrations:
      - serviceType: Google
        clientId: client
        clientSecret: {env: GOOGLE_SECRET}
        LINE`, "LINE", line, 1)), resolve)
		return err
	}
	for line, want := range map[string]time.Time{"clientSecretExpires: 2027-01-31": time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC), "": {}} {
		if err := apply(line); err != nil {
			t.Fatal(err)
		}
		list, err := b.Registrations(t.Context(), "CRM")
		if err != nil || len(list) != 1 || !list[0].SecretExpires.Equal(want) {
			t.Errorf("%q: %+v, %v", line, list, err)
		}
	}
	wantUsage(t, "no day", apply("clientSecretExpires: soon"))
}
