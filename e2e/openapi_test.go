package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/api"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/openapi"
)

func TestTheDocumentIsServed(t *testing.T) {
	t.Parallel()
	w, c := start(t), documented(t)
	got := c.call(w, takes, http.StatusOK, http.MethodGet, "/openapi.yaml", "")
	if got.body != openapi.Document() {
		t.Error("what is served is not openapi/avain.yaml")
	}
	head := w.call(http.MethodHead, "/openapi.yaml", nil)
	for _, a := range []answer{got, head} {
		if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/yaml" || a.header.Get("Cache-Control") != "public, max-age=300" ||
			a.header.Get("Content-Length") != strconv.Itoa(len(openapi.Document())) {
			t.Errorf("answered %d with %v", a.status, a.header)
		}
	}
	c.call(w, takes, http.StatusOK, http.MethodGet, "/healthz", "")
	c.call(w, takes, http.StatusOK, http.MethodGet, "/readyz", "")
	c.call(w, takes, http.StatusNotFound, http.MethodGet, "/", "")
}

func TestTheFlowAnswersAsDocumented(t *testing.T) {
	t.Parallel()
	w, c := startBoth(t), documented(t)
	b := w.browser()
	ask := func(takes bool, status int, changes url.Values, headers ...string) answer {
		t.Helper()
		a := b.authorize(changes, headers...)
		c.check(a, takes, status, http.MethodGet, a.asked, "", headers...)
		return a
	}
	provider := ask(takes, http.StatusSeeOther, nil)
	back := b.get(provider.location()).location()
	if !strings.HasPrefix(back, w.url+"/v1/auth/callback?") {
		t.Fatalf("the provider leads to %q", back)
	}
	a := b.get(back)
	c.check(a, takes, http.StatusSeeOther, http.MethodGet, back, "")
	c.object("SuccessRedirect", a.result(t))

	html := []string{"Accept", "text/html"}
	ask(takes, http.StatusOK, open(), html...)
	ask(takes, http.StatusOK, url.Values{"serviceType": {""}}, html...)
	ask(takes, http.StatusBadRequest, open())
	for _, headers := range [][]string{nil, html} {
		again := w.browser().get(back, headers...)
		c.check(again, takes, http.StatusBadRequest, http.MethodGet, back, "", headers...)
		ask(refuses, http.StatusBadRequest, url.Values{"clientId": nil}, headers...)
		ask(refuses, http.StatusBadRequest, url.Values{"clientId": {strings.Repeat("c", 65)}}, headers...)
		ask(takes, http.StatusBadRequest, url.Values{"returnUrl": {"https://evil.example/"}}, headers...)
		ask(takes, http.StatusMisdirectedRequest, nil, append([]string{"Host", "other.example"}, headers...)...)
	}
	c.call(w, refuses, http.StatusBadRequest, http.MethodGet, "/v1/auth/callback", "")

	// Proven: the error goes back.
	for name, value := range map[string]string{
		"serviceType": strings.Repeat("s", 33), "scopes": strings.Repeat("s", 2049), "nativeScopes": strings.Repeat("s", 2049),
		"responseType": "id_token", "state": strings.Repeat("s", 2049), "accountId": "0", "clientOrgId": strings.Repeat("o", 256),
		"loginHint": strings.Repeat("h", 321), "prompt": strings.Repeat("p", 65), "ensureScopes": "maybe",
		"authEmail": strings.Repeat("e", 321), "recycle": "maybe", "codeChallenge": "short", "codeChallengeMethod": "plain",
	} {
		c.object("ErrorRedirect", ask(refuses, http.StatusSeeOther, url.Values{name: {value}}).result(t))
	}
	c.object("ErrorRedirect", ask(takes, http.StatusSeeOther, url.Values{"scopes": {"Nothing.Read"}}).result(t))
	c.object("ErrorRedirect", ask(refuses, http.StatusSeeOther, url.Values{"ensureAccess": {"maybe"}}).result(t))

	// Less than was asked for, and an administrator's visit.
	q := b.leftOut(unticked("ada"))
	c.check(q.answer, takes, http.StatusOK, http.MethodGet, q.asked, "", html...)
	c.check(b.get(q.asked), takes, http.StatusForbidden, http.MethodGet, q.asked, "")
	a = b.get(q.cancel)
	c.check(a, takes, http.StatusSeeOther, http.MethodGet, q.cancel, "")
	c.object("ErrorRedirect", a.result(t))
	c.check(b.get(q.cancel, html...), takes, http.StatusBadRequest, http.MethodGet, q.cancel, "", html...)
	c.call(w, refuses, http.StatusBadRequest, http.MethodGet, "/v1/auth/partial", "")
	c.call(w, refuses, http.StatusBadRequest, http.MethodGet, "/v1/auth/partial?key=x&choice=other", "")
	back = b.needsAdmin()
	c.check(b.get(back, html...), takes, http.StatusForbidden, http.MethodGet, back, "", html...)

	denied := b.follow(ask(takes, http.StatusSeeOther, url.Values{"loginHint": {"ada+deny@sandbox.test"}}))
	c.object("ErrorRedirect", denied.result(t))
}

