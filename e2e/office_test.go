package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/sandbox"
)

// startOffice is start at Microsoft.
func startOffice(t testing.TB) *world {
	t.Helper()
	return startAt(t, office())
}

// setOffice changes the registration at Microsoft.
func (w *world) setOffice(change func(*operator.SetRegistration)) {
	w.t.Helper()
	w.setRegistration(change)
}

func inOffice(changes ...string) url.Values {
	q := url.Values{"serviceType": {"Office365"}}
	for i := 0; i+1 < len(changes); i += 2 {
		q.Set(changes[i], changes[i+1])
	}
	return q
}

// failOffice makes one endpoint of Microsoft fail until cleared; nil clears.
func (w *world) failOffice(f *sandbox.Fault) {
	w.t.Helper()
	if f == nil {
		w.faults()
		return
	}
	w.faults(*f)
}

func (w *world) messages(c connected) answer {
	w.t.Helper()
	return w.call(http.MethodGet, "/v1/direct/me/messages?$top=2", nil, "Authorization", c.bearer())
}

func TestTheThreadAtOffice(t *testing.T) {
	t.Parallel()
	w := startOffice(t)
	b := w.browser()
	first := b.authorize(inOffice("scopes", "Mail.Read Mail.Send"))
	to, err := url.Parse(first.location())
	if err != nil || to.Path != "/microsoft/common/oauth2/v2.0/authorize" {
		t.Fatalf("authorize leads to %q", first.location())
	}
	q := to.Query()
	if q.Get("scope") != "openid profile email offline_access User.Read MailboxSettings.Read Mail.Read Mail.Send" ||
		q.Get("code_challenge_method") != "S256" || q.Get("response_mode") != "query" || q.Get("redirect_uri") != w.url+"/v1/auth/callback" {
		t.Errorf("Microsoft gets %v", q)
	}
	c := w.redeemedAccount(b.follow(first).result(t))
	who := w.accountOf(c)
	home := w.box.Office365Tenant("ada")
	for field, want := range map[string]any{
		"serviceType": "Office365", "email": "ada@sandbox.test", "name": "Ada Lovelace", "tokenStatus": "active", "authOrgId": home,
	} {
		if who[field] != want {
			t.Errorf("%s is %v, want %v", field, who[field], want)
		}
	}
	if subject, _ := who["authUserId"].(string); !strings.HasPrefix(subject, home+"/") {
		t.Errorf("authUserId %v", who["authUserId"])
	}

	if got := w.messages(c); got.status != http.StatusOK || !strings.Contains(got.body, `"subject"`) {
		t.Errorf("messages: %d %s", got.status, got.body)
	}
	mail := `{"message":{"subject":"From Avain","body":{"contentType":"Text","content":"x"},"toRecipients":[{"emailAddress":{"address":"bob@sandbox.test"}}]}}`
	sent := w.call(http.MethodPost, "/v1/direct/me/sendMail", strings.NewReader(mail), "Authorization", c.bearer(), "Content-Type", "application/json")
	if sent.status != http.StatusAccepted {
		t.Errorf("sendMail: %d %s", sent.status, sent.body)
	}
	w.box.Expire()
	if got := w.messages(c); got.status != http.StatusOK || w.box.Stats()["Office365"].Refresh != 1 {
		t.Errorf("after the access token's end: %d %s, %+v", got.status, got.body, w.box.Stats())
	}
	// Microsoft says no by itself, in its own words.
	narrow := w.connect(inOffice("scopes", "", "loginHint", bob))
	if got := w.messages(narrow); got.status != http.StatusForbidden || !strings.Contains(got.body, "ErrorAccessDenied") {
		t.Errorf("without Mail.Read: %d %s", got.status, got.body)
	}
	again := w.connect(inOffice())
	if again.AccountID != c.AccountID {
		t.Errorf("the same person became account %d, was %d", again.AccountID, c.AccountID)
	}
	gone := w.call(http.MethodDelete, "/v1/account", nil, "Authorization", c.bearer())
	if gone.status != http.StatusOK || !strings.Contains(gone.body, `"providerGrant":"unsupported"`) {
		t.Errorf("delete: %d %s", gone.status, gone.body)
	}
}

// Microsoft takes one word alone.
func TestOfficeGetsOnePrompt(t *testing.T) {
	t.Parallel()
	w := startOffice(t)
	for asked, want := range map[string]string{"select_account  login": "login", "login consent": "consent", "none": "none", "": ""} {
		if q := w.asked(url.Values{"prompt": {asked}}); q.Get("prompt") != want || q.Has("prompt") != (want != "") {
			t.Errorf("prompt=%q asks %v", asked, q)
		}
	}
}

