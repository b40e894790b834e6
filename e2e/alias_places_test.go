package e2e_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/app"
)

// The alias together with a relay, and with other schemes.

func TestARelayLeadsToTheAlias(t *testing.T) {
	t.Parallel()
	w := start(t)
	at := w.withAlias()
	relay := w.relayed(redirecting(at.url, asItCame), false)
	b := at.browser()
	begun := b.get(wantHop(t, b.get(w.url+"/v1/auth/authorize?"+w.plainQuery()), w, at.url, w.plainQuery()))
	if got := redirectURIOf(t, begun); got != relay {
		t.Errorf("the redirect URI is %q, want the relay's %q", got, relay)
	}
	callback := b.get(b.get(begun.location()).location()).location()
	if !strings.HasPrefix(callback, at.url+"/v1/auth/callback?") {
		t.Fatalf("the relay leads to %q", callback)
	}
	at.redeemedAccount(b.get(callback).result(t))
}

func TestARelayThatLeadsToThePublicURLIsRefused(t *testing.T) {
	t.Parallel()
	w := start(t)
	at := w.withAlias()
	w.relayed(redirecting(w.url, asItCame), false)
	b := at.browser()
	callback := b.get(b.toRelay(nil)).location()
	wantShown(t, b.get(callback), http.StatusBadRequest, "state.browser")
	at.redeemedAccount(b.get(strings.Replace(callback, w.url, at.url, 1)).result(t))
}

func TestARelayThatIsChangedDuringASignIn(t *testing.T) {
	t.Parallel()
	w := start(t)
	at := w.withAlias()
	w.relayed(redirecting(at.url, asItCame), false)
	b := at.browser()
	callback := b.get(b.toRelay(nil)).location()
	w.setRelay("", false)
	at.redeemedAccount(b.get(callback).result(t))
}

// TestAnAliasOverHTTPS: the server speaks http behind a proxy that ends TLS, so that
// the registered origin alone says which cookie the browser gets.
func TestAnAliasOverHTTPS(t *testing.T) {
	t.Parallel()
	w := start(t)
	proxy := w.proxied("https", aliasHost, true)
	at := w.from(proxy.URL)
	w.setAlias(at.url)
	w.registeredAtProvider(at.url)
	b := at.browser()
	b.client.Transport = trusting(t, proxy)
	begun := b.get(wantHop(t, b.get(w.url+"/v1/auth/authorize?"+w.plainQuery()), w, at.url, w.plainQuery()))
	cookie := oneCookie(t, begun)
	if cookie.Name != "__Host-avain_browser" || !cookie.Secure {
		t.Errorf("the cookie is %s", cookie.Raw)
	}
	guardedCookie(t, cookie)
	back := b.leaveProvider(begun)
	stranger := at.browser()
	stranger.client.Transport = b.client.Transport
	// The name without the prefix could have been set by another host.
	wantShown(t, stranger.get(back, "Cookie", "avain_browser="+cookie.Value), http.StatusBadRequest, "state.browser")
	w.redeemedAccount(b.get(back).result(t))
}

func TestALoopbackAliasOfAnHTTPSServer(t *testing.T) {
	t.Parallel()
	listen := freeAddress(t)
	w := start(t, func(c *app.Config) { c.PublicURL, c.Listen = "https://avain.example", listen })
	alias := w.from("http://"+listen).proxied("http", aliasHost, true).URL
	at := w.from(alias)
	w.setAlias(alias)
	w.registeredAtProvider(alias)
	b := at.browser()
	hop := wantHop(t, b.get("http://"+listen+"/v1/auth/authorize?"+w.plainQuery(), "Host", "avain.example"), w, alias, w.plainQuery())
	begun := b.get(hop)
	if cookie := oneCookie(t, begun); cookie.Name != "avain_browser" || cookie.Secure {
		t.Errorf("the cookie is %s", cookie.Raw)
	}
	at.redeemedAccount(b.get(b.leaveProvider(begun)).result(t))
}

// The server itself listens at both hosts, without anything in front.
func TestOneListenerServesThePublicURLAndTheAlias(t *testing.T) {
	t.Parallel()
	_, port, err := net.SplitHostPort(freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	w := start(t, func(c *app.Config) { c.PublicURL, c.Listen = "http://127.0.0.1:"+port, "0.0.0.0:"+port })
	at := w.from("http://" + aliasHost + ":" + port)
	w.setAlias(at.url)
	w.registeredAtProvider(at.url)
	b := at.browser()
	hop := wantHop(t, b.get(w.url+"/v1/auth/authorize?"+w.plainQuery()), w, at.url, w.plainQuery())
	at.redeemedAccount(b.get(b.leaveProvider(b.get(hop))).result(t))
}

// trusting takes the certificate of a test server at any host.
func trusting(t *testing.T, server *httptest.Server) *http.Transport {
	t.Helper()
	transport, ok := server.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatalf("the server's client has a %T", server.Client().Transport)
	}
	transport = transport.Clone()
	transport.TLSClientConfig.ServerName = "example.com" // which httptest certifies
	return transport
}
