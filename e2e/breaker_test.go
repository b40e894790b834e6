package e2e_test

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/secret"
)

// The client secret is changed at the provider and nowhere else: everybody is told so at
// once, the provider is asked once a pause, and no account is touched.
func TestAWrongClientSecretStopsTheRegistrationAlone(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, on func(*app.Config)) {
		w := start(t, on)
		accounts := []connected{w.connect(nil), w.connect(url.Values{"loginHint": {bob}})}
		w.clock.advance(2 * time.Hour)
		w.registerClient("changed-at-the-provider", w.url+"/v1/auth/callback")
		before := w.calls().Refresh

		// asks makes every account call, and returns the shortest wait that it was told.
		asks := func() time.Duration {
			t.Helper()
			shortest := time.Hour
			for _, c := range accounts {
				a := w.as(c, http.MethodGet, "/v1/direct/echo/x")
				refused(t, a, http.StatusBadGateway, "provider.config")
				seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
				if err != nil || seconds < 1 || seconds > 300 {
					t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
				}
				shortest = min(shortest, time.Duration(seconds)*time.Second)
			}
			return shortest
		}
		untouched := func() {
			t.Helper()
			for _, c := range accounts {
				if got := w.status(c); got != "active" {
					t.Errorf("an account is %q", got)
				}
			}
		}
		var pause time.Duration
		for range 5 {
			pause = asks()
		}
		if got := w.calls().Refresh - before; got != 1 {
			t.Errorf("%d refreshes for ten calls", got)
		}
		untouched()
		list, err := w.ops.Registrations(t.Context(), "")
		if err != nil || len(list[0].Failing) != 1 || list[0].Failing[0].Refusal.Code != "invalid_client" {
			t.Errorf("the operator sees %+v, %v", list, err)
		}
		findings, err := w.ops.Doctor(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		findings = slices.DeleteFunc(findings, func(f operator.Finding) bool { return f.Level != operator.Error })
		wantFinding(t, findings, operator.Error, "refuses it since", "invalid_client")

		w.clock.advance(pause)
		asks()
		if got := w.calls().Refresh - before; got != 2 {
			t.Errorf("%d refreshes after a pause", got)
		}

		// What the provider takes back is found out without anybody's help.
		w.registerClient(providerPass, w.url+"/v1/auth/callback")
		w.clock.advance(5 * time.Minute)
		for _, c := range accounts {
			if a := w.as(c, http.MethodGet, "/v1/direct/echo/x"); a.status != http.StatusOK {
				t.Errorf("afterwards: %d %s", a.status, a.body)
			}
		}
		untouched()

		// The secret is changed there, and then here: no pause is waited out.
		w.clock.advance(2 * time.Hour)
		w.registerClient("changed-again", w.url+"/v1/auth/callback")
		asks()
		w.setRegistration(func(in *operator.SetRegistration) {
			in.Secrets, in.AddSecret = []secret.Text{secret.New("changed-again")}, true
		})
		for _, c := range accounts {
			if a := w.as(c, http.MethodGet, "/v1/direct/echo/x"); a.status != http.StatusOK {
				t.Errorf("with the new secret: %d %s", a.status, a.body)
			}
		}
		untouched()
		events, err := w.ops.AuditEvents(t.Context(), 100)
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		for _, e := range events {
			if strings.HasPrefix(e.Kind, "registration.failing") || strings.HasPrefix(e.Kind, "registration.recovered") {
				told = append([]string{strings.TrimPrefix(e.Kind, "registration.")}, told...)
			}
		}
		if got := strings.Join(told, " "); got != "failing recovered failing recovered" {
			t.Errorf("the audit trail tells %q", got)
		}
	})
}
