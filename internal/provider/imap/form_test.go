package imap_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/imap"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
)

// offline is a driver that must not even ask for an address.
func offline(t *testing.T) *imap.Provider {
	return imap.New(outbound.NewTyped(outbound.TypedConfig{Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
		t.Errorf("somebody looked for %s", host)
		return nil, errors.New("none")
	}}))
}

func TestWhatCannotBeTypedIsSentNowhere(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ field, value, code, wrong string }{
		"no address":                {"email", "", provider.CodeFieldInvalid, "email"},
		"no domain":                 {"email", "ada", provider.CodeFieldInvalid, "email"},
		"a domain of one label":     {"email", "ada@localhost", provider.CodeFieldInvalid, "email"},
		"a domain that is none":     {"email", "ada@exa mple.test", provider.CodeFieldInvalid, "email"},
		"an address with a name":    {"email", "Ada <ada@example.test>", provider.CodeFieldInvalid, "email"},
		"a long address":            {"email", strings.Repeat("a", 8<<10) + "@example.test", provider.CodeFieldInvalid, "email"},
		"CRLF":                      {"username", "ada\r\nA1 LOGOUT", provider.CodeFieldInvalid, "username"},
		"NUL":                       {"username", "ada\x00eve", provider.CodeFieldInvalid, "username"},
		"another control character": {"username", "ada\u0085eve", provider.CodeFieldInvalid, "username"},
		"a broken letter":           {"username", "ada\xff", provider.CodeFieldInvalid, "username"},
		"a name of 8 KB":            {"username", strings.Repeat("a", 8<<10), provider.CodeFieldInvalid, "username"},
		"no password":               {"password", "", provider.CodeFieldInvalid, "password"},
		"CRLF in the password":      {"password", "a\r\nb", provider.CodeFieldInvalid, "password"},
		"NUL in the password":       {"password", "a\x00b", provider.CodeFieldInvalid, "password"},
		"a password of 8 KB":        {"password", strings.Repeat("a", 8<<10), provider.CodeFieldInvalid, "password"},
		"a URL for a server":        {"imapHost", "imaps://example.test/", provider.CodeFieldInvalid, "imapHost"},
		"a server with a port":      {"smtpHost", "example.test:25", provider.CodeFieldInvalid, "smtpHost"},
		"CRLF in the server":        {"imapHost", "a.test\r\nb", provider.CodeFieldInvalid, "imapHost"},
		"port zero":                 {"imapPort", "0", provider.CodeFieldInvalid, "imapPort"},
		"a large port":              {"smtpPort", "65536", provider.CodeFieldInvalid, "smtpPort"},
		"a port in words":           {"imapPort", "imaps", provider.CodeFieldInvalid, "imapPort"},
		"another encryption":        {"imapSecurity", "rot13", provider.CodeFieldInvalid, "imapSecurity"},
		"a guess for reading":       {"imapHost", "", provider.CodeServerUnconfirmed, "imapHost"},
		"a guess for sending":       {"smtpHost", "", provider.CodeServerUnconfirmed, "smtpHost"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			form := provider.Form{
				Values:   map[string]string{"email": "ada@example.test", "imapHost": "imap.example.test", "smtpHost": "smtp.example.test"},
				Password: secret.New("right"), Scopes: []scope.Scope{scope.MailAll},
			}
			if test.field == "password" {
				form.Password = secret.New(test.value)
			} else {
				form.Values[test.field] = test.value
			}
			p := offline(t)
			_, _, err := p.SignIn(t.Context(), account.Registration{}, form)
			var refused *provider.Error
			if !errors.As(err, &refused) || refused.Code != test.code || refused.Field != test.wrong {
				t.Errorf("%v, want %s at %s", err, test.code, test.wrong)
			}
			if got := p.Mailboxes(form); got[0] == "" && test.field != "email" {
				t.Error("attempts cannot be counted by this form")
			}
		})
	}
}

func values(fields []provider.Field) map[string]string {
	out := map[string]string{}
	for _, f := range fields {
		out[f.Name] = f.Value
	}
	return out
}

