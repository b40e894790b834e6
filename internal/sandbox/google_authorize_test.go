package sandbox_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

func TestAuthorizeSendsBackCodeStateAndGrantedScopes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.authorize()
	b.wantStatus(a.StatusCode, http.StatusFound)
	q := b.back(a)
	if q.Get("state") != "s t&1" || q.Get("tenant") != "7" || q.Get("code") == "" {
		t.Errorf("sent back %v", q)
	}
	if want := "openid " + userEmail + " " + gmailRead + " " + gmailSend; q.Get("scope") != want {
		t.Errorf("scope %q, want %q", q.Get("scope"), want)
	}
}

func TestAuthorizeErrorsBeforeTheClientIsProvenShowAPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, tt := range map[string]struct {
		changes []string
		status  int
		text    string
	}{
		"unknown client":       {[]string{"client_id", "nobody"}, 401, "invalid_client"},
		"no client":            {[]string{"client_id", ""}, 401, "invalid_client"},
		"longer redirect":      {[]string{"redirect_uri", callback + "/"}, 400, "redirect_uri_mismatch"},
		"redirect in capitals": {[]string{"redirect_uri", strings.ToUpper(callback)}, 400, "redirect_uri_mismatch"},
		"no redirect":          {[]string{"redirect_uri", ""}, 400, "redirect_uri_mismatch"},
		"unknown persona":      {[]string{"login_hint", "eve+auto@sandbox.test"}, 400, "ada, bob"},
		"unknown tag":          {[]string{"login_hint", "ada+automatic@sandbox.test"}, 400, "+auto, +deny, +untick, +norefresh, +rotate, +once, +revoked"},
		"empty tag":            {[]string{"login_hint", "ada+@sandbox.test"}, 400, "known tags"},
	} {
		a := b.authorize(tt.changes...)
		if a.StatusCode != tt.status || a.Header.Get("Location") != "" || !strings.Contains(html.UnescapeString(a.text), tt.text) {
			t.Errorf("%s: %d, Location %q, want %d and a page with %q:\n%s", name, a.StatusCode, a.Header.Get("Location"), tt.status, tt.text, a.text)
		}
	}
	twice := b.do(b.request("GET", b.at.Authorize+"?"+authorizeQuery().Encode()+"&redirect_uri=https://evil.test/", ""))
	b.wantStatus(twice.StatusCode, http.StatusBadRequest)
}

func TestAuthorizeErrorsAfterwardsGoBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, tt := range map[string]struct {
		changes []string
		want    string
	}{
		"no response type":    {[]string{"response_type", ""}, "invalid_request"},
		"token response type": {[]string{"response_type", "token"}, "unsupported_response_type"},
		"no scope":            {[]string{"scope", ""}, "invalid_request"},
		"foreign scope":       {[]string{"scope", "openid Mail.Read"}, "invalid_scope"},
		"scope without name":  {[]string{"scope", "https://www.googleapis.com/auth/"}, "invalid_scope"},
		"access type":         {[]string{"access_type", "always"}, "invalid_request"},
		"plain PKCE":          {[]string{"code_challenge", challenge, "code_challenge_method", "plain"}, "invalid_request"},
		"PKCE without method": {[]string{"code_challenge", challenge}, "invalid_request"},
		"short challenge":     {[]string{"code_challenge", "abc", "code_challenge_method", "S256"}, "invalid_request"},
		"unknown prompt":      {[]string{"prompt", "login"}, "invalid_request"},
		"none and consent":    {[]string{"prompt", "none consent"}, "invalid_request"},
		"none with a page":    {[]string{"prompt", "none", "login_hint", "ada@sandbox.test"}, "interaction_required"},
	} {
		q := b.back(b.authorize(tt.changes...))
		if q.Get("error") != tt.want || q.Get("code") != "" || q.Get("state") != "s t&1" {
			t.Errorf("%s: sent back %v, want error %s", name, q, tt.want)
		}
	}
	if q := b.back(b.authorize("prompt", "none")); q.Get("code") == "" {
		t.Errorf("prompt=none with +auto: sent back %v, want a code", q)
	}
	repeated := b.do(b.request("GET", b.at.Authorize+"?"+authorizeQuery().Encode()+"&scope=email", ""))
	if got := b.back(repeated).Get("error"); got != "invalid_request" {
		t.Errorf("repeated scope: error %q", got)
	}
	head := b.do(b.request("HEAD", b.at.Authorize+"?"+authorizeQuery().Encode(), ""))
	b.wantStatus(head.StatusCode, http.StatusMethodNotAllowed)
}

