package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/sandbox"
)

func TestTheThreadAtSalesforce(t *testing.T) {
	t.Parallel()
	w := startAt(t, force())
	b := w.browser()
	first := b.authorize(url.Values{"scopes": nil})
	to, err := url.Parse(first.location())
	if err != nil || to.Path != "/salesforce/services/oauth2/authorize" {
		t.Fatalf("authorize leads to %q", first.location())
	}
	q := to.Query()
	if q.Get("scope") != "api refresh_token openid" || q.Get("code_challenge_method") != "S256" || q.Get("redirect_uri") != w.url+"/v1/auth/callback" {
		t.Errorf("Salesforce gets %v", q)
	}
	c := w.redeemedAccount(b.follow(first).result(t))
	who := w.accountOf(c)
	org := strings.TrimPrefix(sandbox.SalesforceInstance("ada"), "/salesforce/instance/")
	for field, want := range map[string]any{
		"serviceType": "Salesforce", "email": "ada@sandbox.test", "name": "Ada Lovelace", "tokenStatus": "active", "authOrgId": org,
	} {
		if who[field] != want {
			t.Errorf("%s is %v, want %v", field, who[field], want)
		}
	}
	if subject, _ := who["authUserId"].(string); !strings.HasPrefix(subject, org+"/005") {
		t.Errorf("authUserId %v", who["authUserId"])
	}
	// Nobody says how long the token lives, so an hour is taken.
	if got, want := who["authExpiresAt"], w.clock.Now().Add(time.Hour).UTC().Format(time.RFC3339); got != want {
		t.Errorf("authExpiresAt %v, want %s", got, want)
	}

	// A path is relative to the org's instance.
	people := "/v1/direct/services/data/v60.0/query?q=SELECT+Name,Email+FROM+Contact+LIMIT+2"
	if got := w.as(c, http.MethodGet, people); got.status != http.StatusOK || !strings.Contains(got.body, `"totalSize":2`) {
		t.Errorf("contacts: %d %s", got.status, got.body)
	}
	if got := w.as(c, http.MethodGet, "/v1/direct/services/data/v60.0/query?q=nonsense"); got.status != http.StatusBadRequest || !strings.Contains(got.body, "MALFORMED_QUERY") {
		t.Errorf("nonsense: %d %s", got.status, got.body)
	}
	// Bob's org has an instance of its own.
	bob := w.connect(url.Values{"loginHint": {"bob+auto@sandbox.test"}})
	if got := w.as(bob, http.MethodGet, "/v1/direct/echo/x"); !strings.Contains(got.body, sandbox.SalesforceInstance("bob")+"/echo/x") {
		t.Errorf("Bob's calls go elsewhere: %s", got.body)
	}

	// INVALID_SESSION_ID is answered by one refresh, and then shown.
	w.box.Expire()
	before := w.calls().Refresh
	if got := w.as(c, http.MethodGet, people); got.status != http.StatusOK || w.calls().Refresh != before+1 {
		t.Errorf("after the session's end: %d %s, %d refreshes", got.status, got.body, w.calls().Refresh-before)
	}
	w.faults(sandbox.Fault{Endpoint: "api", Kind: "status", Status: http.StatusUnauthorized})
	if got := w.as(c, http.MethodGet, people); got.status != http.StatusUnauthorized || !strings.Contains(got.body, "INVALID_SESSION_ID") || w.calls().Refresh != before+2 {
		t.Errorf("a token that the instance never takes: %d %s, %d refreshes", got.status, got.body, w.calls().Refresh-before)
	}
	w.faults()
	if got := w.call(http.MethodGet, "/v1/account?pingProvider=true", nil, "Authorization", c.bearer()); got.status != http.StatusOK || !strings.Contains(got.body, `"tokenStatus":"active"`) {
		t.Errorf("ping: %d %s", got.status, got.body)
	}
}

