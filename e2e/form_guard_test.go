package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
)

// urlencoded is the kind of body that a form is.
const urlencoded = "application/x-www-form-urlencoded"

// A form that another site sends could sign a person in to a mailbox of that site's.
func TestOnlyOurOwnPageSendsTheForm(t *testing.T) {
	t.Parallel()
	p := startPost(t)
	b := p.browser()
	page := b.atForm()
	for name, headers := range map[string][]string{
		"no word of where it is from": nil,
		"another origin":              {"Origin", "https://evil.example"},
		"our host, another scheme":    {"Origin", strings.Replace(p.url, "http:", "https:", 1)},
		"no origin":                   {"Origin", "null"},
		"another site":                {"Sec-Fetch-Site", "cross-site"},
		"a neighbour":                 {"Sec-Fetch-Site", "same-site"},
		"typed in":                    {"Sec-Fetch-Site", "none"},
		"two minds":                   {"Origin", p.url, "Sec-Fetch-Site", "cross-site"},
		"two origins":                 {"Origin", p.url, "Origin", "https://evil.example"},
	} {
		a := b.posts(page, filled().Encode(), append(headers, "Content-Type", urlencoded)...)
		if a.status != http.StatusForbidden || a.code() != "form.foreign" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if n := len(p.office.tried()); n != 0 {
		t.Fatalf("%d logins were tried", n)
	}
	for name, headers := range map[string][]string{"by origin": {"Origin", p.url}, "by fetch metadata": {"Sec-Fetch-Site", "same-origin"}} {
		a := b.posts(b.atForm(), filled().Encode(), append(headers, "Content-Type", urlencoded)...)
		if a.status != http.StatusOK {
			t.Errorf("%s: our own form answers %d %s", name, a.status, a.body)
		}
	}
}

func TestTheFormBelongsToItsBrowser(t *testing.T) {
	t.Parallel()
	p := startPost(t)
	// Where a relay needs it, the binding can be off; here no relay is between.
	reg, err := p.app.Store().CurrentRegistration(t.Context(), p.client.ID, account.IMAP)
	if err != nil {
		t.Fatal(err)
	}
	reg.UnboundBrowser = true
	if err := p.app.Store().SaveRegistration(t.Context(), reg); err != nil {
		t.Fatal(err)
	}
	b, thief := p.browser(), p.browser()
	page := b.atForm()
	thief.atForm() // with a cookie of its own
	for name, other := range map[string]*browser{"another browser": thief, "no cookie": p.browser()} {
		if a := other.get(page, "Accept", "application/json"); a.status != http.StatusBadRequest || a.code() != "state.browser" {
			t.Errorf("%s sees %d %s", name, a.status, a.body)
		}
		a := other.sends(page, filled(), "Accept", "application/json")
		if a.status != http.StatusBadRequest || !strings.Contains(a.body, "state.browser") {
			t.Errorf("%s sends: %d %s", name, a.status, a.body)
		}
	}
	if n := len(p.office.tried()); n != 0 {
		t.Errorf("%d logins were tried", n)
	}
	p.redeemedAccount(b.sends(page, filled()).ledOn(t)) // it can still be finished
}

func TestFormsWithoutAUsableKey(t *testing.T) {
	t.Parallel()
	p := startPost(t)
	b := p.browser()
	page := b.atForm()
	google, err := url.Parse(b.authorize(nil).location())
	if err != nil {
		t.Fatal(err)
	}
	form := p.url + "/v1/auth/form"
	for address, code := range map[string]string{
		form: "state.missing", page + "&key=2": "state.missing", form + "?key=": "state.unknown",
		form + "?key=" + strings.Repeat("k", 43):                      "state.unknown",
		form + "?key=" + url.QueryEscape(google.Query().Get("state")): "state.unknown", // of a provider's sign-in
		form + "?key=%zz": "parameter.invalid",
	} {
		wantShown(t, b.get(address), http.StatusBadRequest, code)
		a := b.posts(address, filled().Encode(), "Origin", p.url, "Content-Type", urlencoded)
		wantShown(t, a, http.StatusBadRequest, code)
	}
	// The key is no state for the callback to make something of.
	key := strings.TrimPrefix(page, form+"?key=")
	wantFailed(t, b.get(p.url+"/v1/auth/callback?code=x&state="+key), "servicetype.unavailable")
	if n := len(p.office.tried()); n != 0 || len(p.mailAccounts()) != 0 {
		t.Errorf("%d logins were tried", n)
	}
}

func TestAFormIsFinishedOnce(t *testing.T) {
	t.Parallel()
	p := startPost(t)
	b := p.browser()
	page := b.atForm()
	p.redeemedAccount(b.sends(page, filled()).ledOn(t))
	again := wantPage(t, b.sends(page, filled()), http.StatusBadRequest, "state.used")
	if again.Has("code") {
		t.Errorf("a code that was redeemed is shown again: %v", again)
	}
	wantPage(t, b.get(page, "Accept", asPage), http.StatusBadRequest, "state.used")
	late := b.atForm()
	p.clock.advance(16 * 60e9)
	wantPage(t, b.get(late, "Accept", asPage), http.StatusBadRequest, "state.expired")
	wantPage(t, b.sends(late, filled()), http.StatusBadRequest, "state.expired")
	if n := len(p.office.tried()); n != 1 {
		t.Errorf("%d logins were tried", n)
	}
}

// What a form carries beside its fields leads nowhere.
func TestAFormCannotChooseWhereItLeads(t *testing.T) {
	t.Parallel()
	p := startPost(t)
	b := p.browser()
	form := filled("returnUrl", "https://evil.example/", "state", "forged", "clientId", "x", "key", "other", "accountId", "1")
	a := b.sends(b.atForm()+"&returnUrl=https://evil.example/&next=//evil.example", form)
	if result := a.ledOn(t); result.Get("state") != "app-state" || strings.Contains(a.body, "evil.example") {
		t.Errorf("it leads on with %v: %s", result, a.body)
	}
}

func TestFieldsThatCannotBe(t *testing.T) {
	t.Parallel()
	p := startPost(t)
	b := p.browser()
	page := b.atForm()
	long := strings.Repeat("é", 4096) // 8 KB
	for name, c := range map[string]struct{ field, value, code, kept string }{
		"no address":           {"email", "  ", "field.missing", ""},
		"no password":          {"password", "", "field.missing", ""},
		"a line break":         {"email", "ada\r\na1 LOGOUT", "field.invalid", "adaa1 LOGOUT"},
		"NUL":                  {"imapHost", "mail.test\x00.evil.test", "field.invalid", "mail.test.evil.test"},
		"broken UTF-8":         {"email", "ada\xff@mail.test", "field.invalid", "ada@mail.test"},
		"8 KB":                 {"email", long, "field.tooLong", long},
		"8 KB of password":     {"password", long, "field.tooLong", ""},
		"a break in password":  {"password", "secret\nword", "field.invalid", ""},
		"a port too high":      {"imapPort", "65536", "field.invalid", "65536"},
		"no port":              {"imapPort", "0x10", "field.invalid", "0x10"},
		"protection of nobody": {"imapSecurity", "none", "field.invalid", ""},
	} {
		a := b.sends(page, filled(c.field, c.value))
		if a.status != http.StatusBadRequest || !strings.Contains(a.body, `<code id="code">`+c.code) || !strings.Contains(a.body, `id="error-`+c.field) {
			t.Errorf("%s: %d %.3000s", name, a.status, a.body)
		}
		if c.kept != "" && !strings.Contains(a.body, `value="`+c.kept+`"`) {
			t.Errorf("%s: %q is not kept: %.3000s", name, c.kept, a.body)
		}
		if c.field == "password" && c.value != "" && strings.Contains(a.body, c.value) {
			t.Errorf("%s: the password is shown", name)
		}
	}
	twice := b.sends(page, url.Values{"email": {"a@mail.test", "b@mail.test"}, "password": {rightPassword}})
	if !strings.Contains(twice.body, "field.invalid") {
		t.Errorf("a field twice: %d %s", twice.status, twice.body)
	}
	huge := b.sends(page, filled("email", strings.Repeat("x", 70<<10)))
	if huge.status != http.StatusRequestEntityTooLarge {
		t.Errorf("70 KB: %d", huge.status)
	}
	if n := len(p.office.tried()); n != 0 {
		t.Fatalf("%d logins were tried", n)
	}
	// Names that look dangerous and are not: they reach the server as typed.
	for _, name := range []string{`"ada"\@mail.test`, "åda@mäil.test", `<script>alert(1)</script>`, `CONTOSO\ada`} {
		p.signsIn(filled("email", name))
	}
	escaped := b.sends(page, filled("email", `"><script>x</script>`, "password", "wrong"))
	noneIn(t, escaped.body, []string{"<script>"})
}

func TestThePasswordStaysInTheLogin(t *testing.T) {
	t.Parallel()
	p := startPost(t)
	b := p.browser()
	page := b.atForm()
	wrong := "wr0ng-and-secret"
	seen := []answer{
		b.sends(page, filled("password", wrong)), b.sends(page, filled("email", "", "password", wrong)),
		b.sends(page+"&password="+wrong, filled("password", wrong), "Accept", "application/json"),
		b.sends(page, filled()),
	}
	c := p.redeemedAccount(seen[3].ledOn(t))
	yes := true
	if _, err := p.ops.SetApplication(t.Context(), p.client.ClientID, operator.SetApplication{ProviderAuth: &yes}); err != nil {
		t.Fatal(err)
	}
	auth := p.call(http.MethodGet, "/v1/account?includeProviderAuth=true", nil,
		"Authorization", basic(p.client.ClientID, p.password), "X-Aurinko-Account-Id", fmt.Sprint(c.AccountID))
	refused(t, auth, http.StatusForbidden, "providerauth.denied")
	seen = append(seen, auth, p.as(c, http.MethodGet, "/v1/account?pingProvider=true"))
	events, err := p.ops.AuditEvents(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	trail, err := json.Marshal(events)
	if err != nil {
		t.Fatal(err)
	}
	everything := p.log.String() + string(trail)
	for _, a := range seen {
		everything += a.body + fmt.Sprint(a.header)
	}
	noneIn(t, everything, []string{rightPassword, wrong, url.QueryEscape(rightPassword), "staple"})
	noneIn(t, p.log.String(), []string{"key="})
}

func TestProgramsAtTheForm(t *testing.T) {
	t.Parallel()
	p := startPost(t)
	b := p.browser()
	page := b.atForm()
	wantShown(t, b.get(page), http.StatusBadRequest, "form.page")
	asJSON := []string{"Accept", "application/json"}
	send := func(form url.Values) answer {
		return b.posts(page, form.Encode(), append(asJSON, "Origin", p.url, "Content-Type", urlencoded)...)
	}
	refused(t, send(filled("password", "wrong")), http.StatusForbidden, "login.refused")
	refused(t, send(filled("email", "")), http.StatusBadRequest, "field.missing")
	refused(t, b.posts(page, `{"email":"ada@mail.test"}`, "Origin", p.url, "Content-Type", "application/json"), http.StatusBadRequest, "parameter.invalid")
	refused(t, b.posts(page, "email=%zz", "Origin", p.url, "Content-Type", urlencoded), http.StatusBadRequest, "parameter.invalid")
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodHead} {
		a := p.send(b.client, method, page, nil)
		if a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != "GET, POST" {
			t.Errorf("%s: %d, Allow %q", method, a.status, a.header.Get("Allow"))
		}
	}
	done := send(filled())
	var led struct{ Location string }
	if err := json.Unmarshal([]byte(done.body), &led); err != nil || done.status != http.StatusOK || done.location() != "" {
		t.Fatalf("a program is answered %d %s", done.status, done.body)
	}
	to, err := url.Parse(led.Location)
	if err != nil {
		t.Fatal(err)
	}
	p.redeemedAccount(to.Query())
}

// A stranger who guesses is stopped before the directory locks the owner out.
func TestLoginsAreLimited(t *testing.T) {
	t.Parallel()
	p := startPost(t)
	b := p.browser()
	page := b.atForm()
	for i := range 5 {
		if a := b.sends(page, filled("password", fmt.Sprint("guess ", i))); a.status != http.StatusForbidden {
			t.Fatalf("guess %d: %d", i, a.status)
		}
	}
	a := p.browser()
	other := a.atForm()
	limited := a.sends(other, filled("email", "ADA@mail.test")) // another attempt, another spelling, the right password
	if limited.status != http.StatusTooManyRequests || limited.header.Get("Retry-After") == "" ||
		!strings.Contains(limited.body, "login.limited") || !strings.Contains(limited.body, `value="ADA@mail.test"`) {
		t.Errorf("the sixth: %d %v %s", limited.status, limited.header, limited.body)
	}
	if n := len(p.office.tried()); n != 5 {
		t.Errorf("%d logins reached the server", n)
	}
	p.signsIn(filled("email", "bob@mail.test")) // nobody else is kept out
	p.clock.advance(60e9)
	p.redeemedAccount(a.sends(other, filled()).ledOn(t))
}

func TestServerURLFillsTheFormInAndDecidesNothing(t *testing.T) {
	t.Parallel()
	p := startPost(t)
	b := p.browser()
	for _, hint := range []string{"mail.test:993", `"><script>alert(1)</script>`, "javascript:alert(1)"} {
		shown := b.get(b.atForm("serverUrl", hint), "Accept", asPage)
		if shown.status != http.StatusOK || strings.Contains(shown.body, "<script>") {
			t.Errorf("%q: %d %s", hint, shown.status, shown.body)
		}
	}
	wantFailed(t, b.authorize(mailSignIn("serverUrl", strings.Repeat("x", 1025))), "parameter.tooLong")
	wantFailed(t, b.authorize(mailSignIn("serverUrl", "mail.test\r\nX: y")), "parameter.invalid")
	if n := len(p.office.tried()); n != 0 {
		t.Errorf("a hint alone has tried %d logins", n)
	}
}

func TestRegisteringAFormService(t *testing.T) {
	t.Parallel()
	p := startPost(t)
	yes := true
	callback := "https://relay.example/back"
	for name, in := range map[string]operator.SetRegistration{
		"a client id":       {ServiceType: "IMAP", ClientID: "id"},
		"an unbound one":    {ServiceType: "IMAP", UnboundBrowser: &yes},
		"a relay":           {ServiceType: "IMAP", CallbackURL: &callback},
		"native scopes":     {ServiceType: "IMAP", NativeScopes: []string{"x"}},
		"endpoints":         {ServiceType: "IMAP", Endpoints: &account.Endpoints{Token: "https://x.example/"}},
		"a foreign scope":   {ServiceType: "IMAP", Scopes: []string{"Calendar.Read"}},
		"Google without id": {ServiceType: "Google"},
	} {
		if _, _, err := p.ops.SetRegistration(t.Context(), p.client.ClientID, in); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	list, err := p.ops.Registrations(t.Context(), p.client.ClientID)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		if (r.ServiceType == account.IMAP) != (r.RedirectURI == "") {
			t.Errorf("%s has the redirect URI %q", r.ServiceType, r.RedirectURI)
		}
	}
	findings, err := p.ops.Doctor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		if strings.HasSuffix(f.Subject, "/IMAP") && (f.Level != operator.OK || f.RedirectURI != "") {
			t.Errorf("doctor: %+v", f)
		}
	}
	if err := p.ops.RemoveRegistration(t.Context(), p.client.ClientID, "IMAP", ""); err != nil {
		t.Error(err)
	}
}
