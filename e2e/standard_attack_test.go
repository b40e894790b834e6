package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
)

// What RFC 9700 tells of attacks on a client's sign-in, tried at the standards face. The
// guard of each is named in docs/security.md.
func TestAttacksOnTheStandardsFace(t *testing.T) {
	t.Parallel()
	w := start(t)
	public, other := w.publicly(), w.asApplication(account.Settings{})
	for name, attack := range map[string]func(t *testing.T, w, public, other *world){
		"a code in another client's hands":        injectedCode,
		"a code from the other face":              codeOfTheOtherFace,
		"PKCE downgrade":                          downgradedPKCE,
		"another redirect URI":                    otherRedirectURI,
		"a code again":                            codeAgain,
		"open redirects":                          openRedirects,
		"mix-up":                                  mixedUp,
		"parameters twice at authorize":           twiceAtAuthorize,
		"parameters twice at the token endpoint":  twiceAtTheTokenEndpoint,
		"clients that say two things":             ambiguousClients,
		"secrets in the address":                  secretsInTheAddress,
		"tokens of another client":                tokensOfAnother,
		"a client without a secret looks behind":  publicIntrospection,
		"tokens in addresses":                     implicitly,
		"request objects that would be disguised": requestObjects,
	} {
		t.Run(name, func(t *testing.T) { attack(t, w, public, other) })
	}
}

func injectedCode(t *testing.T, w, public, other *world) {
	code := w.standardCode(nil)
	wantOAuthError(t, other.exchange(code, nil), http.StatusBadRequest, "invalid_grant", "code.invalid")
	wantOAuthError(t, public.exchange(code, nil), http.StatusBadRequest, "invalid_grant", "code.invalid")
	// A client id alone is no proof where there is a secret.
	nobody := w.call(http.MethodPost, "/oauth/token", strings.NewReader(url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {returnURL}, "code_verifier": {verifier}, "client_id": {w.client.ClientID},
	}.Encode()), "Content-Type", urlencoded)
	wantOAuthError(t, nobody, http.StatusUnauthorized, "invalid_client", "client.unauthorized")
	if challenge := nobody.header.Get("WWW-Authenticate"); !strings.HasPrefix(challenge, "Basic realm=") {
		t.Errorf("asked for %q", challenge)
	}
	// A stolen code that an attacker plants in a sign-in of their own: another verifier.
	for _, seen := range []*world{w, public} {
		planted := seen.standardCode(nil)
		wantOAuthError(t, seen.exchange(planted, url.Values{"code_verifier": {verifier + "x"}}), http.StatusBadRequest, "invalid_grant", "verifier.mismatch")
		wantToken(t, seen.exchange(planted, nil))
	}
	wantToken(t, w.exchange(code, nil)) // nothing of that has spent it
}

func codeOfTheOtherFace(t *testing.T, w, _, _ *world) {
	asked := url.Values{"codeChallenge": {challengeOf(verifier)}}
	theirs := w.signIn(asked).Get("code")
	wantOAuthError(t, w.exchange(theirs, nil), http.StatusBadRequest, "invalid_grant", "code.invalid")
	readConnected(t, w.redeemWith(theirs, "application/json", jsonVerifier(verifier)))
	ours := w.standardCode(nil)
	wantShown(t, w.redeemWith(ours, "application/json", jsonVerifier(verifier)), http.StatusBadRequest, "code.invalid")
	wantToken(t, w.exchange(ours, nil))
}

