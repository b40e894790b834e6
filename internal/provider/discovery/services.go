package discovery

import (
	"strings"

	"github.com/avain-project/avain/internal/account"
)

// The protocols of mail servers, as provider.Server has them.
const (
	protocolIMAP = "imap"
	protocolSMTP = "smtp"
)

// service is a provider with an OAuth sign-in: what tells that a mailbox is there. All
// are matched by whole labels: a name and what is below it.
type service struct {
	kind account.ServiceType
	name string
	// addresses are the domains of its own addresses, with nothing below them.
	addresses []string
	// exchangers take the mail of its customers' domains.
	exchangers []string
	// servers are the domains of its mail and Autodiscover servers.
	servers []string
}

// services: exchangers as the three document them for their customers' DNS (Google
// Workspace "set up MX records", Microsoft 365 "external DNS records", Zoho Mail
// "configure MX records"); the domains of addresses are general knowledge.
func services() []service {
	return []service{
		{
			account.Google, "Google",
			[]string{"gmail.com", "googlemail.com"},
			[]string{"aspmx.l.google.com", "gmail-smtp-in.l.google.com", "smtp.google.com", "googlemail.com"},
			[]string{"gmail.com", "googlemail.com"},
		},
		{
			account.Office365, "Microsoft",
			[]string{
				"outlook.com", "hotmail.com", "live.com", "msn.com", "passport.com", "windowslive.com",
				"outlook.at", "outlook.be", "outlook.cl", "outlook.co.id", "outlook.co.th", "outlook.com.ar", "outlook.com.au", "outlook.com.br",
				"outlook.com.gr", "outlook.com.tr", "outlook.com.vn", "outlook.cz", "outlook.de", "outlook.dk", "outlook.es", "outlook.fr", "outlook.hu",
				"outlook.ie", "outlook.in", "outlook.it", "outlook.jp", "outlook.kr", "outlook.lv", "outlook.my", "outlook.ph", "outlook.pt", "outlook.sa", "outlook.sg", "outlook.sk",
				"hotmail.at", "hotmail.be", "hotmail.ca", "hotmail.ch", "hotmail.co.jp", "hotmail.co.uk", "hotmail.com.ar", "hotmail.com.au", "hotmail.com.br", "hotmail.com.tr",
				"hotmail.de", "hotmail.dk", "hotmail.es", "hotmail.fi", "hotmail.fr", "hotmail.it", "hotmail.nl", "hotmail.no", "hotmail.se",
				"live.at", "live.be", "live.ca", "live.ch", "live.cl", "live.cn", "live.co.uk", "live.co.za", "live.com.ar", "live.com.au", "live.com.mx", "live.com.pt",
				"live.de", "live.dk", "live.fi", "live.fr", "live.hk", "live.ie", "live.in", "live.it", "live.jp", "live.nl", "live.no", "live.ru", "live.se",
			},
			[]string{"mail.protection.outlook.com", "olc.protection.outlook.com", "mx.microsoft"},
			[]string{"outlook.com", "office365.com", "office.com"},
		},
		{
			account.Zoho, "Zoho",
			[]string{
				"zoho.com", "zohomail.com", "zoho.eu", "zohomail.eu", "zoho.in", "zohomail.in", "zoho.com.au", "zohomail.com.au",
				"zoho.jp", "zohomail.jp", "zohomail.sa", "zohomail.ca", "zohomail.uk", "zohomail.cn", "zoho.com.cn",
			},
			zohoDomains(), zohoDomains(),
		},
	}
}

// zohoDomains hold Zoho's servers, one a data centre.
func zohoDomains() []string {
	return []string{
		"zoho.com", "zoho.eu", "zoho.in", "zoho.com.au", "zoho.jp", "zoho.com.cn", "zoho.sa", "zoho.uk",
		"zohocloud.ca", "zohomail.com", "zohomail.eu", "zohomail.in",
	}
}

// known answers for domains of large services, without a call.
func known(domain string) (Found, bool) {
	const source = "the list of large mail services"
	for _, s := range services() {
		for _, own := range s.addresses {
			if domain == own {
				return Found{Trust: Known, Service: s.kind, Source: source}, true
			}
		}
	}
	if strings.HasSuffix(domain, ".onmicrosoft.com") { // the first domain of every tenant
		return Found{Trust: Known, Service: account.Office365, Source: source}, true
	}
	if h, ok := HostOfDomain(domain); ok {
		return h.found(Known, source), true
	}
	return Found{}, false
}

// byExchanger tells what is known of the host that takes a domain's mail.
func byExchanger(host, domain string) (Found, bool) {
	source := "the mail exchanger of " + domain + ", " + host
	for _, s := range services() {
		if under(host, s.exchangers...) {
			return Found{Trust: Exchanger, Service: s.kind, Source: source}, true
		}
	}
	if h, ok := find(func(h Host) bool { return under(host, h.Exchangers...) }); ok {
		return h.found(Exchanger, source), true
	}
	return Found{}, false
}

// byServer tells whose sign-in a mail server's is; "" for a password's.
func byServer(host string) account.ServiceType {
	for _, s := range services() {
		if under(host, s.servers...) {
			return s.kind
		}
	}
	return ""
}
