package names

import (
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/sandbox/ledger"
)

// Domain is one domain of e-mail addresses and how its mail servers can be found.
// Everybody of the sandbox has an address there: ada@srv.sandbox.test.
type Domain struct {
	Name, Does string

	mx string // who takes its mail
	// srv are service records: the service and the host, at that protocol's port.
	srv map[string]string
	// hosts are the names below it that exist, "" for itself.
	hosts []string
	// settings is the host that its autoconfig names; over http where open.
	settings string
	open     bool
	// company are further names, of the Exchange Server.
	company []string
	online  bool // its Autodiscover leads to Exchange Online
}

// hoster is another domain, whose servers are those of the sandbox, too.
const hoster = "hoster.test"

// Domains lists them.
func Domains() []Domain {
	at := func(name string) string {
		if name == "" {
			return ledger.Domain
		}
		return name + "." + ledger.Domain
	}
	mail := func(name string) map[string]string {
		return map[string]string{"imaps": name, "imap": name, "submissions": name, "submission": name}
	}
	return []Domain{
		{Name: at(""), Does: "publishes its settings (autoconfig)", settings: "mail." + at(""), hosts: []string{"", "mail", "imap", "smtp", "autoconfig"}, company: []string{"autodiscover"}},
		{Name: at("srv"), Does: "has service records", srv: mail("mail." + at("srv")), hosts: []string{"", "mail"}},
		{Name: at("guess"), Does: "says nothing; imap and smtp have usual names", hosts: []string{"imap", "smtp"}},
		{Name: at("open"), Does: "publishes its settings without encryption", settings: "mail." + at("open"), open: true, hosts: []string{"mail", "autoconfig"}},
		{Name: at("hosted"), Does: "has service records that lead to another domain", srv: mail("mail." + hoster)},
		{Name: hoster, Does: "is that other domain", hosts: []string{"", "mail"}},
		{Name: at("google"), Does: "has its mail at Google", mx: "aspmx.l.google.com"},
		{Name: at("microsoft"), Does: "has its mail at Microsoft 365", mx: "microsoft-sandbox-test.mail.protection.outlook.com"},
		{Name: at("zoho"), Does: "has its mail at Zoho", mx: "mx.zoho.eu"},
		{Name: at("exchange"), Does: "runs an Exchange of its own", company: []string{"", "autodiscover"}},
		{Name: at("online"), Does: "its Autodiscover ends at Exchange Online", online: true, hosts: []string{"autodiscover"}},
		{Name: at("nothing"), Does: "says nothing, and has no server", hosts: []string{""}},
	}
}

// Has tells whether people have addresses at a domain.
func Has(domain string) bool {
	return slices.ContainsFunc(Domains(), func(d Domain) bool { return d.Name == domain })
}

// find is the domain that a host belongs to, the narrowest, and the host's name in it.
func find(host string) (d Domain, below string, ok bool) {
	for _, candidate := range Domains() {
		rest, found := strings.CutSuffix("."+host, "."+candidate.Name)
		if found && len(candidate.Name) > len(d.Name) {
			d, below, ok = candidate, strings.TrimPrefix(rest, "."), true
		}
	}
	return d, below, ok
}

// ports are the well-known ones of the services that records name.
func ports() map[string]uint16 {
	return map[string]uint16{"imaps": 993, "imap": 143, "submissions": 465, "submission": 587}
}
