package e2e_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/all"
	"github.com/avain-project/avain/internal/sandbox"
)

// What people, their servers and attackers can get wrong, tried through the whole server:
//
//	at the mailbox form: password, mailbox, server   TestBadInputAtTheMailboxForm
//	what can be in no field of any form              TestFieldsThatCannotBe
//	the names as a server hears them                 imap: TestNamesAndPasswordsArriveAsTheyAre
//	somebody else's address, an attacker's server    TestSomebodyElsesAddressAtAnAttackersServer
//	too many tries                                   TestLoginsAreLimited
//	an accounts-server or api_domain not of Zoho     TestACallbackThatNamesAnAttackersServer, TestARefreshThatNamesAStrangersAPI
//	a host that only looks like one of Salesforce    TestAStrangersInstanceGetsNothing, TestATenantOfSalesforce
//	whatever else an OAuth provider answers          TestAProviderThatFailsInASignIn, TestTheProvidersErrorComesBack
//	addresses that resolve to somewhere private      outbound: TestDialTriesPublicAddressesAlone, TestASecondAnswerIsJudged

// badLogin is one bad input at the mailbox form.
type badLogin struct {
	code   string // on the page, with these words of what is wrong
	words  string
	logins int // that the mail servers see: at most one each
	change []string
	fault  sandbox.Fault // of the mail servers
	asleep bool          // the server never answers, and the operator's patience is short
}

