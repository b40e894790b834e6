package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/api"
	"github.com/avain-project/avain/internal/app"
)

// Real answers of the standards face, held against openapi/avain.yaml.
func TestTheStandardsFaceAnswersAsDocumented(t *testing.T) {
	t.Parallel()
	w, c := startBoth(t), documented(t)
	b := w.browser()
	open := func(takes bool, status int, changes url.Values, headers ...string) answer {
		t.Helper()
		a := b.opens(changes, headers...)
		c.check(a, takes, status, http.MethodGet, a.asked, "", headers...)
		return a
	}
	html := []string{"Accept", asPage}
	c.object("OAuthSuccessRedirect", b.follow(open(takes, http.StatusSeeOther, nil)).result(t))
	open(takes, http.StatusOK, url.Values{"service_type": nil}, html...)
	open(takes, http.StatusBadRequest, url.Values{"service_type": nil})
	open(refuses, http.StatusBadRequest, url.Values{"client_id": nil})
	open(takes, http.StatusBadRequest, url.Values{"redirect_uri": {"https://evil.example/"}}, html...)
	open(takes, http.StatusMisdirectedRequest, nil, "Host", "other.example")
	for name, value := range map[string]string{
		"response_type": "token", "response_mode": "fragment", "scope": strings.Repeat("s", 2049), "native_scopes": strings.Repeat("s", 2049),
		"state": strings.Repeat("s", 2049), "code_challenge": "short", "code_challenge_method": "plain", "login_hint": strings.Repeat("h", 321),
		"prompt": strings.Repeat("p", 65), "service_type": strings.Repeat("s", 33), "account_id": "0", "client_org_id": strings.Repeat("o", 256),
		"server_url": strings.Repeat("s", 1025), "auth_email": strings.Repeat("e", 321), "ensure_scopes": "maybe", "ensure_access": "maybe", "recycle": "maybe",
	} {
		c.object("OAuthErrorRedirect", open(refuses, http.StatusSeeOther, url.Values{name: {value}}).result(t))
	}
	c.object("OAuthErrorRedirect", b.follow(open(takes, http.StatusSeeOther, url.Values{"login_hint": {"ada+deny@sandbox.test"}})).result(t))
	unknown := open(takes, http.StatusSeeOther, url.Values{"scope": {"openid Mail.Read"}}).result(t)
	c.object("OAuthErrorRedirect", unknown)
	if unknown.Get("error") != "invalid_scope" {
		t.Errorf("an unknown scope is %v", unknown)
	}

	own := []string{"Authorization", basic(w.client.ClientID, w.password), "Content-Type", urlencoded}
	post := func(takes bool, status int, path string, form url.Values, headers ...string) answer {
		t.Helper()
		return c.call(w, takes, status, http.MethodPost, path, form.Encode(), headers...)
	}
	form := url.Values{"grant_type": {"authorization_code"}, "code": {w.standardCode(nil)}, "redirect_uri": {returnURL}, "code_verifier": {verifier}}
	post(takes, http.StatusUnauthorized, "/oauth/token", form, own[2:]...)
	token := url.Values{"token": {wantToken(t, post(takes, http.StatusOK, "/oauth/token", form, own...))}}
	post(takes, http.StatusBadRequest, "/oauth/token", form, own...)
	refreshing := post(refuses, http.StatusBadRequest, "/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}}, own...)
	wantOAuthError(t, refreshing, http.StatusBadRequest, "unsupported_grant_type", "grant.unsupported")
	post(takes, http.StatusRequestEntityTooLarge, "/oauth/token", url.Values{"grant_type": {"authorization_code"}, "code": {strings.Repeat("c", 64<<10)}, "redirect_uri": {"x"}}, own...)
	late := url.Values{"grant_type": form["grant_type"], "code": {w.standardCode(nil)}, "redirect_uri": form["redirect_uri"], "code_verifier": {verifier}}
	w.clock.advance(time.Hour)
	wantOAuthError(t, post(takes, http.StatusBadRequest, "/oauth/token", late, own...), http.StatusBadRequest, "invalid_grant", "code.expired")

	post(takes, http.StatusOK, "/oauth/introspect", token, own...)
	post(refuses, http.StatusBadRequest, "/oauth/introspect", url.Values{}, own...)
	post(takes, http.StatusUnauthorized, "/oauth/introspect", token, own[2:]...)
	post(takes, http.StatusOK, "/oauth/revoke", token, own...)
	post(refuses, http.StatusBadRequest, "/oauth/revoke", url.Values{}, own...)
	post(takes, http.StatusUnauthorized, "/oauth/revoke", token, own[2:]...)
	post(takes, http.StatusOK, "/oauth/introspect", token, own...)
	for _, path := range []string{"/oauth/token", "/oauth/revoke"} {
		c.call(w, takes, http.StatusNoContent, http.MethodOptions, path, "", "Origin", ownOrigin, "Access-Control-Request-Method", "POST")
	}
	described := c.call(w, takes, http.StatusOK, http.MethodGet, "/.well-known/oauth-authorization-server", "")
	elsewhere := w.call(http.MethodGet, "/.well-known/oauth-authorization-server", nil, "Host", "other.example", "Origin", "https://any.example")
	var metadata map[string]any
	if err := json.Unmarshal([]byte(described.body), &metadata); err != nil || metadata["issuer"] != w.url || elsewhere.body != described.body ||
		elsewhere.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%v: %s, and at another host %v %s", err, described.body, elsewhere.header, elsewhere.body)
	}
	for name, value := range metadata { // each of them is there
		if path, ours := strings.CutPrefix(asText(value), w.url); strings.HasSuffix(name, "_endpoint") {
			if got := w.call(http.MethodPut, path, nil); !ours || got.status != http.StatusMethodNotAllowed {
				t.Errorf("%s is %v, which answers %d", name, value, got.status)
			}
		}
	}
}

