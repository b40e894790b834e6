package e2e_test

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// manage calls with the application's own credentials.
func (w *world) manage(method, path, body string, headers ...string) answer {
	w.t.Helper()
	return w.call(method, path, strings.NewReader(body), append([]string{"Authorization", basic(w.client.ClientID, w.password)}, headers...)...)
}

// bring posts an account, with the query behind the path.
func (w *world) bring(query string, members map[string]any) answer {
	w.t.Helper()
	body, err := json.Marshal(members)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.manage(http.MethodPost, "/v1/am/accounts"+query, string(body))
}

func (w *world) brought(query string, members map[string]any) connected {
	w.t.Helper()
	return w.bring(query, members).connected(w.t)
}

func (a answer) connected(t testing.TB) connected {
	t.Helper()
	var c connected
	if err := json.Unmarshal([]byte(a.body), &c); err != nil || a.status != http.StatusOK || c.AccountID == 0 {
		t.Fatalf("answered %d %s", a.status, a.body)
	}
	return c
}

// members is base with changes; nil takes one away.
func members(base map[string]any, changes ...any) map[string]any {
	out := maps.Clone(base)
	for i := 0; i+1 < len(changes); i += 2 {
		name := changes[i].(string)
		if out[name] = changes[i+1]; out[name] == nil {
			delete(out, name)
		}
	}
	return out
}

// mailbox is what clients send of a mailbox.
func (m mailWorld) mailbox() map[string]any {
	return map[string]any{
		"serviceType": "IMAP", "serviceProvider": "IMAP", "active": true, "serverUrl": "localhost:" + portOf(m.mail.IMAPTLS),
		"email": "ada@sandbox.test", "password": m.box.MailPassword("ada"),
	}
}

func TestAMailboxIsBroughtWithoutAPage(t *testing.T) {
	t.Parallel()
	m := startMail(t)
	ada := m.mailbox()
	first := m.brought("", ada)
	got := m.details(first, "")
	if got["email"] != "ada@sandbox.test" || got["tokenStatus"] != "active" || got["authUserId"] != "imap://ada%40sandbox.test@localhost:"+portOf(m.mail.IMAPTLS) {
		t.Errorf("the account is %v", got)
	}
	// The same mailbox is the same account; the password where another client puts it.
	again := m.brought("", members(ada, "password", nil, "authString1", ada["password"], "email", nil, "loginString", "ada@sandbox.test"))
	if again.AccountID != first.AccountID || again.AccessToken == first.AccessToken {
		t.Errorf("the same mailbox became %d, first %d", again.AccountID, first.AccountID)
	}
	if m.status(first) != "active" {
		t.Error("the older bearer is no good any more")
	}
	if other := m.brought("", members(ada, "clientOrgId", "org-2")); other.AccountID == first.AccountID {
		t.Error("another clientOrgId took the account over")
	}
	events := strings.Count(m.log.String(), ada["password"].(string))
	if events > 0 {
		t.Error("the log holds the password")
	}

	for name, c := range map[string]struct {
		body   map[string]any
		status int
		code   string
	}{
		"wrong password":   {members(ada, "password", "wrong"), 403, "login.refused"},
		"unreachable":      {members(ada, "serverUrl", "localhost"), 400, "server.unreachable"},
		"private address":  {members(ada, "serverUrl", "10.0.0.1"), 400, "server.unreachable"},
		"no server's name": {members(ada, "serverUrl", "no name"), 400, "field.invalid"},
		"no password":      {members(ada, "password", nil), 400, "parameter.missing"},
		"no address":       {members(ada, "email", nil), 400, "parameter.missing"},
		"no sending":       {members(ada, "authScopes", []string{"Mail.Send"}), 400, "server.unconfirmed"},
	} {
		for _, path := range []string{"/v1/am/accounts", "/v1/am/accounts/connect"} {
			m.clock.advance(time.Hour) // nothing is limited
			body, _ := json.Marshal(c.body)
			a := m.manage(http.MethodPost, path, string(body))
			refused(t, a, c.status, c.code)
			if strings.Contains(a.body, ada["password"].(string)) {
				t.Errorf("%s: the answer holds the password: %s", name, a.body)
			}
		}
	}
	if m.status(first) != "active" {
		t.Error("a refused password touched the account")
	}
	body, _ := json.Marshal(members(ada, "authScopes", []string{"Mail.Read", "Mail.Send"}, "serverInfo", "smtps://localhost:"+portOf(m.mail.SMTPTLS)))
	if a := m.manage(http.MethodPost, "/v1/am/accounts/connect", string(body)); a.status != 200 || a.body != `{"status":"Ok"}` {
		t.Errorf("connect answered %d %s", a.status, a.body)
	}
}

