package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider/office365"
	"github.com/avain-project/avain/internal/secret"
)

const (
	microsoftClient = "6c1e2d3f-aaaa-4bbb-8ccc-0123456789ab"
	microsoftSecret = "avain-e2e-microsoft-secret"
	gracesTenant    = "1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d"
)

// registerAtMicrosoft makes the emulator the application's Microsoft. Its paths
// have no tenant.
func (w *world) registerAtMicrosoft(base, tokenEndpoint string, secrets ...string) {
	w.t.Helper()
	in := operator.SetRegistration{
		ServiceType: "Office365", ClientID: microsoftClient,
		Endpoints: &account.Endpoints{
			Authorize: base + "/oauth2/v2.0/authorize", Token: tokenEndpoint, Userinfo: base + "/v1.0/me", API: base + "/v1.0",
		},
	}
	for _, s := range secrets {
		in.Secrets = append(in.Secrets, secret.New(s))
	}
	if _, _, err := w.ops.SetRegistration(w.t.Context(), w.client.ClientID, in); err != nil {
		w.t.Fatal(err)
	}
}

// TestMicrosoftByAnIndependentEmulator runs the thread against a Microsoft that we
// did not write: authorize page, PKCE, exchange, an id_token signed with RS256,
// /v1.0/me, and refresh tokens of which each works once.
func TestMicrosoftByAnIndependentEmulator(t *testing.T) {
	t.Parallel()
	w := start(t)
	microsoft := startEmulate(t, "microsoft", w.url+"/v1/auth/callback")
	tokens := overhear(t, microsoft, "/oauth2/v2.0/token", url.Values{"client_id": {microsoftClient}, "client_secret": {microsoftSecret}})
	w.registerAtMicrosoft(microsoft, tokens.url, microsoftSecret)

	b := w.browser()
	signIn := inOffice("scopes", "Mail.Read")
	signIn["loginHint"] = nil
	c := w.redeemedAccount(b.consentAtEmulate(grace, b.authorize(signIn)).result(t))
	who := w.accountOf(c)
	if who["email"] != grace || who["name"] != "Grace Hopper" || who["authOrgId"] != gracesTenant {
		t.Errorf("id_token and /me became %v", who)
	}
	if subject, _ := who["authUserId"].(string); !strings.HasPrefix(subject, gracesTenant+"/") || len(subject) != 2*36+1 {
		t.Errorf("authUserId %v", who["authUserId"])
	}
	me := w.call(http.MethodGet, "/v1/direct/me", nil, "Authorization", c.bearer())
	if me.status != http.StatusOK || !strings.Contains(me.body, grace) {
		t.Errorf("/me: %d %s", me.status, me.body)
	}

	probe(t, office365.New(outbound.New(outbound.Config{})), microsoft+"/v1.0", w.providerToken(c))

	// Each refresh ends the refresh token before it: whoever loses one is out.
	issued := who["tokenIssuedAt"]
	for round := range 3 {
		w.clock.advance(2 * time.Hour)
		me := w.call(http.MethodGet, "/v1/direct/me", nil, "Authorization", c.bearer())
		if me.status != http.StatusOK || !strings.Contains(me.body, grace) {
			t.Fatalf("refresh %d: %d %s", round+1, me.status, me.body)
		}
		after := w.accountOf(c)
		if after["tokenIssuedAt"] == issued || after["tokenStatus"] != "active" {
			t.Errorf("no refresh is to be seen: %v", after)
		}
		issued = after["tokenIssuedAt"]
	}

	second := w.browser()
	again := w.redeemedAccount(second.consentAtEmulate(grace, second.authorize(signIn)).result(t))
	if again.AccountID != c.AccountID {
		t.Errorf("account %d became %d", c.AccountID, again.AccountID)
	}

	// Somebody else uses our refresh token up: the emulator then refuses ours.
	if answer := tokens.refresh(); answer.status != http.StatusOK {
		t.Fatalf("the newest refresh token does not work: %s", answer.body)
	}
	w.clock.advance(2 * time.Hour)
	if dead := w.call(http.MethodGet, "/v1/direct/me", nil, "Authorization", c.bearer()); dead.code() != "token.dead" {
		t.Errorf("with a refresh token that was used: %d %s", dead.status, dead.body)
	}
}

// The emulator is a judge: it refuses a wrong secret, and takes the second one.
func TestMicrosoftEmulatorRefusesWhatItMust(t *testing.T) {
	t.Parallel()
	w := start(t)
	microsoft := startEmulate(t, "microsoft", w.url+"/v1/auth/callback")
	signIn := inOffice()
	signIn["loginHint"] = nil
	b := w.browser()
	w.registerAtMicrosoft(microsoft, microsoft+"/oauth2/v2.0/token", "a-wrong-secret")
	if result := b.consentAtEmulate(grace, b.authorize(signIn)).result(t); result.Get("error") != "provider.config" {
		t.Errorf("a wrong provider secret ends with %v", result)
	}
	w.registerAtMicrosoft(microsoft, microsoft+"/oauth2/v2.0/token", "a-wrong-secret", microsoftSecret)
	if result := b.consentAtEmulate(grace, b.authorize(signIn)).result(t); result.Get("status") != "success" {
		t.Errorf("the second secret was not tried: %v", result)
	}
}
