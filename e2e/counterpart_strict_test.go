package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const gmailReadonly = "https://www.googleapis.com/auth/gmail.readonly"

// startStrictGoogle is a world whose Google is the strict provider.
func startStrictGoogle(t *testing.T) (*world, *strict) {
	t.Helper()
	w := start(t)
	s := startStrict(t, w.url+"/v1/auth/callback", "", gmailReadonly)
	// access_type=offline is Google's own word for what OpenID Connect calls offline_access.
	w.registerAtStrict(s, "Google", "offline_access")
	return w, s
}

// me is a call through the pass-through that the provider answers only to a live
// access token: its userinfo.
func (w *world) me(c connected) answer {
	w.t.Helper()
	return w.as(c, http.MethodGet, "/v1/direct/me")
}

func (w *world) wantMe(c connected, when string) {
	w.t.Helper()
	if got := w.me(c); got.status != http.StatusOK || !strings.Contains(got.body, grace) {
		w.t.Fatalf("%s: %d %s", when, got.status, got.body)
	}
}

// TestGoogleByAStrictProvider runs the thread against an OpenID provider whose
// access tokens end, whose refresh tokens work once, and which tells a live token
// from a dead one.
func TestGoogleByAStrictProvider(t *testing.T) {
	t.Parallel()
	w, s := startStrictGoogle(t)
	b := w.browser()
	c := w.redeemedAccount(b.signInAtStrict(s, nil, grace))

	// The first answer has no refresh token: the provider gives offline_access on
	// prompt=consent alone, which Avain asks for once it is seen to be missing.
	if n := s.counts(); n != (strictCounts{Code: 2}) || s.tokens.all()[0].Refresh != "" {
		t.Errorf("the sign-in took %+v", n)
	}
	who := w.details(c, "?pingProvider=true")
	if who["email"] != grace || who["name"] != "grace.hopper" || who["authOrgId"] != "example.com" || who["tokenStatus"] != "active" {
		t.Errorf("userinfo became %v", who)
	}
	if d := cmp.Diff([]any{"Mail.Read"}, who["authScopes"]); d != "" {
		t.Error(d)
	}
	w.wantMe(c, "with the first access token")

	// Both clocks go on: Avain renews before it asks.
	first := s.tokens.newest()
	w.clock.advance(strictLife)
	s.advance(strictLife)
	if s.live(first.Access) {
		t.Fatal("the provider's access tokens do not end")
	}
	w.wantMe(c, "after the access token's end")
	if n := s.counts(); n.Refresh != 1 || n.Refused != 0 {
		t.Errorf("one renewal took %+v", n)
	}

	// The provider's clock alone goes on: Avain learns by the refusal. Each refresh
	// gives another refresh token, and the one before it must not be used again.
	for range 3 {
		s.advance(strictLife)
		w.wantMe(c, "after an end that came early")
	}
	if n := s.counts(); n.Refresh != 4 || n.Refused != 0 || n.Ended != 0 {
		t.Errorf("four renewals took %+v", n)
	}
	seen := map[string]bool{}
	for _, g := range s.tokens.all()[1:] {
		seen[g.Refresh] = true
	}
	if len(seen) != 5 || seen[""] {
		t.Errorf("%d different refresh tokens in %d answers", len(seen), len(s.tokens.all())-1)
	}

	// Many at once: two refreshes with one token would end the grant.
	s.advance(strictLife)
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			if got := w.me(c); got.status != http.StatusOK {
				t.Errorf("one of many: %d %s", got.status, got.body)
			}
		})
	}
	callers.Wait()
	if n := s.counts(); n.Refresh != 5 || n.Refused != 0 || n.Ended != 0 {
		t.Errorf("many callers at once took %+v", n)
	}

	// The person signs in once more. No refresh token comes, and the one that is held
	// goes on.
	again := w.redeemedAccount(b.signInAtStrict(s, nil, grace))
	if n := s.counts(); again.AccountID != c.AccountID || n.Code != 3 {
		t.Errorf("account %d became %d by %+v", c.AccountID, again.AccountID, n)
	}
	s.advance(strictLife)
	w.wantMe(again, "after the second sign-in")

	last := s.tokens.newest()
	if !s.live(last.Access) || !s.live(last.Refresh) {
		t.Fatal("the provider does not know the tokens that work")
	}
	gone := w.as(c, http.MethodDelete, "/v1/account")
	if gone.status != http.StatusOK || !strings.Contains(gone.body, `"providerGrant":"revoked"`) {
		t.Errorf("delete: %d %s", gone.status, gone.body)
	}
	if s.live(last.Access) || s.live(last.Refresh) || s.counts().Ended != 1 {
		t.Errorf("the grant outlives the account: %+v", s.counts())
	}
}