func downgradedPKCE(t *testing.T, w, public, _ *world) {
	none := url.Values{"code_challenge": nil, "code_challenge_method": nil}
	for _, seen := range []*world{w, public} {
		code := seen.standardCode(nil)
		for _, missing := range []url.Values{{"code_verifier": nil}, {"code_verifier": {""}}} {
			wantOAuthError(t, seen.exchange(code, missing), http.StatusBadRequest, "invalid_grant", "verifier.missing")
		}
		for _, weaker := range []url.Values{
			{"code_challenge_method": {"plain"}},
			{"code_challenge_method": nil},
			{"code_challenge_method": {""}},
			{"code_challenge_method": {"s256"}},
			{"code_challenge": nil},
			{"code_challenge": {verifier}},
		} {
			wantSentBack(t, w, seen.browser().opens(weaker), "invalid_request", "codechallenge.invalid")
		}
		wantToken(t, seen.exchange(code, nil))
	}
	wantSentBack(t, w, public.browser().opens(none), "invalid_request", "codechallenge.required")
	// Somebody took the challenge out on the way: the client still sends its verifier.
	code := w.standardCode(none)
	wantOAuthError(t, w.exchange(code, nil), http.StatusBadRequest, "invalid_grant", "verifier.mismatch")
	wantToken(t, w.exchange(code, url.Values{"code_verifier": nil}))
}

func otherRedirectURI(t *testing.T, w, public, _ *world) {
	for _, seen := range []*world{w, public} {
		code := seen.standardCode(nil)
		for _, uri := range []string{returnURL + "/", returnURL + "?a=1", "https://evil.example/connected", strings.ToUpper(returnURL)} {
			wantOAuthError(t, seen.exchange(code, url.Values{"redirect_uri": {uri}}), http.StatusBadRequest, "invalid_grant", "redirecturi.mismatch")
		}
		for _, missing := range []url.Values{{"redirect_uri": nil}, {"redirect_uri": {""}}} {
			wantOAuthError(t, seen.exchange(code, missing), http.StatusBadRequest, "invalid_request", "parameter.missing")
		}
		wantToken(t, seen.exchange(code, nil))
	}
}

func codeAgain(t *testing.T, w, public, other *world) {
	for _, seen := range []*world{w, public} {
		code := seen.standardCode(nil)
		token := wantToken(t, seen.exchange(code, nil))
		// Neither another client nor who has not the verifier ends what was issued.
		wantOAuthError(t, other.exchange(code, nil), http.StatusBadRequest, "invalid_grant", "code.invalid")
		wantOAuthError(t, seen.exchange(code, url.Values{"code_verifier": {verifier + "x"}}), http.StatusBadRequest, "invalid_grant", "verifier.mismatch")
		if !w.works(token) {
			t.Error("somebody else has ended the token")
		}
		wantOAuthError(t, seen.exchange(code, nil), http.StatusBadRequest, "invalid_grant", "code.used")
		if w.works(token) {
			t.Error("the token outlives the second use of its code (RFC 6749 §4.1.2)")
		}
	}
}

func openRedirects(t *testing.T, w, _, _ *world) {
	b := w.browser()
	for _, uri := range []string{
		"", "https://evil.example/connected", "https://app.example.evil.example/connected", "https://evil.example\\@app.example/connected",
		"https://app.example@evil.example/connected", "//evil.example/connected", "/connected", "https://app.example/connected/../evil",
		"https://app.example/connected%2f..%2fevil", "https://app.example/connected/", "https://app.example/CONNECTED", "https://app.example/connected#x",
		"https://app.example/connected?next=https://evil.example", "https://app.example/connected?code=planted", "http://app.example/connected",
		"https://APP.example/connected", "https://app.example:443/connected", "javascript:alert(1)//https://app.example/connected",
		" https://app.example/connected", "https://app.example./connected",
	} {
		wantShown(t, b.opens(url.Values{"redirect_uri": {uri}}), http.StatusBadRequest, "returnurl.invalid")
	}
	page := b.opens(url.Values{"redirect_uri": {"https://evil.example/"}}, "Accept", asPage)
	if page.status != http.StatusBadRequest || page.location() != "" || strings.Contains(page.body, "evil.example") || len(page.header.Values("Set-Cookie")) > 0 {
		t.Errorf("the page is %d %v: %s", page.status, page.header, page.body)
	}
	wantShown(t, b.opens(url.Values{"redirect_uri": nil}), http.StatusBadRequest, "returnurl.invalid")
	wantShown(t, b.opens(url.Values{"client_id": nil}), http.StatusBadRequest, "parameter.missing")
	wantShown(t, b.opens(url.Values{"client_id": {strings.Repeat("0", 32)}}), http.StatusBadRequest, "client.unknown")
	// The contract's words mean nothing here.
	wantShown(t, b.opens(url.Values{"redirect_uri": nil, "returnUrl": {returnURL}}), http.StatusBadRequest, "returnurl.invalid")
}

