package ews_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
)

func TestWhatCannotBeTypedIsSentNowhere(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ field, value string }{
		"no address":                {"email", ""},
		"no domain":                 {"email", "ada"},
		"a domain of one label":     {"email", "ada@localhost"},
		"an address with a name":    {"email", "Ada <ada@sandbox.test>"},
		"a long address":            {"email", strings.Repeat("a", 8<<10) + "@sandbox.test"},
		"CRLF":                      {"username", "ada\r\nX-Header: 1"},
		"NUL":                       {"username", "ada\x00eve"},
		"another control character": {"username", "ada\u0085eve"},
		"a broken letter":           {"username", "ada\xff"},
		"a colon":                   {"username", "ada:eve"},
		"a name of 8 KB":            {"username", strings.Repeat("a", 8<<10)},
		"no password":               {"password", ""},
		"CRLF in the password":      {"password", "a\r\nb"},
		"NUL in the password":       {"password", "a\x00b"},
		"a password of 8 KB":        {"password", strings.Repeat("a", 8<<10)},
		"an unencrypted server":     {"serverUrl", "http://" + exchange + "/owa"},
		"a server with a user":      {"serverUrl", "https://ada:secret@" + exchange},
		"CRLF in the server":        {"serverUrl", "a.test\r\nb"},
		"a server in words":         {"serverUrl", "our mail server"},
		"port zero":                 {"serverUrl", exchange + ":0"},
		"a large port":              {"serverUrl", exchange + ":65536"},
		"a server of 8 KB":          {"serverUrl", exchange + "/" + strings.Repeat("a", 8<<10)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			form := w.form()
			if test.field == "password" {
				form.Password = secret.New(test.value)
			} else {
				form.Values[test.field] = test.value
			}
			w.refused(form, provider.CodeFieldInvalid, test.field)
			if n := w.box.Stats()["EWS"].EWSFront; n != 0 {
				t.Errorf("%d calls", n)
			}
			if got := w.provider().Mailboxes(form); got[0] == "" && test.field != "email" {
				t.Error("attempts cannot be counted by this form")
			}
		})
	}
}

// Names and passwords that a protocol might trip over reach the server as they are.
func TestOddNamesAreOneAttempt(t *testing.T) {
	t.Parallel()
	for _, offers := range []string{"NTLM", "Basic"} {
		for _, name := range []string{`SANDBOX\a"d'a`, `a\b\c`, `\ada`, `SANDBOX\`, "ädä@sandbox.test", "👩@sandbox.test", `"ada"@sandbox.test`, "ada@sandbox.test<x/>", strings.Repeat("a", 512)} {
			w := setup(t)
			w.offers(offers)
			form := w.form()
			form.Values["username"] = name
			form.Password = secret.New(`p"a'ß\w👩rd<>&%s`)
			w.refused(form, provider.CodeLoginRefused, "password")
			w.logins(1)
		}
	}
}

func TestServersInEverySpelling(t *testing.T) {
	t.Parallel()
	const whole = "https://mail.example.test/EWS/Exchange.asmx"
	w := setup(t)
	for typed, want := range map[string]string{
		"mail.example.test":                                   whole,
		" Mail.Example.TEST. ":                                whole,
		"https://mail.example.test":                           whole,
		"https://mail.example.test/owa/auth/logon.aspx?url=x": whole,
		"mail.example.test/owa":                               whole,
		"https://mail.example.test/EWS/Exchange.asmx":         whole,
		"https://mail.example.test/ews/exchange.asmx":         "https://mail.example.test/ews/exchange.asmx",
		"https://mail.example.test/a/EWS/Exchange.asmx#x":     "https://mail.example.test/a/EWS/Exchange.asmx",
		"https://mail.example.test/a/%2e%2e/b.asmx":           whole,
		"https://mail.example.test/a/../b.asmx":               whole,
		"https://mail.example.test:8443/owa":                  "https://mail.example.test:8443/EWS/Exchange.asmx",
		"https://münchen.test/":                               "https://xn--mnchen-3ya.test/EWS/Exchange.asmx",
		"https://[2001:4860::1]/":                             "https://[2001:4860::1]/EWS/Exchange.asmx",
		"https://mail.example.test/Autodiscover/x":            "https://mail.example.test/autodiscover/autodiscover.xml",
		"http://mail.example.test/":                           "",
		"ftp://mail.example.test/":                            "",
		"":                                                    "",
	} {
		for _, f := range w.provider().Fields(provider.Hint{Email: "ada@x.test", ServerURL: typed}) {
			if f.Name == "serverUrl" && f.Value != want {
				t.Errorf("%q is %q, want %q", typed, f.Value, want)
			}
			if f.Name == "email" && f.Value != "ada@x.test" {
				t.Errorf("the address is %q", f.Value)
			}
		}
	}
}

func TestAttemptsAreCounted(t *testing.T) {
	t.Parallel()
	p := setup(t).provider()
	form := func(email, username, server string) provider.Form {
		return provider.Form{Password: secret.New("x"), Values: map[string]string{"email": email, "username": username, "serverUrl": server}}
	}
	want := p.Mailboxes(form("ada@example.test", `CORP\ada`, "mail.example.test"))
	for _, same := range []provider.Form{
		form(" Ada@EXAMPLE.test", `corp\ADA`, "MAIL.example.test."),
		form("ada@example.test", `CORP\ada`, "https://mail.example.test/owa"),
	} {
		if got := p.Mailboxes(same); !slices.Equal(got, want) {
			t.Errorf("%v counts as %q, want %q", same.Values, got, want)
		}
	}
	other := p.Mailboxes(form("ada@example.test", `CORP\ada`, "mail.other.test"))
	if other[0] != want[0] || slices.Contains(want, other[1]) {
		t.Errorf("another server counts as %q beside %q", other, want)
	}
	for _, directory := range []provider.Form{ // one login, at a directory that many names lead to
		form("eve1@evil.test", `CORP\ada`, "a1.example.test"), form("eve2@evil.test", `CORP\ada`, "a2.example.test:8443"),
		form("eve3@a3.example.test", `CORP\ada`, "evil.test"), // which may lead on to example.test
	} {
		if got := p.Mailboxes(directory); !slices.Contains(got, `corp\ada@example.test`) {
			t.Errorf("%v counts as %q", directory.Values, got)
		}
	}
	if got := p.Mailboxes(form("ada@example.test", "", "")); len(got) != 2 || got[1] != "ada@example.test@example.test" {
		t.Errorf("an address alone counts as %q", got)
	}
}

func TestScopesAreAllOrNothing(t *testing.T) {
	t.Parallel()
	scopes := setup(t).provider().Info().Scopes
	if got := scopes.Unified([]string{"ews"}); len(got) != 11 {
		t.Errorf("a login opens %v", got)
	}
	if _, _, err := setup(t).signIn(provider.Form{Values: map[string]string{}}); codeOf(err) != provider.CodeFieldInvalid {
		t.Error("an empty form is sent")
	}
	if err := setup(t).provider().Verify(t.Context(), account.Registration{}, provider.Login{}); err == nil {
		t.Error("a login without a server verifies")
	}
}
