package imap_test

import (
	"crypto/x509"
	"net/netip"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/imap"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/testenv/counterpart"
)

// dovecot is an IMAP and submission server that we did not write, and how to reach it.
type dovecot struct {
	counterpart.Dovecot
	typed outbound.TypedConfig
}

func startDovecot(t *testing.T, mechanisms string) *dovecot {
	t.Helper()
	d := &dovecot{Dovecot: counterpart.StartDovecot(t, mechanisms)}
	d.typed = outbound.TypedConfig{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Roots: trusted(d.Chain)}
	return d
}

// trusted makes authorities of PEMs.
func trusted(chains ...string) *x509.CertPool {
	roots := x509.NewCertPool()
	for _, chain := range chains {
		roots.AppendCertsFromPEM([]byte(chain))
	}
	return roots
}

func (d *dovecot) signIn(t *testing.T, email, password string, changes ...string) error {
	t.Helper()
	form := provider.Form{Password: secret.New(password), Scopes: []scope.Scope{scope.MailRead}, Values: map[string]string{
		"email": email, "imapHost": "localhost", "imapPort": d.IMAPS, "imapSecurity": "tls",
	}}
	for i := 0; i+1 < len(changes); i += 2 {
		form.Values[changes[i]] = changes[i+1]
	}
	if form.Values["smtpHost"] != "" {
		form.Scopes = append(form.Scopes, scope.MailSend)
	}
	_, _, err := imap.New(outbound.NewTyped(d.typed)).SignIn(t.Context(), account.Registration{}, form)
	return err
}

func TestDovecot(t *testing.T) {
	t.Parallel()
	for _, mechanisms := range []string{"plain login", "plain", "cram-md5 login"} {
		t.Run(mechanisms, func(t *testing.T) {
			t.Parallel()
			d := startDovecot(t, mechanisms)
			for name, way := range map[string][]string{
				"TLS":      nil,
				"STARTTLS": {"imapPort", d.IMAP, "imapSecurity", "starttls"},
				"sending by TLS": {
					"smtpHost", "localhost", "smtpPort", d.Submissions, "smtpSecurity", "tls",
				},
				"sending by STARTTLS": {
					"smtpHost", "localhost", "smtpPort", d.Submission, "smtpSecurity", "starttls",
				},
			} {
				if err := d.signIn(t, counterpart.DovecotUser, counterpart.DovecotPassword, way...); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if err := d.signIn(t, counterpart.DovecotUser, "wrong", way...); codeOf(err) != provider.CodeLoginRefused {
					t.Errorf("%s, with a wrong password: %v", name, err)
				}
			}
			for _, way := range [][]string{nil, {"imapPort", d.IMAP, "imapSecurity", "starttls"}} {
				if err := d.signIn(t, counterpart.DovecotOff, counterpart.DovecotPassword, way...); codeOf(err) != provider.CodeLoginDisabled {
					t.Errorf("a user that may not log in, %v: %v", way, err)
				}
			}
			if err := d.signIn(t, "eve@dove.test", counterpart.DovecotPassword); codeOf(err) != provider.CodeLoginRefused {
				t.Errorf("an unknown user: %v", err)
			}
			d.typed.Roots = x509.NewCertPool()
			for _, way := range [][]string{nil, {"imapPort", d.IMAP, "imapSecurity", "starttls"}} {
				if err := d.signIn(t, counterpart.DovecotUser, counterpart.DovecotPassword, way...); codeOf(err) != provider.CodeServerCertificate {
					t.Errorf("an unknown authority: %v", err)
				}
			}
		})
	}
}

func TestDovecotWithoutPasswordsAsTheyAre(t *testing.T) {
	t.Parallel()
	d := startDovecot(t, "digest-md5")
	if err := d.signIn(t, counterpart.DovecotUser, counterpart.DovecotPassword); codeOf(err) != provider.CodeLoginUnsupported {
		t.Errorf("a server that takes digests alone: %v", err)
	}
}