func TestFieldsAreFilledIn(t *testing.T) {
	t.Parallel()
	both := []scope.Scope{scope.MailAll}
	for name, test := range map[string]struct {
		hint provider.Hint
		want map[string]string
	}{
		"nothing is known": {provider.Hint{}, map[string]string{"email": "", "imapHost": "", "imapPort": "", "imapSecurity": ""}},
		"a large host": {provider.Hint{Email: "ada@ICLOUD.com", Scopes: both}, map[string]string{
			"email": "ada@ICLOUD.com", "imapHost": "imap.mail.me.com", "imapPort": "993", "imapSecurity": "tls",
			"smtpHost": "smtp.mail.me.com", "smtpPort": "587", "smtpSecurity": "starttls",
		}},
		"a guess": {provider.Hint{Email: "ada@münchen.test", Scopes: both}, map[string]string{
			"email": "ada@münchen.test", "imapHost": "imap.xn--mnchen-3ya.test", "imapPort": "993", "imapSecurity": "tls",
			"smtpHost": "smtp.xn--mnchen-3ya.test", "smtpPort": "465", "smtpSecurity": "tls",
		}},
		"the application's server": {provider.Hint{Email: "ada@example.test", ServerURL: "imap://imap.Other.test", Scopes: both}, map[string]string{
			"email": "ada@example.test", "imapHost": "imap.other.test", "imapPort": "143", "imapSecurity": "starttls",
			"smtpHost": "smtp.other.test", "smtpPort": "465", "smtpSecurity": "tls",
		}},
		"a host and a port":  {provider.Hint{ServerURL: "mail.other.test:1993"}, map[string]string{"email": "", "imapHost": "mail.other.test", "imapPort": "1993", "imapSecurity": "tls", "smtpHost": "mail.other.test", "smtpPort": "465", "smtpSecurity": "tls"}},
		"a web address":      {provider.Hint{ServerURL: "https://mail.other.test"}, map[string]string{"email": "", "imapHost": "", "imapPort": "", "imapSecurity": ""}},
		"a name as the hint": {provider.Hint{Email: "ada"}, map[string]string{"email": "ada", "imapHost": "", "imapPort": "", "imapSecurity": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, name := range []string{"password", "username", "smtpHost", "smtpPort", "smtpSecurity"} {
				if _, ok := test.want[name]; !ok {
					test.want[name] = ""
				}
			}
			if diff := cmp.Diff(test.want, values(offline(t).Fields(test.hint))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLargeHostsTellOfTheirPasswords(t *testing.T) {
	t.Parallel()
	for _, f := range offline(t).Fields(provider.Hint{Email: "ada@yahoo.com"}) {
		if f.Name == "password" && !strings.Contains(f.Help, "app password") || f.Kind == provider.FieldPassword && !strings.Contains(f.Help, "https://") {
			t.Errorf("%s says %q", f.Name, f.Help)
		}
	}
}

func TestAttemptsAreCountedByMailbox(t *testing.T) {
	t.Parallel()
	p := offline(t)
	form := func(email, username, host string) provider.Form {
		return provider.Form{Password: secret.New("x"), Values: map[string]string{"email": email, "username": username, "imapHost": host}}
	}
	want := p.Mailboxes(form("ada@example.test", "", "imap.example.test"))
	for _, same := range []provider.Form{
		form(" ada@EXAMPLE.test", "", "IMAP.example.test."),
		form("ADA@example.test", "", "imap.example.test"),
		form("eve@other.test", "ada@example.test", "imap.example.test"),
	} {
		if got := p.Mailboxes(same); !slices.Equal(got, want) {
			t.Errorf("%v counts as %q, want %q", same.Values, got, want)
		}
	}
	if got := p.Mailboxes(form("ada@example.test", "", "imap.other.test")); slices.Equal(got, want) {
		t.Error("two servers count as one mailbox")
	}
	sends := form("ada@example.test", "", "imap.evil.test")
	sends.Values["smtpHost"], sends.Scopes = "SMTP.example.test", []scope.Scope{scope.MailSend}
	if got := p.Mailboxes(sends); !slices.Equal(got, []string{"ada@example.test@imap.evil.test", "ada@example.test@smtp.example.test"}) {
		t.Errorf("a login at two servers counts as %q", got)
	}
}
