package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/chromedp/cdproto/network"
)

// badRequest is what the browser notes when a page comes with status 400.
const badRequest = "the server responded with a status of 400"

// strangeReturnURL: nothing is redirected before the return URL is proven.
func strangeReturnURL(v *visitor) {
	v.forgive(badRequest)
	ask := v.demo.URL + "/v1/auth/authorize?" + url.Values{
		"clientId": {v.demo.ClientID}, "serviceType": {"Google"}, "returnUrl": {"https://evil.example/connected"},
	}.Encode()
	v.open(ask)
	v.errorPage("returnurl.invalid")
	if got := v.address(); got != ask {
		v.t.Errorf("the browser was led to %s", got)
	}
	v.reload()
	v.errorPage("returnurl.invalid")
	if v.counts("#back") != 0 {
		v.t.Error("the page offers a way to an address that is not proven")
	}
	v.proof("signin-returnurl")
}

// usedState repeats a callback that went well.
func usedState(v *visitor) {
	v.open(v.demo.URL)
	v.clicks("#connect-code")
	v.consents("ada")
	v.sees("#account")
	callbacks := v.addresses(v.demo.URL + "/v1/auth/callback")
	if len(callbacks) != 1 {
		v.t.Fatalf("the browser came back %d times: %q", len(callbacks), callbacks)
	}
	v.forgive(badRequest)
	v.open(callbacks[0])
	v.errorPage("state.used")
	v.picture("signin-error")

	// The application answers an error of a sign-in that it has finished long ago;
	// what counts is that the person is back there, and the account still is.
	v.clicks("#back")
	v.sees("#try-again")
	if got := v.address(); !strings.HasPrefix(got, v.demo.ApplicationURL+"/connected?") {
		v.t.Errorf("the way back leads to %s", got)
	}
	v.proof("back-in-the-sample")
	v.clicks("#try-again")
	v.sees("#account")
	v.account("ada@sandbox.test", "Ada Lovelace")
}

// strangeBrowser finishes in one browser what another has begun.
func strangeBrowser(mine, theirs *visitor) {
	mine.open(mine.demo.URL)
	mine.clicks("#connect-code")
	mine.sees("#allow")

	theirs.forgive(badRequest)
	theirs.open(mine.address())
	theirs.consents("bob")
	theirs.errorPage("state.browser")
	if theirs.counts("#back") != 0 {
		theirs.t.Error("a strange browser is offered a way into somebody's sign-in")
	}
	theirs.proof("signin-browser")

	// Nothing of it was lost for whoever began.
	mine.consents("ada")
	mine.sees("#account")
	mine.account("ada@sandbox.test", "Ada Lovelace")
}

// errorPage checks our own page for people: what went wrong, and below what
// somebody who helps needs.
func (v *visitor) errorPage(code string) {
	v.t.Helper()
	v.sees("#message")
	if got := v.reads("#code"); got != code {
		v.t.Errorf("the page's code is %q, want %q", got, code)
	}
	if v.reads("#message") == "" || v.reads("#next") == "" || v.reads("#request-id") == "" {
		v.t.Error("the page lacks what went wrong, what to do next or the request id")
	}
}

// framing puts every kind of page into a frame of another site. One page that
// may be framed shows that the test can tell.
func framing(v *visitor) {
	v.open(v.demo.URL)
	v.clicks("#connect-code")
	v.sees("#allow")
	consent := v.address()

	forbidden := []string{
		v.demo.ApplicationURL + "/", v.demo.ApplicationURL + "/connected-token", v.demo.SandboxURL + "/", consent,
		v.demo.URL + "/v1/auth/authorize", v.demo.URL + "/v1/auth/callback?state=unknown",
	}
	var allowed string
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if r.URL.Path != "/" {
			return // the plain page
		}
		_, _ = io.WriteString(w, `<!doctype html><link rel="icon" href="data:,">`)
		for _, address := range append(forbidden, allowed) {
			_, _ = fmt.Fprintf(w, "<iframe src=%q></iframe>", address)
		}
	}))
	v.t.Cleanup(site.Close)
	allowed = site.URL + "/plain"

	v.forgive("frame-ancestors")
	v.forgive("X-Frame-Options")
	v.forgive(badRequest)
	v.open(site.URL) // returns when the page and its frames have loaded or failed
	blocked := v.blocked()
	for _, address := range forbidden {
		if !blocked[address] {
			v.t.Errorf("%s can be framed", address)
		}
	}
	if blocked[allowed] || len(v.addresses(allowed)) != 1 {
		v.t.Error("the plain page was not framed, so the test proves nothing")
	}
}

// blocked holds the addresses that the browser loaded and then refused to show.
func (v *visitor) blocked() map[string]bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	addresses := map[network.RequestID]string{}
	for _, request := range v.opened {
		addresses[request.RequestID] = request.Request.URL
	}
	blocked := map[string]bool{}
	for _, failure := range v.failed {
		if failure.ErrorText == "net::ERR_BLOCKED_BY_RESPONSE" {
			blocked[addresses[failure.RequestID]] = true
		}
	}
	return blocked
}
