package imap_test

import (
	"bufio"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/imap"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
)

func codeOf(err error) string {
	var e *provider.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// No password leaves where the way to the server is not what it should be.
func TestTheWayToTheServer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change      func(*world, map[string]string)
		code, field string
	}{
		"no such host": {func(_ *world, v map[string]string) { v["imapHost"] = "nowhere.test" }, provider.CodeServerUnknown, "imapHost"},
		"nobody on the port": {func(w *world, v map[string]string) {
			v["imapPort"] = port(w.mail.IMAPTLS)
			_ = w.mail.Close()
		}, provider.CodeServerUnreachable, "imapHost"},
		"a port of another service": {func(_ *world, v map[string]string) { v["imapPort"] = "22" }, provider.CodeFieldInvalid, "imapHost"},
		"an address nobody allowed": {func(w *world, _ map[string]string) { w.typed.Allow = nil }, provider.CodeServerUnreachable, "imapHost"},
		"another name":              {func(_ *world, v map[string]string) { v["imapHost"] = "imap.other.test" }, provider.CodeServerCertificate, "imapHost"},
		"an unknown authority":      {func(w *world, _ map[string]string) { w.typed.Roots = x509.NewCertPool() }, provider.CodeServerCertificate, ""},
		"an old certificate": {func(w *world, _ map[string]string) {
			w.typed.Now = func() time.Time { return time.Now().AddDate(2, 0, 0) }
		}, provider.CodeServerCertificate, ""},
		"another name, by STARTTLS": {func(w *world, v map[string]string) {
			v["imapHost"], v["imapPort"], v["imapSecurity"] = "imap.other.test", port(w.mail.IMAPStartTLS), "starttls"
		}, provider.CodeServerCertificate, "imapHost"},
		"TLS where STARTTLS is": {func(w *world, v map[string]string) { v["imapPort"] = port(w.mail.IMAPStartTLS) }, provider.CodeServerTLS, "imapSecurity"},
		"STARTTLS where TLS is": {func(w *world, v map[string]string) {
			w.impatient() // each waits for the other to begin
			v["imapSecurity"] = "starttls"
		}, provider.CodeServerTimeout, "imapHost"},
		"IMAP where SMTP is":        {func(w *world, v map[string]string) { v["imapPort"] = port(w.mail.SMTPTLS) }, provider.CodeServerProtocol, "imapHost"},
		"no encryption":             {func(_ *world, v map[string]string) { v["imapSecurity"] = "none" }, provider.CodeServerTLS, "imapSecurity"},
		"no encryption for sending": {func(_ *world, v map[string]string) { v["smtpSecurity"] = "none" }, provider.CodeServerTLS, "smtpSecurity"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			form := w.form(scope.MailAll)
			test.change(w, form.Values)
			w.refused(form, test.code, test.field)
			w.logins(0, 0)
		})
	}
}

// plain is an IMAP server in the clear. It offers what it is told and keeps what
// it hears.
type plain struct {
	offers string
	heard  chan string
}

func newPlain(offers string) *plain { return &plain{offers, make(chan string, 20)} }

func (p *plain) serve(c net.Conn) {
	_, _ = io.WriteString(c, "* OK ready\r\n")
	lines := bufio.NewReader(c)
	tag := ""
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			close(p.heard)
			return
		}
		line = strings.TrimRight(line, "\r\n")
		p.heard <- line
		if literal := strings.HasSuffix(line, "}"); literal {
			tag = strings.Fields(line)[0]
			_, _ = io.WriteString(c, "+ go on\r\n")
			continue
		}
		command := ""
		if f := strings.Fields(line); len(f) > 1 && strings.HasPrefix(f[0], "T") || strings.HasPrefix(line, "S1 ") {
			tag, command = f[0], strings.ToUpper(f[1])
		}
		switch command {
		case "CAPABILITY":
			_, _ = io.WriteString(c, "* CAPABILITY IMAP4rev1 "+p.offers+"\r\n"+tag+" OK done\r\n")
		case "STARTTLS":
			_, _ = io.WriteString(c, tag+" BAD what\r\n")
		case "AUTHENTICATE":
			_, _ = io.WriteString(c, "+ \r\n")
		default:
			_, _ = io.WriteString(c, tag+" NO [AUTHENTICATIONFAILED] no\r\n")
		}
	}
}