// Every answer says whose it is, and nothing that came in can say otherwise.
func mixedUp(t *testing.T, w, _, _ *world) {
	b := w.browser()
	result := b.follow(b.opens(url.Values{"iss": {"https://other.example"}})).result(t)
	if len(result["iss"]) != 1 || result.Get("iss") != w.url || result.Get("state") != "app-state" || len(result) != 3 {
		t.Errorf("the answer is %v", result)
	}
	for _, changes := range []url.Values{
		{"scope": {"Nothing.Read"}, "iss": {"https://other.example"}}, {"login_hint": {"ada+deny@sandbox.test"}},
	} {
		if result := b.follow(b.opens(changes)).result(t); len(result["iss"]) != 1 || result.Get("iss") != w.url || len(result) != 4 {
			t.Errorf("the error is %v", result)
		}
	}
	// Not a redirect URI that brings an iss of its own along.
	wantShown(t, b.opens(url.Values{"redirect_uri": {returnURL + "?iss=https://other.example"}}), http.StatusBadRequest, "returnurl.invalid")
}

func twiceAtAuthorize(t *testing.T, w, _, _ *world) {
	b := w.browser()
	for name, values := range map[string][]string{
		"client_id": {w.client.ClientID, w.client.ClientID}, "redirect_uri": {returnURL, returnURL},
	} {
		wantShown(t, b.opens(url.Values{name: values}), http.StatusBadRequest, "parameter.repeated")
	}
	for name, values := range map[string][]string{
		"response_type": {"code", "token"}, "scope": {"Mail.Read", "Mail.All"}, "native_scopes": {"x", "y"}, "service_type": {"Google", "Google"},
		"code_challenge": {challengeOf(verifier), challengeOf("x")}, "code_challenge_method": {"S256", "S256"}, "login_hint": {ada, bob},
	} {
		wantSentBack(t, w, b.opens(url.Values{name: values}), "invalid_request", "parameter.repeated")
	}
	twice := b.opens(url.Values{"state": {"app-state", "other"}}).result(t)
	if twice.Get("error") != "invalid_request" || twice.Has("state") {
		t.Errorf("two states are answered %v", twice)
	}
}

// The contract's token mode, which this application may use, is not to be had here.
func implicitly(t *testing.T, w, _, _ *world) {
	for _, kind := range []string{"token", "code token", "id_token", "none"} {
		got := w.browser().opens(url.Values{"response_type": {kind}})
		wantSentBack(t, w, got, "unsupported_response_type", "responsetype.unknown")
		if strings.Contains(got.location(), "#") {
			t.Errorf("%s leads to %s", kind, got.location())
		}
	}
	wantSentBack(t, w, w.browser().opens(url.Values{"response_type": nil, "responseType": {"token"}}), "invalid_request", "parameter.missing")
	wantSentBack(t, w, w.browser().opens(url.Values{"response_mode": {"fragment"}}), "invalid_request", "parameter.invalid")
}

func requestObjects(t *testing.T, w, _, _ *world) {
	for _, name := range []string{"request", "request_uri"} {
		wantSentBack(t, w, w.browser().opens(url.Values{name: {"https://evil.example/object"}}), "invalid_request", "parameter.invalid")
	}
}
