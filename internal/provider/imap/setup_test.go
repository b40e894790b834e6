package imap_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/imap"
	"github.com/avain-project/avain/internal/sandbox"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
)

// world is the driver and a mail service that it can reach.
type world struct {
	t     *testing.T
	box   *sandbox.Sandbox
	mail  *sandbox.Mail
	typed outbound.TypedConfig
}

func setup(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, box: sandbox.New(sandbox.Config{})}
	var err error
	if w.mail, err = w.box.ListenMail(t.Context(), "127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.mail.Close() })
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(w.mail.CA) {
		t.Fatal("the sandbox's authority cannot be read")
	}
	w.typed = outbound.TypedConfig{
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Roots: roots,
		Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
			if strings.HasSuffix(host, ".test") && host != "nowhere.test" {
				return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}, nil
			}
			return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		},
	}
	return w
}

// form is Ada's, over TLS, with the sending server typed too.
func (w *world) form(scopes ...scope.Scope) provider.Form {
	return provider.Form{
		Values: map[string]string{
			"email":    "ada@sandbox.test",
			"imapHost": "mail.sandbox.test", "imapPort": port(w.mail.IMAPTLS), "imapSecurity": "tls",
			"smtpHost": "mail.sandbox.test", "smtpPort": port(w.mail.SMTPTLS), "smtpSecurity": "tls",
		},
		Password: secret.New(w.box.MailPassword("ada")), Scopes: scopes,
	}
}

func (w *world) signIn(form provider.Form) (provider.Login, account.Identity, error) {
	return imap.New(outbound.NewTyped(w.typed)).SignIn(w.t.Context(), account.Registration{}, form)
}

// refused signs in, wants that code and field, and returns the error.
func (w *world) refused(form provider.Form, code, field string) *provider.Error {
	w.t.Helper()
	login, identity, err := w.signIn(form)
	var refused *provider.Error
	if !errors.As(err, &refused) {
		w.t.Fatalf("the sign-in ended with %v, want %s", err, code)
	}
	if refused.Code != code || refused.Field != field {
		w.t.Errorf("%s at %q, want %s at %q: %v", refused.Code, refused.Field, code, field, refused)
	}
	if refused.Cause == "" || refused.Cure == "" || strings.Contains(refused.Cause, "{") {
		w.t.Errorf("cause %q, cure %q", refused.Cause, refused.Cure)
	}
	if strings.Contains(refused.Error(), form.Password.Reveal()) && !form.Password.IsZero() {
		w.t.Errorf("the error holds the password: %v", refused)
	}
	if len(login.Servers) > 0 || identity.Subject != "" {
		w.t.Errorf("beside the error came %+v and %+v", login.Servers, identity)
	}
	return refused
}

// logins wants that many, by IMAP and by SMTP.
func (w *world) logins(byIMAP, bySMTP int) {
	w.t.Helper()
	if c := w.box.Stats()["IMAP"]; c.IMAPLogin != byIMAP || c.SMTPLogin != bySMTP {
		w.t.Errorf("%d logins by IMAP and %d by SMTP, want %d and %d", c.IMAPLogin, c.SMTPLogin, byIMAP, bySMTP)
	}
}

func (w *world) fault(f sandbox.Fault) {
	w.t.Helper()
	f.Vendor = "IMAP"
	if err := w.box.SetFaults([]sandbox.Fault{f}); err != nil {
		w.t.Fatal(err)
	}
}

// impatient is for servers that never answer.
func (w *world) impatient() {
	w.typed.LoginTimeout, w.typed.TLSTimeout = 200*time.Millisecond, 200*time.Millisecond
}

func port(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}

// listen serves each connection by one function, and gives the port.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				serve(c)
			}()
		}
	}()
	return port(l.Addr().String())
}
