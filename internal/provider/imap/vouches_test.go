package imap

import (
	"testing"

	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/discovery"
)

// Somebody else's address costs nothing to type; only its domain's own server can
// vouch for it.
func TestWhoVouchesForAnAddress(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		server          provider.Server
		email, username string
		want            bool
	}{
		"the list's server":              {discovery.IMAPS("imap.fastmail.com"), "ada@fastmail.com", "ada@fastmail.com", true},
		"the domain itself":              {discovery.IMAPS("example.test"), "ada@example.test", "ada@example.test", true},
		"an attacker's server":           {discovery.IMAPS("imap.attacker.test"), "ada@fastmail.com", "ada@fastmail.com", false},
		"a host below the domain":        {discovery.IMAPS("attacker.example.test"), "ada@example.test", "ada@example.test", false},
		"another large host":             {discovery.IMAPS("imap.gmx.net"), "ada@fastmail.com", "ada@fastmail.com", false},
		"another login":                  {discovery.IMAPS("imap.fastmail.com"), "ada@fastmail.com", "eve@fastmail.com", false},
		"a port of somebody's own":       {provider.Server{Protocol: "imap", Host: "example.test", Port: 40993, Security: "tls"}, "ada@example.test", "ada@example.test", false},
		"a server without a certificate": {provider.Server{Protocol: "imap", Host: "example.test", Port: 143, Security: "none"}, "ada@example.test", "ada@example.test", false},
	} {
		login := provider.Login{Username: test.username, Servers: []provider.Server{test.server}}
		if got := identity(test.email, login); got.EmailVerified != test.want {
			t.Errorf("%s: verified %t, want %t", name, got.EmailVerified, test.want)
		}
	}
}

func TestNobodyVouchesInTheClear(t *testing.T) {
	t.Parallel()
	p := New(outbound.NewTyped(outbound.TypedConfig{Plaintext: []string{"open.test"}}))
	starttls := func(host string) provider.Server {
		return provider.Server{Protocol: "imap", Host: host, Port: 143, Security: "starttls"}
	}
	for server, want := range map[provider.Server]bool{starttls("open.test"): false, discovery.IMAPS("open.test"): true, starttls("other.test"): true} {
		email := "ada@" + server.Host
		if got := p.who(email, provider.Login{Username: email, Servers: []provider.Server{server}}); got.EmailVerified != want {
			t.Errorf("%s with %s: verified %t, want %t", server.Host, server.Security, got.EmailVerified, want)
		}
	}
}

func TestIdentityIsServerAndName(t *testing.T) {
	t.Parallel()
	at := func(server provider.Server, name string) string {
		return identity("x@example.test", provider.Login{Username: name, Servers: []provider.Server{server}}).Subject
	}
	starttls := provider.Server{Protocol: "imap", Host: "imap.example.test", Port: 143, Security: "starttls"}
	if a, b := at(discovery.IMAPS("imap.example.test"), "ada"), at(starttls, "ada"); a != b || a != "imap://ada@imap.example.test" {
		t.Errorf("one server by TLS and STARTTLS is %q and %q", a, b)
	}
	subjects := map[string]bool{}
	for _, s := range []string{
		at(starttls, "ada"), at(starttls, "Ada"), at(discovery.IMAPS("imap.other.test"), "ada"), at(starttls, "ada@imap.example.test"),
		at(starttls, "a@b/c?d;e%40"), at(starttls, "a@b/c?d;e@"), at(provider.Server{Protocol: "imap", Host: "imap.example.test", Port: 1143}, "ada"),
	} {
		if subjects[s] {
			t.Errorf("%q is two logins", s)
		}
		subjects[s] = true
	}
}