func (p *plain) all() string {
	var b strings.Builder
	for line := range p.heard {
		b.WriteString(line + "\n")
	}
	return b.String()
}

func TestPlaintextOnlyWhereTheOperatorAllowsIt(t *testing.T) {
	t.Parallel()
	for _, security := range []string{"none", "starttls"} {
		w, server := setup(t), newPlain("AUTH=PLAIN")
		form := w.form(scope.MailRead)
		form.Values["imapPort"], form.Values["imapSecurity"] = listen(t, server.serve), security
		w.refused(form, provider.CodeServerTLS, "imapSecurity")

		server = newPlain("AUTH=PLAIN")
		form.Values["imapPort"] = listen(t, server.serve)
		w.typed.Plaintext = []string{"mail.sandbox.test"}
		w.refused(form, provider.CodeLoginRefused, "password")
		if heard := server.all(); strings.Count(heard, "AUTHENTICATE") != 1 {
			t.Errorf("%s: the server heard %q, want one login", security, heard)
		}
	}
}

// A name or a password can be no command, however the server wants it.
func TestNamesAndPasswordsArriveAsTheyAre(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ username, want string }{
		"quotes":    {`ada"lovelace`, `LOGIN "ada\"lovelace" `},
		"backslash": {`DOMAIN\ada`, `LOGIN "DOMAIN\\ada" `},
		"braces":    {"ada{5}", `LOGIN "ada{5}" `},
		"non-ASCII": {"adä", "{4}\nadä "},
		"spaces":    {"ada A1 LOGOUT", `LOGIN "ada A1 LOGOUT" `},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, server := setup(t), newPlain("")
			w.typed.Plaintext = []string{"mail.sandbox.test"}
			form := w.form(scope.MailRead)
			form.Values["username"] = test.username
			form.Values["imapPort"], form.Values["imapSecurity"] = listen(t, server.serve), "none"
			w.refused(form, provider.CodeLoginRefused, "password")
			if heard := server.all(); !strings.Contains(heard, test.want) || strings.Count(heard, "LOGIN ") != 1 {
				t.Errorf("the server heard %q, want %q once", heard, test.want)
			}
		})
	}
}

// What comes in the clear behind the answer to STARTTLS would be taken for the
// server's own words.
func TestNothingIsSlippedInBeforeTLS(t *testing.T) {
	t.Parallel()
	w := setup(t)
	form := w.form(scope.MailRead)
	form.Values["imapPort"], form.Values["imapSecurity"] = listen(t, func(c net.Conn) {
		_, _ = io.WriteString(c, "* OK ready\r\n")
		if _, err := bufio.NewReader(c).ReadString('\n'); err == nil {
			_, _ = io.WriteString(c, "S1 OK go\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n")
		}
		_, _ = io.Copy(io.Discard, c)
	}), "starttls"
	w.refused(form, provider.CodeServerProtocol, "imapHost")
}

func TestASignInEndsWithItsContext(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	form := w.form(scope.MailRead)
	form.Values["imapPort"], form.Values["imapSecurity"] = listen(t, func(c net.Conn) {
		cancel()
		_, _ = io.Copy(io.Discard, c)
	}), "starttls"
	_, _, err := imap.New(outbound.NewTyped(w.typed)).SignIn(ctx, account.Registration{}, form)
	if codeOf(err) != provider.CodeServerUnreachable {
		t.Errorf("a cancelled sign-in ended with %v", err)
	}
}

func TestAServerThatRepeatsThePassword(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.typed.Plaintext = []string{"mail.sandbox.test"}
	form := w.form(scope.MailRead)
	form.Password = secret.New("hunter2hunter2")
	form.Values["imapPort"], form.Values["imapSecurity"] = listen(t, func(c net.Conn) {
		_, _ = io.WriteString(c, "* OK ready\r\n")
		lines := bufio.NewScanner(c)
		for lines.Scan() {
			tag, rest, _ := strings.Cut(lines.Text(), " ")
			if rest == "CAPABILITY" {
				_, _ = io.WriteString(c, "* CAPABILITY IMAP4rev1\r\n"+tag+" OK done\r\n")
			} else {
				_, _ = io.WriteString(c, tag+" NO I do not like "+rest+"\r\n")
			}
		}
	}), "none"
	w.refused(form, provider.CodeLoginRefused, "password")
}
