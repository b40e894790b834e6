package e2e_test

import (
	"net/http"
	"slices"
	"strconv"
	"testing"
)

const ownOrigin = "https://app.example" // of returnURL

func TestPreflightKnowsTheOriginsOfApplications(t *testing.T) {
	t.Parallel()
	onEachService(t, preflightKnowsTheOriginsOfApplications)
}

func preflightKnowsTheOriginsOfApplications(t *testing.T, s service) {
	w := startAt(t, s)
	w.connect(nil)
	for _, path := range []string{"/v1/account", "/v1/account/token", s.direct()} {
		for origin, known := range map[string]bool{
			ownOrigin: true, "https://APP.example": true, "http://app.example": false, "https://app.example:8443": false,
			"https://app.example.evil.test": false, "https://evil.test": false, "null": false, "": false,
		} {
			headers := []string{"Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "authorization"}
			if origin != "" {
				headers = append(headers, "Origin", origin)
			}
			a := w.call(http.MethodOptions, path, nil, headers...)
			if a.status != http.StatusNoContent {
				t.Errorf("%s from %q: %d %s", path, origin, a.status, a.body)
			}
			crossOrigin(t, path+" from "+origin, a, origin, known)
		}
	}
	if w.calls().API != 0 {
		t.Error("a preflight reached the provider")
	}
}

// crossOrigin checks that the answer may be read by pages of origin, or of no
// other origin at all, and that it never lets cookies count.
func crossOrigin(t *testing.T, what string, a answer, origin string, allowed bool) {
	t.Helper()
	want := []string(nil)
	if allowed {
		want = []string{origin}
	}
	if got := a.header.Values("Access-Control-Allow-Origin"); !slices.Equal(got, want) {
		t.Errorf("%s: Access-Control-Allow-Origin %q, want %q", what, got, want)
	}
	if got := a.header.Values("Access-Control-Allow-Credentials"); len(got) > 0 {
		t.Errorf("%s: Access-Control-Allow-Credentials %q", what, got)
	}
	if allowed && !slices.Contains(a.header.Values("Vary"), "Origin") {
		t.Errorf("%s: Vary %q lacks Origin", what, a.header.Values("Vary"))
	}
}

func TestAnswersAreReadableByTheOwnApplicationsPagesOnly(t *testing.T) {
	t.Parallel()
	onEachService(t, answersAreReadableByTheOwnApplicationsPagesOnly)
}

func answersAreReadableByTheOwnApplicationsPagesOnly(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	w.secondApplication()
	listed := []string{"https://spa.example"}
	if _, err := w.ops.SetApplication(t.Context(), w.client.ClientID, setOrigins(listed)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/v1/account", "/v1/direct/echo/x", "/v1/direct/nothing/here", "/v1/direct/../x"} {
		for origin, own := range map[string]bool{
			ownOrigin: true, "https://spa.example": true, "https://second.example": false, "https://evil.test": false, "null": false,
		} {
			crossOrigin(t, "bearer on "+path, w.as(c, http.MethodGet, path, "Origin", origin), origin, own)
		}
	}
	// Who is not known yet may read the error only if some application could.
	for origin, known := range map[string]bool{ownOrigin: true, "https://evil.test": false} {
		crossOrigin(t, "unknown bearer", w.call(http.MethodGet, "/v1/account", nil, "Authorization", "Bearer x", "Origin", origin), origin, known)
	}
}

func TestNoPageReadsAnswersToTheClientSecret(t *testing.T) {
	t.Parallel()
	onEachService(t, noPageReadsAnswersToTheClientSecret)
}

func noPageReadsAnswersToTheClientSecret(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	for _, password := range []string{w.password, "wrong"} {
		for _, path := range []string{"/v1/account", "/v1/direct/echo/x", "/v1/direct/../x"} {
			a := w.call(http.MethodGet, path, nil, "Origin", ownOrigin,
				"Authorization", basic(w.client.ClientID, password), accountHeader, strconv.FormatInt(c.AccountID, 10))
			crossOrigin(t, "Basic on "+path, a, ownOrigin, false)
		}
		a := w.call(http.MethodPost, "/v1/auth/token/x", nil, "Origin", ownOrigin, "Authorization", basic(w.client.ClientID, password))
		crossOrigin(t, "redeem", a, ownOrigin, false)
	}
	a := w.call(http.MethodOptions, "/v1/auth/token/x", nil, "Origin", ownOrigin, "Access-Control-Request-Method", "POST")
	crossOrigin(t, "preflight of redeem", a, ownOrigin, false)
}
