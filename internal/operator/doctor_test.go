package operator_test

import (
	"context"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/seal"
)

// found tells whether a finding of that level holds all the words.
func found(t *testing.T, b *bench, level operator.Level, words ...string) {
	t.Helper()
	findings, err := b.Doctor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(findings, func(f operator.Finding) bool {
		line := f.Subject + ": " + f.Text + " → " + f.Cure
		return f.Level == level && !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) })
	}) {
		t.Errorf("no %s finding with %q in %+v", level, words, findings)
	}
}

func TestDoctorTellsWhatWillNotWork(t *testing.T) {
	t.Parallel()
	b := setup(t)
	found(t, b, operator.OK, "public URL", "https://avain.example")
	found(t, b, operator.OK, "database", "up to date")
	found(t, b, operator.OK, "key", b.Ring.ID(), "not in use")
	found(t, b, operator.Warn, "applications", "avain app create")

	app, _, err := b.CreateApplication(t.Context(), operator.CreateApplication{Name: "CRM", Settings: account.Settings{TokenMode: true}})
	if err != nil {
		t.Fatal(err)
	}
	found(t, b, operator.Error, "CRM", "no return URL", "avain app return-url add "+app.ClientID)
	found(t, b, operator.Error, "CRM", "no registration", "avain registration set "+app.ClientID)
	found(t, b, operator.Warn, "CRM", "token mode")

	unbound := true
	_, _, err = b.SetRegistration(t.Context(), "CRM", operator.SetRegistration{ServiceType: "Google", ClientID: "id", UnboundBrowser: &unbound})
	if err != nil {
		t.Fatal(err)
	}
	found(t, b, operator.OK, "CRM/Google", "exactly: https://avain.example/v1/auth/callback")
	found(t, b, operator.Warn, "CRM/Google", "no client secret")
	found(t, b, operator.Warn, "CRM/Google", "another browser")
}

func TestDoctorKnowsItsPublicURLAndKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.registration(t, b.application(t, "CRM"))
	if err := b.EnsureKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	found(t, b, operator.OK, "key", "opens this database")
	for raw, level := range map[string]operator.Level{
		"http://avain.example": operator.Warn, "http://127.0.0.1:8080": operator.OK, "https://u@avain.example": operator.Error,
		"https://avain.example?x=1": operator.Error, "/nowhere": operator.Error,
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		b.PublicURL = u
		found(t, b, level, "public URL", strings.TrimPrefix(u.Redacted(), "https://u@"))
	}
	b.PublicURL = nil
	found(t, b, operator.Warn, "public URL", "not given")

	other, err := seal.NewRing()
	if err != nil {
		t.Fatal(err)
	}
	wrong := deskOn(b.store, other)
	found(t, wrong, operator.Error, "key", other.ID())
	found(t, wrong, operator.Error, "CRM/Google", "do not open")
}

// What people type their server for depends on settings, and on nothing at a provider.
func TestDoctorTellsOfTypedHosts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.application(t, "CRM")
	b.registration(t, app)
	if findings, err := b.Doctor(t.Context()); err != nil || slices.ContainsFunc(findings, func(f operator.Finding) bool { return strings.Contains(f.Subject, "typed hosts") }) {
		t.Errorf("nobody types a host: %v %v", findings, err)
	}
	if _, _, err := b.SetRegistration(t.Context(), "CRM", operator.SetRegistration{ServiceType: "IMAP", Scopes: []string{"Mail.Read"}}); err != nil {
		t.Fatal(err)
	}
	found(t, b, operator.OK, "CRM/IMAP", "no redirect URI is needed")
	found(t, b, operator.OK, "CRM/IMAP", "asks for Mail.Read")
	found(t, b, operator.OK, "typed hosts of IMAP", "in: none", "--typed-networks")
	found(t, b, operator.OK, "typed hosts of IMAP", "the system's authorities", "--typed-ca")
	b.Typed = operator.TypedHosts{Networks: []string{"10.20.0.0/16"}, Plaintext: []string{"old.example"}, CA: "own.pem"}
	found(t, b, operator.OK, "typed hosts of IMAP", "10.20.0.0/16")
	found(t, b, operator.OK, "typed hosts of IMAP", "own.pem")
	found(t, b, operator.Warn, "typed hosts of IMAP", "in the open to old.example")

	findings, err := b.Doctor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]string{}
	for _, f := range findings {
		if f.RedirectURI != "" {
			told[f.Subject] = f.RedirectURI
		}
	}
	if d := cmp.Diff(map[string]string{"registration CRM/Google": "https://avain.example/v1/auth/callback"}, told); d != "" {
		t.Error(d)
	}
}

func TestDoctorAsksTheResolver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.registration(t, b.application(t, "CRM"))
	var asked []string
	var answer []netip.Addr
	b.Typed.Lookup = func(_ context.Context, host string) ([]netip.Addr, error) {
		asked = append(asked, host)
		return answer, nil
	}
	online := func() []operator.Finding {
		t.Helper()
		findings, err := b.DoctorOnline(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return findings
	}
	if findings := online(); len(findings)+len(asked) > 0 {
		t.Errorf("nothing is to be asked: %v, %q", findings, asked)
	}
	if _, _, err := b.SetRegistration(t.Context(), "CRM", operator.SetRegistration{ServiceType: "IMAP"}); err != nil {
		t.Fatal(err)
	}
	if findings := online(); len(findings) != 1 || findings[0].Level != operator.Error || findings[0].Cure == "" {
		t.Errorf("a resolver that finds nothing: %+v", findings)
	}
	answer = []netip.Addr{netip.MustParseAddr("192.0.2.1")}
	if findings := online(); len(findings) != 1 || findings[0].Level != operator.OK {
		t.Errorf("a resolver that works: %+v", findings)
	}
}
