package sandbox_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/sandbox"
)

func TestExchange(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.connect()
	if !strings.HasPrefix(got.Access, "ya29.sandbox-") || !strings.HasPrefix(got.Refresh, "1//sandbox-") {
		t.Errorf("tokens %q and %q", got.Access, got.Refresh)
	}
	if got.Type != "Bearer" || got.ExpiresIn != 3600 || got.Scope != "openid "+userEmail+" "+gmailRead+" "+gmailSend {
		t.Errorf("answer %+v", got)
	}
	again := b.refresh(got.Refresh)
	b.wantStatus(again.Status, http.StatusOK)
	if again.Refresh != "" || again.Access == got.Access || again.Scope != got.Scope {
		t.Errorf("refresh answered %+v; Google neither rotates nor repeats a refresh token", again)
	}
	if !b.alive(got.Access) || !b.alive(again.Access) {
		t.Error("both access tokens should work")
	}
}

func TestClientAuthentication(t *testing.T) {
	t.Parallel()
	b := setup(t)
	code := b.code()
	wrong := b.token(codeForm(code, "client_secret", "nope"))
	b.wantError(wrong, http.StatusUnauthorized, "invalid_client")
	if wrong.Description != "Unauthorized" {
		t.Errorf("description %q", wrong.Description)
	}
	b.wantError(b.token(codeForm(code, "client_secret", "")), http.StatusUnauthorized, "invalid_client")
	b.wantError(b.token(codeForm(code, "client_id", "nobody")), http.StatusUnauthorized, "invalid_client")
	b.wantError(b.token(codeForm(code, "client_id", "")), http.StatusBadRequest, "invalid_request")

	form := codeForm(code)
	form.Del("client_id")
	form.Del("client_secret")
	basic := base64.StdEncoding.EncodeToString([]byte("app:" + url.QueryEscape("s3cret/+")))
	got := b.token(form, "Authorization", "Basic "+basic)
	b.wantStatus(got.Status, http.StatusOK) // none of the failures used the code up
}

func TestTokenRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	code := b.code("code_challenge", challenge, "code_challenge_method", "S256")
	good := []string{"code_verifier", verifier}
	b.wantError(b.token(url.Values{"grant_type": {"password"}}), http.StatusBadRequest, "unsupported_grant_type")
	b.wantError(b.token(codeForm("4/none", good...)), http.StatusBadRequest, "invalid_grant")
	b.wantError(b.token(codeForm(code)), http.StatusBadRequest, "invalid_grant")
	b.wantError(b.token(codeForm(code, "code_verifier", challenge)), http.StatusBadRequest, "invalid_grant")
	b.wantError(b.token(codeForm(code, "redirect_uri", "https://app.test/callback", "code_verifier", verifier)), http.StatusBadRequest, "redirect_uri_mismatch")
	b.wantError(b.token(codeForm(code, "client_id", "other", "client_secret", "other", "code_verifier", verifier)), http.StatusBadRequest, "invalid_grant")
	repeated := codeForm(code, good...)
	repeated.Add("code", code)
	b.wantError(b.token(repeated), http.StatusBadRequest, "invalid_request")

	b.wantStatus(b.token(codeForm(code, good...)).Status, http.StatusOK)
	b.wantError(b.token(codeForm(b.code(), good...)), http.StatusBadRequest, "invalid_grant") // a verifier nobody announced
}

func TestCodeLivesTenMinutes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	inTime, late := b.code(), b.code()
	b.clock.advance(10 * time.Minute)
	b.wantStatus(b.token(codeForm(inTime)).Status, http.StatusOK)
	b.clock.advance(time.Second)
	b.wantError(b.token(codeForm(late)), http.StatusBadRequest, "invalid_grant")
}

func TestCodeReuseEndsTheGrant(t *testing.T) {
	t.Parallel()
	b := setup(t)
	code := b.code()
	got := b.token(codeForm(code))
	b.wantError(b.token(codeForm(code)), http.StatusBadRequest, "invalid_grant")
	if b.alive(got.Access) {
		t.Error("the access token survived the reuse of its code")
	}
	b.wantError(b.refresh(got.Refresh), http.StatusBadRequest, "invalid_grant")

	next := b.connect()
	b.wantError(b.token(codeForm(code)), http.StatusBadRequest, "invalid_grant")
	if next.Refresh == "" || !b.alive(next.Access) {
		t.Error("an old code must not end the grant that came after it")
	}
}

func TestRefreshTokenComesOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if b.connect("access_type", "online").Refresh != "" || b.connect("access_type", "").Refresh != "" {
		t.Error("a refresh token without access_type=offline")
	}
	first := b.connect()
	if first.Refresh == "" {
		t.Error("none at the first offline consent")
	}
	if b.connect().Refresh != "" {
		t.Error("another one at the second consent")
	}
	forced := b.connect("prompt", "select_account consent").Refresh
	if forced == "" || forced == first.Refresh {
		t.Error("no new one although consent was forced")
	}
	if b.connect("login_hint", "bob+auto@sandbox.test").Refresh == "" {
		t.Error("bob has a grant of his own")
	}
	b.wantStatus(b.refresh(first.Refresh).Status, http.StatusOK) // older ones stay alive
	b.wantStatus(b.post(b.at.Revoke, url.Values{"token": {forced}}).StatusCode, http.StatusOK)
	if b.connect().Refresh == "" {
		t.Error("none after a revocation")
	}
}