func TestTheSignInFormAnswersAsDocumented(t *testing.T) {
	t.Parallel()
	p, c := startPost(t), documented(t)
	b := p.browser()
	page := b.atForm("serverUrl", "mail.test")
	c.check(b.get(page, "Accept", "text/html"), takes, http.StatusOK, http.MethodGet, page, "", "Accept", "text/html")
	c.check(b.get(page), takes, http.StatusBadRequest, http.MethodGet, page, "")
	c.call(p.world, refuses, http.StatusBadRequest, http.MethodGet, "/v1/auth/form", "")
	c.object("ErrorRedirect", b.authorize(mailSignIn("serverUrl", strings.Repeat("s", 1025))).result(t))

	sent := []string{"Origin", p.url, "Content-Type", urlencoded}
	for _, headers := range [][]string{sent, append([]string{"Accept", "text/html"}, sent...)} {
		send := func(page string, takes bool, status int, form url.Values, headers ...string) {
			t.Helper()
			body := form.Encode()
			c.check(b.posts(page, body, headers...), takes, status, http.MethodPost, page, body, headers...)
		}
		send(page, takes, http.StatusForbidden, filled("password", "wrong"), headers...)
		send(page, takes, http.StatusBadRequest, filled("email", ""), headers...)
		send(page, takes, http.StatusBadRequest, filled("email", strings.Repeat("e", 1025)), headers...) // the driver's fields have no schema of their own
		send(page, takes, http.StatusForbidden, filled(), append([]string{"Origin", "null"}, headers...)...)
		send(b.atForm(), takes, http.StatusOK, filled(), headers...)
	}
}

func TestTheExchangeAnswersAsDocumented(t *testing.T) {
	t.Parallel()
	w, c := start(t), documented(t)
	own := []string{"Authorization", basic(w.client.ClientID, w.password), "Content-Type", "application/json"}
	redeem := func(takes bool, status int, code, want, body string, headers ...string) {
		t.Helper()
		a := c.call(w, takes, status, http.MethodPost, "/v1/auth/token/"+code, body, headers...)
		if a.code() != want {
			t.Errorf("answered %s, want the code %q", a.body, want)
		}
	}
	code := w.signIn(nil).Get("code")
	redeem(refuses, http.StatusUnauthorized, code, "client.unauthorized", "")
	redeem(takes, http.StatusUnauthorized, code, "client.unauthorized", "", "Authorization", basic(w.client.ClientID, "wrong"))
	redeem(takes, http.StatusRequestEntityTooLarge, code, "body.tooLarge", jsonVerifier(strings.Repeat("v", 64<<10)), own...)
	redeem(takes, http.StatusBadRequest, "unknown", "code.invalid", "", own...)
	redeem(takes, http.StatusOK, code, "", "", own...)
	redeem(takes, http.StatusBadRequest, code, "code.used", "", own...)

	challenged := w.signIn(url.Values{"codeChallenge": {challengeOf(verifier)}}).Get("code")
	redeem(takes, http.StatusBadRequest, challenged, "verifier.missing", "{}", own...)
	redeem(takes, http.StatusBadRequest, challenged, "verifier.mismatch", jsonVerifier("x"), own...)
	form := []string{"Authorization", own[1], "Content-Type", "application/x-www-form-urlencoded"}
	redeem(takes, http.StatusOK, challenged, "", "codeVerifier="+url.QueryEscape(verifier), form...)

	byGet := w.signIn(nil).Get("code")
	c.call(w, takes, http.StatusOK, http.MethodGet, "/v1/auth/token/"+byGet, "", own[:2]...)
	late := w.signIn(nil).Get("code")
	w.clock.advance(time.Hour)
	redeem(takes, http.StatusBadRequest, late, "code.expired", "", own...)
}

