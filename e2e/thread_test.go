package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/app"
)

func TestTheThread(t *testing.T) {
	t.Parallel()
	onEachEngine(t, theThread)
}

func theThread(t *testing.T, on func(*app.Config)) {
	w := start(t, on)
	b := w.browser()

	first := b.authorize(nil)
	if first.status != http.StatusSeeOther {
		t.Fatalf("authorize: %d %s", first.status, first.body)
	}
	to, err := url.Parse(first.location())
	if err != nil || !strings.HasPrefix(first.location(), w.boxURL) {
		t.Fatalf("authorize leads to %q", first.location())
	}
	q := to.Query()
	if q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" || q.Get("state") == "" || q.Get("state") == "app-state" {
		t.Errorf("the provider gets %v", q)
	}
	if q.Get("redirect_uri") != w.url+"/v1/auth/callback" || q.Get("access_type") != "offline" || q.Get("prompt") != "" {
		t.Errorf("the provider gets %v", q)
	}

	final := b.follow(first)
	if final.status != http.StatusSeeOther || !strings.HasPrefix(final.location(), returnURL+"?") {
		t.Fatalf("the callback answers %d, %q, %s", final.status, final.location(), final.body)
	}
	result := final.result(t)
	if result.Get("status") != "success" || result.Get("state") != "app-state" || len(result.Get("code")) != 43 {
		t.Errorf("the application gets %v", result)
	}

	redeemed := w.redeem(result.Get("code"))
	var c connected
	if err := json.Unmarshal([]byte(redeemed.body), &c); err != nil || c.AccountID < 1 || !strings.HasPrefix(c.AccessToken, "avain_at_") {
		t.Fatalf("redeem: %d %s", redeemed.status, redeemed.body)
	}

	got := w.call(http.MethodGet, "/v1/account", nil, "Authorization", c.bearer())
	var acct map[string]any
	if err := json.Unmarshal([]byte(got.body), &acct); err != nil {
		t.Fatalf("account: %d %s", got.status, got.body)
	}
	for field, want := range map[string]any{
		"id": float64(c.AccountID), "serviceType": "Google", "active": true, "tokenStatus": "active", "type": "personal", "daemon": false,
		"email": "ada@sandbox.test", "name": "Ada Lovelace", "loginString": "ada@sandbox.test", "mailboxAddress": "ada@sandbox.test",
		"authScopes": []any{"Mail.Read"},
	} {
		if d := cmp.Diff(want, acct[field]); d != "" {
			t.Errorf("%s: %s", field, d)
		}
	}

	mail := w.call(http.MethodGet, "/v1/direct/gmail/v1/users/me/messages?maxResults=2", nil, "Authorization", c.bearer())
	if mail.status != http.StatusOK || !strings.Contains(mail.body, `"messages"`) {
		t.Errorf("direct: %d %s", mail.status, mail.body)
	}
}
