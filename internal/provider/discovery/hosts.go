package discovery

import (
	"slices"

	"github.com/avain-project/avain/internal/provider"
)

// Host is one large mail service: the domains of its addresses, its servers and what
// to know about its passwords.
type Host struct {
	Name       string
	Domains    []string
	IMAP, SMTP provider.Server
	// Hint tells of the password that the service takes; Link is where to make one.
	Hint, Link string
	// Exchangers are the domains of the hosts that take its customers' mail for
	// domains of their own.
	Exchangers []string
}

const (
	appPassword = "takes an app password here, not the one of its website"
	switchOn    = "lets other programs in only after that was switched on in its settings"
)

// Hosts is the bundled list. Host names, ports and links are general knowledge: none was
// read anew on the services' pages or tried with an account, see docs/providers/imap.md.
// Google, Outlook.com and Exchange Online are left out: they take no passwords, see
// services.go. Zoho is in both: its domains lead to its OAuth sign-in, and who types
// its servers by hand is told what they want.
func Hosts() []Host {
	return []Host{
		{
			"Yahoo",
			[]string{"yahoo.com", "yahoo.co.uk", "yahoo.fr", "yahoo.de", "yahoo.it", "yahoo.es", "yahoo.ca", "yahoo.com.br", "yahoo.co.in", "ymail.com", "rocketmail.com"},
			IMAPS("imap.mail.yahoo.com"), SMTPS("smtp.mail.yahoo.com"), appPassword, "https://login.yahoo.com/account/security", nil,
		},
		{
			"AOL",
			[]string{"aol.com", "aim.com"},
			IMAPS("imap.aol.com"), SMTPS("smtp.aol.com"), appPassword, "https://login.aol.com/account/security", nil,
		},
		{
			"iCloud",
			[]string{"icloud.com", "me.com", "mac.com"},
			IMAPS("imap.mail.me.com"), Submission("smtp.mail.me.com"), appPassword, "https://account.apple.com/account/manage",
			[]string{"mail.icloud.com"},
		},
		{
			"Fastmail",
			[]string{"fastmail.com", "fastmail.fm", "fastmail.net", "fastmail.org", "sent.com", "messagingengine.com"},
			IMAPS("imap.fastmail.com"), SMTPS("smtp.fastmail.com"), appPassword, "https://app.fastmail.com/settings/security/apps",
			[]string{"messagingengine.com"},
		},
		{
			"GMX",
			[]string{"gmx.net", "gmx.de", "gmx.at", "gmx.ch"},
			IMAPS("imap.gmx.net"), Submission("mail.gmx.net"), switchOn, "https://hilfe.gmx.net/pop-imap/einschalten.html", nil,
		},
		{
			"GMX",
			[]string{"gmx.com", "gmx.us", "gmx.co.uk"},
			IMAPS("imap.gmx.com"), Submission("mail.gmx.com"), switchOn, "https://support.gmx.com/pop-imap/toggle.html", nil,
		},
		{
			"WEB.DE",
			[]string{"web.de"},
			IMAPS("imap.web.de"), Submission("smtp.web.de"), switchOn, "https://hilfe.web.de/pop-imap/einschalten.html", nil,
		},
		{
			"mail.com",
			[]string{"mail.com"},
			IMAPS("imap.mail.com"), Submission("smtp.mail.com"), switchOn, "https://support.mail.com/premium/imap/index.html", nil,
		},
		{
			"Mail.ru",
			[]string{"mail.ru", "inbox.ru", "list.ru", "bk.ru", "internet.ru"},
			IMAPS("imap.mail.ru"), SMTPS("smtp.mail.ru"), appPassword, "https://account.mail.ru/user/2-step-auth/passwords",
			[]string{"emx.mail.ru"},
		},
		{
			"Yandex",
			[]string{"yandex.com", "yandex.ru", "ya.ru"},
			IMAPS("imap.yandex.com"), SMTPS("smtp.yandex.com"), appPassword, "https://id.yandex.com/security/app-passwords",
			[]string{"mx.yandex.net", "mx.yandex.ru"},
		},
		{
			"Zoho",
			[]string{"zoho.com", "zohomail.com"},
			IMAPS("imap.zoho.com"), SMTPS("smtp.zoho.com"), switchOn, "https://www.zoho.com/mail/help/imap-access.html", nil,
		},
		{
			"Zoho",
			[]string{"zoho.eu", "zohomail.eu"},
			IMAPS("imap.zoho.eu"), SMTPS("smtp.zoho.eu"), switchOn, "https://www.zoho.com/mail/help/imap-access.html", nil,
		},
		{
			"mailbox.org",
			[]string{"mailbox.org"},
			IMAPS("imap.mailbox.org"), SMTPS("smtp.mailbox.org"), "", "",
			[]string{"mailbox.org"},
		},
		{
			"Posteo",
			[]string{"posteo.de", "posteo.net"},
			IMAPS("posteo.de"), SMTPS("posteo.de"), "", "", nil,
		},
		{
			"T-Online",
			[]string{"t-online.de", "magenta.de"},
			IMAPS("secureimap.t-online.de"), SMTPS("securesmtp.t-online.de"), "takes a password of its own for mail programs", "https://account.idm.telekom.com/account-manager/", nil,
		},
		{
			"Orange",
			[]string{"orange.fr", "wanadoo.fr"},
			IMAPS("imap.orange.fr"), SMTPS("smtp.orange.fr"), "", "", nil,
		},
		{
			"Free",
			[]string{"free.fr"},
			IMAPS("imap.free.fr"), SMTPS("smtp.free.fr"), "", "", nil,
		},
	}
}

// IMAPS, SMTPS and Submission are servers on their protocol's usual port: TLS from the
// first byte, and STARTTLS for the last.
func IMAPS(name string) provider.Server {
	return provider.Server{Protocol: protocolIMAP, Host: name, Port: 993, Security: provider.SecurityTLS}
}

// SMTPS is described at [IMAPS].
func SMTPS(name string) provider.Server {
	return provider.Server{Protocol: protocolSMTP, Host: name, Port: 465, Security: provider.SecurityTLS}
}

// Submission is described at [IMAPS].
func Submission(name string) provider.Server {
	return provider.Server{Protocol: protocolSMTP, Host: name, Port: 587, Security: provider.SecuritySTARTTLS}
}

// HostOfDomain finds the service whose addresses have that domain.
func HostOfDomain(domain string) (Host, bool) {
	return find(func(h Host) bool { return slices.Contains(h.Domains, domain) })
}

// HostOfServer finds the service that a mail server belongs to.
func HostOfServer(name string) (Host, bool) {
	return find(func(h Host) bool { return h.IMAP.Host == name || h.SMTP.Host == name })
}

func find(match func(Host) bool) (Host, bool) {
	all := Hosts()
	if i := slices.IndexFunc(all, match); i >= 0 {
		return all[i], true
	}
	return Host{}, false
}

// Advice is what to tell people about a service's passwords; "" where there is
// nothing to tell.
func (h Host) Advice() string {
	if h.Hint == "" {
		return ""
	}
	return h.Name + " " + h.Hint + ": " + h.Link
}

func (h Host) found(trust Trust, source string) Found {
	return Found{Trust: trust, Servers: []provider.Server{h.IMAP, h.SMTP}, Source: source}
}