func asText(v any) string {
	s, _ := v.(string)
	return s
}

func TestLimitsOfTheStandardsFace(t *testing.T) {
	t.Parallel()
	w, c := start(t, func(c *app.Config) { c.Limits = api.Limits{Application: 1, Address: 0.5} }), documented(t) // bursts of 4 and 2
	own := []string{"Authorization", basic(w.client.ClientID, w.password), "Content-Type", urlencoded}
	guess := url.Values{"grant_type": {"authorization_code"}, "code": {"x"}, "redirect_uri": {returnURL}}.Encode()
	for _, status := range []int{http.StatusBadRequest, http.StatusBadRequest, http.StatusTooManyRequests} {
		c.call(w, takes, status, http.MethodPost, "/oauth/token", guess, own...)
	}
	a := c.call(w, takes, http.StatusTooManyRequests, http.MethodPost, "/oauth/introspect", "token=x", "Authorization", basic(w.client.ClientID, "wrong"), "Content-Type", urlencoded)
	wantOAuthError(t, a, http.StatusTooManyRequests, "temporarily_unavailable", "rate.limited")
}

// Pages of an application without a secret may redeem and revoke from its own origins;
// no page may send a secret.
func TestPagesOfPublicClients(t *testing.T) {
	t.Parallel()
	w := start(t)
	public := w.publicly()
	for path, asked := range map[string]bool{"/oauth/token": true, "/oauth/revoke": true, "/oauth/introspect": false} {
		for origin, known := range map[string]bool{ownOrigin: asked, "https://evil.test": false, "null": false} {
			pre := w.call(http.MethodOptions, path, nil, "Origin", origin, "Access-Control-Request-Method", "POST")
			crossOrigin(t, "preflight of "+path+" from "+origin, pre, origin, known)
			crossOrigin(t, path+" of a client without a secret from "+origin, public.form(path, url.Values{"token": {"x"}}, "Origin", origin), origin, known)
			crossOrigin(t, path+" with a secret from "+origin, w.form(path, url.Values{"token": {"x"}}, "Origin", origin), origin, false)
			posted := url.Values{"token": {"x"}, "client_id": {w.client.ClientID}, "client_secret": {w.password}}
			crossOrigin(t, path+" with a secret in the body from "+origin,
				w.call(http.MethodPost, path, strings.NewReader(posted.Encode()), "Origin", origin, "Content-Type", urlencoded), origin, false)
		}
	}
	got := public.exchange(public.standardCode(nil), nil, "Origin", ownOrigin)
	wantToken(t, got)
	crossOrigin(t, "the token", got, ownOrigin, true)
}

