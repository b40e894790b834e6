package e2e_test

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/app"
)

// An application's alias: its sign-ins run at a host of its own, and authorize at any
// other host of ours leads there once.

func TestAuthorizeHopsToTheAliasOnce(t *testing.T) {
	t.Parallel()
	onEachEngine(t, authorizeHopsToTheAliasOnce)
}

func authorizeHopsToTheAliasOnce(t *testing.T, on func(*app.Config)) {
	w := start(t, on)
	at := w.withAlias()
	// Written as no library would: what parses and writes it anew is found out.
	raw := "clientId=" + w.client.ClientID + "&returnUrl=https:%2F%2fapp.example/connected&x=2&serviceType=google&x=1&&empty&=&state=a%2bb+c%20~%7e%27'" +
		"&scopes=Mail.Read&loginHint=ada%2Bauto%40sandbox.test"
	b := at.browser()
	hop := wantHop(t, b.get(w.url+"/v1/auth/authorize?"+raw), w, at.url, raw)
	if n := w.calledSoFar().Authorize; n != 0 {
		t.Errorf("the provider was called %d times on the way", n)
	}

	begun := b.get(hop)
	if got, want := redirectURIOf(t, begun), at.url+"/v1/auth/callback"; got != want {
		t.Errorf("the redirect URI is %q, want %q", got, want)
	}
	if cookie := oneCookie(t, begun); cookie.Name != "avain_browser" || cookie.Secure || w.openAttempts() != 1 {
		t.Errorf("the cookie is %s, %d attempts", cookie.Raw, w.openAttempts())
	}
	result := b.get(b.leaveProvider(begun)).result(t)
	if result.Get("state") != "a+b c ~~''" {
		t.Errorf("the state comes back as %q", result.Get("state"))
	}
	at.redeemedAccount(result)
	if n := w.calledSoFar().Code; n != 1 {
		t.Errorf("the provider saw %d codes", n)
	}
}

func TestAtTheAliasItselfNothingHops(t *testing.T) {
	t.Parallel()
	w := start(t)
	at := w.withAlias()
	b := at.browser()
	at.redeemedAccount(b.get(b.toCallback(nil)).result(t))
	// Nor once it has none.
	w.setAlias("")
	w.registeredAtProvider(w.url)
	plain := w.browser()
	w.redeemedAccount(plain.get(plain.toCallback(nil)).result(t))
}

func TestNothingHopsBeforeItIsProven(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.withAlias()
	b := w.browser()
	for code, changes := range map[string]url.Values{
		"client.unknown":     {"clientId": {strings.Repeat("0", 32)}},
		"parameter.missing":  {"clientId": nil},
		"returnurl.invalid":  {"returnUrl": {"https://evil.example/connected"}},
		"parameter.repeated": {"returnUrl": {returnURL, returnURL}},
	} {
		wantShown(t, b.authorize(changes), http.StatusBadRequest, code)
	}
	wantShown(t, b.get(w.url+"/v1/auth/authorize?"+w.plainQuery()+"&x=%zz"), http.StatusBadRequest, "parameter.invalid")
}

func TestErrorsComeFromTheAlias(t *testing.T) {
	t.Parallel()
	w := start(t)
	at := w.withAlias()
	b := at.browser()
	query := strings.Replace(w.plainQuery(), "Mail.Read", "x", 1)
	wantFailed(t, b.get(wantHop(t, b.get(w.url+"/v1/auth/authorize?"+query), w, at.url, query)), "scope.unknown")
	wantFailed(t, b.get(b.toCallback(url.Values{"loginHint": {"ada+deny@sandbox.test"}})), "access_denied")
}

func TestTheCallbackCountsAtTheAliasAlone(t *testing.T) {
	t.Parallel()
	w := start(t)
	at := w.withAlias()
	b := at.browser()
	back := b.toCallback(nil)
	elsewhere := strings.Replace(back, at.url, w.url, 1)
	wantShown(t, b.get(elsewhere), http.StatusBadRequest, "state.browser")
	if page := b.get(elsewhere, "Accept", asPage); !strings.Contains(page.body, "state.browser") || strings.Contains(page.body, "app.example") {
		t.Errorf("the page: %d %s", page.status, page.body)
	}
	if n := w.calledSoFar().Code; n != 0 {
		t.Errorf("the provider saw %d codes", n)
	}
	at.redeemedAccount(b.get(back).result(t))
}

