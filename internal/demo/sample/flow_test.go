package sample_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestConnectSendsTheBrowserToAvain(t *testing.T) {
	t.Parallel()
	w := start(t)
	for flow, landing := range map[string]string{"code": "/connected", "token": "/connected-token"} {
		query := w.browser(t).begin("/connect?flow=" + flow + "&scopes=Mail.Read&scopes=Calendar.Read&accountId=7001")
		for name, want := range map[string]string{
			"clientId": clientID, "serviceType": "Google", "scopes": "Mail.Read Calendar.Read",
			"responseType": flow, "returnUrl": w.url + landing, "accountId": "7001",
		} {
			if got := query.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", flow, name, got, want)
			}
		}
		if len(query.Get("state")) < 20 {
			t.Errorf("%s: the state %q can be guessed", flow, query.Get("state"))
		}
	}
	if a := w.browser(t).get("/connect?flow=implicit"); a.StatusCode != http.StatusBadRequest {
		t.Errorf("an unknown flow answers %d", a.StatusCode)
	}
}

func TestCookieIsOutOfReach(t *testing.T) {
	t.Parallel()
	a := start(t).browser(t).get("/connect?flow=code")
	cookie := a.Header.Get("Set-Cookie")
	for _, want := range []string{"sample_session=", "HttpOnly", "SameSite=Lax"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the cookie %q lacks %s", cookie, want)
		}
	}
}

func TestCodeFlow(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.browser(t)
	b.connect()
	home := b.get("/")
	home.has(
		t, `id="account"`, "ada@sandbox.test", "Ada &lt;b&gt;Lovelace", "Google", `<span class="pill">active</span>`, `<span class="pill">Mail.Read</span>`,
		`<code id="token">avain_at_ADA…wxyz</code>`, `id="messages"`, "It&#39;s here", "&lt;script&gt;", `id="connect-again"`, `id="disconnect"`, `id="send"`,
		`id="calls"`, "POST /v1/auth/token/good-c…", "GET /v1/auth/authorize?clientId=012345…",
		`name="accountId" value="7001"`, `<input type="hidden" name="scopes" value="Mail.Send">`,
	)
	home.lacks(t, tokenOfAda, goodCode, clientSecret, "<script>")
	if n := strings.Count(home.body, `class="from"`); n != 5 {
		t.Errorf("%d messages, want 5", n)
	}
}

func TestForeignStateIsRefused(t *testing.T) {
	t.Parallel()
	w := start(t)
	ada, bob := w.browser(t), w.browser(t)
	stateOfAda := ada.begin("/connect?flow=code").Get("state")
	tokenState := bob.begin("/connect?flow=token").Get("state")
	bob.begin("/connect?flow=code") // he waits for an answer too, but not for this one

	const success = "/connected?status=success&code=" + goodCode + "&state="
	for name, a := range map[string]answer{
		"another browser's": bob.get(success + stateOfAda),
		"of no session":     w.browser(t).get(success + stateOfAda),
		"of the other flow": bob.get(success + tokenState),
		"none":              bob.get(success),
		"an error":          bob.get("/connected?status=error&error=spoofed&details=Call+this+number&state=x"),
	} {
		if a.StatusCode != http.StatusBadRequest {
			t.Errorf("state %s: status %d", name, a.StatusCode)
		}
		a.has(t, `id="error"`, "state.mismatch")
		a.lacks(t, "spoofed", "Call this number")
	}
	if w.avain.saw("POST /v1/auth/token/" + goodCode) {
		t.Error("a code with a foreign state was exchanged")
	}

	ada.get(success + stateOfAda)
	if a := ada.get(success + stateOfAda); a.StatusCode != http.StatusBadRequest {
		t.Errorf("a state works twice: status %d", a.StatusCode)
	}
}

func TestStateGrowsOld(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.browser(t)
	state := b.begin("/connect?flow=code").Get("state")
	w.pass(16 * time.Minute)
	b.get("/connected?status=success&code="+goodCode+"&state="+state).has(t, "state.mismatch")
}

func TestParallelTabs(t *testing.T) {
	t.Parallel()
	b := start(t).browser(t)
	first := b.begin("/connect?flow=code").Get("state")
	second := b.begin("/connect?flow=code").Get("state")
	for _, state := range []string{second, first} {
		if a := b.get("/connected?status=success&code=" + goodCode + "&state=" + state); a.StatusCode != http.StatusSeeOther {
			t.Errorf("status %d:\n%s", a.StatusCode, a.body)
		}
	}
}

func TestDenialIsTold(t *testing.T) {
	t.Parallel()
	b := start(t).browser(t)
	state := b.begin("/connect?flow=code&scopes=Mail.Read").Get("state")
	a := b.get("/connected?status=error&error=access_denied&details=The+sign-in+was+declined.&state=" + state)
	a.has(t, `id="error"`, "access_denied", "The sign-in was declined.", `href="/connect?flow=code&amp;scopes=Mail.Read"`, `id="calls"`)
	b.get("/").lacks(t, `id="account"`)
}

func TestRefusedExchangeIsTold(t *testing.T) {
	t.Parallel()
	b := start(t).browser(t)
	state := b.begin("/connect?flow=code").Get("state")
	a := b.get("/connected?status=success&code=an-old-code-of-somebody&state=" + state)
	if a.StatusCode != http.StatusBadGateway {
		t.Errorf("status %d", a.StatusCode)
	}
	a.has(t, `id="error"`, "code.used", "This code has been redeemed already.", "req-77")
	a.lacks(t, "an-old-code-of-somebody")
}

func TestSessionsAreApart(t *testing.T) {
	t.Parallel()
	w := start(t)
	ada, bob := w.browser(t), w.browser(t)
	bob.begin("/connect?flow=code")
	ada.connect()
	bob.get("/").lacks(t, `id="account"`, "ada@sandbox.test", "wxyz")
}

// An id that was planted in the browser before the account came is worth nothing.
func TestSessionIDIsRenewed(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.browser(t)
	planted := strings.Split(b.get("/connect?flow=code").Header.Get("Set-Cookie"), ";")[0]
	b.connect()
	w.browser(t).do(http.MethodGet, "/", "Cookie", planted).lacks(t, `id="account"`)
	b.get("/").has(t, `id="account"`)
}

func TestTokenPageCarriesOnlyItsOwnStates(t *testing.T) {
	t.Parallel()
	w := start(t)
	b, other := w.browser(t), w.browser(t)
	state := b.begin("/connect?flow=token&scopes=Mail.Read").Get("state")
	codeState := b.begin("/connect?flow=code").Get("state")
	foreign := other.begin("/connect?flow=token").Get("state")
	page := b.get("/connected-token")
	page.has(
		t, `data-state="`+state+`"`, `data-again="/connect?flow=token&amp;scopes=Mail.Read"`, `<script type="module" src="/sample.js">`, "<noscript>",
		`id="account"`, `id="token"`, `id="messages"`, `id="connect-again"`, `id="disconnect"`, `id="error"`, `id="calls"`,
	)
	page.lacks(t, codeState, foreign)
}
