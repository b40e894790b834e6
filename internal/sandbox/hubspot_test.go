package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/sandbox"
)

// hub is the bench at Hubspot, where the client's app requires tickets.
type hub struct{ *bench }

func setupHub(t *testing.T) hub {
	t.Helper()
	h := hub{setup(t)}
	for id, required := range map[string][]string{"app": nil, "strict": {"tickets"}} {
		err := h.sandbox.Register("hubspot", sandbox.Client{ID: id, Secret: "s3cret", RedirectURIs: []string{callback}, RequiredScopes: required})
		if err != nil {
			t.Fatal(err)
		}
	}
	h.at = h.sandbox.HubspotEndpoints(h.base)
	return h
}

// hubAnswer is any answer of HubSpot's OAuth endpoints.
type hubAnswer struct {
	code    int
	Access  string   `json:"access_token"`
	Refresh string   `json:"refresh_token"`
	Scopes  []string `json:"scopes"`
	Expires int      `json:"expires_in"`
	Hub     int64    `json:"hub_id"`
	Person  int64    `json:"user_id"`
	User    string   `json:"user"`
	Active  bool     `json:"active"`
	Error   string   `json:"error"`
	Status  string   `json:"status"`
}

const hubRead, hubWrite = "crm.objects.contacts.read", "crm.objects.contacts.write"

func (h hub) ask(changes ...string) answer {
	h.Helper()
	q := url.Values{
		"client_id": {"app"}, "redirect_uri": {callback}, "response_type": {"code"}, "state": {"s"},
		"scope": {"oauth"}, "optional_scope": {hubRead + " " + hubWrite}, "login_hint": {"ada+auto@sandbox.test"},
	}
	for i := 0; i < len(changes); i += 2 {
		q.Set(changes[i], changes[i+1])
	}
	return h.do(h.request("GET", h.at.Authorize+"?"+q.Encode(), ""))
}

// call posts to an OAuth endpoint, with the client's id and secret where the form
// has none.
func (h hub) call(endpoint string, form url.Values) hubAnswer {
	h.Helper()
	for name, value := range map[string]string{"client_id": "app", "client_secret": "s3cret"} {
		if !form.Has(name) {
			form.Set(name, value)
		}
	}
	a := h.post(endpoint, form)
	got := hubAnswer{code: a.StatusCode}
	if err := json.Unmarshal([]byte(a.text), &got); err != nil && a.StatusCode != http.StatusNoContent {
		h.Fatalf("%s: %v in %s", endpoint, err, a.text)
	}
	return got
}

func (h hub) connect(changes ...string) hubAnswer {
	h.Helper()
	back := h.back(h.ask(changes...))
	return h.call(h.at.Token, url.Values{"grant_type": {"authorization_code"}, "code": {back.Get("code")}, "redirect_uri": {callback}})
}

