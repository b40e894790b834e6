package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/operator"
)

// The registration's intermediate callback: the provider sends the browser to a
// page on another host, and that page sends it on to us. docs/relay says what
// such a page may do.

func TestARelayHandsTheBrowserOn(t *testing.T) {
	t.Parallel()
	onEachService(t, aRelayHandsTheBrowserOn)
}

func aRelayHandsTheBrowserOn(t *testing.T, s service) {
	for name, handOn := range map[string]func(string) string{
		"all parameters as they came":     asItCame,
		"state, code and scope alone":     only("state", "code", "accounts-server", "scope"),
		"state and code alone":            only("state", "code", "accounts-server"), // the last is Zoho's
		"parsed and written anew":         func(raw string) string { return parsed(raw).Encode() },
		"every byte percent-encoded":      encodeEveryByte,
		"with a parameter of the relay's": func(raw string) string { return "relay=1&relay=2&" + raw },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startAt(t, s)
			w.relayed(redirecting(w.url, handOn), false)
			b := w.browser()
			callback := b.get(b.toRelay(nil)).location()
			if !strings.HasPrefix(callback, w.url+"/v1/auth/callback?") {
				t.Fatalf("the relay leads to %q", callback)
			}
			result := b.get(callback).result(t)
			if result.Get("state") != "app-state" {
				t.Errorf("the application's state comes back as %q", result.Get("state"))
			}
			w.redeemedAccount(result)
			if n := w.calledSoFar().Code; n != 1 {
				t.Errorf("the provider saw %d codes", n)
			}
		})
	}
}

func TestARelayThatSpoilsTheQuerySpendsNothing(t *testing.T) {
	t.Parallel()
	onEachService(t, aRelayThatSpoilsTheQuerySpendsNothing)
}

func aRelayThatSpoilsTheQuerySpendsNothing(t *testing.T, s service) {
	for name, c := range map[string]struct {
		handOn func(string) string
		code   string
	}{
		"drops state":        {only("code", "scope"), "state.missing"},
		"drops all":          {only(), "state.missing"},
		"doubles all":        {func(raw string) string { return raw + "&" + raw }, "parameter.repeated"},
		"doubles code":       {func(raw string) string { return raw + "&code=" + url.QueryEscape(parsed(raw).Get("code")) }, "parameter.repeated"},
		"doubles state":      {func(raw string) string { return raw + "&state=" + url.QueryEscape(parsed(raw).Get("state")) }, "parameter.repeated"},
		"puts its own state": {func(raw string) string { return "state=mine&" + raw }, "parameter.repeated"},
		"encodes the state":  {func(raw string) string { return encodeAgain(raw, "state") }, "state.unknown"},
		"cuts an escape":     {func(raw string) string { return raw + "&rest=%2" }, "parameter.invalid"},
		"escapes separators": {url.QueryEscape, "state.missing"},
		"escapes as in HTML": {func(raw string) string { return strings.ReplaceAll(raw, "&", "&amp;") }, "parameter.invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startAt(t, s)
			w.relayed(redirecting(w.url, c.handOn), false)
			b := w.browser()
			relay := b.toRelay(nil)
			callback := b.get(relay).location()
			wantShown(t, b.get(callback), http.StatusBadRequest, c.code)
			page := b.get(callback, "Accept", asPage)
			if page.status != http.StatusBadRequest || page.location() != "" || !strings.Contains(page.body, c.code) || strings.Contains(page.body, "app.example") {
				t.Errorf("the page: %d %s", page.status, page.body)
			}
			if n := w.calledSoFar().Code; n != 0 {
				t.Errorf("the provider saw %d codes", n)
			}
			// What the relay was given would still do, handed on as it came.
			w.redeemedAccount(b.get(w.url + "/v1/auth/callback?" + queryOf(t, relay)).result(t))
		})
	}
}

func TestARelayHandsOnARefusal(t *testing.T) {
	t.Parallel()
	onEachService(t, aRelayHandsOnARefusal)
}

func aRelayHandsOnARefusal(t *testing.T, s service) {
	denies := url.Values{"loginHint": {"ada+deny@sandbox.test"}}
	for name, c := range map[string]struct {
		handOn func(string) string
		code   string
	}{
		"all":                         {asItCame, "access_denied"},
		"state and error":             {only("state", "error"), "access_denied"},
		"state, code and scope alone": {only("state", "code", "scope"), "provider.malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startAt(t, s)
			w.relayed(redirecting(w.url, c.handOn), false)
			b := w.browser()
			wantFailed(t, b.get(b.get(b.toRelay(denies)).location()), c.code)
		})
	}
}

// A state that arrives with a code that is none ends the sign-in: the application is
// told, and can send the person again.
func TestARelayThatSpoilsTheCode(t *testing.T) {
	t.Parallel()
	onEachService(t, aRelayThatSpoilsTheCode)
}

