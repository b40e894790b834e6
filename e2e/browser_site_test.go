package e2e_test

import (
	"encoding/json"
	"html/template"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/demo"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/sandbox"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/testenv"
)

// The loopback hosts of the browser journeys. The ports of one host share their
// cookies, so each party has a host of its own: the server is 127.0.0.1, the
// providers are localhost.
const (
	applicationHost = 2 // 127.0.0.2
	onwardHost      = 4 // where the application's page leads on to
	relayHost       = 5
)

// onThreeHosts puts the demo's sample application on 127.0.0.2.
func onThreeHosts(t testing.TB) func(*demo.Config) {
	listen := testenv.Loopback(t, applicationHost)
	return func(c *demo.Config) { c.SampleListen = listen }
}

// site is a world on three hosts, with an application of the test's own, one
// service and one way through the flow.
type site struct {
	*world
	service, flow string // "Google", "code"
	application   string // where it answers
	home          string // where its sign-ins run: the server's URL, or its alias
	returnURL     string
	landed        string // where the browser is in the end: returnURL, or another host
	relay         string // the relay page's address; empty where there is none

	mu   sync.Mutex
	seen []*http.Request // what the application's servers got
}

func startSite(t testing.TB, service, flow string, changes ...func(*app.Config)) *site {
	t.Helper()
	w := idle(t, changes...)
	w.boxURL = strings.Replace(w.boxURL, "127.0.0.1", "localhost", 1)
	w.serve(changes...)
	s := &site{world: w, service: service, flow: flow, home: w.url}
	s.application = serveOn(t, applicationHost, s.pages())
	s.returnURL = s.application + "/connected"
	s.landed = s.returnURL
	created, password, err := w.ops.CreateApplication(t.Context(), operator.CreateApplication{
		Name: "E2E", ReturnURLs: []string{s.returnURL, s.application + "/onward"}, Settings: account.Settings{TokenMode: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.client, w.password = created, password.Reveal()
	s.register(w.url + "/v1/auth/callback")
	return s
}

// serveOn serves on a free port of a loopback host, until the test ends.
func serveOn(t testing.TB, number int, handler http.Handler) string {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", testenv.Loopback(t, number))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

// register makes the application a client of the service, which sends browsers
// to the callback.
func (s *site) register(callback string) {
	s.t.Helper()
	err := s.box.Register(s.service, sandbox.Client{ID: providerID, Secret: providerPass, Name: "E2E", RedirectURIs: []string{callback}})
	if err != nil {
		s.t.Fatal(err)
	}
	e := s.box.GoogleEndpoints(s.boxURL)
	switch s.service {
	case "Office365":
		e = s.box.Office365Endpoints(s.boxURL)
	case "Salesforce":
		e = s.box.SalesforceEndpoints(s.boxURL)
	}
	_, _, err = s.ops.SetRegistration(s.t.Context(), s.client.ClientID, operator.SetRegistration{
		ServiceType: s.service, ClientID: providerID, Secrets: []secret.Text{secret.New(providerPass)},
		Endpoints: &account.Endpoints{Authorize: e.Authorize, Token: e.Token, Revoke: e.Revoke, Userinfo: e.Userinfo, API: e.API, Issuer: e.Issuer},
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// overRelay puts docs/relay/index.html between the provider and us.
func (s *site) overRelay() {
	s.t.Helper()
	mux := http.NewServeMux()
	mux.Handle("GET /relay/{$}", servingPage(relayPage(s.t, s.url)))
	s.relay = serveOn(s.t, relayHost, mux) + "/relay/"
	s.register(s.relay)
	_, _, err := s.ops.SetRegistration(s.t.Context(), s.client.ClientID, operator.SetRegistration{
		ServiceType: s.service, ClientID: providerID, CallbackURL: &s.relay,
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// onwards makes the application redirect once more: its return URL answers with
// a redirect to a page of another host.
func (s *site) onwards() {
	s.t.Helper()
	s.returnURL = s.application + "/onward"
	s.landed = serveOn(s.t, onwardHost, s.pages()) + "/landed"
}

// pages are those of the application: the first one with the way to Avain, and
// those that take the browser back.
func (s *site) pages() http.Handler {
	page := template.Must(template.New("").Parse(`<!doctype html><html lang="en"><title>Application</title><link rel="icon" href="data:,"><h1>Application</h1>
{{- with .}}<p><a id="connect" href="{{.}}">Connect</a>{{else}}<p id="back">Back.{{end}}</p>`))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		_ = page.Execute(w, s.url+"/v1/auth/authorize?"+r.URL.RawQuery)
	})
	back := func(w http.ResponseWriter, _ *http.Request) { _ = page.Execute(w, "") }
	mux.HandleFunc("GET /connected", back)
	mux.HandleFunc("GET /landed", back)
	mux.HandleFunc("GET /onward", func(w http.ResponseWriter, r *http.Request) {
		to := s.landed
		if r.URL.RawQuery != "" {
			to += "?" + r.URL.RawQuery
		}
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusSeeOther)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.seen = append(s.seen, r)
		s.mu.Unlock()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		mux.ServeHTTP(w, r)
	})
}

// begin opens the application's page and goes to the provider from there.
// Changes are laid over the parameters of authorize.
func (s *site) begin(v *visitor, changes ...string) {
	v.t.Helper()
	ask := url.Values{
		"clientId": {s.client.ClientID}, "serviceType": {s.service}, "scopes": {"Mail.Read Calendar.Read"},
		"returnUrl": {s.returnURL}, "state": {"app-state"}, "responseType": {s.flow},
	}
	for i := 0; i+1 < len(changes); i += 2 {
		ask.Set(changes[i], changes[i+1])
	}
	v.open(s.application + "/?" + ask.Encode())
	v.clicks("#connect")
}

// answered waits until the browser is back at the application and returns what
// came along.
func (s *site) answered(v *visitor) url.Values {
	v.t.Helper()
	v.sees("#back")
	u, err := url.Parse(v.address())
	if err != nil {
		v.t.Fatal(err)
	}
	raw := u.RawQuery
	if s.flow == "token" {
		raw = u.EscapedFragment()
	}
	answer, err := url.ParseQuery(raw)
	if err != nil || !strings.HasPrefix(u.String(), s.landed+"?") && !strings.HasPrefix(u.String(), s.landed+"#") || answer.Get("state") != "app-state" {
		v.t.Fatalf("the browser ends at %s (%v)", u, err)
	}
	if s.flow == "token" && answer.Get("error") != u.Query().Get("error") {
		v.t.Errorf("the error is not in both parts of %s", u)
	}
	s.keptApart(v, u)
	return answer
}

// keptApart checks what no host may learn: a cookie of another one, the token by
// way of a request, the answer by way of a referrer.
func (s *site) keptApart(v *visitor, end *url.URL) {
	v.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.seen {
		if cookies := r.Cookies(); len(cookies) > 0 {
			v.t.Errorf("%s%s was sent the cookie %s", r.Host, r.URL.Path, cookies[0].Name)
		}
		if strings.Contains(r.RequestURI+r.Referer(), "accessToken") {
			v.t.Errorf("%s was sent the token: %s, referrer %s", r.Host, r.RequestURI, r.Referer())
		}
		if strings.Contains(r.Referer(), "code=") {
			v.t.Errorf("%s was told the code by the referrer %s", r.Host, r.Referer())
		}
	}
	for _, host := range []string{s.url, s.boxURL, s.application} {
		if len(v.addresses(host+"/")) == 0 {
			v.t.Errorf("the browser never was at %s; it ends at %s", host, end)
		}
	}
}

// connected checks a success and returns the account as the application gets it,
// by its code or by the token that came along.
func (s *site) connected(v *visitor, answer url.Values, email string) (held struct {
	ID          int64
	Email       string
	ServiceType string
	AuthScopes  []string
},
) {
	v.t.Helper()
	if answer.Get("status") != "success" {
		v.t.Fatalf("the sign-in ended with %v", answer)
	}
	token := answer.Get("accessToken")
	if s.flow == "code" {
		token = s.redeemedAccount(answer).AccessToken
	}
	got := s.call(http.MethodGet, "/v1/account", nil, "Authorization", "Bearer "+token)
	if err := json.Unmarshal([]byte(got.body), &held); err != nil || got.status != http.StatusOK {
		v.t.Fatalf("the account: %d %s", got.status, got.body)
	}
	slices.Sort(held.AuthScopes)
	if held.Email != email || held.ServiceType != s.service {
		v.t.Errorf("connected is %+v, want %s at %s", held, email, s.service)
	}
	return held
}

// failed checks that the application was told of an error and of nothing else.
func (s *site) failed(v *visitor, code string) {
	v.t.Helper()
	answer := s.answered(v)
	if answer.Get("status") != "error" || answer.Get("error") != code || answer.Has("code") || answer.Has("accessToken") {
		v.t.Errorf("the application gets %v, want the error %s", answer, code)
	}
	if held := s.heldAccounts(); len(held) != 0 {
		v.t.Errorf("%d accounts are left", len(held))
	}
}