func (h hub) renew(token string) hubAnswer {
	h.Helper()
	return h.call(h.at.Token, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

func (h hub) introspect(token string) hubAnswer {
	h.Helper()
	return h.call(h.at.Userinfo, url.Values{"token": {token}})
}

func (h hub) refused(got hubAnswer, code, status string) {
	h.Helper()
	if got.code != http.StatusBadRequest || got.Error != code || got.Status != status || got.Access != "" {
		h.Errorf("%+v, want %s (%s)", got, code, status)
	}
}

func TestHubSpotSignIn(t *testing.T) {
	t.Parallel()
	h := setupHub(t)
	got := h.connect()
	id, user := h.sandbox.HubspotIDs("ada")
	if len(got.Access) < 300 || got.Expires != 1800 || got.Hub != id || got.Person != 0 || !slices.Equal(got.Scopes, []string{"oauth", hubRead, hubWrite}) {
		t.Errorf("%+v", got)
	}
	who := h.introspect(got.Access)
	if !who.Active || who.Hub != id || who.Person != user || who.User != "ada@sandbox.test" || !slices.Equal(who.Scopes, got.Scopes) {
		t.Errorf("%+v", who)
	}
	if h.call(h.at.Userinfo, url.Values{"token": {got.Access}, "client_id": {"strict"}}).Active {
		t.Error("another client learns of the token")
	}
	if r := h.introspect(got.Refresh); !r.Active || r.Person != user {
		t.Errorf("the refresh token: %+v", r)
	}
	again := h.renew(got.Refresh)
	if again.Refresh != got.Refresh || again.Access == got.Access || again.Access == "" {
		t.Errorf("a refresh: %+v", again)
	}
	h.clock.advance(30 * time.Minute)
	if h.introspect(again.Access).Active {
		t.Error("an access token outlives its half hour")
	}
	if bob := h.connect("login_hint", "bob+auto@sandbox.test"); bob.Hub == id {
		t.Error("Bob is in Ada's account")
	}
	rotating := h.connect("login_hint", "ada+auto+rotate@sandbox.test")
	if next := h.renew(rotating.Refresh); next.Refresh == rotating.Refresh || next.Refresh == "" {
		t.Error("+rotate does not rotate")
	}
}

func TestHubSpotScopes(t *testing.T) {
	t.Parallel()
	h := setupHub(t)
	if got := h.connect("login_hint", "ada+auto+untick@sandbox.test"); !slices.Equal(got.Scopes, []string{"oauth", hubRead}) {
		t.Errorf("+untick leaves %v", got.Scopes)
	}
	if got := h.connect("scope", "oauth "+hubWrite, "optional_scope", "", "login_hint", "ada+auto+untick@sandbox.test"); !slices.Equal(got.Scopes, []string{"oauth", hubWrite}) {
		t.Errorf("what is required can be left out: %v", got.Scopes)
	}
	if got := h.connect("client_id", "strict", "scope", "oauth tickets"); got.code == http.StatusOK {
		t.Error("another client's code was redeemed")
	}
	for name, changes := range map[string][]string{
		"without oauth":             {"scope", hubRead},
		"without the app's own":     {"client_id", "strict"},
		"where that is optional":    {"client_id", "strict", "optional_scope", "tickets"},
		"no scope at all":           {"scope", ""},
		"what is no scope":          {"optional_scope", "Contacts.Read"},
		"another client":            {"client_id", "x"},
		"another redirect URI":      {"redirect_uri", "https://evil.test/"},
		"a bad challenge":           {"code_challenge", "short"},
		"an unknown tag":            {"login_hint", "ada+surprise@sandbox.test"},
		"no permission to install":  {"login_hint", "ada+admin@sandbox.test"},
		"an administrator, at once": {"login_hint", "ada+auto+admin@sandbox.test"},
	} {
		if a := h.ask(changes...); a.StatusCode != http.StatusBadRequest || a.Header.Get("Location") != "" || !strings.Contains(a.text, "complete the connection") {
			t.Errorf("%s: %d to %q", name, a.StatusCode, a.Header.Get("Location"))
		}
	}
	if q := h.back(h.ask("login_hint", "ada+deny@sandbox.test")); q.Get("error") != "access_denied" || q.Get("state") != "s" {
		t.Errorf("+deny: %v", q)
	}
}

func TestHubSpotPage(t *testing.T) {
	t.Parallel()
	h := setupHub(t)
	page := h.ask("login_hint", "ada+untick@sandbox.test")
	if page.StatusCode != http.StatusOK || !strings.Contains(page.text, `value="`+hubRead+`" checked`) || strings.Contains(page.text, `value="`+hubWrite+`" checked`) {
		t.Errorf("%d %s", page.StatusCode, page.text)
	}
	target := h.at.Authorize + "?" + page.Request.URL.RawQuery
	back := h.back(h.post(target, url.Values{"decision": {"allow"}, "persona": {"bob"}, "scope": {hubWrite}}))
	got := h.call(h.at.Token, url.Values{"grant_type": {"authorization_code"}, "code": {back.Get("code")}, "redirect_uri": {callback}})
	if !slices.Equal(got.Scopes, []string{"oauth", hubWrite}) || h.introspect(got.Access).User != "bob@sandbox.test" {
		t.Errorf("%+v", got)
	}
	if q := h.back(h.post(target, url.Values{"decision": {"deny"}})); q.Get("error") != "access_denied" {
		t.Errorf("a no: %v", q)
	}
}

// Parameters are in the body, and nowhere else.
func TestHubSpotTakesBodiesOnly(t *testing.T) {
	t.Parallel()
	h := setupHub(t)
	got := h.connect()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {got.Refresh}, "token": {got.Access}}
	const kind = "application/x-www-form-urlencoded"
	for _, endpoint := range []string{h.at.Token, h.at.Userinfo, h.at.Revoke} {
		h.refused(h.call(endpoint+"?client_id=app", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {got.Refresh}}), "invalid_request", "")
		basic := h.request("POST", endpoint, form.Encode(), "Content-Type", kind)
		basic.SetBasicAuth("app", "s3cret")
		if a := h.do(basic); a.StatusCode != http.StatusBadRequest {
			t.Errorf("Basic at %s: %d", endpoint, a.StatusCode)
		}
		if a := h.do(h.request("GET", endpoint+"?"+form.Encode(), "")); a.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("GET %s: %d", endpoint, a.StatusCode)
		}
	}
	if !h.introspect(got.Access).Active || h.renew(got.Refresh).code != http.StatusOK {
		t.Error("a refused call changed something")
	}
}