func aRelayThatSpoilsTheCode(t *testing.T, s service) {
	w := startAt(t, s)
	for name, c := range map[string]struct {
		handOn func(string) string
		code   string
		sent   int // codes that the provider sees
	}{
		"drops it":         {only("state", "scope", "session_state", "iss"), "provider.malformed", 0},
		"encodes it again": {func(raw string) string { return encodeAgain(raw, "code") }, "provider.refused", 1},
		"cuts it":          {func(raw string) string { return strings.Replace(raw, "sandbox-", "", 1) }, "provider.refused", 1},
	} {
		w.relayed(redirecting(w.url, c.handOn), false)
		before, b := w.calls().Code, w.browser()
		relay := b.toRelay(nil)
		wantFailed(t, b.get(b.get(relay).location()), c.code)
		if n := w.calls().Code - before; n != c.sent {
			t.Errorf("%s: the provider saw %d codes", name, n)
		}
		untouched(t, w, nil)
		// The whole one comes too late.
		wantShown(t, b.get(w.url+"/v1/auth/callback?"+queryOf(t, relay)), http.StatusBadRequest, "state.used")
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

func TestARelayThatCallsByItself(t *testing.T) {
	t.Parallel()
	onEachService(t, aRelayThatCallsByItself)
}

func aRelayThatCallsByItself(t *testing.T, s service) {
	t.Run("is refused while bound", func(t *testing.T) {
		t.Parallel()
		w := startAt(t, s)
		w.relayed(w.fetching(), false)
		b := w.browser()
		relay := b.toRelay(nil)
		wantShown(t, b.get(relay), http.StatusBadRequest, "state.browser")
		if n := w.calledSoFar().Code; n != 0 {
			t.Errorf("the provider saw %d codes", n)
		}
		// The attempt is still open for the browser that began it.
		w.redeemedAccount(b.get(w.url + "/v1/auth/callback?" + queryOf(t, relay)).result(t))
	})
	t.Run("works with the binding off", func(t *testing.T) {
		t.Parallel()
		w := startAt(t, s)
		w.relayed(w.fetching(), true)
		b := w.browser()
		relay := b.toRelay(nil)
		w.redeemedAccount(b.get(relay).result(t))
		wantShown(t, b.get(relay), http.StatusBadRequest, "state.used")
	})
	t.Run("the switch is read when a sign-in begins", func(t *testing.T) {
		t.Parallel()
		w := startAt(t, s)
		address := w.relayed(w.fetching(), false)
		b := w.browser()
		relay := b.toRelay(nil)
		w.setRelay(address, true)
		wantShown(t, b.get(relay), http.StatusBadRequest, "state.browser")
	})
}

// relayed puts a relay between the provider and us, on a host of its own, and
// returns its address.
func (w *world) relayed(relay http.Handler, unbound bool) string {
	w.t.Helper()
	mux := http.NewServeMux()
	mux.Handle("GET /relay/{$}", relay)
	server := httptest.NewServer(mux)
	w.t.Cleanup(server.Close)
	// By name where we are a number: another site to a browser, not just another port.
	address := strings.Replace(server.URL, "127.0.0.1", "localhost", 1) + "/relay/"
	w.registerClient(providerPass, address) // and our own callback no more
	w.setRelay(address, unbound)
	return address
}

func (w *world) setRelay(address string, unbound bool) {
	w.t.Helper()
	w.setRegistration(func(in *operator.SetRegistration) { in.CallbackURL, in.UnboundBrowser = &address, &unbound })
}

// redirecting is a relay that answers with a redirect to our callback, with what
// it makes of the raw query.
func redirecting(avain string, handOn func(rawQuery string) string) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Location", avain+"/v1/auth/callback?"+handOn(r.URL.RawQuery))
		rw.WriteHeader(http.StatusFound)
	})
}

// fetching is a relay that calls the callback itself, without the browser's
// cookie, and gives the browser the answer.
func (w *world) fetching() http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		got := w.call(http.MethodGet, "/v1/auth/callback?"+r.URL.RawQuery, nil)
		if to := got.location(); to != "" {
			rw.Header().Set("Location", to)
		}
		rw.WriteHeader(got.status)
		_, _ = rw.Write([]byte(got.body))
	})
}

// toRelay goes as far as the provider and returns the relay's address, which is
// not called yet.
func (b *browser) toRelay(changes url.Values) string {
	b.w.t.Helper()
	relay := b.get(b.authorize(changes).location()).location()
	if !strings.HasPrefix(relay, "http://localhost:") || !strings.Contains(relay, "/relay/?") {
		b.w.t.Fatalf("the provider sends the browser to %q", relay)
	}
	return relay
}

func asItCame(raw string) string { return raw }

func only(names ...string) func(string) string {
	return func(raw string) string {
		kept, all := url.Values{}, parsed(raw)
		for _, name := range names {
			if all.Has(name) {
				kept.Set(name, all.Get(name))
			}
		}
		return kept.Encode()
	}
}

// parsed is a query of the sandbox's, which is always well-formed.
func parsed(raw string) url.Values {
	q, _ := url.ParseQuery(raw)
	return q
}

// encodeEveryByte writes names and values in the longest form that still means
// the same.
func encodeEveryByte(raw string) string {
	var parts []string
	for name, values := range parsed(raw) {
		parts = append(parts, everyByte(name)+"="+everyByte(values[0]))
	}
	return strings.Join(parts, "&")
}

func everyByte(text string) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for _, c := range []byte(text) {
		b.Write([]byte{'%', digits[c>>4], digits[c&15]})
	}
	return b.String()
}

// encodeAgain encodes one value once more than the provider did.
func encodeAgain(raw, name string) string {
	q := parsed(raw)
	q.Set(name, everyByte(q.Get(name)))
	return q.Encode()
}

func queryOf(t testing.TB, address string) string {
	t.Helper()
	_, raw, found := strings.Cut(address, "?")
	if !found {
		t.Fatalf("%q has no query", address)
	}
	return raw
}
