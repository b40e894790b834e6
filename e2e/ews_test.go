package e2e_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/sandbox"
)

// exchangeWorld is a server with the real Exchange driver, and the sandbox's Exchange,
// which its operator allows.
type exchangeWorld struct {
	*world
	box      *sandbox.Sandbox
	exchange *sandbox.Exchange
}

func startExchange(t testing.TB, changes ...func(*app.Config)) exchangeWorld {
	t.Helper()
	m := exchangeWorld{box: sandbox.New(sandbox.Config{})}
	var err error
	if m.exchange, err = m.box.ListenExchange(t.Context(), "127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.exchange.Close() })
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, m.exchange.CA, 0o600); err != nil {
		t.Fatal(err)
	}
	m.world = start(t, append([]func(*app.Config){func(c *app.Config) {
		c.TypedNetworks, c.TypedCA = []string{"127.0.0.0/8"}, ca
	}}, changes...)...)
	if _, _, err := m.ops.SetRegistration(t.Context(), m.client.ClientID, operator.SetRegistration{ServiceType: "ews", Scopes: []string{"Mail.Read"}}); err != nil {
		t.Fatal(err)
	}
	return m
}

// login is a form that works, with changes.
func (m exchangeWorld) login(changes ...string) url.Values {
	v := url.Values{
		"email": {"ada@sandbox.test"}, "password": {m.box.ExchangePassword("ada")}, "username": {""}, "serverUrl": {m.exchange.URL("/owa")},
	}
	for i := 0; i+1 < len(changes); i += 2 {
		v.Set(changes[i], changes[i+1])
	}
	return v
}

const (
	inboxBySOAP = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">` +
		`<s:Body><m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape><m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder></s:Body></s:Envelope>`
	exchangeAPI = "/v1/direct/EWS/Exchange.asmx"
)

func (m exchangeWorld) asksInbox(c connected) answer {
	m.t.Helper()
	return m.call(http.MethodPost, exchangeAPI, strings.NewReader(inboxBySOAP), "Authorization", c.bearer(), "Content-Type", "text/xml; charset=utf-8")
}

func TestAnExchangeMailboxIsConnectedAndReadBySOAP(t *testing.T) {
	t.Parallel()
	m := startExchange(t)
	b := m.browser()
	c := m.redeemedAccount(b.sends(b.atForm("serviceType", "EWS", "scopes", "Mail.Read Calendar.Read"), m.login("username", `SANDBOX\ada`)).ledOn(t))
	got := m.details(c, "")
	for field, want := range map[string]any{
		"serviceType": "EWS", "tokenStatus": "active", "email": "ada@sandbox.test",
		// A password is all or nothing; what was asked bounds the token, not the account.
		"authScopes": []any{
			"Calendar.Read", "Calendar.ReadWrite", "Mail.Read", "Mail.ReadWrite", "Mail.Send", "Mail.Drafts", "Mail.All",
			"Contacts.Read", "Contacts.ReadWrite", "Tasks.Read", "Tasks.ReadWrite",
		},
		"authUserId": "ews://sandbox%5Cada@localhost:" + portOf(m.exchange.TLS),
	} {
		if d := cmp.Diff(want, got[field]); d != "" {
			t.Errorf("%s: %s", field, d)
		}
	}
	if calls := m.box.Stats()["EWS"]; calls.EWSLogin != 1 {
		t.Errorf("%+v, want one login", calls)
	}
	if a := m.asksInbox(c); a.status != http.StatusOK || !strings.Contains(a.body, "<t:DisplayName>Inbox</t:DisplayName>") {
		t.Errorf("%d %s", a.status, a.body)
	}
	for _, path := range []string{"/v1/direct/EWS/Services.wsdl", "/v1/direct/owa/", "/v1/direct/autodiscover/autodiscover.xml", "/v1/direct/"} {
		refused(t, m.as(c, http.MethodGet, path), http.StatusBadRequest, "path.invalid")
	}
	noneIn(t, m.log.String(), []string{m.box.ExchangePassword("ada")})
}

