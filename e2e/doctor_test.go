package e2e_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/sandbox"
	"github.com/avain-project/avain/internal/secret"
)

// askProviders is the check-up that calls the providers.
func (w *world) askProviders() []operator.Finding {
	w.t.Helper()
	findings, err := w.ops.DoctorOnline(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return findings
}

// wantFinding wants that one finding.
func wantFinding(t testing.TB, findings []operator.Finding, level operator.Level, words ...string) {
	t.Helper()
	if len(findings) != 1 || findings[0].Level != level {
		t.Errorf("want one %s, got %+v", level, findings)
		return
	}
	for _, word := range words {
		if !strings.Contains(findings[0].Text+" → "+findings[0].Cure, word) {
			t.Errorf("no %q in %+v", word, findings[0])
		}
	}
}

// Each driver tells by its own table a client that the provider does not know from a code
// that nobody gave.
func TestDoctorAsksTheProvider(t *testing.T) {
	t.Parallel()
	onEachService(t, func(t *testing.T, s service) {
		w := startAt(t, s, func(c *app.Config) { c.ProviderTimeout = time.Second })
		c := w.connect(nil)
		before := w.calls()
		wantFinding(t, w.askProviders(), operator.OK, "nothing against the client")

		w.setRegistration(func(in *operator.SetRegistration) {
			in.Secrets, in.AddSecret = []secret.Text{secret.New("a-wrong-secret")}, true
		})
		findings := w.askProviders()
		if len(findings) != 2 {
			t.Fatalf("two secrets, and %+v", findings)
		}
		wantFinding(t, findings[:1], operator.Error, "does not take the client with secret 1 of 2", "avain registration set "+w.client.ClientID+" "+s.name)
		wantFinding(t, findings[1:], operator.OK, "the client with secret 2 of 2")
		w.setRegistration(func(in *operator.SetRegistration) { in.Secrets = []secret.Text{secret.New(providerPass)} })

		for _, f := range []sandbox.Fault{{Kind: "status", Status: http.StatusServiceUnavailable}, {Kind: "html"}, {Kind: "hang"}} {
			f.Endpoint = "code"
			w.faults(f)
			wantFinding(t, w.askProviders(), operator.Warn)
		}
		w.faults()

		// Nothing was spent: the account goes on, and the token endpoint alone was called.
		after := w.calls()
		before.Code = after.Code
		if after != before {
			t.Errorf("the provider had %+v, and then %+v", before, after)
		}
		if got := w.as(c, http.MethodGet, s.direct()); got.status != http.StatusOK || w.status(c) != "active" {
			t.Errorf("afterwards: %d %s", got.status, got.body)
		}
		noneIn(t, w.log.String(), []string{"a-wrong-secret", providerPass})
	})
}

// Whoever takes a made-up code is no provider.
func TestDoctorKnowsAnImpostor(t *testing.T) {
	t.Parallel()
	w := start(t)
	impostor := w.stranger(http.StatusOK, `{"access_token":"any","token_type":"Bearer","expires_in":3600}`, `{"sub":"1"}`)
	e := w.endpoints()
	e.Token, e.Userinfo = impostor+"/token", impostor+"/userinfo"
	w.setRegistration(func(in *operator.SetRegistration) { in.Endpoints = &e })
	wantFinding(t, w.askProviders(), operator.Error, "takes a made-up code")
	if len(w.heldAccounts()) != 0 {
		t.Error("an account was made")
	}
}

// stranger is a server that gives each request below /token the first answer, and any
// other the second.
func (w *world) stranger(status int, token, rest string) string {
	w.t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(res http.ResponseWriter, r *http.Request) {
		res.Header().Set("Content-Type", "application/json")
		res.WriteHeader(status)
		body := rest
		if r.URL.Path == "/token" {
			body = token
		}
		_, _ = io.WriteString(res, body)
	}))
	w.t.Cleanup(server.Close)
	return server.URL
}