// The sign-in runs where the application's sign-ins run, and stays on its face all the
// way; the issuer is the server's.
func TestTheStandardsFaceAtAnAlias(t *testing.T) {
	t.Parallel()
	w := startBoth(t)
	at := w.withAlias()
	b := at.browser()
	first := b.get(w.url + "/oauth/authorize?" + w.standardly(url.Values{"service_type": nil}).Encode())
	if first.status != http.StatusSeeOther || !strings.HasPrefix(first.location(), at.url+"/oauth/authorize?") {
		t.Fatalf("answered %d, %q", first.status, first.location())
	}
	page := b.get(first.location(), "Accept", asPage)
	_, links := page.choices(t)
	if links["Google"] == "" || !strings.Contains(links["Google"], "&service_type=Google") {
		t.Fatalf("the page offers %v", links)
	}
	if back := page.links()["back"]; !strings.HasPrefix(back, returnURL+"?error=access_denied&") || !strings.Contains(back, "&iss="+url.QueryEscape(w.url)) {
		t.Errorf("the way back is %s", back)
	}
	result := b.follow(b.get(page.resolved(t, links["Google"]))).result(t)
	if result.Get("iss") != w.url || result.Get("state") != "app-state" {
		t.Errorf("the answer is %v", result)
	}
	wantToken(t, w.exchange(result.Get("code"), nil))
}

// However long the way is, it ends in the words in which it began.
func TestDetoursOfTheStandardsFace(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.browser()
	part := url.Values{"scope": {"Mail.Read Calendar.Read"}, "login_hint": {"ada+auto+untick@sandbox.test"}}
	question := func() question { return b.asked(b.get(b.leaveProvider(b.opens(part)))) }
	wantSentBack(t, w, b.get(question().cancel), "access_denied", "access_denied")
	again := b.asked(b.get(b.leaveProvider(b.get(question().rest)))) // left out once more
	code := b.get(again.without).result(t)
	if code.Get("iss") != w.url || code.Has("status") {
		t.Errorf("after the second round: %v", code)
	}
	wantToken(t, w.exchange(code.Get("code"), nil))
	back := b.get(question().without).result(t)
	var got struct {
		Scope     string
		AccountID int64 `json:"account_id"`
	}
	redeemed := w.exchange(back.Get("code"), nil)
	if err := json.Unmarshal([]byte(redeemed.body), &got); err != nil || got.Scope != "Mail.Read" {
		t.Errorf("%v: %s", err, redeemed.body)
	}
	// The same account again, by its id; somebody else is refused.
	id := url.Values{"account_id": {jsonNumber(got.AccountID)}, "service_type": nil}
	var renewed struct {
		AccountID int64 `json:"account_id"`
	}
	redeemed = w.exchange(w.standardCode(id), nil)
	if err := json.Unmarshal([]byte(redeemed.body), &renewed); err != nil || renewed.AccountID != got.AccountID {
		t.Errorf("%v: renewed %d as %s", err, got.AccountID, redeemed.body)
	}
	id["login_hint"] = []string{bob}
	wantSentBack(t, w, b.follow(b.opens(id)), "access_denied", "account.mismatch")

	// Too late, and a second time.
	begun := b.leaveProvider(b.opens(nil))
	first := b.get(begun).result(t)
	if page := wantPage(t, b.get(begun, "Accept", asPage), http.StatusBadRequest, "state.used"); page.Get("code") != first.Get("code") || page.Get("iss") != w.url {
		t.Errorf("the way back is %v", page)
	}
	begun = b.leaveProvider(b.opens(nil))
	w.clock.advance(time.Hour)
	if page := wantPage(t, b.get(begun, "Accept", asPage), http.StatusBadRequest, "state.expired"); page.Get("error") != "access_denied" || page.Get("iss") != w.url {
		t.Errorf("the way back is %v", page)
	}
}
