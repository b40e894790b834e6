package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/sandbox"
	"github.com/avain-project/avain/internal/secret"
)

// attacker is a server that counts who comes.
func attacker(t *testing.T) (string, *atomic.Int32) {
	t.Helper()
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"access_token":"theirs","refresh_token":"theirs","token_type":"Bearer","ZUID":1,"Email":"eve@attacker.example"}`))
	}))
	t.Cleanup(server.Close)
	return server.URL, &calls
}

func TestACallbackThatNamesAnAttackersServer(t *testing.T) {
	t.Parallel()
	w := startAt(t, zoho())
	evil, calls := attacker(t)
	for _, named := range []string{
		evil, evil + "/zoho/eu", "https://accounts.zoho.attacker.example", "https://accounts.zoho.eu@127.0.0.1", w.boxURL + "@127.0.0.1", "%", "//x", "https://accounts.zoho.eu/../x",
	} {
		b := w.browser()
		back := changed(t, b.toCallback(nil), "accounts-server", named)
		before := w.calls().Code
		got := wantFailed(t, b.get(back), "provider.host")
		if calls.Load() != 0 || w.calls().Code != before || len(w.heldAccounts()) != 0 {
			t.Errorf("%q: %d calls there, %d here, %d accounts", named, calls.Load(), w.calls().Code-before, len(w.heldAccounts()))
		}
		if d := got.Get("details"); strings.Contains(d, "127.0.0.1") || strings.Contains(d, "attacker") {
			t.Errorf("the details repeat the address: %s", d)
		}
	}
	w.connect(nil)
}

// changed is the address with one parameter replaced.
func changed(t *testing.T, address, name, value string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// The wrong centre of Zoho's own gets no code to work with, and spends nothing.
func TestACallbackThatNamesAnotherCentre(t *testing.T) {
	t.Parallel()
	w := startAt(t, zoho())
	b := w.browser()
	wantFailed(t, b.get(changed(t, b.toCallback(nil), "accounts-server", w.boxURL+"/zoho/in")), "provider.refused")
	if n := len(w.heldAccounts()); n != 0 {
		t.Errorf("%d accounts", n)
	}
}

// What answers to refreshes name is checked as well: the token is kept, the stranger
// gets none.
func TestARefreshThatNamesAStrangersAPI(t *testing.T) {
	t.Parallel()
	w := startAt(t, zoho())
	evil, calls := attacker(t)
	c := w.connect(nil)
	var refreshed atomic.Int32
	box := w.boxURL
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		refreshed.Add(1)
		answer := w.forwarded(r, box+"/zoho/eu/oauth/v2/token")
		out.Header().Set("Content-Type", "application/json")
		_, _ = out.Write([]byte(strings.ReplaceAll(answer, box+"/zoho/eu/www", evil)))
	}))
	t.Cleanup(server.Close)
	w.setRegistration(func(in *operator.SetRegistration) {
		e := w.endpoints()
		e.Token = server.URL
		in.Endpoints = &e
	})
	w.box.Expire()
	got := w.as(c, http.MethodGet, zoho().direct())
	if got.status != http.StatusOK || refreshed.Load() != 1 || calls.Load() != 0 {
		t.Errorf("%d %s after %d refreshes, %d calls to the stranger", got.status, got.body, refreshed.Load(), calls.Load())
	}
}

// forwarded is what the address answers to the request's form.
func (w *world) forwarded(r *http.Request, address string) string {
	_ = r.ParseForm()
	res, err := http.PostForm(address, r.PostForm)
	if err != nil {
		w.t.Error(err)
		return ""
	}
	defer func() { _ = res.Body.Close() }()
	var b strings.Builder
	_ = res.Write(&b)
	_, body, _ := strings.Cut(b.String(), "\r\n\r\n")
	return body
}

// Each centre has its secret; a wrong one is the registration's fault and marks no
// account.
func TestSecretsOfZohosCentres(t *testing.T) {
	t.Parallel()
	w := startAt(t, zoho())
	err := w.box.Register("Zoho", sandbox.Client{
		ID: providerID, Secret: providerPass, Name: "E2E", RedirectURIs: []string{w.url + "/v1/auth/callback"},
		CentreSecrets: map[string]string{"eu": "pass-of-eu", "in": "pass-of-in"},
	})
	if err != nil {
		t.Fatal(err)
	}
	set := func(centre, bare string) {
		w.setRegistration(func(in *operator.SetRegistration) {
			in.CentreSecrets = map[string][]secret.Text{centre: {secret.New(bare)}}
		})
	}
	fails := func(hint string) {
		t.Helper()
		b := w.browser()
		wantFailed(t, b.follow(b.authorize(hinted(hint))), "provider.config")
	}
	fails(ada)
	set("eu", "pass-of-eu")
	c := w.connect(nil)
	fails(bob)
	set("in", "pass-of-eu")
	fails(bob)
	set("in", "pass-of-in")
	w.connect(hinted(bob))

	set("eu", "pass-of-in")
	w.box.Expire()
	if got := w.as(c, http.MethodGet, zoho().direct()); got.code() != "provider.config" || w.status(c) != "active" {
		t.Errorf("a refresh with the wrong secret: %d %s, %s", got.status, got.body, w.status(c))
	}
	set("eu", "pass-of-eu")
	if got := w.as(c, http.MethodGet, zoho().direct()); got.status != http.StatusOK {
		t.Errorf("with the right one again: %d %s", got.status, got.body)
	}
	noneIn(t, w.log.String(), []string{"pass-of-eu", "pass-of-in", providerPass})
}

// What a refusal of the refresh, most with status 200, does to the account.
func TestZohoRefusesARefresh(t *testing.T) {
	t.Parallel()
	w := startAt(t, zoho())
	c := w.connect(nil)
	for _, test := range []struct {
		word   string
		code   string
		status account.TokenStatus
	}{
		{"invalid_client", "provider.config", account.TokenActive},
		{"general_error", "provider.unavailable", account.TokenActive},
		{"never_heard_of", "provider.unavailable", account.TokenActive},
		{"", "", account.TokenActive},
		{"invalid_code", "token.dead", account.TokenDead},
	} {
		w.clock.advance(2 * time.Minute)
		w.box.Expire()
		w.faults()
		if test.word != "" {
			w.faults(sandbox.Fault{Endpoint: "refresh", Kind: "error", Error: test.word, Status: http.StatusOK})
		}
		got := w.as(c, http.MethodGet, zoho().direct())
		if got.code() != test.code || test.code == "" && got.status != http.StatusOK {
			t.Errorf("%s: %d %s", test.word, got.status, got.body)
		}
		if held := w.heldAccounts(); held[0].TokenStatus != test.status {
			t.Errorf("%s: the account is %s, want %s", test.word, held[0].TokenStatus, test.status)
		}
	}
}

// Ten access tokens in ten minutes, and then Zoho is left alone for as long.
func TestZohosLimitIsRespected(t *testing.T) {
	t.Parallel()
	w := startAt(t, zoho())
	c := w.connect(nil)
	for i := range 10 {
		w.box.Expire()
		if got := w.as(c, http.MethodGet, zoho().direct()); got.status != http.StatusOK {
			t.Fatalf("refresh %d: %d %s", i+1, got.status, got.body)
		}
	}
	w.box.Expire()
	for range 5 {
		got := w.as(c, http.MethodGet, zoho().direct())
		if got.status != http.StatusTooManyRequests || got.code() != "provider.limited" || got.header.Get("Retry-After") != "600" {
			t.Errorf("beyond the limit: %d %s, Retry-After %s", got.status, got.body, got.header.Get("Retry-After"))
		}
	}
	if n := w.calls().Refresh; n != 11 || w.status(c) != "active" {
		t.Errorf("Zoho saw %d refreshes; the account is %s", n, w.status(c))
	}
	w.clock.advance(10*time.Minute + time.Second)
	if got := w.as(c, http.MethodGet, zoho().direct()); got.status != http.StatusOK {
		t.Errorf("ten minutes later: %d %s", got.status, got.body)
	}
}

// A call that lacks its scope is answered 401 by Zoho: it must not use up the
// refreshes, however often it comes.
func TestAMissingScopeDoesNotUseUpTheRefreshes(t *testing.T) {
	t.Parallel()
	w := startAt(t, zoho())
	c := w.connect(nil)
	for range 30 {
		if got := w.as(c, http.MethodGet, "/v1/direct/api/v1/calendars"); got.status != http.StatusUnauthorized || !strings.Contains(got.body, "INVALID_OAUTHSCOPE") {
			t.Fatalf("%d %s", got.status, got.body)
		}
		w.clock.advance(20 * time.Second)
	}
	if n := w.calls().Refresh; n > 10 {
		t.Errorf("%d refreshes in ten minutes", n)
	}
}
