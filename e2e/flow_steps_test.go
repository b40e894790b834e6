package e2e_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/sandbox"
)

// The steps of the flow one by one, for tests that leave it half way.

// toCallback goes as far as the provider and returns the callback's address,
// which is not called yet.
func (b *browser) toCallback(changes url.Values) string {
	b.w.t.Helper()
	return b.leaveProvider(b.authorize(changes))
}

// leaveProvider takes a redirect to the provider and returns where the provider
// sends the browser.
func (b *browser) leaveProvider(a answer) string {
	b.w.t.Helper()
	if !strings.HasPrefix(a.location(), b.w.boxURL) {
		b.w.t.Fatalf("not on the way to the provider: %d %q %s", a.status, a.location(), a.body)
	}
	back := b.get(a.location()).location()
	if !strings.HasPrefix(back, b.w.url+"/v1/auth/callback?") {
		b.w.t.Fatalf("the provider sends the browser to %q", back)
	}
	return back
}

// withQuery lays parameters over those of an address; nil takes one away.
func withQuery(t testing.TB, address string, changes url.Values) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for name, values := range changes {
		if values == nil {
			q.Del(name)
			continue
		}
		q[name] = values
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// calledSoFar are the provider's counts.
func (w *world) calledSoFar() sandbox.Counts { return w.calls() }

// failAt makes one endpoint of the provider fail until cleared.
func (w *world) failAt(f sandbox.Fault) {
	w.t.Helper()
	w.faults(f)
}

// heldAccounts lists all accounts of all applications.
func (w *world) heldAccounts() []account.Account {
	w.t.Helper()
	list, _, err := w.ops.Accounts(w.t.Context(), operator.AccountFilter{})
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// asApplication is the same world, seen by one more application with the same
// registration at the provider.
func (w *world) asApplication(settings account.Settings) *world {
	w.t.Helper()
	created, password, err := w.ops.CreateApplication(w.t.Context(), operator.CreateApplication{
		Name: "Another", ReturnURLs: []string{returnURL}, Settings: settings,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	other := *w
	other.client, other.password = created, password.Reveal()
	other.registerProvider(created.ClientID)
	return &other
}

// redeemedAccount redeems what a sign-in ended with and returns the account.
func (w *world) redeemedAccount(result url.Values) connected {
	w.t.Helper()
	if result.Get("status") != "success" {
		w.t.Fatalf("the sign-in ended with %v", result)
	}
	return readConnected(w.t, w.redeem(result.Get("code")))
}

// wantFailed checks that an answer leads back to the application with that error,
// and with the state of the application.
func wantFailed(t testing.TB, a answer, code string) url.Values {
	t.Helper()
	result := a.result(t)
	if !strings.HasPrefix(a.location(), returnURL+"?") || a.status != http.StatusSeeOther {
		t.Errorf("answered %d and leads to %q", a.status, a.location())
	}
	if result.Get("status") != "error" || result.Get("error") != code || result.Get("details") == "" || result.Get("state") != "app-state" {
		t.Errorf("the application gets %v; want error=%s", result, code)
	}
	if result.Has("code") || result.Has("accessToken") {
		t.Errorf("a failure carries %v", result)
	}
	return result
}

// wantShown checks that an answer stays with us, as JSON with that status and
// code.
func wantShown(t testing.TB, a answer, status int, code string) {
	t.Helper()
	if a.status != status || a.code() != code || a.location() != "" {
		t.Errorf("answered %d %q, location %q, %s; want %d %s", a.status, a.code(), a.location(), a.body, status, code)
	}
}

var backLink = regexp.MustCompile(`<a id="back"[^>]* href="([^"]*)"`)

// wantPage checks that an answer is our page with that status and code, and returns
// where its link leads: back to the application, with what the link carries there.
func wantPage(t testing.TB, a answer, status int, code string) url.Values {
	t.Helper()
	link := backLink.FindStringSubmatch(a.body)
	if a.status != status || a.location() != "" || !strings.Contains(a.body, `<code id="code">`+code+`</code>`) || link == nil {
		t.Fatalf("answered %d, location %q, %s; want a page of %d %s with a way back", a.status, a.location(), a.body, status, code)
	}
	return answer{header: http.Header{"Location": {html.UnescapeString(link[1])}}}.result(t)
}