func TestLimitsAnswerAsDocumented(t *testing.T) {
	t.Parallel()
	w, c := start(t, func(c *app.Config) { c.Limits = api.Limits{Application: 0.25, Address: 0.5} }), documented(t) // bursts of 1 and 2
	own := []string{"Authorization", basic(w.client.ClientID, w.password), accountHeader, "1"}
	c.call(w, takes, http.StatusBadRequest, http.MethodPost, "/v1/auth/token/unknown", "", own...)
	c.call(w, takes, http.StatusTooManyRequests, http.MethodPost, "/v1/auth/token/unknown", "", own...)
	c.call(w, takes, http.StatusTooManyRequests, http.MethodGet, "/v1/account", "", own...)
	c.call(w, takes, http.StatusTooManyRequests, http.MethodDelete, "/v1/account", "", own...)
	b := w.browser()
	for _, status := range []int{http.StatusSeeOther, http.StatusTooManyRequests} {
		a := b.authorize(nil)
		c.check(a, takes, status, http.MethodGet, a.asked, "")
	}
}

func TestAccountsAnswerAsDocumented(t *testing.T) {
	t.Parallel()
	w, c := start(t), documented(t)
	one := w.connect(nil)
	bearer := []string{"Authorization", one.bearer()}
	secret := []string{"Authorization", basic(w.client.ClientID, w.password)}
	both := append(secret[:2:2], accountHeader, strconv.FormatInt(one.AccountID, 10))
	c.call(w, takes, http.StatusOK, http.MethodGet, "/v1/account?pingProvider=true", "", bearer...)
	c.call(w, takes, http.StatusOK, http.MethodGet, "/v1/account", "", both...)
	c.call(w, takes, http.StatusForbidden, http.MethodGet, "/v1/account?includeProviderAuth=true", "", both...)
	c.call(w, refuses, http.StatusBadRequest, http.MethodGet, "/v1/account", "", secret...)
	c.call(w, refuses, http.StatusUnauthorized, http.MethodGet, "/v1/account", "")
	c.call(w, takes, http.StatusUnauthorized, http.MethodGet, "/v1/account", "", "Authorization", "Bearer wrong")
	c.call(w, takes, http.StatusNotFound, http.MethodGet, "/v1/account", "", append(secret[:2:2], accountHeader, "1")...)
	c.call(w, takes, http.StatusForbidden, http.MethodDelete, "/v1/account", "", "Authorization", w.browserToken().bearer())
	for _, path := range []string{"/v1/account", "/v1/account/token"} {
		c.call(w, takes, http.StatusNoContent, http.MethodOptions, path, "", "Origin", "https://app.example", "Access-Control-Request-Method", "GET")
	}

	seen := w.asApplication(account.Settings{ProviderAuth: true})
	theirs := seen.connect(nil)
	shown := c.call(seen, takes, http.StatusOK, http.MethodGet, "/v1/account?includeProviderAuth=true", "",
		"Authorization", basic(seen.client.ClientID, seen.password), accountHeader, strconv.FormatInt(theirs.AccountID, 10))
	if !strings.Contains(shown.body, "providerAccessToken") {
		t.Errorf("answered %s without the provider's token", shown.body)
	}

	direct := "/v1/direct/gmail/v1/users/me/messages"
	c.call(w, takes, http.StatusOK, http.MethodGet, direct+"?maxResults=1", "", bearer...)
	c.call(w, takes, http.StatusOK, http.MethodPost, "/v1/direct/echo/x", "some text", append(bearer[:2:2], "Content-Type", "text/plain")...)
	c.call(w, takes, http.StatusOK, http.MethodHead, "/v1/direct/echo/x", "", bearer...)
	c.call(w, takes, http.StatusNotFound, http.MethodGet, "/v1/direct/gmail/v1/nothing", "", bearer...)
	c.call(w, takes, http.StatusNoContent, http.MethodOptions, direct, "", "Origin", "https://app.example", "Access-Control-Request-Method", "GET")
	c.failed(c.call(w, refuses, http.StatusUnauthorized, http.MethodGet, direct, ""))
	c.failed(c.call(w, takes, http.StatusBadRequest, http.MethodGet, "/v1/direct/a/%2e%2e/b", "", bearer...))

	c.call(w, takes, http.StatusOK, http.MethodDelete, "/v1/account/token", "", bearer...)
	c.call(w, takes, http.StatusOK, http.MethodGet, "/v1/account", "", bearer...) // dead, with its reason
	c.failed(c.call(w, takes, http.StatusUnauthorized, http.MethodGet, direct, "", bearer...))
	c.call(w, takes, http.StatusOK, http.MethodDelete, "/v1/account", "", bearer...)
	c.call(w, takes, http.StatusUnauthorized, http.MethodDelete, "/v1/account", "", bearer...)
}

// failed checks that an answer of the pass-through is an error of ours.
func (c contract) failed(a answer) {
	c.t.Helper()
	var body any
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		c.t.Fatalf("%s: %v", a.body, err)
	}
	c.is("ApiRequestFailed", body)
}