func TestOnlyRegisteredHostsAreServed(t *testing.T) {
	t.Parallel()
	w := start(t)
	at := w.withAlias()
	_, port, err := net.SplitHostPort(hostOf(at.url))
	if err != nil {
		t.Fatal(err)
	}
	b := w.browser()
	for _, host := range []string{
		"evil.example", aliasHost, aliasHost + ":1", aliasHost + ".:" + port, "127.0.0.4:" + port, "user@" + hostOf(at.url),
		hostOf(at.url) + ".evil.example", "%", strings.Repeat("x", 4096),
	} {
		got := b.get(w.url+"/v1/auth/authorize?"+w.plainQuery(), "Host", host)
		if got.status == http.StatusBadRequest && got.header.Get("X-Request-Id") == "" {
			continue // net/http has refused it
		}
		wantShown(t, got, http.StatusMisdirectedRequest, "host.unknown")
		if got.header.Get("Set-Cookie") != "" {
			t.Errorf("%s gets a cookie", host)
		}
	}
	if got := b.get(w.url+"/v1/auth/authorize?"+w.plainQuery(), "X-Forwarded-Host", hostOf(at.url)); !strings.HasPrefix(got.location(), at.url) {
		t.Errorf("a forwarded host is believed: %d %s", got.status, got.location())
	}
}

func TestAProxyThatChangesHostGetsNoLoop(t *testing.T) {
	t.Parallel()
	w := start(t)
	alias := w.proxied("http", aliasHost, false).URL
	w.setAlias(alias)
	b := w.browser()
	hop := wantHop(t, b.authorize(nil), w, alias, w.plainQuery())
	got := b.get(hop)
	wantShown(t, got, http.StatusMisdirectedRequest, "host.rewritten")
	if got.header.Get("Set-Cookie") != "" || w.openAttempts() != 0 {
		t.Errorf("cookie %q, %d attempts", got.header.Get("Set-Cookie"), w.openAttempts())
	}
	page := b.get(hop, "Accept", asPage)
	for _, want := range []string{"host.rewritten", "Host header", alias, hostOf(w.url), "E2E"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page does not tell %s: %d %s", want, page.status, page.body)
		}
	}
}

func TestApplicationsShareAnAlias(t *testing.T) {
	t.Parallel()
	w := start(t)
	at := w.withAlias()
	sharing := w.asApplication(account.Settings{Alias: at.url})
	own := w.from(w.proxied("http", "127.0.0.4", true).URL)
	other, none := w.asApplication(account.Settings{Alias: own.url}), w.asApplication(account.Settings{})
	w.registeredAtProvider(w.url, at.url, own.url)
	begin := func(w *world) string { return "/v1/auth/authorize?" + w.plainQuery() }

	for _, one := range []*world{at, sharing.from(at.url)} {
		b := one.browser()
		one.redeemedAccount(b.follow(b.authorize(nil)).result(t))
	}
	// From host to host: to another alias, and to the public URL.
	b := own.browser()
	hop := wantHop(t, b.get(at.url+begin(other)), other, own.url, other.plainQuery())
	other.redeemedAccount(b.follow(b.get(hop)).result(t))
	b = w.browser()
	hop = wantHop(t, b.get(at.url+begin(none)), none, w.url, none.plainQuery())
	none.redeemedAccount(b.follow(b.get(hop)).result(t))
}

func TestAnAliasThatIsRemovedDuringASignIn(t *testing.T) {
	t.Parallel()
	w := start(t)
	at := w.withAlias()
	b := at.browser()
	back := b.toCallback(nil)
	w.setAlias("")
	wantShown(t, b.get(back), http.StatusMisdirectedRequest, "host.unknown")
	page := b.get(back, "Accept", asPage)
	if page.status != http.StatusMisdirectedRequest || !strings.Contains(page.body, "start again") || page.location() != "" {
		t.Errorf("the page: %d %s", page.status, page.body)
	}
	if n := w.calledSoFar().Code; n != 0 {
		t.Errorf("the provider saw %d codes", n)
	}
	// Where another application has it too, the host goes on, and so does the sign-in:
	// the exchange names the redirect URI that it began with.
	w.asApplication(account.Settings{Alias: at.url})
	w.registeredAtProvider(at.url)
	at.redeemedAccount(b.get(back).result(t))
}

func TestAnAliasThatComesDuringASignIn(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.browser()
	back := b.toCallback(nil)
	w.withAlias()
	w.redeemedAccount(b.get(back).result(t))
}

// The question is asked at the host where the browser is, whatever alias was set since.
func TestAnAliasThatComesBeforeTheQuestion(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.browser()
	back := b.toCallback(unticked("ada"))
	w.withAlias()
	q := b.asked(b.get(back))
	w.redeemedAccount(b.get(q.without).result(t))
}

func TestASecondRoundStaysAtTheAlias(t *testing.T) {
	t.Parallel()
	w := start(t)
	at := w.withAlias()
	b := at.browser()
	at.redeemedAccount(b.get(b.toCallback(nil)).result(t))
	// Google gives a refresh token once: the next account needs a forced consent.
	again := b.get(b.toCallback(url.Values{"recycle": {"false"}}))
	if got := redirectURIOf(t, again); got != at.url+"/v1/auth/callback" {
		t.Fatalf("the second round has the redirect URI %q: %d %s", got, again.status, again.location())
	}
	at.redeemedAccount(b.get(b.leaveProvider(again)).result(t))
}