func TestOfficeHeaders(t *testing.T) {
	t.Parallel()
	w := startOffice(t)
	c := w.connect(inOffice())
	got := w.call(http.MethodGet, "/v1/direct/echo/a%2Fb?x=1", nil, "Authorization", c.bearer(),
		"ConsistencyLevel", "eventual", "Prefer", `outlook.timezone="UTC"`, "client-request-id", "id-7", "X-Goog-FieldMask", "a")
	var e struct {
		RawPath string
		Headers http.Header
	}
	if err := json.Unmarshal([]byte(got.body), &e); err != nil || e.RawPath != "/microsoft/graph/v1.0/echo/a%2Fb" {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if e.Headers.Get("ConsistencyLevel") != "eventual" || e.Headers.Get("Prefer") == "" || e.Headers.Get("X-Goog-FieldMask") != "" {
		t.Errorf("Graph got %v", e.Headers)
	}
	if got.header.Get("Client-Request-Id") != "id-7" || got.header.Get("Request-Id") == "" || got.header.Get("Strict-Transport-Security") != "" {
		t.Errorf("the caller got %v", got.header)
	}
}

func TestOfficeRefusals(t *testing.T) {
	t.Parallel()
	w := startOffice(t)
	b := w.browser()
	wantFailed(t, b.follow(b.authorize(inOffice("loginHint", "ada+deny@sandbox.test"))), "access_denied")
	admin := wantFailed(t, b.follow(b.authorize(inOffice("loginHint", "ada+admin@sandbox.test"))), "provider.admin")
	if !strings.Contains(admin.Get("details"), "administrator") || strings.Contains(admin.Get("details"), "AADSTS") {
		t.Errorf("details %q", admin.Get("details"))
	}
	wantFailed(t, b.follow(b.authorize(inOffice("loginHint", "ada+auto+untick@sandbox.test", "ensureScopes", "true"))), "scopes.missing")
	untouched(t, w, nil)

	// The administrator admits the application, and the person starts again.
	page := w.boxURL + "/microsoft/organizations/v2.0/adminconsent?" + url.Values{
		"client_id": {providerID}, "redirect_uri": {w.url + "/v1/auth/callback"}, "scope": {"Mail.Read"},
	}.Encode()
	yes := url.Values{"decision": {"allow"}, "persona": {"ada"}}
	w.send(b.client, http.MethodPost, page, strings.NewReader(yes.Encode()), "Content-Type", "application/x-www-form-urlencoded")
	w.connect(inOffice("loginHint", "ada+admin@sandbox.test"))
}

// The same person in another tenant is another account.
func TestAnotherTenantOnReauthorization(t *testing.T) {
	t.Parallel()
	w := startOffice(t)
	c := w.connect(inOffice())
	id := w.heldAccounts()[0].ID.String()
	bobs := w.box.Office365Tenant("bob")
	w.setOffice(func(in *operator.SetRegistration) { in.Tenant = &bobs })
	before := w.heldAccounts()
	b := w.browser()
	first := b.authorize(inOffice("accountId", id))
	if !strings.Contains(first.location(), "/microsoft/"+bobs+"/oauth2/") {
		t.Fatalf("authorize leads to %q", first.location())
	}
	wantFailed(t, b.follow(first), "account.mismatch")
	untouched(t, w, before)

	// What was granted is renewed at the tenant where it was granted.
	for round := range 2 {
		w.box.Expire()
		if got := w.messages(c); got.status != http.StatusOK {
			t.Errorf("after the registration moved on, refresh %d: %d %s", round+1, got.status, got.body)
		}
	}
	guest := w.connect(inOffice())
	if guest.AccountID == c.AccountID {
		t.Error("a guest took over the account of the person at home")
	}
}

// The address that the application insists on must be one that the person's own
// organization vouches for.
func TestAuthEmailAtOffice(t *testing.T) {
	t.Parallel()
	w := startOffice(t)
	w.connect(inOffice("authEmail", "Ada@Sandbox.test"))
	bobs := w.box.Office365Tenant("bob")
	w.setOffice(func(in *operator.SetRegistration) { in.Tenant = &bobs })
	b := w.browser()
	wantFailed(t, b.follow(b.authorize(inOffice("authEmail", "ada@sandbox.test"))), "email.mismatch")
}

func TestOfficeRotation(t *testing.T) {
	t.Parallel()
	w := startOffice(t)
	c := w.connect(inOffice("loginHint", "ada+auto+rotate@sandbox.test"))
	for round := range 3 {
		w.box.Expire()
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				if got := w.messages(c); got.status != http.StatusOK {
					t.Errorf("round %d: %d %s", round, got.status, got.body)
				}
			})
		}
		group.Wait()
		if n := w.box.Stats()["Office365"].Refresh; n != round+1 {
			t.Errorf("round %d: %d refreshes", round, n)
		}
	}
}
