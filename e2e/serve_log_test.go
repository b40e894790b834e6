package e2e_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/sandbox"
)

// line is what every request leaves in the log.
type line struct {
	Msg, RequestID, Method, Route, Code, Application, Address, Level string
	Status                                                           int
	Account                                                          int64
}

func logged(t *testing.T, w *world) []line {
	t.Helper()
	var lines []line
	for text := range strings.SplitSeq(strings.TrimSpace(w.log.String()), "\n") {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("a line is no JSON: %s", text)
		}
		if l.Msg == "request" {
			lines = append(lines, l)
		}
	}
	return lines
}

func TestEachRequestLeavesOneLine(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.connect(nil)
	for _, tt := range []struct {
		a     answer
		route string
		code  string
	}{
		{w.as(c, http.MethodGet, "/v1/account"), "GET /v1/account", ""},
		{w.as(c, http.MethodGet, "/v1/direct/echo/x?a=b"), "/v1/direct/", ""},
		{w.as(c, http.MethodGet, "/v1/direct/../x"), "/v1/direct/", "path.invalid"},
		{w.call(http.MethodGet, "/v1/account", nil), "GET /v1/account", "unauthorized"},
		{w.call(http.MethodGet, "/nothing/here", nil), "none", "not_found"},
		{w.call(http.MethodPost, "/v1/account", nil), "none", "method.notAllowed"},
		{w.call(http.MethodOptions, "/v1/account", nil), "OPTIONS /v1/account", ""},
		{w.call(http.MethodGet, "/healthz", nil), "GET /healthz", ""},
		{w.redeem("wrong"), "POST /v1/auth/token/{code}", "code.invalid"},
		{w.browser().authorize(url.Values{"scopes": {"Nonsense"}}), "/v1/auth/authorize", "scope.unknown"},
	} {
		var found []line
		for _, l := range logged(t, w) {
			if l.RequestID == tt.a.header.Get("X-Request-Id") {
				found = append(found, l)
			}
		}
		if len(found) != 1 {
			t.Errorf("%s: %d lines", tt.route, len(found))
			continue
		}
		if l := found[0]; l.Route != tt.route || l.Code != tt.code || l.Status != tt.a.status || l.Method == "" || l.Address != "127.0.0.1" {
			t.Errorf("%s %s: logged %+v", tt.route, tt.code, l)
		}
	}
	first := logged(t, w)[3] // authorize, callback, redeem, account
	if first.Account != c.AccountID || first.Application != w.client.ID {
		t.Errorf("a bearer's call is logged as %+v", first)
	}
}

// Nothing that we or the provider hand out is shorter than this, and no request id
// or record id is as long.
var anySecret = regexp.MustCompile(`[A-Za-z0-9_-]{40,}`)

func TestTheLogHoldsNothingSecret(t *testing.T) {
	t.Parallel()
	onEachService(t, theLogHoldsNothingSecret)
}

func theLogHoldsNothingSecret(t *testing.T, s service) {
	w := startAt(t, s, func(c *app.Config) {
		c.LogLevel, c.ProviderTimeout, c.FirstByteTimeout = "debug", 500*time.Millisecond, 500*time.Millisecond
	})
	yes := true
	if _, err := w.ops.SetApplication(t.Context(), w.client.ClientID, operator.SetApplication{ProviderAuth: &yes}); err != nil {
		t.Fatal(err)
	}
	b := w.browser()
	first := b.authorize(nil)
	toProvider, err := url.Parse(first.location())
	if err != nil {
		t.Fatal(err)
	}
	back := b.get(first.location())
	toUs, err := url.Parse(back.location())
	if err != nil {
		t.Fatal(err)
	}
	code := b.get(back.location()).result(t).Get("code")
	var c connected
	if err := json.Unmarshal([]byte(w.redeem(code).body), &c); err != nil {
		t.Fatal(err)
	}
	cookie := strings.Split(first.header.Get("Set-Cookie"), ";")[0]
	secrets := map[string]string{
		"client secret": w.password, "provider secret": providerPass, "bearer": c.AccessToken, "code": code, "key": w.key.Reveal(),
		"cookie": cookie[strings.Index(cookie, "=")+1:], "state": toProvider.Query().Get("state"), "challenge": toProvider.Query().Get("code_challenge"),
		"provider code": toUs.Query().Get("code"), "application's state": "app-state", "access tokens": s.accessPrefix, "refresh tokens": s.refreshPrefix,
		"direct path": "planted-path", "direct query": "planted-query", "header": "planted-header", "body": "planted-body",
		"browser token": w.browserToken().AccessToken, "provider's text": "planted-description", "address": "ada@sandbox.test",
	}
	provoke(w, b, c, code, toUs.Query())

	text := w.log.String()
	for what, value := range secrets {
		if value == "" {
			t.Errorf("the %s was not found in the flow: this test looked for nothing", what)
		} else if strings.Contains(text, value) {
			t.Errorf("the log holds the %s", what)
		}
	}
	if found := anySecret.FindString(text); found != "" {
		t.Errorf("the log holds something long and random: %s", found)
	}
	if n := len(logged(t, w)); n < 40 {
		t.Errorf("only %d requests were logged", n)
	}
}