func TestTheHundredAndFirstRefreshTokenEndsTheFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, second := b.connect(), b.connect("prompt", "consent")
	for range 99 {
		b.connect("prompt", "consent")
	}
	b.wantError(b.refresh(first.Refresh), http.StatusBadRequest, "invalid_grant")
	b.wantStatus(b.refresh(second.Refresh).Status, http.StatusOK)
}

func TestIncludeGrantedScopes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.connect("scope", "openid "+gmailRead)
	if got := b.connect("scope", "openid "+calendars).Scope; got != "openid "+calendars {
		t.Errorf("scope %q without include_granted_scopes", got)
	}
	got := b.connect("scope", "email "+gmailSend, "include_granted_scopes", "true").Scope
	if want := strings.Join([]string{userEmail, gmailSend, "openid", gmailRead, calendars}, " "); got != want {
		t.Errorf("scope %q, want %q", got, want)
	}
}

func TestRefreshNarrowsButNeverWidens(t *testing.T) {
	t.Parallel()
	b := setup(t)
	form := refreshForm(b.connect().Refresh)
	form.Set("scope", "openid")
	if got := b.token(form); got.Scope != "openid" || b.alive(got.Access) {
		t.Errorf("answer %+v, want a token for openid only", got)
	}
	form.Set("scope", calendars)
	b.wantError(b.token(form), http.StatusBadRequest, "invalid_scope")
	form.Del("scope")
	form.Set("client_id", "other")
	form.Set("client_secret", "other")
	b.wantError(b.token(form), http.StatusUnauthorized, "unauthorized_client")
}

func TestRevokeEndsTheWholeGrant(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"access", "refresh"} {
		b := setup(t)
		one, two := b.connect(), b.connect()
		bob := b.connect("login_hint", "bob+auto@sandbox.test")
		token := map[string]string{"access": one.Access, "refresh": one.Refresh}[by]
		b.wantStatus(b.post(b.at.Revoke+"?token="+url.QueryEscape(token), nil).StatusCode, http.StatusOK)
		if b.alive(one.Access) || b.alive(two.Access) || !b.alive(bob.Access) {
			t.Errorf("by %s: ada's tokens must all end, bob's none", by)
		}
		b.wantError(b.refresh(one.Refresh), http.StatusBadRequest, "invalid_grant")
		again := b.post(b.at.Revoke, url.Values{"token": {token}})
		if again.StatusCode != http.StatusBadRequest || !strings.Contains(again.text, `"invalid_token"`) {
			t.Errorf("by %s, again: %d %s", by, again.StatusCode, again.text)
		}
	}
}

func TestUserinfo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	claims := func(scope string) map[string]any {
		a := b.do(b.request("GET", b.at.Userinfo, "", "Authorization", "Bearer "+b.connect("scope", scope).Access))
		b.wantStatus(a.StatusCode, http.StatusOK)
		var m map[string]any
		if err := json.Unmarshal([]byte(a.text), &m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	got := claims("openid email profile")
	sub, _ := got["sub"].(string)
	if !regexp.MustCompile(`^1\d{20}$`).MatchString(sub) {
		t.Errorf("sub %q", sub)
	}
	want := map[string]any{
		"sub": sub, "email": "ada@sandbox.test", "email_verified": true, "name": "Ada Lovelace",
		"given_name": "Ada", "family_name": "Lovelace", "picture": b.base + "/google/photo/ada",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"sub": sub, "picture": want["picture"]}, claims("openid")); diff != "" {
		t.Error(diff)
	}
	b.wantStatus(b.do(b.request("GET", b.base+"/google/photo/ada", "")).StatusCode, http.StatusOK)
	bare := b.connect("scope", gmailRead)
	b.wantStatus(b.do(b.request("GET", b.at.Userinfo, "", "Authorization", "Bearer "+bare.Access)).StatusCode, http.StatusForbidden)
	b.wantStatus(b.do(b.request("GET", b.at.Userinfo+"?access_token="+bare.Access, "")).StatusCode, http.StatusUnauthorized)
}

func TestRegisterRefuses(t *testing.T) {
	t.Parallel()
	s := sandbox.New(sandbox.Config{})
	for name, err := range map[string]error{
		"unknown vendor":    s.Register("Yahoo", sandbox.Client{ID: "x"}),
		"no id":             s.Register("Google", sandbox.Client{}),
		"relative redirect": s.Register("Google", sandbox.Client{ID: "x", RedirectURIs: []string{"/callback"}}),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
