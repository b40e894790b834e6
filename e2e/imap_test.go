package e2e_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/sandbox"
)

// mailWorld is a server with the real IMAP driver, and the sandbox's mail service, which
// its operator allows.
type mailWorld struct {
	*world
	box  *sandbox.Sandbox
	mail *sandbox.Mail
}

func startMail(t testing.TB, changes ...func(*app.Config)) mailWorld {
	t.Helper()
	m := mailWorld{box: sandbox.New(sandbox.Config{})}
	var err error
	if m.mail, err = m.box.ListenMail(t.Context(), "127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.mail.Close() })
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, m.mail.CA, 0o600); err != nil {
		t.Fatal(err)
	}
	m.world = start(t, append([]func(*app.Config){func(c *app.Config) {
		c.TypedNetworks, c.TypedCA = []string{"127.0.0.0/8"}, ca
	}}, changes...)...)
	m.takesMail(m.client.ClientID)
	return m
}

// login is a form that works, with changes.
func (m mailWorld) login(changes ...string) url.Values {
	v := url.Values{
		"email": {"ada@sandbox.test"}, "password": {m.box.MailPassword("ada")}, "username": {""},
		"imapHost": {"localhost"}, "imapPort": {portOf(m.mail.IMAPTLS)}, "imapSecurity": {"tls"},
		"smtpHost": {"localhost"}, "smtpPort": {portOf(m.mail.SMTPTLS)}, "smtpSecurity": {"tls"},
	}
	for i := 0; i+1 < len(changes); i += 2 {
		v.Set(changes[i], changes[i+1])
	}
	return v
}

func portOf(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }

func TestAMailboxIsConnected(t *testing.T) {
	t.Parallel()
	m := startMail(t)
	b := m.browser()
	c := m.redeemedAccount(b.sends(b.atForm("scopes", "Mail.Read Mail.Send Calendar.Read"), m.login()).ledOn(t))
	got := m.details(c, "")
	for field, want := range map[string]any{
		"serviceType": "IMAP", "tokenStatus": "active", "email": "ada@sandbox.test", "loginString": "ada@sandbox.test",
		// A password is all or nothing; what was asked bounds the token, not the account.
		"authScopes": []any{"Mail.Read", "Mail.ReadWrite", "Mail.Send", "Mail.Drafts", "Mail.All"},
		"authUserId": "imap://ada%40sandbox.test@localhost:" + portOf(m.mail.IMAPTLS),
	} {
		if d := cmp.Diff(want, got[field]); d != "" {
			t.Errorf("%s: %s", field, d)
		}
	}
	refused(t, m.as(c, http.MethodGet, "/v1/direct/INBOX"), http.StatusBadRequest, "direct.unavailable")
	if calls := m.box.Stats()["IMAP"]; calls.IMAPLogin != 1 || calls.SMTPLogin != 1 {
		t.Errorf("%+v, want one login a server", calls)
	}
	noneIn(t, m.log.String(), []string{m.box.MailPassword("ada")})
}

func TestAnotherServerIsAnotherAccount(t *testing.T) {
	t.Parallel()
	m := startMail(t)
	connect := func(changes ...string) connected {
		b := m.browser()
		return m.redeemedAccount(b.sends(b.atForm(), m.login(changes...)).ledOn(t))
	}
	first := connect()
	if again := connect("email", "ada@SANDBOX.test", "imapHost", "LOCALHOST."); again.AccountID != first.AccountID {
		t.Error("the same login at the same server is another account")
	}
	if other := connect("imapHost", "127.0.0.1"); other.AccountID == first.AccountID {
		t.Error("the same login at another server is the same account")
	}
	if other := connect("email", "bob@sandbox.test", "password", m.box.MailPassword("bob")); other.AccountID == first.AccountID {
		t.Error("another login is the same account")
	}
}

var formPageAction = regexp.MustCompile(`<form[^>]* action="([^"]+)"`)

// TestTheDemosSampleLogins fills the demo's own form with what its JSON says.
func TestTheDemosSampleLogins(t *testing.T) {
	t.Parallel()
	ready := startDemo(t)
	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar}
	read := func(res *http.Response, err error) (*http.Response, string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, string(body)
	}
	request := func(method, address string, form url.Values) *http.Request {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", "text/html")
		if form != nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set("Origin", ready.URL)
		}
		return req
	}
	ask := url.Values{"clientId": {ready.ClientID}, "serviceType": {"IMAP"}, "returnUrl": {ready.ReturnURL}, "scopes": {"Mail.Read Mail.Send"}, "state": {"s"}}
	_, page := read(browser.Do(request(http.MethodGet, ready.URL+"/v1/auth/authorize?"+ask.Encode(), nil)))
	action := formPageAction.FindStringSubmatch(page)
	if action == nil {
		t.Fatalf("authorize leads to no form: %s", page)
	}
	_, page = read(browser.Do(request(http.MethodPost, ready.URL+action[1], url.Values{"step": {"manual"}})))
	for _, name := range slices.Sorted(maps.Keys(ready.Samples["IMAP"])) {
		if !strings.Contains(page, `name="`+name+`"`) {
			t.Errorf("the form has no field %s", name)
		}
	}
	send := func(sample map[string]string) string {
		form := url.Values{}
		for name, value := range sample {
			form.Set(name, value)
		}
		_, body := read(browser.Do(request(http.MethodPost, ready.URL+strings.ReplaceAll(action[1], "&amp;", "&"), form)))
		return body
	}
	if body := send(ready.Refused["IMAP"]); !strings.Contains(body, "login.refused") {
		t.Errorf("the refused sample: %s", body)
	}
	body := send(ready.Samples["IMAP"])
	code := regexp.MustCompile(`[?&](?:amp;)?code=([A-Za-z0-9_-]+)`).FindStringSubmatch(body)
	if code == nil {
		t.Fatalf("the sample does not connect: %s", body)
	}
	redeem := request(http.MethodPost, ready.URL+"/v1/auth/token/"+code[1], nil)
	redeem.SetBasicAuth(ready.ClientID, ready.ClientSecret)
	_, text := read(http.DefaultClient.Do(redeem))
	var token struct{ AccessToken string }
	if err := json.Unmarshal([]byte(text), &token); err != nil || token.AccessToken == "" {
		t.Fatalf("no token: %s", text)
	}
	account := request(http.MethodGet, ready.URL+"/v1/account", nil)
	account.Header.Set("Authorization", "Bearer "+token.AccessToken)
	if _, text := read(http.DefaultClient.Do(account)); !strings.Contains(text, `"email":"ada@sandbox.test"`) || !strings.Contains(text, `"IMAP"`) {
		t.Errorf("/v1/account: %s", text)
	}
}