func TestPasswordsThatAreBroughtAreCounted(t *testing.T) {
	t.Parallel()
	p := startPost(t)
	ada := map[string]any{"serviceType": "IMAP", "active": true, "email": "ada@mail.test", "password": "wrong"}
	for range 5 {
		refused(t, p.bring("", ada), http.StatusForbidden, "login.refused")
	}
	limited := p.bring("", members(ada, "password", rightPassword))
	refused(t, limited, http.StatusTooManyRequests, "login.limited")
	if tried := p.office.tried(); len(tried) != 5 {
		t.Errorf("tried %v", tried)
	}
	// The page counts with it: one mailbox, one count.
	b := p.browser()
	if page := b.sends(b.atForm(), filled()); page.status != http.StatusTooManyRequests {
		t.Errorf("the page answers %d", page.status)
	}
	if limited.header.Get("Retry-After") == "" {
		t.Error("nothing says for how long")
	}
}

// foreign is a grant that the provider gave to the same client, without us.
type foreign struct {
	access, refresh string
	server          string // where it is of, where the provider says so
}

func (w *world) elsewhere(hint string) foreign {
	w.t.Helper()
	b := w.browser()
	page, err := url.Parse(b.authorize(hinted(hint)).location())
	if err != nil {
		w.t.Fatal(err)
	}
	q := page.Query()
	q.Del("code_challenge")
	q.Del("code_challenge_method")
	if q.Has("access_type") { // Google gives a refresh token again with a new consent alone
		q.Set("prompt", "consent")
	}
	page.RawQuery = q.Encode()
	led := b.get(page.String())
	at, err := url.Parse(led.location())
	if err != nil || at.Query().Get("code") == "" {
		w.t.Fatalf("the provider leads to %q: %d %s", led.location(), led.status, led.body)
	}
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {at.Query().Get("code")}, "redirect_uri": {q.Get("redirect_uri")},
		"client_id": {providerID}, "client_secret": {providerPass},
	}
	token, server := strings.ReplaceAll(w.endpoints().Token, "{tenant}", "organizations"), at.Query().Get("accounts-server")
	if server != "" {
		token = server + "/oauth/v2/token"
	}
	a := w.send(b.client, http.MethodPost, token, strings.NewReader(form.Encode()), "Content-Type", urlencoded)
	var tokens struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Server  string `json:"instance_url"`
	}
	if err := json.Unmarshal([]byte(a.body), &tokens); err != nil || tokens.Refresh == "" {
		w.t.Fatalf("the provider answered %d %s", a.status, a.body)
	}
	return foreign{tokens.Access, tokens.Refresh, cmp.Or(server, tokens.Server)}
}

func TestTokensFromElsewhereAreBrought(t *testing.T) {
	t.Parallel()
	onEachService(t, tokensFromElsewhereAreBrought)
}

