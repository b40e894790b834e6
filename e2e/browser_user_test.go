package e2e_test

import (
	"html/template"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/demo"
	"github.com/avain-project/avain/internal/operator"
)

// userHost is where an application answers that passes /v1/ on to the server, as sample
// hosting does: to the browser, both are one origin.
const userHost = 6

// userPage is that application: it shows who is logged in, and opens the sign-ins.
var userPage = template.Must(template.New("").Parse(`<!doctype html><html lang="en"><title>Application</title><link rel="icon" href="data:,">
<h1 id="user">?</h1><p id="heard">nothing</p>
<a id="login" href="/v1/auth/authorizeUser?{{.Query}}&accountRole=primary&loginHint=ada%2Bauto@sandbox.test&returnUrl={{.Back}}">Log in</a>
<a id="add" href="/v1/auth/authorizeUser?{{.Query}}&accountRole=secondary&loginHint=bob%2Bauto@sandbox.test&returnUrl={{.Back}}">Add</a>
<button id="window">Log in in a window</button> <button id="logout">Log out</button>
<script>
const ask = (path, method) => fetch("/v1/user" + path, {method, headers: {"X-Aurinko-Client-Id": "{{.ClientID}}"}});
const show = async () => {
  const user = await (await ask("", "GET")).json();
  const who = user.id ? user.accounts.map(a => a.userAccountType + " " + a.email).join(", ") : user.code;
  document.getElementById("user").textContent = document.getElementById("user").dataset.who = who;
};
addEventListener("message", (event) => {
  document.getElementById("heard").textContent = event.origin + " " + JSON.stringify(event.data);
  document.getElementById("heard").dataset.heard = "yes";
  show();
});
document.getElementById("window").onclick = () => open("/v1/auth/authorize?{{.Query}}&userAccount=primary&loginHint=ada%2Bauto@sandbox.test");
document.getElementById("logout").onclick = async () => { await ask("/logout", "POST"); show(); };
show();
</script></html>`))

// startUserSite is a site whose application passes /v1/ on.
func startUserSite(t *testing.T) (s *site, home string) {
	t.Helper()
	s = startSite(t, "Google", "code")
	server, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/v1/", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(server)
		r.Out.Host = r.In.Host
	}})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		back := url.QueryEscape("http://" + r.Host + "/")
		_ = userPage.Execute(w, map[string]any{
			"ClientID": s.client.ClientID, "Back": template.URL(back), //nolint:gosec // our own
			"Query": template.URL("clientId=" + s.client.ClientID + "&serviceType=Google&scopes=Mail.Read"), //nolint:gosec // our own
		})
	})
	home = serveOn(t, userHost, mux)
	_, err = s.ops.SetApplication(t.Context(), s.client.ClientID, operator.SetApplication{Alias: &home, ReturnURLs: &[]string{home + "/"}})
	if err != nil {
		t.Fatal(err)
	}
	s.registeredAtProvider(home)
	return s, home
}

// TestBrowserUser logs people in, in Chromium, at an application of the server's origin.
func TestBrowserUser(t *testing.T) {
	t.Parallel()
	browser := startChromium(t)
	s, home := startUserSite(t)
	notLoggedIn := "the server responded with a status of 401"
	t.Run("log in by cookie, add an account, log out", func(t *testing.T) {
		t.Parallel()
		v := newVisitor(t, browser, demo.Ready{})
		v.forgive(notLoggedIn)
		v.open(home + "/")
		v.shows("unauthorized")
		v.clicks("#login")
		v.shows("primary ada@sandbox.test")
		if got := v.address(); !strings.HasPrefix(got, home+"/?status=success") {
			t.Errorf("the browser is at %s", got)
		}
		v.clicks("#add")
		v.shows("primary ada@sandbox.test, secondary bob@sandbox.test")
		v.clicks("#logout")
		v.shows("unauthorized")
	})
	t.Run("log in in a window", func(t *testing.T) {
		t.Parallel()
		v := newVisitor(t, browser, demo.Ready{})
		v.forgive(notLoggedIn)
		v.open(home + "/")
		v.shows("unauthorized")
		v.clicks("#window")
		v.sees("#heard[data-heard=yes]")
		if got := v.reads("#heard"); got != home+` {"type":"avain:done"}` {
			t.Errorf("the window said %s", got)
		}
		v.shows("primary ada@sandbox.test")
	})
	t.Run("a window without an opener", func(t *testing.T) {
		t.Parallel()
		v := newVisitor(t, browser, demo.Ready{})
		v.forgive("Scripts may close only the windows that were opened by them")
		v.open(home + "/v1/auth/authorizeUser?accountRole=primary&clientId=" + s.client.ClientID + "&serviceType=Google&scopes=Mail.Read&loginHint=ada%2Bauto@sandbox.test")
		v.sees("#end")
		if got := v.reads("#next"); got != "You can close this window and go on in E2E." {
			t.Errorf("the page says %q", got)
		}
		if got := v.address(); got != home+"/v1/auth/done?clientId="+s.client.ClientID {
			t.Errorf("the browser is at %s", got)
		}
	})
}

// shows waits until the page says who is logged in.
func (v *visitor) shows(who string) {
	v.t.Helper()
	v.sees(`#user[data-who^="` + who + `"]`)
}
