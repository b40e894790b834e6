package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/sandbox"
)

// startHub is a world at HubSpot that asks for what it is told to: no scope is
// translated.
func startHub(t *testing.T) *world {
	t.Helper()
	s := hubspot()
	s.instead = nil
	return startAt(t, s)
}

// inHub are the parameters of a sign-in, with name, value pairs laid over.
func inHub(pairs ...string) url.Values {
	q := url.Values{"scopes": {"Contacts.Read"}}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return q
}

// fails makes one endpoint of HubSpot refuse in its words; "" ends that.
func (w *world) fails(endpoint sandbox.Endpoint, code, description string) {
	w.t.Helper()
	if code == "" {
		w.faults()
		return
	}
	w.faults(sandbox.Fault{Endpoint: endpoint, Kind: "error", Error: code, Description: description})
}

func TestHubSpotThread(t *testing.T) {
	t.Parallel()
	w := startHub(t)
	q := w.asked(inHub("scopes", "Contacts.ReadWrite", "nativeScopes", "tickets"))
	if q.Get("scope") != "oauth" || q.Get("optional_scope") != "crm.objects.contacts.read crm.objects.contacts.write tickets" {
		t.Errorf("scope %q, optional_scope %q", q.Get("scope"), q.Get("optional_scope"))
	}
	c := w.connect(inHub())
	hub, user := w.box.HubspotIDs("ada")
	got := w.accountOf(c)
	for name, want := range map[string]string{
		"serviceType": "Hubspot", "email": "ada@sandbox.test", "name": "", "tokenStatus": "active",
		"authOrgId": fmt.Sprint(hub), "authUserId": fmt.Sprintf("%d/%d", hub, user),
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %q", name, got[name], want)
		}
	}
	if !slices.Equal(words(got["authScopes"]), []string{"Contacts.Read"}) || !slices.Equal(words(got["authNativeScopes"]), []string{"oauth", "crm.objects.contacts.read"}) {
		t.Errorf("granted %v, %v", got["authScopes"], got["authNativeScopes"])
	}
	list := w.as(c, http.MethodGet, w.service.direct()+"?limit=1&properties=email")
	if list.status != http.StatusOK || !strings.Contains(list.body, "charles@engine.test") || list.header.Get("X-Hubspot-Ratelimit-Max") == "" || list.header.Get("Set-Cookie") != "" {
		t.Errorf("%d %v %s", list.status, list.header, list.body)
	}
	if made := w.as(c, http.MethodPost, w.service.direct()); made.status != http.StatusForbidden || !strings.Contains(made.body, "MISSING_SCOPES") {
		t.Errorf("writing without the scope: %d %s", made.status, made.body)
	}
	if a := w.as(c, http.MethodGet, "/v1/account?pingProvider=true"); a.status != http.StatusOK || !strings.Contains(a.body, `"tokenStatus":"active"`) {
		t.Errorf("ping: %d %s", a.status, a.body)
	}
}

// One HubSpot account is not another, and each person is one in each.
func TestHubSpotPeople(t *testing.T) {
	t.Parallel()
	w := startHub(t)
	ofAda, ofBob := w.connect(inHub()), w.connect(inHub("loginHint", bob))
	if ofAda.AccountID == ofBob.AccountID || w.connect(inHub()).AccountID != ofAda.AccountID {
		t.Error("people and accounts do not go together")
	}
	b := w.browser()
	wantFailed(t, b.follow(b.authorize(inHub("accountId", fmt.Sprint(ofAda.AccountID), "loginHint", bob))), "account.mismatch")
	// HubSpot vouches for no address, the right one included.
	wantFailed(t, b.follow(b.authorize(inHub("authEmail", "ada@sandbox.test"))), "email.mismatch")
}

// An app's required scopes stand in its registration here, or nobody gets past
// HubSpot's page.
func TestHubSpotsRequiredScopes(t *testing.T) {
	t.Parallel()
	w := startHub(t)
	err := w.box.Register("Hubspot", sandbox.Client{
		ID: providerID, Secret: providerPass, RedirectURIs: []string{w.url + "/v1/auth/callback"}, RequiredScopes: []string{"tickets"},
	})
	if err != nil {
		t.Fatal(err)
	}
	b := w.browser()
	for _, asked := range []url.Values{inHub(), inHub("nativeScopes", "tickets")} {
		if page := b.follow(b.authorize(asked)); page.status != http.StatusBadRequest || !strings.Contains(page.body, "scopes are insufficient") {
			t.Errorf("HubSpot lets %v through: %d %s", asked, page.status, page.location())
		}
	}
	w.setRegistration(func(in *operator.SetRegistration) { in.NativeScopes = []string{"tickets"} })
	w.takesPartial(account.AcceptPartial)
	c := w.connect(inHub("loginHint", "ada+auto+untick@sandbox.test", "nativeScopes", "forms"))
	got := w.accountOf(c)
	if !slices.Equal(words(got["authNativeScopes"]), []string{"oauth", "tickets", "crm.objects.contacts.read"}) {
		t.Errorf("granted %v", got["authNativeScopes"])
	}
}