func TestHubSpotErrors(t *testing.T) {
	t.Parallel()
	h := setupHub(t)
	redeem := func(code string, changes ...string) hubAnswer {
		form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}}
		for i := 0; i < len(changes); i += 2 {
			form.Set(changes[i], changes[i+1])
		}
		return h.call(h.at.Token, form)
	}
	code := h.back(h.ask("code_challenge", challenge, "code_challenge_method", "S256")).Get("code")
	h.refused(redeem(code, "client_secret", "no"), "invalid_client", "BAD_CLIENT_SECRET")
	h.refused(redeem(code, "client_id", "nobody"), "invalid_client", "BAD_CLIENT_ID")
	h.refused(redeem(code, "redirect_uri", "https://app.test/other"), "invalid_grant", "MISMATCH_REDIRECT_URI_AUTH_CODE")
	h.refused(redeem(code), "invalid_grant", "BAD_AUTH_CODE") // its verifier is missing
	h.refused(redeem(code, "grant_type", "password"), "unsupported_grant_type", "BAD_GRANT_TYPE")
	got := redeem(code, "code_verifier", verifier)
	h.refused(redeem(code, "code_verifier", verifier), "invalid_grant", "BAD_AUTH_CODE")
	h.refused(h.renew(got.Refresh), "invalid_grant", "BAD_REFRESH_TOKEN") // the replay ended the grant
	late := h.back(h.ask()).Get("code")
	h.clock.advance(11 * time.Minute)
	h.refused(redeem(late), "invalid_grant", "EXPIRED_AUTH_CODE")
}

func TestHubSpotRevocationLeavesAccessTokens(t *testing.T) {
	t.Parallel()
	h := setupHub(t)
	got := h.connect()
	h.refused(h.call(h.at.Revoke, url.Values{"token": {got.Access}}), "invalid_grant", "BAD_REFRESH_TOKEN")
	if a := h.call(h.at.Revoke, url.Values{"token": {got.Refresh}}); a.code != http.StatusNoContent {
		t.Errorf("%+v", a)
	}
	h.refused(h.renew(got.Refresh), "invalid_grant", "BAD_REFRESH_TOKEN")
	if h.introspect(got.Refresh).Active || !h.introspect(got.Access).Active {
		t.Error("the refresh token must have ended, and the access token not yet")
	}
}

