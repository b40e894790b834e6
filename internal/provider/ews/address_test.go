package ews

import "testing"

func TestWhichPlaceSpeaksForADomain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		at     string
		domain string
		want   bool
	}{
		{"https://example.test/EWS/Exchange.asmx", "example.test", true},
		{"https://example.test/autodiscover/autodiscover.xml", "example.test", true},
		{"https://autodiscover.example.test/autodiscover/autodiscover.xml", "example.test", true},
		{"https://autodiscover.example.test/EWS/Exchange.asmx", "example.test", false}, // whoever has typed that
		{"https://mail.example.test/autodiscover/autodiscover.xml", "example.test", false},
		{"https://example.test/~eve/EWS/Exchange.asmx", "example.test", false},
		{"https://example.test:8443/autodiscover/autodiscover.xml", "example.test", false},
		{"https://autodiscover.github.io/autodiscover/autodiscover.xml", "github.io", false}, // anybody's
		{"https://autodiscover.co.uk/autodiscover/autodiscover.xml", "co.uk", false},
		{"https://autodiscover.ada.github.io/autodiscover/autodiscover.xml", "ada.github.io", true},
	} {
		at, ok := parsePlace(test.at)
		if !ok || at.speaksFor(test.domain) != test.want {
			t.Errorf("%s for %s: %v, want %v", test.at, test.domain, !test.want, test.want)
		}
	}
}

func TestWhichHostsAreOfOneOwner(t *testing.T) {
	t.Parallel()
	for pair, want := range map[[2]string]bool{
		{"mail.example.co.uk", "example.co.uk"}: true, {"a.b.example.test", "c.example.test"}: true,
		{"one.co.uk", "two.co.uk"}: false, {"ada.github.io", "eve.github.io"}: false,
		{"10.0.0.1", "10.0.0.2"}: false, {"10.0.0.1", "10.0.0.1"}: true, {"example.test", "notexample.test"}: false,
	} {
		if got := related(pair[0], pair[1]); got != want {
			t.Errorf("%v: %v", pair, got)
		}
	}
}

func TestWhichHostsAreExchangeOnline(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"outlook.office365.com": true, "autodiscover-s.outlook.com": true, "contoso.mail.onmicrosoft.com": true, "partner.outlook.cn": true,
		"outlook.office365.com.attacker.test": false, "notoutlook.com": false, "exchange.example.test": false,
	} {
		if online(host) != want {
			t.Errorf("%s: %v", host, !want)
		}
	}
}
