package imap_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/imap"
	"github.com/avain-project/avain/internal/sandbox"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
)

func TestSignInProvesEachServerOnce(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		scopes []scope.Scope
		start  bool // STARTTLS
		smtp   int
	}{
		"reading":                 {[]scope.Scope{scope.MailRead}, false, 0},
		"reading, by STARTTLS":    {[]scope.Scope{scope.MailReadWrite}, true, 0},
		"sending":                 {[]scope.Scope{scope.MailRead, scope.MailSend}, false, 1},
		"drafts, by STARTTLS":     {[]scope.Scope{scope.MailDrafts}, true, 1},
		"everything":              {[]scope.Scope{scope.MailAll}, false, 1},
		"what no mail server has": {[]scope.Scope{scope.CalendarRead}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			form := w.form(test.scopes...)
			if test.start {
				form.Values["imapPort"], form.Values["imapSecurity"] = port(w.mail.IMAPStartTLS), "starttls"
				form.Values["smtpPort"], form.Values["smtpSecurity"] = port(w.mail.SMTPStartTLS), "starttls"
			}
			login, identity, err := w.signIn(form)
			if err != nil {
				t.Fatal(err)
			}
			w.logins(1, test.smtp)
			if len(login.Servers) != 1+test.smtp || login.Username != "ada@sandbox.test" || login.Password.Reveal() != "ada-app-password" {
				t.Errorf("login %q at %+v", login.Username, login.Servers)
			}
			want := account.Identity{Subject: "imap://ada%40sandbox.test@mail.sandbox.test:" + form.Values["imapPort"], Email: "ada@sandbox.test"}
			if diff := cmp.Diff(want, identity); diff != "" {
				t.Error(diff)
			}
			if err := imap.New(outbound.NewTyped(w.typed)).Verify(t.Context(), account.Registration{}, login); err != nil {
				t.Errorf("the login that was just proven does not verify: %v", err)
			}
			w.logins(2, 2*test.smtp)
		})
	}
}

func TestARefusedPasswordIsTriedOnce(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		email, password, code, field string
		smtp                         int
	}{
		"wrong password":       {"ada@sandbox.test", "wrong", provider.CodeLoginRefused, "password", 0},
		"unknown login":        {"eve@sandbox.test", "wrong", provider.CodeLoginRefused, "password", 0},
		"IMAP is off":          {"ada+imapoff@sandbox.test", "", provider.CodeLoginDisabled, "", 0},
		"app password":         {"ada+apppass@sandbox.test", "", provider.CodeAppPassword, "password", 0},
		"locked":               {"ada+locked@sandbox.test", "", provider.CodeLoginLocked, "", 0},
		"expired":              {"ada+expired@sandbox.test", "", provider.CodeLoginExpired, "password", 0},
		"busy":                 {"ada+busy@sandbox.test", "", provider.CodeServerBusy, "", 0},
		"no reason":            {"ada+nocode@sandbox.test", "", provider.CodeLoginRefused, "password", 0},
		"no mailbox behind it": {"ada+noinbox@sandbox.test", "", provider.CodeLoginDisabled, "", 0},
		"sending is off":       {"ada+nosmtp@sandbox.test", "", provider.CodeLoginDisabled, "smtpHost", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			form := w.form(scope.MailAll)
			form.Values["email"] = test.email
			if test.password != "" {
				form.Password = secret.New(test.password)
			}
			w.refused(form, test.code, test.field)
			w.logins(1, test.smtp)
		})
	}
}

