package discovery

import (
	"net/url"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
)

// Trust orders answers, the better the higher.
type Trust int

// The trusts.
const (
	Nothing           Trust = iota
	Guess                   // a server greets under a name that such servers often have
	ExchangeOther           // an Exchange of another domain, or that was named unencrypted
	ExchangeOwn             // an Exchange of the domain itself
	MailHoster              // settings of the domain that the mail exchanger belongs to
	Unencrypted             // settings that came by http
	RecordsElsewhere        // service records that lead to another domain
	SettingsElsewhere       // settings that lead to another domain
	Online                  // Autodiscover ends at Exchange Online
	Records                 // service records
	Directory               // a public directory
	Settings                // what the domain publishes by https
	Exchanger               // mail goes to a large service
	Known                   // the bundled list
)

// Found is an answer. The zero value is none.
type Found struct {
	Trust Trust
	// Service is whose sign-in it is: Google, Office365, Zoho, or EWS for an Exchange;
	// "" for Servers.
	Service account.ServiceType
	// Servers are the one for IMAP and, where one was found, the one for SMTP.
	Servers []provider.Server
	// LoginName is how the login name is made, as autoconfig writes it
	// ("%EMAILLOCALPART%"); "" for the address itself.
	LoginName string
	// Autodiscover is where an Exchange answers.
	Autodiscover *url.URL
	// Source is where the answer comes from, in words that follow "found by".
	Source string
	// Unsure is why a person must look at the server's name before a password goes
	// there, as a sentence; "" where they need not.
	Unsure string
	// Tried is what the other places said, for the log. It names no person, but it
	// may name inner addresses.
	Tried []string
}

// The placeholders of autoconfig.
const (
	wholeAddress = "%EMAILADDRESS%"
	localPart    = "%EMAILLOCALPART%"
	domainPart   = "%EMAILDOMAIN%"
)

// Username makes the login name for an address that has an @.
func (f Found) Username(address string) string {
	if f.LoginName == "" {
		return address
	}
	at := strings.LastIndexByte(address, '@')
	return strings.NewReplacer(wholeAddress, address, localPart, address[:at], domainPart, address[at+1:]).Replace(f.LoginName)
}