// What Avain unifies is not there: asked for, it is not granted, and nobody is asked.
func TestSalesforceHasNoUnifiedScopes(t *testing.T) {
	t.Parallel()
	w := startAt(t, force())
	q := w.asked(url.Values{"scopes": {"Mail.Read Contacts.Read"}, "nativeScopes": {"chatter_api offline_access"}})
	if got := q.Get("scope"); got != "api refresh_token openid chatter_api offline_access" {
		t.Errorf("Salesforce is asked for %q", got)
	}
	c := w.connect(url.Values{"scopes": {"Mail.Read"}, "nativeScopes": {"chatter_api offline_access"}})
	who := w.accountOf(c)
	if len(words(who["authScopes"])) != 0 || strings.Join(words(who["authNativeScopes"]), " ") != "api refresh_token openid chatter_api" {
		t.Errorf("granted %v, %v", who["authScopes"], who["authNativeScopes"])
	}
}

// An org that has not installed the app needs its administrator, who gets steps.
func TestAnOrgWithoutTheApp(t *testing.T) {
	t.Parallel()
	w := startAt(t, force())
	b := w.browser()
	page := b.get(b.needsAdmin(), "Accept", asPage)
	result := wantPage(t, page, http.StatusForbidden, "provider.admin")
	if result.Get("error") != "provider.admin" || !strings.Contains(result.Get("details"), "not installed") {
		t.Errorf("the way back carries %v", result)
	}
	if !strings.Contains(page.body, `<ol id="admin-steps"><li>In Salesforce, open Setup`) || !strings.Contains(page.body, "Connected Apps OAuth Usage") {
		t.Errorf("the page says %s", page.body)
	}
	mail := page.links()["admin-mail"]
	if to, err := url.Parse(mail); err != nil || !strings.Contains(to.Query().Get("body"), "1. In Salesforce, open Setup") || page.links()["admin-open"] != "" {
		t.Errorf("the links are %v", page.links())
	}

	// The same code with another text is a wrong client, which is nobody's administrator's affair.
	for told, steps := range map[string]bool{"app must be installed into org": true, "invalid client credentials": false} {
		back := b.toCallback(nil)
		w.failAt(sandbox.Fault{Endpoint: "code", Kind: "error", Error: "invalid_client", Description: told})
		got := b.get(back, "Accept", asPage)
		w.faults()
		if strings.Contains(got.body, "admin-steps") != steps {
			t.Errorf("%s: %d %s", told, got.status, got.body)
		}
	}
	w.connect(nil) // once it is installed
}

// strangeInstance puts a proxy before the token endpoint that names another instance in
// its answers: named, unless that is "".
func strangeInstance(t *testing.T, w *world) (named *atomic.Pointer[string]) {
	t.Helper()
	named = &atomic.Pointer[string]{}
	box, err := url.Parse(w.boxURL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(box) },
		ModifyResponse: func(res *http.Response) error {
			to := named.Load()
			if to == nil || *to == "" || res.StatusCode != http.StatusOK {
				return nil
			}
			var answer map[string]any
			if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
				return err
			}
			answer["instance_url"] = *to
			changed, err := json.Marshal(answer)
			res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(changed)), int64(len(changed))
			res.Header.Del("Content-Length")
			return err
		},
	}
	before := httptest.NewServer(proxy)
	t.Cleanup(before.Close)
	e := w.endpoints()
	token := strings.Replace(e.Token, w.boxURL, before.URL, 1)
	w.setRegistration(func(in *operator.SetRegistration) {
		in.Endpoints = &account.Endpoints{Authorize: e.Authorize, Token: token, Revoke: e.Revoke}
	})
	return named
}

