package sandbox_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/Azure/go-ntlmssp"

	"github.com/avain-project/avain/internal/sandbox"
)

// company is the sandbox's Exchange Server and how to reach it.
type company struct {
	*testing.T
	box *sandbox.Sandbox
	at  *sandbox.Exchange
}

func setupCompany(t *testing.T, settings sandbox.ExchangeSettings) company {
	t.Helper()
	c := company{T: t, box: sandbox.New(sandbox.Config{})}
	if err := c.box.SetExchange(settings); err != nil {
		t.Fatal(err)
	}
	var err error
	if c.at, err = c.box.ListenExchange(t.Context(), "127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.at.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// client has connections of its own, and follows no redirect.
func (c company) client() *http.Client {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(c.at.CA)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	c.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (c company) post(client *http.Client, target, body string, header ...string) answer {
	c.Helper()
	req, err := http.NewRequestWithContext(c.Context(), http.MethodPost, target, strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return c.send(client, req)
}

func (c company) send(client *http.Client, req *http.Request) answer {
	c.Helper()
	resp, err := client.Do(req)
	if err != nil {
		c.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.Fatal(err)
	}
	return answer{resp, string(text)}
}

// call asks the web services over Basic, as somebody whose password is right.
func (c company) call(name, body string) answer {
	c.Helper()
	key, _, _ := strings.Cut(name, "+")
	return c.post(c.client(), c.at.URL("/EWS/Exchange.asmx"), envelope(body), "Authorization", basic(name+"@sandbox.test", c.box.ExchangePassword(key)))
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func envelope(body string) string {
	return `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"` +
		` xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">` +
		`<s:Header><t:RequestServerVersion Version="Exchange2013_SP1"/></s:Header><s:Body>` + body + `</s:Body></s:Envelope>`
}

const getInbox = `<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>` +
	`<m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder>`

// tries wants that many passwords looked at.
func (c company) tries(want int) {
	c.Helper()
	if n := c.box.Stats()["EWS"].EWSLogin; n != want {
		c.Errorf("%d passwords looked at, want %d", n, want)
	}
}

func TestExchangeTakesEveryMechanismAndName(t *testing.T) {
	t.Parallel()
	for _, mechanism := range []string{"NTLM", "Negotiate", "Basic"} {
		t.Run(mechanism, func(t *testing.T) {
			t.Parallel()
			c := setupCompany(t, sandbox.ExchangeSettings{Offers: []string{mechanism}})
			address, account, upn := c.box.ExchangeNames("ada")
			for _, name := range []string{address, account, upn, strings.ToUpper(account), "ada"} {
				for password, want := range map[string]int{c.box.ExchangePassword("ada"): 200, "wrong": 401} {
					before := c.box.Stats()["EWS"].EWSLogin
					client := c.client()
					client.Transport = ntlmssp.Negotiator{RoundTripper: client.Transport, AllowBasicAuth: true}
					got := c.post(client, c.at.URL("/ews/exchange.asmx"), envelope(getInbox), "Authorization", basic(name, password))
					if got.StatusCode != want || (want == 200) != strings.Contains(got.text, ">NoError<") {
						t.Errorf("%s with %s: %d %s", name, password, got.StatusCode, got.text)
					}
					if n := c.box.Stats()["EWS"].EWSLogin - before; n != 1 {
						t.Errorf("%s with %s: %d passwords looked at", name, password, n)
					}
				}
			}
		})
	}
}

func TestExchangeNTLMIsOfTheConnection(t *testing.T) {
	t.Parallel()
	c := setupCompany(t, sandbox.ExchangeSettings{})
	client := c.client()
	negotiator := &http.Client{Transport: ntlmssp.Negotiator{RoundTripper: client.Transport}}
	address, _, _ := c.box.ExchangeNames("ada")
	ews := c.at.URL("/EWS/Exchange.asmx")
	if got := c.post(negotiator, ews, envelope(getInbox), "Authorization", basic(address, c.box.ExchangePassword("ada"))); got.StatusCode != 200 {
		t.Fatalf("%d %s", got.StatusCode, got.text)
	}
	if got := c.post(client, ews, envelope(getInbox)); got.StatusCode != 200 {
		t.Errorf("on the same connection: %d", got.StatusCode)
	}
	if got := c.post(c.client(), ews, envelope(getInbox)); got.StatusCode != 401 || len(got.Header.Values("WWW-Authenticate")) != 3 {
		t.Errorf("on another: %d %v", got.StatusCode, got.Header)
	}
	c.tries(1)
}

// An answer to the challenge of one connection is worth nothing on another.
func TestExchangeNTLMAnswersTravelNowhere(t *testing.T) {
	t.Parallel()
	c := setupCompany(t, sandbox.ExchangeSettings{})
	ews, first := c.at.URL("/EWS/Exchange.asmx"), c.client()
	hello, err := ntlmssp.NewNegotiateMessage("", "")
	if err != nil {
		t.Fatal(err)
	}
	step := func(client *http.Client, message []byte) answer {
		return c.post(client, ews, envelope(getInbox), "Authorization", "NTLM "+base64.StdEncoding.EncodeToString(message))
	}
	challenge, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(step(first, hello).Header.Get("WWW-Authenticate"), "NTLM "))
	if err != nil {
		t.Fatal(err)
	}
	response, err := ntlmssp.NewAuthenticateMessage(challenge, `SANDBOX\ada`, c.box.ExchangePassword("ada"), nil)
	if err != nil {
		t.Fatal(err)
	}
	second := c.client()
	if got := step(second, hello); got.StatusCode != 401 {
		t.Errorf("a hello: %d", got.StatusCode)
	}
	if got := step(second, response); got.StatusCode != 401 {
		t.Errorf("on another connection: %d", got.StatusCode)
	}
	if got := step(first, response); got.StatusCode != 200 {
		t.Errorf("on its own: %d", got.StatusCode)
	}
	if got := step(first, response); got.StatusCode != 401 {
		t.Errorf("a second time: %d", got.StatusCode)
	}
}

func TestExchangeAccountsThatMayNot(t *testing.T) {
	t.Parallel()
	c := setupCompany(t, sandbox.ExchangeSettings{})
	for name, want := range map[string]struct {
		status int
		text   string
	}{
		"ada":           {200, ">NoError<"},
		"ada+disabled":  {403, "switched off"},
		"ada+expired":   {401, ""},
		"ada+locked":    {401, ""},
		"ada+nomailbox": {200, ">ErrorNonExistentMailbox<"},
		"ada+busy":      {500, `Name="BackOffMilliseconds">300000<`},
		"ada+nosuch":    {401, ""},
		"eve":           {401, ""},
	} {
		if got := c.call(name, getInbox); got.StatusCode != want.status || !strings.Contains(got.text, want.text) {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.text)
		}
	}
}

func TestExchangeLocksAfterWrongPasswords(t *testing.T) {
	t.Parallel()
	c := setupCompany(t, sandbox.ExchangeSettings{LockAfter: 2})
	ews := c.at.URL("/EWS/Exchange.asmx")
	for range 2 {
		c.post(c.client(), ews, envelope(getInbox), "Authorization", basic(`SANDBOX\ada`, "wrong"))
	}
	if n := c.box.ExchangeWrong("ada"); n != 2 {
		t.Errorf("%d wrong tries are remembered", n)
	}
	if got := c.call("ada", getInbox); got.StatusCode != 401 {
		t.Errorf("a locked account: %d", got.StatusCode)
	}
	if got := c.call("bob", getInbox); got.StatusCode != 200 {
		t.Errorf("somebody else's: %d", got.StatusCode)
	}
	c.tries(4)
	c.box.Reset()
	if got := c.call("ada", getInbox); got.StatusCode != 200 {
		t.Errorf("after a reset: %d", got.StatusCode)
	}
}

const poxRequest = `<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>` +
	`<EMailAddress>ada@sandbox.test</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a` +
	`</AcceptableResponseSchema></Request></Autodiscover>`

func soapRequest(address string) string {
	return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:a="http://schemas.microsoft.com/exchange/2010/Autodiscover"><s:Body>` +
		`<a:GetUserSettingsRequestMessage><a:Request><a:Users><a:User><a:Mailbox>` + address + `</a:Mailbox></a:User></a:Users>` +
		`<a:RequestedSettings><a:Setting>ExternalEwsUrl</a:Setting></a:RequestedSettings></a:Request></a:GetUserSettingsRequestMessage></s:Body></s:Envelope>`
}

func (c company) discover(path, body string) answer {
	c.Helper()
	return c.post(c.client(), c.at.URL(path), body, "Authorization", basic("ada@sandbox.test", c.box.ExchangePassword("ada")))
}

func TestAutodiscover(t *testing.T) {
	t.Parallel()
	c := setupCompany(t, sandbox.ExchangeSettings{})
	ews := c.at.URL("/EWS/Exchange.asmx")
	if got := c.discover("/Autodiscover/Autodiscover.xml", poxRequest); got.StatusCode != 200 || !strings.Contains(got.text, "<EwsUrl>"+ews+"</EwsUrl>") {
		t.Errorf("POX: %d %s", got.StatusCode, got.text)
	}
	if got := c.discover("/autodiscover/autodiscover.svc", soapRequest("ada@sandbox.test")); got.StatusCode != 200 || !strings.Contains(got.text, ">"+ews+"<") {
		t.Errorf("SOAP: %d %s", got.StatusCode, got.text)
	}
	if got := c.discover("/autodiscover/autodiscover.svc", soapRequest("eve@sandbox.test")); !strings.Contains(got.text, ">InvalidUser<") {
		t.Errorf("SOAP for nobody: %s", got.text)
	}
	if got := c.post(c.client(), c.at.URL("/autodiscover/autodiscover.xml"), poxRequest); got.StatusCode != 401 {
		t.Errorf("to anybody: %d", got.StatusCode)
	}
	for fault, want := range map[sandbox.Fault][2]string{
		{Kind: "names", Location: "https://outlook.office365.com/EWS/Exchange.asmx"}: {"<EwsUrl>https://outlook.office365.com/", ">https://outlook.office365.com/"},
		{Kind: "refers", Location: "https://mail.other.test/autodiscover.xml"}:       {"<RedirectUrl>https://mail.other.test/", "RedirectUrl<"},
		{Kind: "refers", Location: "ada@other.test"}:                                 {"<RedirectAddr>ada@other.test<", "RedirectAddress<"},
		{Kind: "refers"}: {"<RedirectUrl>" + c.at.URL("/autodiscover/autodiscover.xml"), "RedirectUrl<"},
		{Kind: "bomb"}:   {"&e9;&e9;", "&e9;&e9;"},
		{Kind: "entity"}: {"file:///etc/passwd", "file:///etc/passwd"},
	} {
		fault.Vendor, fault.Endpoint = "EWS", "autodiscover"
		if err := c.box.SetFaults([]sandbox.Fault{fault}); err != nil {
			t.Fatal(err)
		}
		if got := c.discover("/autodiscover/autodiscover.xml", poxRequest); !strings.Contains(got.text, want[0]) {
			t.Errorf("%+v: %s", fault, got.text)
		}
		if got := c.discover("/autodiscover/autodiscover.svc", soapRequest("ada@sandbox.test")); !strings.Contains(got.text, want[1]) {
			t.Errorf("%+v: %s", fault, got.text)
		}
	}
}

func TestAutodiscoverInTheClearLeadsToTLS(t *testing.T) {
	t.Parallel()
	c := setupCompany(t, sandbox.ExchangeSettings{})
	const path = "/autodiscover/autodiscover.xml"
	_, plain, _ := strings.Cut(c.at.HTTP, ":")
	secure, err := url.Parse(c.at.URL(path))
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]string{
		"autodiscover.sandbox.test:" + plain: "https://exchange.sandbox.test:" + secure.Port() + path,
		"autodiscover.sandbox.test":          "https://exchange.sandbox.test" + path,
		"localhost:" + plain:                 secure.String(),
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+c.at.HTTP+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		if got := c.send(c.client(), req); got.StatusCode != 302 || got.Header.Get("Location") != want {
			t.Errorf("%s: %d %s", host, got.StatusCode, got.Header.Get("Location"))
		}
	}
	got := c.post(c.client(), "http://"+c.at.HTTP+"/EWS/Exchange.asmx", envelope(getInbox), "Authorization", basic("ada@sandbox.test", c.box.ExchangePassword("ada")))
	if got.StatusCode != 403 {
		t.Errorf("the web services in the clear: %d", got.StatusCode)
	}
	c.tries(1)
}

func TestExchangeSettingsByControl(t *testing.T) {
	t.Parallel()
	b := setup(t)
	at, err := b.sandbox.ListenExchange(t.Context(), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = at.Close() })
	c := company{T: t, box: b.sandbox, at: at}
	for _, bad := range []string{`{"offers": ["Kerberos"]}`, `{"lockAfter": -1}`, `{"lock": 5}`, `[]`, ``} {
		if got := b.control("POST", "exchange", bad); got.StatusCode != 400 || !strings.Contains(got.text, "lockAfter") {
			t.Errorf("%s: %d %s", bad, got.StatusCode, got.text)
		}
	}
	offered := func() []string {
		return c.post(c.client(), at.URL("/EWS/Exchange.asmx"), "").Header.Values("WWW-Authenticate")
	}
	b.wantStatus(b.control("POST", "exchange", `{"offers": ["NTLM"], "lockAfter": 1}`).StatusCode, 200)
	if got := offered(); len(got) != 1 || got[0] != "NTLM" {
		t.Errorf("offered: %v", got)
	}
	b.sandbox.Reset()
	if got := offered(); len(got) != 3 {
		t.Errorf("offered after a reset: %v", got)
	}
}

// Extended Protection refuses who does not name the certificate, however right the
// password is.
func TestExchangeExtendedProtection(t *testing.T) {
	t.Parallel()
	c := setupCompany(t, sandbox.ExchangeSettings{ChannelBinding: true})
	client := c.client()
	client.Transport = ntlmssp.Negotiator{RoundTripper: client.Transport}
	got := c.post(client, c.at.URL("/EWS/Exchange.asmx"), envelope(getInbox), "Authorization", basic(`SANDBOX\ada`, c.box.ExchangePassword("ada")))
	if got.StatusCode != 401 {
		t.Errorf("an answer bound to nothing: %d", got.StatusCode)
	}
	c.tries(1)
}

// idOf is the first id of an element in an answer.
func idOf(a answer, element string) string {
	_, behind, _ := strings.Cut(a.text, "<t:"+element+` Id="`)
	id, _, _ := strings.Cut(behind, `"`)
	return id
}

func TestExchangeIdsAreTheirOwners(t *testing.T) {
	t.Parallel()
	c := setupCompany(t, sandbox.ExchangeSettings{})
	const findInbox = `<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>` +
		`<m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem>`
	folder, item := idOf(c.call("ada", getInbox), "FolderId"), idOf(c.call("ada", findInbox), "ItemId")
	if folder == "" || item == "" {
		t.Fatalf("ids %q and %q", folder, item)
	}
	byID := strings.Replace(getInbox, `<t:DistinguishedFolderId Id="inbox"/>`, `<t:FolderId Id="`+folder+`"/>`, 1)
	read := `<m:GetItem><m:ItemShape><t:BaseShape>AllProperties</t:BaseShape></m:ItemShape><m:ItemIds><t:ItemId Id="` + item + `"/></m:ItemIds></m:GetItem>`
	other := strings.Replace(getInbox, `Id="inbox"/>`, `Id="inbox"><t:Mailbox><t:EmailAddress>ada@sandbox.test</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>`, 1)
	for body, refusal := range map[string]string{byID: ">ErrorFolderNotFound<", read: ">ErrorItemNotFound<", other: ">ErrorNonExistentMailbox<"} {
		if got := c.call("ada", body); !strings.Contains(got.text, ">NoError<") {
			t.Errorf("hers: %s", got.text)
		}
		if got := c.call("bob", body); !strings.Contains(got.text, refusal) || strings.Contains(got.text, "Analytical") {
			t.Errorf("somebody else's: %s", got.text)
		}
	}
}