func TestHubSpotContacts(t *testing.T) {
	t.Parallel()
	h := setupHub(t)
	got := h.connect()
	for _, path := range []string{"/crm/objects/2026-03/contacts", "/crm/v3/objects/contacts"} {
		a := h.get(path+"?limit=2&properties=email", got.Access)
		if a.StatusCode != http.StatusOK || !strings.Contains(a.text, `"email":"charles@engine.test"`) || strings.Contains(a.text, "Charles") ||
			!strings.Contains(a.text, `"after":"2"`) || a.Header.Get("X-Hubspot-Ratelimit-Max") == "" {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.text)
		}
		if rest := h.get(path+"?after=2", got.Access); !strings.Contains(rest.text, "Radia") || strings.Contains(rest.text, "paging") {
			t.Errorf("the last page: %s", rest.text)
		}
	}
	path := h.at.API + "/crm/objects/2026-03/contacts"
	create := func(body, token string) answer {
		return h.do(h.request("POST", path, body, "Authorization", "Bearer "+token, "Content-Type", "application/json"))
	}
	const hedy = `{"properties":{"firstname":"Hedy","email":"hedy@radio.test"}}`
	made := create(hedy, got.Access)
	var contact struct{ ID string }
	if json.Unmarshal([]byte(made.text), &contact) != nil || made.StatusCode != http.StatusCreated {
		t.Fatalf("%d %s", made.StatusCode, made.text)
	}
	if a := h.get("/crm/objects/2026-03/contacts/"+contact.ID, got.Access); !strings.Contains(a.text, "Hedy") {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
	if a := create(hedy, got.Access); a.StatusCode != http.StatusConflict {
		t.Errorf("the same address again: %d", a.StatusCode)
	}
	bob := h.connect("login_hint", "bob+auto@sandbox.test", "optional_scope", hubWrite)
	if a := create(hedy, bob.Access); a.StatusCode != http.StatusCreated {
		t.Errorf("in Bob's account: %d", a.StatusCode)
	}
	if a := h.get("/crm/v3/objects/contacts", bob.Access); a.StatusCode != http.StatusForbidden || !strings.Contains(a.text, `"category":"MISSING_SCOPES"`) {
		t.Errorf("without the scope: %d %s", a.StatusCode, a.text)
	}
	if a := h.get("/crm/v3/objects/contacts", "none"); a.StatusCode != http.StatusUnauthorized || !strings.Contains(a.text, "EXPIRED_AUTHENTICATION") {
		t.Errorf("without a token: %d %s", a.StatusCode, a.text)
	}
	for what, a := range map[string]answer{
		"limit": h.get("/crm/v3/objects/contacts?limit=101", got.Access), "JSON": create("{", got.Access), "properties": create("{}", got.Access),
	} {
		h.wantStatus(a.StatusCode, http.StatusBadRequest)
		if t.Failed() {
			t.Fatal(what)
		}
	}
	h.sandbox.Reset()
	if a := h.get("/crm/v3/objects/contacts", h.connect().Access); strings.Contains(a.text, "Hedy") {
		t.Error("a reset keeps what was created")
	}
}

func TestHubSpotFaults(t *testing.T) {
	t.Parallel()
	h := setupHub(t)
	got := h.connect()
	play := func(f sandbox.Fault) {
		f.Vendor = "hubspot"
		if err := h.sandbox.SetFaults([]sandbox.Fault{f}); err != nil {
			t.Fatal(err)
		}
	}
	play(sandbox.Fault{Endpoint: "api", Kind: "status", Status: 429, RetryAfter: "3"})
	a := h.get("/crm/v3/objects/contacts", got.Access)
	if a.StatusCode != 429 || a.Header.Get("Retry-After") != "3" || a.Header.Get("X-Hubspot-Ratelimit-Remaining") != "0" || !strings.Contains(a.text, "TEN_SECONDLY_ROLLING") {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
	play(sandbox.Fault{Endpoint: "api", Kind: "error", Status: 403, Error: "MISSING_SCOPES"})
	if a := h.get("/crm/v3/objects/contacts", got.Access); a.StatusCode != 403 || !strings.Contains(a.text, `"category":"MISSING_SCOPES"`) {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
	play(sandbox.Fault{Endpoint: "refresh", Kind: "error", Error: "invalid_grant", Description: "BAD_REFRESH_TOKEN the app was uninstalled"})
	h.refused(h.renew(got.Refresh), "invalid_grant", "BAD_REFRESH_TOKEN")
	play(sandbox.Fault{Endpoint: "identity", Kind: "status", Status: 401})
	if a := h.introspect(got.Access); a.code != 401 || a.Error != "invalid_client" {
		t.Errorf("%+v", a)
	}
}