// A stranger gets nothing, whoever names it: neither a token nor a call.
func TestAStrangersInstanceGetsNothing(t *testing.T) {
	t.Parallel()
	w := startAt(t, force())
	named := strangeInstance(t, w)
	var called atomic.Int64
	stranger := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called.Add(1) }))
	t.Cleanup(stranger.Close)

	w.connect(nil) // through the proxy, unchanged
	before := w.heldAccounts()
	w.clock.advance(time.Second)
	b := w.browser()
	for _, to := range []string{
		stranger.URL, strings.Replace(stranger.URL, "http://", "http://acme.my.salesforce.com@", 1), stranger.URL + "#.my.salesforce.com",
		"https://acme.my.salesforce.com.evil.example", "https://acme-my.salesforce.com", "https://login.salesforce.com", "http://acme.my.salesforce.com",
		w.boxURL + "?x=", strings.Replace(w.boxURL, "http://", "https://", 1),
	} {
		named.Store(&to)
		result := wantFailed(t, b.follow(b.authorize(nil)), "provider.host")
		if strings.Contains(result.Get("details"), "evil") || strings.Contains(result.Get("details"), stranger.URL) {
			t.Errorf("the details repeat the address: %s", result.Get("details"))
		}
		untouched(t, w, before)
	}

	// In the answer to a refresh it is dropped: the account lives on where it was.
	none := ""
	named.Store(&none)
	c := w.connect(nil)
	for range 2 {
		w.box.Expire()
		named.Store(&stranger.URL)
		if got := w.as(c, http.MethodGet, "/v1/direct/echo/x"); got.status != http.StatusOK || !strings.Contains(got.body, sandbox.SalesforceInstance("ada")+"/echo/x") {
			t.Errorf("after a refresh: %d %s", got.status, got.body)
		}
	}
	if n := called.Load(); n != 0 {
		t.Errorf("the stranger was called %d times", n)
	}

	// What was believed is asked for again at each call: the stand-in's origin leaves the registration.
	w.setRegistration(func(in *operator.SetRegistration) { in.Endpoints = &account.Endpoints{} })
	if got := w.as(c, http.MethodGet, "/v1/direct/echo/x"); got.status == http.StatusOK || got.code() != "provider.host" {
		t.Errorf("at an instance that is not believed any more: %d %s", got.status, got.body)
	}
}

// An org that moves takes its accounts along at the next refresh.
func TestAnOrgThatMoves(t *testing.T) {
	t.Parallel()
	w := startAt(t, force())
	named := strangeInstance(t, w)
	c := w.connect(nil)
	elsewhere := w.boxURL + "/salesforce/instance/00Dmoved"
	named.Store(&elsewhere)
	w.box.Expire()
	// This call goes to the old instance, whose refusal brings the new one.
	if got := w.as(c, http.MethodGet, "/v1/direct/echo/x"); got.status != http.StatusOK {
		t.Errorf("the old instance answers %d %s", got.status, got.body)
	}
	before := w.calls().API
	if got := w.as(c, http.MethodGet, "/v1/direct/echo/x"); got.status != http.StatusUnauthorized || w.calls().API == before {
		t.Errorf("the new one, which knows nobody, answers %d %s", got.status, got.body)
	}
	none := ""
	named.Store(&none)
	w.clock.advance(time.Hour) // the next refresh is due
	if got := w.as(c, http.MethodGet, "/v1/direct/echo/x"); got.status != http.StatusOK || w.status(c) != "active" {
		t.Errorf("back again: %d %s", got.status, got.body)
	}
}

// Only hosts of Salesforce can be named to sign in at.
func TestATenantOfSalesforce(t *testing.T) {
	t.Parallel()
	w := startAt(t, force())
	set := func(tenant string) error {
		_, _, err := w.ops.SetRegistration(t.Context(), w.client.ClientID, operator.SetRegistration{
			ServiceType: "Salesforce", ClientID: providerID, Tenant: &tenant, Endpoints: &account.Endpoints{},
		})
		return err
	}
	for tenant, host := range map[string]string{
		"": "login.salesforce.com", "sandbox": "test.salesforce.com", "Acme--UAT.sandbox.my.salesforce.com": "acme--uat.sandbox.my.salesforce.com",
	} {
		if err := set(tenant); err != nil {
			t.Fatal(err)
		}
		to := w.browser().authorize(nil).location()
		if !strings.HasPrefix(to, "https://"+host+"/services/oauth2/authorize?") {
			t.Errorf("the tenant %q signs in at %s", tenant, to)
		}
	}
	for _, tenant := range []string{"evil.example", "acme.my.salesforce.com.evil.example", "acme-my.salesforce.com", "acme.my.salesforce.com:8443", "help.salesforce.com", "common"} {
		if set(tenant) == nil {
			t.Errorf("people sign in at %s", tenant)
		}
	}
}