// provoke makes everything fail that has a secret in its hands.
func provoke(w *world, b *browser, c connected, code string, callback url.Values) {
	w.redeem(code) // again
	w.call(http.MethodGet, "/v1/auth/token/"+code, nil, "Authorization", basic(w.client.ClientID, w.password+"x"))
	w.call(http.MethodPut, "/v1/auth/token/"+code, nil)
	w.call(http.MethodGet, "/unknown/"+code+"?access_token="+c.AccessToken, nil)
	w.call(http.MethodGet, "/v1/account?access_token="+c.AccessToken, nil)
	w.call(http.MethodGet, "/v1/account", nil, "Authorization", "Basic "+c.AccessToken)
	w.call(http.MethodGet, "/v1/account", nil, "Authorization", c.AccessToken)
	b.get(w.url + "/v1/auth/callback?" + callback.Encode())
	w.browser().get(w.url + "/v1/auth/callback?" + callback.Encode())
	w.call(http.MethodGet, "/v1/account?includeProviderAuth=true", nil,
		"Authorization", basic(w.client.ClientID, w.password), accountHeader, jsonNumber(c.AccountID))
	direct := func() {
		req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url+"/v1/direct/echo/planted-path?planted-query", strings.NewReader("planted-body"))
		if err != nil {
			w.t.Fatal(err)
		}
		req.Header = http.Header{"Authorization": {c.bearer()}, "Prefer": {"planted-header"}, "Cookie": {"planted-header"}}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			w.t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body) // breaks off where the provider's answer does
		_ = res.Body.Close()
	}
	direct()
	w.as(c, http.MethodGet, "/v1/direct/planted-path/..")
	for _, kind := range []sandbox.Fault{
		{Kind: "status", Status: 500},
		{Kind: "cut"},
		{Kind: "malformed"},
		{Kind: "html"},
		{Kind: "empty"},
		{Kind: "oversized"},
		{Kind: "hang"},
		{Kind: "error", Error: "invalid_grant", Description: "planted-description " + w.service.refreshPrefix + "x", Status: 500},
		{Kind: "error", Error: "invalid_client", Description: "planted-description", Status: 401},
		{Kind: "error", Error: "unheard_of", Description: "planted-description", Status: 400},
	} {
		for _, endpoint := range []sandbox.Endpoint{"code", "refresh", "identity", "revoke", "api"} {
			fault := kind
			fault.Endpoint, fault.Times = endpoint, 1
			if endpoint == "refresh" {
				w.box.Expire()
				w.clock.advance(2 * time.Hour)
			}
			w.faults(fault)
			switch endpoint {
			case "code", "identity":
				again := w.browser()
				again.follow(again.authorize(nil))
				w.as(c, http.MethodGet, "/v1/account?pingProvider=true")
			case "api":
				if kind.Kind != "cut" {
					direct()
				}
			case "refresh":
				direct()
			case "revoke":
				extra := w.connect(url.Values{"loginHint": {bob}})
				w.as(extra, http.MethodDelete, "/v1/account")
			}
		}
	}
	w.faults()
	w.box.Reset()
	direct()
}