// What HubSpot does not have is reported, and an application that insists on it is
// refused.
func TestMailAtHubSpot(t *testing.T) {
	t.Parallel()
	w := startHub(t)
	c := w.connect(inHub("scopes", "Mail.Read Contacts.Read"))
	if got := w.accountOf(c); !slices.Equal(words(got["authScopes"]), []string{"Contacts.Read"}) {
		t.Errorf("granted %v", got["authScopes"])
	}
	before := w.heldAccounts()
	b := w.browser()
	for name, want := range map[string]string{"ensureScopes": "scopes.missing", "ensureAccess": "access.refused"} {
		details := wantFailed(t, b.follow(b.authorize(inHub("scopes", "Mail.Read Contacts.Read", name, "true"))), want).Get("details")
		if !strings.Contains(details, map[string]string{"ensureScopes": "Missing: Mail.Read.", "ensureAccess": "Refused: Email."}[name]) {
			t.Errorf("%s: %s", name, details)
		}
	}
	untouched(t, w, before)
}

func TestEnsureAccessAtHubSpot(t *testing.T) {
	t.Parallel()
	w := startHub(t)
	insist := func(person string) answer {
		b := w.browser()
		return b.follow(b.authorize(inHub("ensureAccess", "true", "loginHint", person)))
	}
	before := w.calls().API
	if details := wantFailed(t, insist("ada+auto+untick@sandbox.test"), "access.refused").Get("details"); !strings.Contains(details, "Refused: Contacts.") || w.calls().API != before {
		t.Errorf("%s after %d calls", details, w.calls().API-before)
	}
	w.faults(sandbox.Fault{Endpoint: "api", Kind: "error", Error: "MISSING_SCOPES", Status: http.StatusForbidden})
	wantFailed(t, insist(ada), "access.refused")
	w.faults(sandbox.Fault{Endpoint: "api", Kind: "status", Status: http.StatusTooManyRequests, RetryAfter: "5"})
	wantFailed(t, insist(ada), "provider.limited")
	w.faults()
	untouched(t, w, nil)
	before = w.calls().API
	w.redeemedAccount(insist(ada).result(t))
	if n := w.calls().API - before; n != 1 {
		t.Errorf("%d calls for one area", n)
	}
}

// What a refusal of the refresh does to the account, class by class.
func TestHubSpotRefusesARefresh(t *testing.T) {
	t.Parallel()
	w := startHub(t)
	c := w.connect(inHub())
	for _, test := range []struct {
		error, description, code string
		status                   account.TokenStatus
	}{
		{"invalid_client", "BAD_CLIENT_ID unknown", "provider.config", account.TokenActive},
		{"invalid_request", "BAD_CLIENT_SECRET was rotated", "provider.config", account.TokenActive},
		{"server_error", "", "provider.unavailable", account.TokenActive},
		{"", "", "", account.TokenActive}, // all is well again
		{"invalid_request", "BAD_REFRESH_TOKEN the app was uninstalled", "token.dead", account.TokenDead},
	} {
		w.clock.advance(2 * time.Minute) // what was refused just now is not asked again at once
		w.box.Expire()
		w.fails("refresh", test.error, test.description)
		got := w.as(c, http.MethodGet, w.service.direct())
		if got.code() != test.code || test.code == "" && got.status != http.StatusOK || strings.Contains(got.body, "BAD_") {
			t.Errorf("%s: %d %s", test.description, got.status, got.body)
		}
		if held := w.heldAccounts(); held[0].TokenStatus != test.status {
			t.Errorf("%s: the account is %s, want %s", test.description, held[0].TokenStatus, test.status)
		}
	}
	w.faults()
	if again := w.connect(inHub()); again.AccountID != c.AccountID || w.as(again, http.MethodGet, w.service.direct()).status != http.StatusOK {
		t.Errorf("a new sign-in revives it: %d %d", again.AccountID, c.AccountID)
	}
}

