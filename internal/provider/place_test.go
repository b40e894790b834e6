package provider_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
)

func hosts() provider.Hosts {
	return provider.Hosts{Exact: []string{"accounts.vendor.test"}, Suffixes: []string{".my.vendor.test"}}
}

func TestBelieve(t *testing.T) {
	t.Parallel()
	plain := account.Registration{}
	standIn := account.Registration{Endpoints: account.Endpoints{
		Authorize: "http://127.0.0.1:8081/vendor/auth", API: "https://stand-in.example/api",
	}}
	for _, test := range []struct {
		reg         account.Registration
		named, want string // want is empty where it must not be believed
	}{
		{plain, "https://accounts.vendor.test", "https://accounts.vendor.test"},
		{plain, "HTTPS://Accounts.Vendor.TEST/", "https://accounts.vendor.test"},
		{plain, "https://acme.my.vendor.test", "https://acme.my.vendor.test"},
		{plain, "https://acme--dev.sandbox.my.vendor.test/", "https://acme--dev.sandbox.my.vendor.test"},
		{standIn, "https://accounts.vendor.test", "https://accounts.vendor.test"},
		{standIn, "http://127.0.0.1:8081", "http://127.0.0.1:8081"},
		{standIn, "http://127.0.0.1:8081/vendor/eu/", "http://127.0.0.1:8081/vendor/eu"},
		{standIn, "https://Stand-In.example/", "https://Stand-In.example"},

		{plain, "", ""},
		{plain, "accounts.vendor.test", ""},
		{plain, "http://accounts.vendor.test", ""},
		{plain, "ftp://accounts.vendor.test", ""},
		{plain, "https:accounts.vendor.test", ""},
		{plain, "https:///accounts.vendor.test", ""},
		{plain, "https://attacker.example", ""},
		{plain, "https://accounts.vendor.test.attacker.example", ""},
		{plain, "https://attacker.example/accounts.vendor.test", ""},
		{plain, "https://attacker.example#accounts.vendor.test", ""},
		{plain, "https://attacker.example?accounts.vendor.test", ""},
		{plain, "https://accounts.vendor.test@attacker.example", ""},
		{plain, "https://attacker.example@accounts.vendor.test", ""},
		{plain, "https://attacker.example\\.my.vendor.test", ""},
		{plain, "https://attacker.example%2f.my.vendor.test", ""},
		{plain, "https://accounts.vendor.test:8443", ""},
		{plain, "https://accounts.vendor.test.", ""},
		{plain, "https://accounts.vendor.test/elsewhere", ""},
		{plain, "https://accounts.vendor.test?", ""},
		{plain, "https://accounts.vendor.test#", ""},
		{plain, "https://my.vendor.test", ""},
		{plain, "https://.my.vendor.test", ""},
		{plain, "https://a..my.vendor.test", ""},
		{plain, "https://evilmy.vendor.test", ""},
		{plain, "https://acme_dev.my.vendor.test", ""},
		{plain, "https://acme.my.vendor.test:443", ""},
		{plain, "https://\u0430ccounts.vendor.test", ""}, // a Cyrillic letter
		{plain, "http://127.0.0.1:8081", ""},
		{standIn, "http://127.0.0.1:8082", ""},
		{standIn, "https://127.0.0.1:8081", ""},
		{standIn, "http://stand-in.example", ""},
		{standIn, "http://127.0.0.1:8081/../x", ""},
		{standIn, "http://127.0.0.1:8081//x", ""},
		{standIn, "http://127.0.0.1:8081/%2e%2e/x", ""},
		{standIn, "http://127.0.0.1:8081/a%2fb", ""},
		{standIn, "http://127.0.0.1:8081/a?b", ""},
		{standIn, "http://me@127.0.0.1:8081/a", ""},
	} {
		got, err := hosts().Believe(test.reg, test.named)
		var refused *provider.Error
		switch {
		case test.want != "" && (err != nil || got != test.want):
			t.Errorf("Believe(%q) = %q, %v; want %q", test.named, got, err, test.want)
		case test.want == "" && (got != "" || !errors.As(err, &refused) || refused.Code != provider.CodeStrangeHost):
			t.Errorf("Believe(%q) = %q, %v; want it refused", test.named, got, err)
		}
	}
	if _, err := (provider.Hosts{}).Believe(plain, "https://accounts.vendor.test"); err == nil {
		t.Error("an empty list believes a host")
	}
}