// input finds the tag of an input by its value.
func input(page, value string) string {
	return regexp.MustCompile(`<input[^>]*value="` + regexp.QuoteMeta(value) + `"[^>]*>`).FindString(page)
}

func TestConsentPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.authorize("login_hint", "bob+untick@sandbox.test")
	b.wantStatus(a.StatusCode, http.StatusOK)
	for _, want := range []string{
		"Sandbox – not Google", "Notes &amp; Co", `id="allow"`, `id="deny"`, `name="viewport"`, "prefers-color-scheme: dark", "Read e-mail",
	} {
		if !strings.Contains(a.text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for value, want := range map[string][]bool{ // checked, disabled
		"ada": {false, false}, "bob": {true, false}, "openid": {true, true},
		userEmail: {true, true}, gmailRead: {true, false}, gmailSend: {false, false},
	} {
		tag := input(a.text, value)
		if tag == "" || strings.Contains(tag, " checked") != want[0] || strings.Contains(tag, " disabled") != want[1] {
			t.Errorf("%s: %s, want checked, disabled = %v", value, tag, want)
		}
	}
	policy := a.Header.Get("Content-Security-Policy")
	if strings.Contains(policy, "form-action") || !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Errorf("policy %q", policy)
	}
	if strings.Contains(a.text, "ZgotmplZ") {
		t.Error("html/template refused to print something")
	}
	foreign := b.authorize("login_hint", "someone@example.com")
	if strings.Contains(foreign.text[strings.Index(foreign.text, "<main"):], `value="someone`) || !strings.Contains(input(foreign.text, "ada"), " checked") {
		t.Error("a foreign hint must be ignored")
	}
}

func TestConsentFormDecides(t *testing.T) {
	t.Parallel()
	b := setup(t)
	page := b.authorize("login_hint", "ada@sandbox.test")
	action := regexp.MustCompile(`action="([^"]*)"`).FindStringSubmatch(page.text)
	if action == nil {
		t.Fatal("no form")
	}
	target := b.base + html.UnescapeString(action[1])

	allowed := b.post(target, url.Values{"persona": {"bob"}, "decision": {"allow"}, "scope": {gmailSend, calendars}})
	b.wantStatus(allowed.StatusCode, http.StatusSeeOther)
	got := b.token(codeForm(b.back(allowed).Get("code")))
	if want := "openid " + userEmail + " " + gmailSend; got.Scope != want {
		t.Errorf("scope %q, want %q: identity always, the ticked one, nothing that was not asked", got.Scope, want)
	}
	who := b.do(b.request("GET", b.at.Userinfo, "", "Authorization", "Bearer "+got.Access))
	if !strings.Contains(who.text, `"bob@sandbox.test"`) {
		t.Errorf("userinfo %s, want bob", who.text)
	}

	denied := b.post(target, url.Values{"persona": {"ada"}, "decision": {"deny"}})
	b.wantStatus(denied.StatusCode, http.StatusSeeOther)
	if q := b.back(denied); q.Get("error") != "access_denied" || q.Get("state") != "s t&1" {
		t.Errorf("denied: %v", q)
	}
	nobody := b.post(target, url.Values{"decision": {"allow"}})
	b.wantStatus(nobody.StatusCode, http.StatusBadRequest)
	if n := b.sandbox.Stats()["Google"].Authorize; n != 1 {
		t.Errorf("authorize counted %d, want 1: the form's POSTs do not count", n)
	}
}

func TestUntickingEverythingIsDenial(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := b.back(b.authorize("scope", gmailRead, "login_hint", "ada+auto+untick@sandbox.test"))
	if q.Get("error") != "access_denied" {
		t.Errorf("sent back %v", q)
	}
}
