package e2e_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/sandbox"
)

// What a refusal of the refresh does to the account, class by class.
func TestOfficeRefusesARefresh(t *testing.T) {
	t.Parallel()
	w := startOffice(t)
	c := w.connect(inOffice())
	for _, test := range []struct {
		fault  sandbox.Fault
		code   string
		status account.TokenStatus
	}{
		{sandbox.Fault{Error: "invalid_client", Status: 401, Description: "AADSTS7000222: The provided client secret keys are expired."}, "provider.config", account.TokenActive},
		{sandbox.Fault{Error: "temporarily_unavailable", Description: "AADSTS50173: A number out of place."}, "provider.unavailable", account.TokenActive},
		{sandbox.Fault{Error: "invalid_grant", Description: "AADSTS50196: The server terminated an operation because it encountered a client request loop."}, "provider.unavailable", account.TokenActive},
		{sandbox.Fault{Error: "interaction_required", Description: "AADSTS50076: You must use multi-factor authentication."}, "token.refresh.failed", account.TokenInvalid},
		{sandbox.Fault{Error: "invalid_grant", Description: "AADSTS53003: Access has been blocked by Conditional Access policies."}, "provider.admin", account.TokenInvalid},
		{sandbox.Fault{}, "", account.TokenActive}, // all is well again
		{sandbox.Fault{Error: "invalid_grant", Description: "AADSTS700082: The refresh token has expired due to inactivity."}, "token.dead", account.TokenDead},
	} {
		w.clock.advance(2 * time.Minute) // what was refused just now is not asked again at once
		w.box.Expire()
		w.failOffice(nil)
		if test.code != "" {
			test.fault.Endpoint, test.fault.Kind = "refresh", "error"
			w.failOffice(&test.fault)
		}
		got := w.messages(c)
		if got.code() != test.code || test.code == "" && got.status != http.StatusOK || strings.Contains(got.body, "AADSTS") {
			t.Errorf("%s: %d %s", test.fault.Description, got.status, got.body)
		}
		if held := w.heldAccounts(); held[0].TokenStatus != test.status {
			t.Errorf("%s: the account is %s, want %s", test.fault.Description, held[0].TokenStatus, test.status)
		}
	}
	w.failOffice(nil)
	before := w.box.Stats()["Office365"]
	if got := w.messages(c); got.code() != "token.dead" || w.box.Stats()["Office365"] != before {
		t.Errorf("a dead account: %d %s", got.status, got.body)
	}
	if again := w.connect(inOffice()); again.AccountID != c.AccountID || w.messages(again).status != http.StatusOK {
		t.Errorf("a new sign-in revives it: %d %d", again.AccountID, c.AccountID)
	}
}

func TestAGrantThatIsRevokedAtOffice(t *testing.T) {
	t.Parallel()
	w := startOffice(t)
	c := w.connect(inOffice("loginHint", "bob+auto+revoked@sandbox.test"))
	w.box.Expire()
	if got := w.messages(c); got.status != http.StatusOK {
		t.Fatalf("the first refresh: %d %s", got.status, got.body)
	}
	w.box.Expire()
	if got := w.messages(c); got.code() != "token.dead" {
		t.Errorf("after that: %d %s", got.status, got.body)
	}
}

// oid without tid, and its like, connect nobody.
func TestAnIdentityThatIsNotWhole(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(map[string]any){
		"oid without tid":     func(c map[string]any) { delete(c, "tid") },
		"tid without oid":     func(c map[string]any) { delete(c, "oid") },
		"somebody else's oid": func(c map[string]any) { c["oid"] = "11111111-2222-4333-8444-555555555555" },
		"another application": func(c map[string]any) { c["aud"] = "another" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startOffice(t)
			c := w.connect(inOffice("loginHint", bob))
			w.setOffice(func(in *operator.SetRegistration) {
				e := w.endpoints()
				e.Token = rewriteClaims(t, w.boxURL, change) + "/microsoft/{tenant}/oauth2/v2.0/token"
				in.Endpoints = &e
			})
			before := w.heldAccounts()
			id := before[0].ID.String()
			for _, changes := range []url.Values{inOffice(), inOffice("loginHint", bob), inOffice("loginHint", bob, "accountId", id)} {
				b := w.browser()
				wantFailed(t, b.follow(b.authorize(changes)), "provider.malformed")
			}
			untouched(t, w, before)
			if got := w.messages(c); got.status != http.StatusOK {
				t.Errorf("the account that was there: %d %s", got.status, got.body)
			}
		})
	}
}

// rewriteClaims stands before the token endpoint and changes its id_tokens.
func rewriteClaims(t *testing.T, target string, change func(map[string]any)) string {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ModifyResponse: func(res *http.Response) error {
			var answer map[string]any
			if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
				return err
			}
			parts := strings.Split(answer["id_token"].(string), ".")
			payload, err := base64.RawURLEncoding.DecodeString(parts[1])
			if err != nil {
				return err
			}
			var claims map[string]any
			if err := json.Unmarshal(payload, &claims); err != nil {
				return err
			}
			change(claims)
			if payload, err = json.Marshal(claims); err != nil {
				return err
			}
			answer["id_token"] = parts[0] + "." + base64.RawURLEncoding.EncodeToString(payload) + "." + parts[2]
			body, err := json.Marshal(answer)
			res.Body = io.NopCloser(bytes.NewReader(body))
			res.ContentLength = int64(len(body))
			res.Header.Del("Content-Length")
			return err
		},
	})
	t.Cleanup(proxy.Close)
	return proxy.URL
}