// A limit is the caller's to see, with HubSpot's own headers.
func TestHubSpotsLimits(t *testing.T) {
	t.Parallel()
	w := startHub(t)
	c := w.connect(inHub())
	w.faults(sandbox.Fault{Endpoint: "api", Kind: "status", Status: http.StatusTooManyRequests, RetryAfter: "9"})
	a := w.as(c, http.MethodGet, w.service.direct())
	if a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") != "9" || a.header.Get("X-Hubspot-Ratelimit-Remaining") != "0" ||
		a.header.Get("X-Hubspot-Ratelimit-Interval-Milliseconds") != "10000" || !strings.Contains(a.body, "TEN_SECONDLY_ROLLING") {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
}

// The refresh token ends at HubSpot and our copy of both; HubSpot's access token
// would live on, which nobody has any more.
func TestDisconnectingHubSpot(t *testing.T) {
	t.Parallel()
	w := startHub(t)
	c := w.connect(inHub())
	lives := w.providerToken(c)
	a := w.call(http.MethodDelete, "/v1/account", nil, "Authorization", basic(w.client.ClientID, w.password), "X-Aurinko-Account-Id", fmt.Sprint(c.AccountID))
	if !strings.Contains(a.body, `"providerGrant":"revoked"`) || w.calls().Revoke != 1 {
		t.Errorf("%d %s after %d calls", a.status, a.body, w.calls().Revoke)
	}
	if at := w.send(http.DefaultClient, http.MethodGet, w.endpoints().API+"/crm/v3/objects/contacts", nil, "Authorization", "Bearer "+lives.Reveal()); at.status != http.StatusOK {
		t.Errorf("the sandbox ends access tokens too, which HubSpot is not known to: %d", at.status)
	}
	if got := w.as(c, http.MethodGet, w.service.direct()); got.status != http.StatusUnauthorized {
		t.Errorf("our bearer: %d", got.status)
	}
}

// Somebody who may not install apps stays on HubSpot's page, and the attempt stays
// open.
func TestHubSpotKeepsPeopleWithoutPermission(t *testing.T) {
	t.Parallel()
	w := startHub(t)
	b := w.browser()
	page := b.follow(b.authorize(inHub("loginHint", "ada+admin@sandbox.test")))
	if page.status != http.StatusBadRequest || page.location() != "" || !strings.Contains(page.body, "super admin") {
		t.Errorf("%d %s", page.status, page.body)
	}
	untouched(t, w, nil)
}

// Tokens of 2 KB go the whole way: sign-in, store, refresh, direct, revocation.
func TestLongTokensOfHubSpot(t *testing.T) {
	t.Parallel()
	long := func(kind string, n int) string { return fmt.Sprintf("%s-%d-", kind, n) + strings.Repeat("x_Y-z9", 350) }
	issued := 0
	stand := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		rw.Header().Set("Content-Type", "application/json")
		answer := map[string]any{}
		switch {
		case r.URL.Path == "/token" && (issued == 0 || r.PostForm.Get("refresh_token") == long("refresh", 0)):
			issued++
			answer = map[string]any{"token_type": "bearer", "access_token": long("access", issued), "refresh_token": long("refresh", 0), "expires_in": 1800}
		case r.URL.Path == "/introspect" && r.PostForm.Get("token") == long("access", issued):
			answer = map[string]any{"active": true, "hub_id": 7, "user_id": 8, "user": "l@example.com", "scopes": []string{"oauth", "crm.objects.contacts.read"}}
		case r.URL.Path == "/revoke" && r.PostForm.Get("token") == long("refresh", 0):
		case r.URL.Path == "/api/who":
			answer["long"] = r.Header.Get("Authorization") == "Bearer "+long("access", issued)
		default:
			rw.WriteHeader(http.StatusBadRequest)
		}
		_ = json.NewEncoder(rw).Encode(answer)
	}))
	t.Cleanup(stand.Close)

	w := startHub(t)
	w.setRegistration(func(in *operator.SetRegistration) {
		at := w.endpoints()
		in.Endpoints = &account.Endpoints{Authorize: at.Authorize, Token: stand.URL + "/token", Userinfo: stand.URL + "/introspect", Revoke: stand.URL + "/revoke", API: stand.URL + "/api"}
	})
	c := w.connect(inHub())
	for range 2 {
		if a := w.as(c, http.MethodGet, "/v1/direct/who"); a.body != `{"long":true}`+"\n" {
			t.Errorf("%d %s", a.status, a.body)
		}
		w.clock.advance(30 * time.Minute)
	}
	if issued != 2 {
		t.Errorf("%d tokens were issued", issued)
	}
	a := w.call(http.MethodDelete, "/v1/account", nil, "Authorization", basic(w.client.ClientID, w.password), "X-Aurinko-Account-Id", fmt.Sprint(c.AccountID))
	if !strings.Contains(a.body, `"providerGrant":"revoked"`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	noneIn(t, w.log.String(), []string{"x_Y-z9"})
}