func badLogins(m mailWorld) map[string]badLogin {
	longName := strings.Repeat("é", 4096) // 8 KB
	return map[string]badLogin{
		// The password and the mailbox.
		"wrong password":           {code: "login.refused", words: "does not accept this login", logins: 1, change: []string{"password", "not-the-password"}},
		"unknown login":            {code: "login.refused", words: "does not accept this login", logins: 1, change: []string{"email", "eve@sandbox.test"}},
		"IMAP is switched off":     {code: "login.disabled", words: "IMAP is switched off", logins: 1, change: []string{"email", "ada+imapoff@sandbox.test"}},
		"sending is switched off":  {code: "login.disabled", words: "does not let this login send", logins: 2, change: []string{"email", "ada+nosmtp@sandbox.test"}},
		"locked account":           {code: "login.locked", words: "locked or closed", logins: 1, change: []string{"email", "ada+locked@sandbox.test"}},
		"expired password":         {code: "login.expired", words: "password has expired", logins: 1, change: []string{"email", "ada+expired@sandbox.test"}},
		"app password wanted":      {code: "login.appPassword", words: "takes an app password", logins: 1, change: []string{"email", "ada+apppass@sandbox.test"}},
		"no password is taken":     {code: "login.unsupported", words: "no way to sign in with a password", fault: sandbox.Fault{Endpoint: "imap", Kind: "error", Error: "LOGINDISABLED"}},
		"busy":                     {code: "server.busy", words: "has trouble", logins: 1, change: []string{"email", "ada+busy@sandbox.test"}},
		"hangs up after the login": {code: "server.unreachable", words: "does not answer", logins: 1, fault: sandbox.Fault{Endpoint: "imapLogin", Kind: "cut"}},
		// The way to the server.
		"nobody named a server":    {code: "server.unconfirmed", words: "is a guess", change: []string{"imapHost", "", "smtpHost", ""}},
		"unknown host":             {code: "server.unknown", words: "there is no server called", change: []string{"imapHost", "nowhere.test"}},
		"unknown host for sending": {code: "server.unknown", words: "there is no server called", logins: 1, change: []string{"smtpHost", "nowhere.test"}},
		"never answers":            {code: "server.timeout", words: "does not answer in time", fault: sandbox.Fault{Endpoint: "imap", Kind: "hang"}, asleep: true},
		"nobody on the port":       {code: "server.unreachable", words: "does not answer", change: []string{"imapPort", closedPort(m.t)}},
		"private address":          {code: "server.unreachable", words: "does not answer", change: []string{"imapHost", "10.0.0.1"}},
		"name of a private one":    {code: "server.unreachable", words: "does not answer", change: []string{"imapHost", "metadata.test"}},
		"port of another service":  {code: "field.invalid", words: "not a name and port", change: []string{"imapPort", "22"}},
		"URL of another kind":      {code: "field.invalid", words: "What helps", change: []string{"imapHost", "imaps://localhost"}},
		// Its protection.
		"TLS where STARTTLS is":   {code: "server.tls", words: "does not speak TLS on this port", change: []string{"imapPort", portOf(m.mail.IMAPStartTLS)}},
		"TLS name mismatch":       {code: "server.certificate", words: "is for another name", change: []string{"imapHost", "other.test"}},
		"expired certificate":     {code: "server.certificate", words: "has expired or is not valid yet", change: []string{"imapPort", certified(m, -time.Hour)}},
		"self-signed certificate": {code: "server.certificate", words: "from an unknown issuer", change: []string{"imapPort", certified(m, 365*24*time.Hour)}},
		// What it speaks.
		"SMTP":             {code: "server.protocol", words: "is for sending mail (SMTP), not for reading", change: []string{"imapPort", portOf(m.mail.SMTPTLS)}},
		"POP3":             {code: "server.protocol", words: "speaks POP3", fault: sandbox.Fault{Endpoint: "imap", Kind: "error", Error: "+OK ready"}},
		"HTTP":             {code: "server.protocol", words: "a web server answers", fault: sandbox.Fault{Endpoint: "imap", Kind: "html"}},
		"nonsense":         {code: "server.protocol", words: "cannot be understood", fault: sandbox.Fault{Endpoint: "imap", Kind: "malformed"}},
		"10 MB greeting":   {code: "server.protocol", words: "cannot be understood", fault: sandbox.Fault{Endpoint: "imap", Kind: "oversized"}},
		"10 MB of sending": {code: "server.protocol", words: "cannot be understood", logins: 1, fault: sandbox.Fault{Endpoint: "smtp", Kind: "oversized"}},
		// Login names: those that can be reach the server, once, as they were typed.
		"quotes":        {code: "login.refused", words: "does not accept this login", logins: 1, change: []string{"username", `"ada" OR "1"="1"`}},
		"backslashes":   {code: "login.refused", words: "does not accept this login", logins: 1, change: []string{"username", `SANDBOX\ada\`}},
		"non-ASCII":     {code: "login.refused", words: "does not accept this login", logins: 1, change: []string{"username", "ädä@sändbox.test"}},
		"8 KB":          {code: "field.tooLong", words: "too long", change: []string{"username", longName}},
		"CRLF":          {code: "field.invalid", words: "control characters", change: []string{"username", "ada\r\nA1 LOGOUT"}},
		"NUL":           {code: "field.invalid", words: "control characters", change: []string{"username", "ada\x00"}},
		"NUL in a host": {code: "field.invalid", words: "control characters", change: []string{"imapHost", "localhost\x00.evil.test"}},
	}
}

// TestBadInputAtTheMailboxForm: each has its code and its page, which says what to do
// next and keeps what was typed except the password; nothing is tried twice, nothing
// leaks, nothing is stored, and the sign-in stays open for a better try.
func TestBadInputAtTheMailboxForm(t *testing.T) {
	t.Parallel()
	patient, hasty := startMail(t, mailNames), startMail(t, mailNames, hurried)
	for name, bad := range badLogins(patient) {
		m := patient
		if bad.asleep {
			m = hasty
		}
		m.clock.advance(5 * time.Minute) // the bounds of tries are another test's
		if bad.fault.Kind != "" {
			bad.fault.Vendor = "IMAP"
			if err := m.box.SetFaults([]sandbox.Fault{bad.fault}); err != nil {
				t.Fatal(err)
			}
		}
		form, before, held := m.login(bad.change...), m.box.Stats()["IMAP"], m.heldAccounts()
		b := m.browser()
		page := b.atForm("scopes", "Mail.All")
		again := b.sends(page, form)
		after := m.box.Stats()["IMAP"]
		if err := m.box.SetFaults(nil); err != nil {
			t.Fatal(err)
		}
		if logins := after.IMAPLogin + after.SMTPLogin - before.IMAPLogin - before.SMTPLogin; logins != bad.logins {
			t.Errorf("%s: %d logins, want %d", name, logins, bad.logins)
		}
		if after.IMAP > before.IMAP+1 || after.SMTP > before.SMTP+1 {
			t.Errorf("%s: a server was called again", name)
		}
		wantFormAgain(t, name, again, bad, form)
		m.nothingLeaks(name, again, form.Get("password"))
		if diff := cmp.Diff(held, m.heldAccounts()); diff != "" {
			t.Errorf("%s: accounts changed: %s", name, diff)
		}
		if !bad.asleep {
			m.redeemedAccount(b.sends(page, m.login()).ledOn(t))
		}
	}
}

var tags = regexp.MustCompile(`<[^>]*>`)

// wantFormAgain checks the page that comes back.
func wantFormAgain(t *testing.T, name string, a answer, bad badLogin, form url.Values) {
	t.Helper()
	shown := html.UnescapeString(a.body)
	_, problem, found := strings.Cut(a.body, `role="alert">`)
	problem, rest, _ := strings.Cut(problem, "</div>")
	_, atField, _ := strings.Cut(rest, `<p class="wrong"`) // where one field can cure it
	_, atField, _ = strings.Cut(atField, ">")
	atField, _, _ = strings.Cut(atField, "</p>")
	problem += " " + atField
	problem = html.UnescapeString(tags.ReplaceAllString(problem, ""))
	if a.status < 400 || !found || !strings.Contains(shown, `<code id="code">`+bad.code+`</code>`) || !strings.Contains(problem, bad.words) {
		t.Errorf("%s: %d, want %s and %q in %q", name, a.status, bad.code, bad.words, problem)
	}
	if strings.Count(problem, ". ") < 1 {
		t.Errorf("%s: the page does not say what to do next: %s", name, problem)
	}
	clean := strings.NewReplacer("\r", "", "\n", "", "\x00", "")
	for field, typed := range form {
		value := clean.Replace(typed[0])
		if bad.code == "server.unconfirmed" && value == "" && strings.HasSuffix(field, "Host") {
			value = strings.TrimSuffix(field, "Host") + ".sandbox.test" // the guess, to be looked at
		}
		kept := `name="` + field + `" type="text" value="` + value + `" autocomplete`
		switch {
		case field == "password":
			kept = `name="password" type="password" value="" autocomplete`
		case strings.HasSuffix(field, "Security"):
			kept = `<option value="` + typed[0] + `" selected>`
		}
		if !strings.Contains(shown, kept) {
			t.Errorf("%s: %s is not kept as %.200q", name, field, typed[0])
		}
	}
}

// nothingLeaks looks for a password in all that the server tells and keeps.
func (m mailWorld) nothingLeaks(name string, a answer, password string) {
	m.t.Helper()
	events, err := m.ops.AuditEvents(m.t.Context(), 100)
	if err != nil {
		m.t.Fatal(err)
	}
	trail, err := json.Marshal(events)
	if err != nil {
		m.t.Fatal(err)
	}
	everything := a.body + fmt.Sprint(a.header) + m.log.String() + string(trail)
	err = filepath.WalkDir(m.dir, func(path string, file fs.DirEntry, err error) error {
		if err != nil || file.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		everything += string(content)
		return err
	})
	if err != nil {
		m.t.Fatal(err)
	}
	for _, leak := range []string{password, url.QueryEscape(password), base64.StdEncoding.EncodeToString([]byte(password))} {
		if strings.Contains(everything, leak) {
			m.t.Errorf("%s: the password is in an answer, the log, the trail or the store", name)
		}
	}
}

// mailNames are the names that typed hosts have in these tests.
func mailNames(c *app.Config) {
	c.Lookup = func(_ context.Context, host string) ([]netip.Addr, error) {
		switch host {
		case "localhost", "imap.sandbox.test", "other.test":
			return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}, nil
		case "metadata.test":
			return []netip.Addr{netip.AddrFrom4([4]byte{169, 254, 169, 254})}, nil
		}
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
}

// hurried is a server that waits for nobody.
func hurried(c *app.Config) {
	c.Providers = func(clients outbound.Clients) provider.Registry {
		clients.Typed = outbound.NewTyped(outbound.TypedConfig{
			Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Lookup: c.Lookup, TLSTimeout: 300 * time.Millisecond,
		})
		return all.Registry(clients)
	}
}

// certified listens by TLS with a certificate of its own making that is good for so long,
// and returns the port. Who shakes hands with it is a failure.
func certified(m mailWorld, good time.Duration) string {
	m.t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{selfSigned(m.t, 7, time.Now().Add(good))}, MinVersion: tls.VersionTLS12})
	if err != nil {
		m.t.Fatal(err)
	}
	done := make(chan struct{})
	m.t.Cleanup(func() { _ = l.Close(); <-done })
	go func() {
		defer close(done)
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			if n, _ := c.Read(make([]byte, 1)); n > 0 {
				m.t.Error("something was said to a server that nobody vouches for")
			}
			_ = c.Close()
		}
	}()
	return portOf(l.Addr().String())
}

// closedPort is one that nobody listens on any more.
func closedPort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return portOf(l.Addr().String())
}

// Whoever owns a server can let anybody in there under any name: the name opens nothing
// that belongs to the same name elsewhere.
func TestSomebodyElsesAddressAtAnAttackersServer(t *testing.T) {
	t.Parallel()
	attackers := sandbox.New(sandbox.Config{})
	evil, err := attackers.ListenMail(t.Context(), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = evil.Close() })
	m := startMail(t, mailNames, func(c *app.Config) { // whose certificate is as good as anybody's
		trusted, err := os.ReadFile(c.TypedCA)
		if err != nil {
			t.Fatal(err)
		}
		c.TypedCA += ".both"
		if err := os.WriteFile(c.TypedCA, append(trusted, evil.CA...), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	theirs := m.login("imapHost", "localhost", "imapPort", portOf(evil.IMAPTLS), "smtpHost", "localhost", "smtpPort", portOf(evil.SMTPTLS))
	victim := func() connected {
		b := m.browser()
		return m.redeemedAccount(b.sends(b.atForm(), m.login("imapHost", "imap.sandbox.test")).ledOn(t))
	}
	ada := victim()
	held, logins := m.heldAccounts(), m.box.Stats()["IMAP"].IMAPLogin
	for code, insists := range map[string][]string{
		"account.mismatch": {"accountId", strconv.FormatInt(ada.AccountID, 10)},
		"email.mismatch":   {"authEmail", "ada@sandbox.test"},
	} {
		b := m.browser()
		a := b.sends(b.atForm(insists...), theirs)
		if result := a.ledOn(t); result.Get("error") != code || result.Has("code") {
			t.Errorf("%v at the attacker's server: %v", insists, result)
		}
		if _, details, _ := strings.Cut(a.body, `id="message"`); strings.Contains(details, "ada@sandbox.test") {
			t.Errorf("%s names somebody: %s", code, a.body)
		}
	}
	if diff := cmp.Diff(held, m.heldAccounts()); diff != "" {
		t.Errorf("accounts changed: %s", diff)
	}
	b := m.browser()
	other := m.redeemedAccount(b.sends(b.atForm(), theirs).ledOn(t))
	if other.AccountID == ada.AccountID {
		t.Error("the attacker has the account of somebody else")
	}
	if n := m.box.Stats()["IMAP"].IMAPLogin; n != logins {
		t.Errorf("%d logins went to the real server", n-logins)
	}
	if again := victim(); again.AccountID != ada.AccountID {
		t.Error("the account has changed hands")
	}
}