// Each way to fail has its code and its page, and the attempt is open for another try.
func TestAnExchangeMailboxThatIsNotConnected(t *testing.T) {
	t.Parallel()
	m := startExchange(t)
	b := m.browser()
	page := b.atForm("serviceType", "EWS", "scopes", "Mail.Read")
	logins := 0
	for _, test := range []struct {
		code   string
		logins int
		change []string
	}{
		{"login.refused", 1, []string{"password", "not-the-password"}},
		{"login.refused", 1, []string{"email", "ada+locked@sandbox.test"}},
		{"login.disabled", 1, []string{"email", "ada+disabled@sandbox.test"}},
		{"login.disabled", 1, []string{"email", "ada+nomailbox@sandbox.test"}},
		{"server.busy", 1, []string{"email", "ada+busy@sandbox.test"}},
		{"server.unreachable", 0, []string{"email", "a@x.test", "serverUrl", "10.0.0.1"}},
		{"server.protocol", 0, []string{"email", "b@x.test", "serverUrl", m.exchange.URL("/other/Exchange.asmx")}},
		{"field.invalid", 0, []string{"email", "c@x.test", "serverUrl", "http://localhost/owa"}},
		{"service.elsewhere", 0, []string{"email", "d@x.test", "serverUrl", "https://outlook.office365.com/owa"}}, // no client for Office365 here
	} {
		a := b.sends(page, m.login(test.change...))
		if !strings.Contains(a.body, test.code) {
			t.Errorf("%v: want %s: %d %s", test.change, test.code, a.status, a.body)
		}
		noneIn(t, a.body, []string{m.box.ExchangePassword("ada"), "not-the-password"})
		logins += test.logins
		if calls := m.box.Stats()["EWS"]; calls.EWSLogin != logins {
			t.Errorf("%v: %d logins, want %d", test.change, calls.EWSLogin, logins)
		}
	}
	if got := b.sends(page, m.login()).ledOn(t); got.Get("status") != "success" {
		t.Errorf("at last: %v", got)
	}
}

// A password that the server does not take any more is tried once, by whatever calls.
func TestAnExchangePasswordThatIsNoGoodAnyMore(t *testing.T) {
	t.Parallel()
	m := startExchange(t)
	b := m.browser()
	c := m.redeemedAccount(b.sends(b.atForm("serviceType", "EWS", "scopes", "Mail.Read"), m.login()).ledOn(t))
	m.fault(sandbox.Fault{Endpoint: "ews", Kind: "error", Error: "ErrorServerBusy", RetryAfter: "90"})
	if a := m.asksInbox(c); a.status != http.StatusBadGateway || a.header.Get("Retry-After") != "90" {
		t.Errorf("busy: %d %v %s", a.status, a.header, a.body)
	}
	m.fault(sandbox.Fault{Endpoint: "ewsLogin", Kind: "status", Status: 401})
	before := m.box.Stats()["EWS"].EWSLogin
	for range 3 {
		refused(t, m.asksInbox(c), http.StatusUnauthorized, "token.dead")
	}
	if tried := m.box.Stats()["EWS"].EWSLogin - before; tried != 1 {
		t.Errorf("the password was tried %d times", tried)
	}
	if got := m.details(c, "")["tokenStatus"]; got != "dead" {
		t.Errorf("the account is %v", got)
	}
	m.fault()
	again := m.redeemedAccount(b.sends(b.atForm("serviceType", "EWS", "scopes", "Mail.Read"), m.login()).ledOn(t))
	if again.AccountID != c.AccountID || m.asksInbox(c).status != http.StatusOK {
		t.Error("a new sign-in does not bring the account back")
	}
}

func (m exchangeWorld) fault(faults ...sandbox.Fault) {
	m.t.Helper()
	for i := range faults {
		faults[i].Vendor = "EWS"
	}
	if err := m.box.SetFaults(faults); err != nil {
		m.t.Fatal(err)
	}
}

// A server that autodiscover names, and that nobody has seen, gets no password before the
// person has looked at it.
func TestAnExchangeOfAnotherDomainIsConfirmedFirst(t *testing.T) {
	t.Parallel()
	m := startExchange(t)
	b := m.browser()
	page := b.atForm("serviceType", "EWS", "scopes", "Mail.Read")
	other := "https://127.0.0.1:" + portOf(m.exchange.TLS) + "/EWS/Exchange.asmx"
	m.fault(sandbox.Fault{Endpoint: "autodiscover", Kind: "names", Location: other})
	form := m.login("serverUrl", m.exchange.URL("/autodiscover/autodiscover.xml"), "username", `SANDBOX\ada`)
	asked := b.sends(page, form)
	asked.holdsAll(t, "asked", "server.unconfirmed", "localhost names a server of another domain, 127.0.0.1.", other, `value="SANDBOX\ada"`, `name="confirmed"`)
	noneIn(t, asked.body, []string{m.box.ExchangePassword("ada"), "checked"})
	sealed := sealedFound.FindStringSubmatch(asked.body)
	if logins := m.box.Stats()["EWS"].EWSLogin; sealed == nil || logins != 1 {
		t.Fatalf("%d logins, %s", logins, asked.body)
	}
	form.Set("serverUrl", other)
	form.Set("found", sealed[1])
	b.sends(page, form).holdsAll(t, "not confirmed", "server.unconfirmed")
	form.Set("confirmed", "yes")
	c := m.redeemedAccount(b.sends(page, form).ledOn(t))
	if got := m.details(c, "")["authUserId"]; got != "ews://sandbox%5Cada@127.0.0.1:"+portOf(m.exchange.TLS) {
		t.Errorf("connected as %v", got)
	}
	if logins := m.box.Stats()["EWS"].EWSLogin; logins != 2 {
		t.Errorf("%d logins", logins)
	}
}