func tokensFromElsewhereAreBrought(t *testing.T, s service) {
	w := startAt(t, s)
	grant := w.elsewhere(ada)
	body := map[string]any{
		"serviceType": s.name, "active": true, "oauthClientId": providerID, "serverUrl": grant.server,
		"authString1": grant.refresh, "authString2": grant.access,
	}
	first := w.brought("?ensureAccess=false", body)
	got := w.details(first, "?pingProvider=true")
	signedIn := w.connect(nil)
	if signedIn.AccountID != first.AccountID {
		t.Errorf("a sign-in of the same person is account %d, brought was %d: %v", signedIn.AccountID, first.AccountID, got)
	}
	if got["tokenStatus"] != "active" || got["email"] == "" {
		t.Errorf("the account is %v", got)
	}
	for _, bad := range []map[string]any{
		members(body, "authString1", "1//nonsense", "authString2", nil),
		members(body, "authString1", nil, "authString2", "nonsense"),
	} {
		a := w.bring("", bad)
		if a.status != http.StatusForbidden && a.status != http.StatusBadGateway || strings.Contains(a.body, "nonsense") {
			t.Errorf("tokens that are none: %d %s", a.status, a.body)
		}
	}
	refused(t, w.bring("", members(body, "oauthClientId", "another")), http.StatusBadRequest, "servicetype.unavailable")
	refused(t, w.bring("", members(body, "authString1", nil, "authString2", nil)), http.StatusBadRequest, "parameter.missing")
	only, _ := json.Marshal(members(body, "authString1", nil))
	tried := w.manage(http.MethodPost, "/v1/am/accounts/connect", string(only))
	if tried.status != http.StatusOK || tried.body != `{"status":"Ok"}` {
		t.Errorf("connect answered %d %s", tried.status, tried.body)
	}
	if strings.Contains(w.log.String(), grant.refresh) || strings.Contains(w.log.String(), grant.access) {
		t.Error("the log holds a token")
	}
}

func TestWhichAccountIsMeant(t *testing.T) {
	t.Parallel()
	m := startMail(t)
	ada := m.mailbox()
	one := m.brought("", members(ada, "clientOrgId", "one"))
	two := m.brought("?recycleKeys=clientOrgId&recycleKeys=email", members(ada, "clientOrgId", "two"))
	if one.AccountID == two.AccountID {
		t.Fatal("another clientOrgId is another account")
	}
	a := m.bring("?recycleKeys=email", ada)
	refused(t, a, http.StatusConflict, "account.conflict")
	if !strings.Contains(a.body, strconv.FormatInt(one.AccountID, 10)) {
		t.Errorf("the conflict names no account: %s", a.body)
	}
	again := m.brought("?recycleKeys=email,clientOrgId", members(ada, "clientOrgId", "two"))
	if again.AccountID != two.AccountID {
		t.Errorf("%d instead of %d", again.AccountID, two.AccountID)
	}
	m.clock.advance(time.Hour)
	for _, bad := range []string{"?recycleKeys=password", "?recycleKeys=orgId", "?recycleKeys=serverUrl", "?userId=u1", "?userAccount=primary", "?userId=u&userAccount=third", "?ensureAccess=maybe"} {
		a := m.bring(bad, ada)
		if a.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", bad, a.status, a.body)
		}
	}
	bob := members(ada, "email", "bob@sandbox.test", "password", m.box.MailPassword("bob"))
	owned := m.brought("?userId=user-1&userAccount=primary", bob)
	if owned.UserID != "user-1" {
		t.Errorf("userId is %q", owned.UserID)
	}
	refused(t, m.bring("?userId=user-2&userAccount=primary", bob), http.StatusConflict, "account.conflict")
	page := m.page("/v1/users/user-1/accounts")
	if page.TotalSize != 1 || len(page.Records) != 1 || page.Records[0]["userId"] != "user-1" {
		t.Errorf("the user has %+v", page)
	}
}

func TestABroughtMailboxIsLookedForFirst(t *testing.T) {
	t.Parallel()
	m := startMail(t)
	a := m.bring("", members(m.mailbox(), "serverUrl", nil, "email", "ada@gmail.com"))
	refused(t, a, http.StatusBadRequest, "service.elsewhere")
	if !strings.Contains(a.body, "Google") {
		t.Errorf("nothing says where: %s", a.body)
	}
}

// offsetPage is the contract's page of accounts.
type offsetPage struct {
	Offset    int
	TotalSize int
	Done      bool
	Records   []map[string]any
}

func (w *world) page(path string) offsetPage {
	w.t.Helper()
	a := w.manage(http.MethodGet, path, "")
	var p offsetPage
	if err := json.Unmarshal([]byte(a.body), &p); err != nil || a.status != http.StatusOK || p.Records == nil {
		w.t.Fatalf("%s: %d %s", path, a.status, a.body)
	}
	return p
}
