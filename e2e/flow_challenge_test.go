package e2e_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
)

const verifier = "an-application-made-this-verifier-of-43-characters~"

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// signIn runs the flow up to the code.
func (w *world) signIn(changes url.Values) url.Values {
	w.t.Helper()
	b := w.browser()
	result := b.follow(b.authorize(changes)).result(w.t)
	if result.Get("status") != "success" {
		w.t.Fatalf("the sign-in ended with %v", result)
	}
	return result
}

func (w *world) redeemWith(code, contentType, body string) answer {
	w.t.Helper()
	return w.call(http.MethodPost, "/v1/auth/token/"+code, strings.NewReader(body),
		"Authorization", basic(w.client.ClientID, w.password), "Content-Type", contentType)
}

func jsonVerifier(v string) string {
	b, _ := json.Marshal(map[string]string{"codeVerifier": v})
	return string(b)
}

func TestCodeChallenge(t *testing.T) {
	t.Parallel()
	onEachService(t, codeChallenge)
}

func codeChallenge(t *testing.T, s service) {
	w := startAt(t, s)
	public := w.asApplication(account.Settings{Public: true})
	for name, seen := range map[string]*world{"an application with a secret": w, "a public application": public} {
		t.Run(name, func(t *testing.T) {
			asked := url.Values{"codeChallenge": {challengeOf(verifier)}, "codeChallengeMethod": {"S256"}}
			bodies := map[string][2]string{
				"JSON": {"application/json; charset=utf-8", jsonVerifier(verifier)},
				"form": {"application/x-www-form-urlencoded", "codeVerifier=" + url.QueryEscape(verifier)},
			}
			for kind, body := range bodies {
				code := seen.signIn(asked).Get("code")
				wantShown(t, seen.redeem(code), http.StatusBadRequest, "verifier.missing")
				wantShown(t, seen.redeemWith(code, "application/json", "not JSON"), http.StatusBadRequest, "verifier.missing")
				wantShown(t, seen.redeemWith(code, "application/json", jsonVerifier(verifier+"x")), http.StatusBadRequest, "verifier.mismatch")
				wantShown(t, seen.redeemWith(code, "application/json", jsonVerifier(challengeOf(verifier))), http.StatusBadRequest, "verifier.mismatch")
				inQuery := seen.call(http.MethodPost, "/v1/auth/token/"+code+"?codeVerifier="+url.QueryEscape(verifier), nil,
					"Authorization", basic(seen.client.ClientID, seen.password))
				wantShown(t, inQuery, http.StatusBadRequest, "verifier.missing")
				// None of them has consumed the code.
				got := seen.redeemWith(code, body[0], body[1])
				if got.status != http.StatusOK {
					t.Fatalf("%s: the right verifier answers %d %s", kind, got.status, got.body)
				}
				readConnected(t, got)
				wantShown(t, seen.redeemWith(code, body[0], body[1]), http.StatusBadRequest, "code.used")
			}
		})
	}
}

func TestAPublicApplicationNeedsAChallenge(t *testing.T) {
	t.Parallel()
	onEachService(t, aPublicApplicationNeedsAChallenge)
}

func aPublicApplicationNeedsAChallenge(t *testing.T, s service) {
	w := startAt(t, s)
	public := w.asApplication(account.Settings{Public: true})
	wantFailed(t, public.browser().authorize(nil), "codechallenge.required")
	if n := w.calledSoFar().Authorize; n != 0 {
		t.Errorf("the provider was asked %d times", n)
	}
	// An empty password is for public applications alone.
	code := w.signIn(nil).Get("code")
	got := w.call(http.MethodPost, "/v1/auth/token/"+code, nil, "Authorization", basic(w.client.ClientID, ""))
	wantShown(t, got, http.StatusUnauthorized, "client.unauthorized")
	readConnected(t, w.redeem(code))
	// A client id alone, which anybody may know, reaches no account.
	got = w.call(http.MethodGet, "/v1/account", nil, "Authorization", basic(public.client.ClientID, ""), "X-Aurinko-Account-Id", "1")
	wantShown(t, got, http.StatusUnauthorized, "client.unauthorized")
}