func TestPlaceIsMerged(t *testing.T) {
	t.Parallel()
	held := provider.Tokens{Refresh: secret.New("r"), Place: provider.Place{Accounts: "https://a", API: "https://b"}}
	for _, test := range []struct{ answer, want provider.Place }{
		{provider.Place{}, held.Place},
		{provider.Place{API: "https://c"}, provider.Place{Accounts: "https://a", API: "https://c"}},
		{provider.Place{Accounts: "https://d"}, provider.Place{Accounts: "https://d", API: "https://b"}},
	} {
		if d := cmp.Diff(test.want, held.Merge(provider.Tokens{Place: test.answer}).Place); d != "" {
			t.Errorf("%+v over it: %s", test.answer, d)
		}
	}
}

func TestEndpointOfAPlace(t *testing.T) {
	t.Parallel()
	direct := provider.Direct{
		Hosts: []provider.DirectHost{
			{Base: "{api}/"},
			{Prefix: "data/", Base: "{api}/services/"},
			{Accounts: "https://accounts.eu.test", Prefix: "mail/", Base: "https://mail.eu.test/"},
			{Accounts: "https://accounts.us.test", Prefix: "mail/", Base: "https://mail.us.test/"},
		},
		Named: hosts(),
	}
	eu := provider.Place{Accounts: "https://accounts.eu.test", API: "https://eu.my.vendor.test"}
	own := account.Registration{Endpoints: account.Endpoints{API: "http://127.0.0.1:9/api"}}
	for _, test := range []struct {
		name  string
		reg   account.Registration
		place provider.Place
		path  string
		want  string // empty: an error
	}{
		{"the grant's API", account.Registration{}, eu, "crm/v8", "https://eu.my.vendor.test/"},
		{"a folder of it", account.Registration{}, eu, "data/v8", "https://eu.my.vendor.test/services/"},
		{"the host of its sign-in server", account.Registration{}, eu, "mail/1", "https://mail.eu.test/"},
		{"and of another", account.Registration{}, provider.Place{Accounts: "https://accounts.us.test"}, "mail/1", "https://mail.us.test/"},
		{"the registration's replaces all", own, eu, "mail/1", "http://127.0.0.1:9/api/"},
		{"no API is known", account.Registration{}, provider.Place{}, "crm/v8", ""},
		{"a stranger's", account.Registration{}, provider.Place{API: "https://attacker.example"}, "crm/v8", ""},
		{"one of a stand-in that is no longer registered", account.Registration{}, provider.Place{API: "http://127.0.0.1:9/api"}, "crm/v8", ""},
	} {
		got, err := direct.Endpoint(test.reg, test.place, test.path)
		if (err != nil) != (test.want == "") || err == nil && got.String() != test.want {
			t.Errorf("%s: Endpoint = %v, %v; want %q", test.name, got, err, test.want)
		}
	}
}

// Hosts that people type are many, and still no other addresses than a base.
func TestBelieveWhatIsTyped(t *testing.T) {
	t.Parallel()
	typed := provider.Hosts{Typed: true}
	for named, want := range map[string]string{
		"https://crm.example": "https://crm.example", "https://crm.example:8443/sugar/": "https://crm.example:8443/sugar",
		"http://crm.example": "", "ftp://crm.example": "", "https://ada@crm.example": "", "https://crm.example?x": "", "https://crm.example#x": "",
		"https://crm.example/a/../b": "", "https://crm.example/a%2fb": "", "https://": "", "": "",
	} {
		got, err := typed.Believe(account.Registration{}, named)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", named, got, err)
		}
	}
}