// Somebody presents a refresh token that was used already. The provider then takes
// it for stolen and ends the grant, the tokens that Avain holds included.
func TestAReplayedRefreshTokenEndsTheGrant(t *testing.T) {
	t.Parallel()
	w, s := startStrictGoogle(t)
	b := w.browser()
	c := w.redeemedAccount(b.signInAtStrict(s, nil, grace))
	stolen := s.tokens.newest()
	s.advance(strictLife)
	w.wantMe(c, "before the replay")

	replay := s.post("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {stolen.Refresh}})
	if replay.status != http.StatusBadRequest || !strings.Contains(replay.body, "invalid_grant") {
		t.Fatalf("the replay: %d %s", replay.status, replay.body)
	}
	if held := s.tokens.newest(); s.live(held.Access) || s.live(held.Refresh) || s.counts().Ended != 1 {
		t.Fatalf("the grant lives on: %+v", s.counts())
	}

	// Avain asks once, and then knows.
	for range 3 {
		refused(t, w.me(c), http.StatusUnauthorized, "token.dead")
	}
	if n := s.counts(); n.Refused != 2 || n.Refresh != 1 {
		t.Errorf("the replay and Avain's own attempt made %+v", n)
	}
	if got := w.details(c, "?pingProvider=true")["tokenStatus"]; got != "dead" {
		t.Errorf("the account is %v", got)
	}

	again := w.redeemedAccount(b.signInAtStrict(s, nil, grace))
	if again.AccountID != c.AccountID || w.status(c) != "active" {
		t.Errorf("account %d became %d, %s", c.AccountID, again.AccountID, w.status(c))
	}
	s.advance(strictLife)
	w.wantMe(c, "the old bearer after the new sign-in, renewed")
}

// RFC 9207: the answer names who gives it, and another name is refused before the
// code is shown to anybody.
func TestTheStrictProvidersIssuer(t *testing.T) {
	t.Parallel()
	w, s := startStrictGoogle(t)
	b := w.browser()
	plain := url.Values{"scopes": nil, "loginHint": nil}

	callback := b.atStrict(s, b.authorize(plain), grace)
	if address, err := url.Parse(callback); err != nil || address.Query().Get("iss") != s.issuer || address.Query().Get("code") == "" {
		t.Fatalf("the provider answers %s", callback)
	}
	wantFailed(t, b.get(withQuery(t, callback, url.Values{"iss": {"https://accounts.google.com"}})), "issuer.mismatch")
	if n := s.counts(); n != (strictCounts{}) {
		t.Errorf("the code was shown to the provider: %+v", n)
	}
	untouched(t, w, nil)

	// A refusal is named too.
	another := w.browser()
	denied := another.cancelAtStrict(s, another.authorize(plain))
	wantFailed(t, another.get(withQuery(t, denied, url.Values{"iss": {s.issuer + "/other"}})), "issuer.mismatch")
	denied = another.cancelAtStrict(s, another.authorize(plain))
	wantFailed(t, another.get(denied), "access_denied")
}

// The provider wants PKCE and compares the verifier: only Avain's own redeems the
// code.
func TestTheStrictProviderChecksPKCE(t *testing.T) {
	t.Parallel()
	w, s := startStrictGoogle(t)
	b := w.browser()
	consented := url.Values{"scopes": nil, "loginHint": nil, "prompt": {"consent"}}

	without := withQuery(t, b.authorize(consented).location(), url.Values{"code_challenge": nil, "code_challenge_method": nil})
	wantFailed(t, b.get(b.get(without).location()), "provider.config")

	callback := b.atStrict(s, b.authorize(consented), grace)
	address, err := url.Parse(callback)
	if err != nil {
		t.Fatal(err)
	}
	exchange := url.Values{
		"grant_type": {"authorization_code"}, "code": {address.Query().Get("code")}, "redirect_uri": {w.url + "/v1/auth/callback"},
	}
	for _, verifier := range []string{"", strings.Repeat("wrong-", 8)} {
		exchange.Set("code_verifier", verifier)
		if a := s.post("/token", exchange); a.status != http.StatusBadRequest || !strings.Contains(a.body, "invalid_grant") {
			t.Errorf("with the verifier %q: %d %s", verifier, a.status, a.body)
		}
	}
	w.redeemedAccount(b.get(callback).result(t))
	if n := s.counts(); n != (strictCounts{Code: 1, Refused: 2}) {
		t.Errorf("the sign-in took %+v", n)
	}
}

// TestMicrosoftByAStrictProvider runs the thread with the Office365 driver as far as
// a general provider goes. It is given Microsoft's claims (oid, tid, an issuer that
// ends in the tenant) and answers /me with Graph's fields. What it cannot be: tenants
// in its paths, several resources, AADSTS numbers, and a Microsoft that gives a
// refresh token without being told prompt=consent. Nothing is revoked, since the
// driver knows of no way to.
func TestMicrosoftByAStrictProvider(t *testing.T) {
	t.Parallel()
	w := start(t)
	s := startStrict(t, w.url+"/v1/auth/callback", gracesTenant, "User.Read MailboxSettings.Read Mail.Read")
	w.registerAtStrict(s, "Office365")
	b := w.browser()
	signIn := inOffice("scopes", "Mail.Read", "prompt", "consent")
	c := w.redeemedAccount(b.signInAtStrict(s, signIn, grace))
	who := w.details(c, "?pingProvider=true")
	if who["email"] != grace || who["authOrgId"] != gracesTenant || who["tokenStatus"] != "active" {
		t.Errorf("id_token and /me became %v", who)
	}
	if subject, _ := who["authUserId"].(string); !strings.HasPrefix(subject, gracesTenant+"/") || len(subject) != 2*36+1 {
		t.Errorf("authUserId %v", who["authUserId"])
	}
	w.wantMe(c, "with the first access token")

	// The provider refuses a refresh that asks for a scope it was not granted for;
	// the driver names scopes in each.
	stolen := s.tokens.newest()
	for range 3 {
		s.advance(strictLife)
		w.wantMe(c, "after an end that came early")
	}
	w.clock.advance(strictLife)
	s.advance(strictLife)
	w.wantMe(c, "after the access token's end")
	if n := s.counts(); n != (strictCounts{Code: 1, Refresh: 4}) {
		t.Errorf("a sign-in and four renewals took %+v", n)
	}

	another := b.atStrict(s, b.authorize(inOffice("scopes", "Mail.Read", "loginHint", "")), grace)
	wantFailed(t, b.get(withQuery(t, another, url.Values{"iss": {s.base + "/another-tenant/v2.0"}})), "issuer.mismatch")
	if n := s.counts(); n.Code != 1 || n.Refused != 0 {
		t.Errorf("the code was shown to the provider: %+v", n)
	}

	if replay := s.post("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {stolen.Refresh}}); !strings.Contains(replay.body, "invalid_grant") {
		t.Fatalf("the replay: %d %s", replay.status, replay.body)
	}
	for range 2 {
		refused(t, w.me(c), http.StatusUnauthorized, "token.dead")
	}
	if n := s.counts(); n.Refused != 3 || n.Ended != 1 { // Avain tries the replaced refresh token as well, once
		t.Errorf("the replay and Avain's own attempts made %+v", n)
	}
	again := w.redeemedAccount(b.signInAtStrict(s, signIn, grace))
	if again.AccountID != c.AccountID || w.status(c) != "active" {
		t.Errorf("account %d became %d, %s", c.AccountID, again.AccountID, w.status(c))
	}
	w.wantMe(c, "the old bearer after the new sign-in")
}