func TestServersThatAreNoneOfTheKind(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault       sandbox.Fault
		code, field string
	}{
		"greets without end":      {sandbox.Fault{Endpoint: "imap", Kind: "oversized"}, provider.CodeServerProtocol, "imapHost"},
		"is a web server":         {sandbox.Fault{Endpoint: "imap", Kind: "html"}, provider.CodeServerProtocol, "imapHost"},
		"talks nonsense":          {sandbox.Fault{Endpoint: "imap", Kind: "malformed"}, provider.CodeServerProtocol, "imapHost"},
		"breaks off its greeting": {sandbox.Fault{Endpoint: "imap", Kind: "cut"}, provider.CodeServerProtocol, "imapHost"},
		"hangs up":                {sandbox.Fault{Endpoint: "imap", Kind: "empty"}, provider.CodeServerUnreachable, "imapHost"},
		"never answers":           {sandbox.Fault{Endpoint: "imap", Kind: "hang"}, provider.CodeServerTimeout, "imapHost"},
		"is for sending":          {sandbox.Fault{Endpoint: "imap", Kind: "error", Error: "220 mail ESMTP"}, provider.CodeServerProtocol, "imapHost"},
		"is for POP3":             {sandbox.Fault{Endpoint: "imap", Kind: "error", Error: "+OK ready"}, provider.CodeServerProtocol, "imapHost"},
		"asks nobody":             {sandbox.Fault{Endpoint: "imap", Kind: "error", Error: "* PREAUTH hello"}, provider.CodeServerProtocol, "imapHost"},
		"says goodbye":            {sandbox.Fault{Endpoint: "imap", Kind: "error", Error: "* BYE too many connections"}, provider.CodeServerBusy, ""},
		"takes no passwords":      {sandbox.Fault{Endpoint: "imap", Kind: "error", Error: "LOGINDISABLED"}, provider.CodeLoginUnsupported, ""},
		"hangs up at the login":   {sandbox.Fault{Endpoint: "imapLogin", Kind: "cut"}, provider.CodeServerUnreachable, "imapHost"},
		"sends without end":       {sandbox.Fault{Endpoint: "smtp", Kind: "oversized"}, provider.CodeServerProtocol, "smtpHost"},
		"is for reading":          {sandbox.Fault{Endpoint: "smtp", Kind: "error", Error: "* OK IMAP4rev1"}, provider.CodeServerProtocol, "smtpHost"},
		"is too busy to send":     {sandbox.Fault{Endpoint: "smtp", Kind: "error", Error: "421 too many connections"}, provider.CodeServerBusy, ""},
		"will send later":         {sandbox.Fault{Endpoint: "smtpLogin", Kind: "status", Status: 454}, provider.CodeServerBusy, ""},
		"sends by app password":   {sandbox.Fault{Endpoint: "smtpLogin", Kind: "error", Error: "Application-specific password required"}, provider.CodeAppPassword, "password"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.fault(test.fault)
			if test.fault.Kind == "hang" {
				w.impatient()
			}
			w.refused(w.form(scope.MailAll), test.code, test.field)
			if c := w.box.Stats()["IMAP"]; c.IMAP != 1 || c.SMTP > 1 || c.IMAPLogin > 1 || c.SMTPLogin > 1 {
				t.Errorf("calls %+v, want one connection a server and one login", c)
			}
		})
	}
}

func TestRFC5530Codes(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"AUTHENTICATIONFAILED": provider.CodeLoginRefused, "AUTHORIZATIONFAILED": provider.CodeLoginDisabled,
		"EXPIRED": provider.CodeLoginExpired, "PRIVACYREQUIRED": provider.CodeServerTLS, "CONTACTADMIN": provider.CodeLoginLocked,
		"UNAVAILABLE": provider.CodeServerBusy, "INUSE": provider.CodeServerBusy, "LIMIT": provider.CodeServerBusy,
		"ALERT": provider.CodeLoginRefused, "NEVERHEARD": provider.CodeLoginRefused,
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.fault(sandbox.Fault{Endpoint: "imapLogin", Kind: "error", Error: code, Description: "no"})
			_, _, err := w.signIn(w.form(scope.MailRead))
			if got := codeOf(err); got != want {
				t.Errorf("%s becomes %q, want %q", code, got, want)
			}
			w.logins(1, 0)
		})
	}
}
