package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	googledriver "github.com/avain-project/avain/internal/provider/google"
	"github.com/avain-project/avain/internal/secret"
)

const (
	emulateClient = "avain-e2e.apps.googleusercontent.com"
	emulateSecret = "GOCSPX-avain-e2e-secret"
	grace         = "grace.hopper@example.com"
)

// TestGoogleByAnIndependentEmulator runs the whole thread against a Google that we
// did not write: authorize page, PKCE, exchange, userinfo, refresh, revoke, and
// Gmail list and send through the pass-through.
func TestGoogleByAnIndependentEmulator(t *testing.T) {
	t.Parallel()
	w := start(t)
	google := startEmulate(t, "google", w.url+"/v1/auth/callback")
	tokens := overhear(t, google, "/oauth2/token", url.Values{"client_id": {emulateClient}, "client_secret": {emulateSecret}})
	w.registerAt(google, tokens.url)

	b := w.browser()
	result := b.consentAtEmulate(grace, b.authorize(url.Values{"scopes": {"Mail.ReadWrite"}, "loginHint": nil})).result(t)
	if result.Get("status") != "success" {
		t.Fatalf("the sign-in ended with %v", result)
	}
	var c connected
	if err := json.Unmarshal([]byte(w.redeem(result.Get("code")).body), &c); err != nil {
		t.Fatal(err)
	}
	if who := w.accountOf(c); who["email"] != grace || who["name"] != "Grace Hopper" || who["authOrgId"] != "example.com" {
		t.Errorf("userinfo became %v", who)
	}

	// Grace's own address in the path: a token that the emulator does not know is
	// taken for somebody else's there, and refused.
	mailbox := "/v1/direct/gmail/v1/users/" + url.PathEscape(grace) + "/messages"
	list := w.call(http.MethodGet, mailbox, nil, "Authorization", c.bearer())
	if list.status != http.StatusOK || !strings.Contains(list.body, "msg_cobol") || strings.Contains(list.body, "msg_stranger") {
		t.Errorf("list: %d %s", list.status, list.body)
	}

	raw := base64.URLEncoding.EncodeToString([]byte("To: jean@example.com\r\nSubject: From Avain\r\n\r\nNanoseconds.\r\n"))
	sent := w.call(http.MethodPost, mailbox+"/send", strings.NewReader(`{"raw":"`+raw+`"}`),
		"Authorization", c.bearer(), "Content-Type", "application/json")
	if sent.status != http.StatusOK {
		t.Fatalf("send: %d %s", sent.status, sent.body)
	}
	var message struct{ ID string }
	if err := json.Unmarshal([]byte(sent.body), &message); err != nil || message.ID == "" {
		t.Fatalf("send answered %s", sent.body)
	}
	shelf := w.call(http.MethodGet, mailbox+"?labelIds=SENT", nil, "Authorization", c.bearer())
	if !strings.Contains(shelf.body, message.ID) {
		t.Errorf("the sent message is not on the shelf: %s", shelf.body)
	}

	t.Run("probes", func(t *testing.T) {
		probe(t, googledriver.New(outbound.New(outbound.Config{})), google, w.providerToken(c), provider.Calendar)
	})

	t.Run("refresh", func(t *testing.T) {
		before := w.accountOf(c)["tokenIssuedAt"]
		w.clock.advance(2 * time.Hour)
		again := w.call(http.MethodGet, mailbox, nil, "Authorization", c.bearer())
		if again.status != http.StatusOK || !strings.Contains(again.body, "msg_cobol") {
			t.Fatalf("after the refresh: %d %s", again.status, again.body)
		}
		if after := w.accountOf(c); after["tokenIssuedAt"] == before || after["tokenStatus"] != "active" {
			t.Errorf("no refresh is to be seen: issued %v, then %v", before, after["tokenIssuedAt"])
		}
	})

	t.Run("the same person keeps the account", func(t *testing.T) {
		second := w.browser()
		result := second.consentAtEmulate(grace, second.authorize(url.Values{"scopes": {"Mail.ReadWrite"}, "loginHint": nil})).result(t)
		var again connected
		if err := json.Unmarshal([]byte(w.redeem(result.Get("code")).body), &again); err != nil || again.AccountID != c.AccountID {
			t.Errorf("account %d became %d (%v)", c.AccountID, again.AccountID, err)
		}
	})

	t.Run("revoked at the provider", func(t *testing.T) {
		if answer := tokens.refresh(); answer.status != http.StatusOK {
			t.Fatalf("the refresh token is dead before it was revoked: %s", answer.body)
		}
		deleted := w.call(http.MethodDelete, "/v1/account/token", nil, "Authorization", c.bearer())
		if deleted.status != http.StatusOK || !strings.Contains(deleted.body, `"providerGrant":"revoked"`) {
			t.Fatalf("delete the token: %d %s", deleted.status, deleted.body)
		}
		if call := w.call(http.MethodGet, mailbox, nil, "Authorization", c.bearer()); call.code() != "token.dead" {
			t.Errorf("a call after that: %d %s", call.status, call.body)
		}
		if answer := tokens.refresh(); answer.code() != "" || !strings.Contains(answer.body, "invalid_grant") {
			t.Errorf("the emulator still takes the refresh token: %s", answer.body)
		}
	})
}

// TestEmulatorRefusesWhatItMust proves that the emulator is a judge: with a wrong
// secret the thread breaks where it must.
func TestEmulatorRefusesWhatItMust(t *testing.T) {
	t.Parallel()
	w := start(t)
	google := startEmulate(t, "google", w.url+"/v1/auth/callback")
	w.registerAt(google, google+"/oauth2/token", secret.New("a-wrong-secret"))
	b := w.browser()
	result := b.consentAtEmulate(grace, b.authorize(url.Values{"loginHint": nil})).result(t)
	if result.Get("error") != "provider.config" {
		t.Errorf("a wrong provider secret ends with %v", result)
	}

	// The right one beside the wrong one: both are tried, in order.
	w.registerAt(google, google+"/oauth2/token", secret.New("a-wrong-secret"), secret.New(emulateSecret))
	result = b.consentAtEmulate(grace, b.authorize(url.Values{"loginHint": nil})).result(t)
	if result.Get("status") != "success" {
		t.Errorf("the second secret was not tried: %v", result)
	}
}

// registerAt makes the emulator the application's Google.
func (w *world) registerAt(google, tokenEndpoint string, secrets ...secret.Text) {
	w.t.Helper()
	if len(secrets) == 0 {
		secrets = []secret.Text{secret.New(emulateSecret)}
	}
	_, _, err := w.ops.SetRegistration(w.t.Context(), w.client.ClientID, operator.SetRegistration{
		ServiceType: "Google", ClientID: emulateClient, Secrets: secrets,
		Endpoints: &account.Endpoints{
			Authorize: google + "/o/oauth2/v2/auth", Token: tokenEndpoint, Revoke: google + "/oauth2/revoke",
			Userinfo: google + "/oauth2/v2/userinfo", API: google,
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// accountOf reads GET /v1/account.
func (w *world) accountOf(c connected) map[string]any {
	w.t.Helper()
	got := w.call(http.MethodGet, "/v1/account", nil, "Authorization", c.bearer())
	var acct map[string]any
	if err := json.Unmarshal([]byte(got.body), &acct); err != nil || got.status != http.StatusOK {
		w.t.Fatalf("account: %d %s", got.status, got.body)
	}
	return acct
}
