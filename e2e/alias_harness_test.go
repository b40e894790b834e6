package e2e_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/sandbox"
)

// aliasHost is an address of this machine besides the server's, so that browsers tell
// their cookies apart.
const aliasHost = "127.0.0.3"

// proxied is a proxy in front of the server at another host. With keepsHost it is what
// the docs ask of one, and the same as a DNS alias of the server's host.
func (w *world) proxied(scheme, host string, keepsHost bool) *httptest.Server {
	w.t.Helper()
	listens, err := url.Parse(w.url)
	if err != nil {
		w.t.Fatal(err)
	}
	var config net.ListenConfig
	listener, err := config.Listen(w.t.Context(), "tcp", host+":0")
	if err != nil {
		w.t.Fatal(err)
	}
	proxy := &httptest.Server{Listener: listener, Config: &http.Server{ReadHeaderTimeout: time.Minute, Handler: &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(listens)
			if keepsHost {
				r.Out.Host = r.In.Host
			}
		},
	}}}
	if scheme == "https" {
		proxy.StartTLS()
	} else {
		proxy.Start()
	}
	w.t.Cleanup(proxy.Close)
	return proxy
}

// withAlias gives the world's application an alias at a host of its own, which is also
// the only one that the provider sends browsers to, and returns the world as it looks
// from there.
func (w *world) withAlias() *world {
	w.t.Helper()
	at := w.from(w.proxied("http", aliasHost, true).URL)
	w.setAlias(at.url)
	w.registeredAtProvider(at.url)
	return at
}

// from is the same world for browsers that are at another address of the server.
func (w *world) from(origin string) *world {
	at := *w
	at.url = origin
	return &at
}

func (w *world) setAlias(alias string) {
	w.t.Helper()
	if _, err := w.ops.SetApplication(w.t.Context(), w.client.ClientID, operator.SetApplication{Alias: &alias}); err != nil {
		w.t.Fatal(err)
	}
}

// registeredAtProvider makes the callbacks at those origins the only redirect URIs.
func (w *world) registeredAtProvider(origins ...string) {
	w.t.Helper()
	var uris []string
	for _, origin := range origins {
		uris = append(uris, origin+"/v1/auth/callback")
	}
	if err := w.box.Register("Google", sandbox.Client{ID: providerID, Secret: providerPass, Name: "E2E", RedirectURIs: uris}); err != nil {
		w.t.Fatal(err)
	}
}

// openAttempts counts those of the world's application.
func (w *world) openAttempts() int {
	w.t.Helper()
	n, err := w.app.Store().OpenAttempts(w.t.Context(), w.client.ID, w.clock.Now(), 100)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// wantHop checks that authorize sends the browser to another host of ours with the
// query that was asked, has made nothing, and returns the address.
func wantHop(t testing.TB, a answer, w *world, origin, rawQuery string) string {
	t.Helper()
	if want := origin + "/v1/auth/authorize?" + rawQuery + "&avainHop=1"; a.status != http.StatusSeeOther || a.location() != want {
		t.Fatalf("answered %d %s and leads to\n%s, want\n%s", a.status, a.body, a.location(), want)
	}
	if a.header.Get("Set-Cookie") != "" || w.openAttempts() != 0 {
		t.Errorf("on the way: cookie %q, %d attempts", a.header.Get("Set-Cookie"), w.openAttempts())
	}
	return a.location()
}

// redirectURIOf is what a redirect to the provider names.
func redirectURIOf(t testing.TB, a answer) string {
	t.Helper()
	u, err := url.Parse(a.location())
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("redirect_uri")
}

// plainQuery is a whole authorize query.
func (w *world) plainQuery() string {
	return url.Values{
		"clientId": {w.client.ClientID}, "serviceType": {"Google"}, "scopes": {"Mail.Read"}, "returnUrl": {returnURL},
		"state": {"app-state"}, "loginHint": {ada},
	}.Encode()
}

func hostOf(origin string) string {
	_, host, _ := strings.Cut(origin, "://")
	return host
}
