package imap

import (
	"net"
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/provider"
)

// host is one large mail service: the domains of its addresses, its servers and what
// to know about its passwords.
type host struct {
	name       string
	domains    []string
	imap, smtp provider.Server
	// hint tells of the password that the service takes; link is where to make one.
	hint, link string
}

const (
	appPassword = "takes an app password here, not the one of its website"
	switchOn    = "lets other programs in only after that was switched on in its settings"
)

// hosts is the bundled list. Host names, ports and links are general knowledge: none was
// read anew on the services' pages or tried with an account, see docs/providers/imap.md.
// Google, Outlook.com and Exchange Online are left out: they take no passwords.
func hosts() []host {
	return []host{
		{
			"Yahoo",
			[]string{"yahoo.com", "yahoo.co.uk", "yahoo.fr", "yahoo.de", "yahoo.it", "yahoo.es", "yahoo.ca", "yahoo.com.br", "yahoo.co.in", "ymail.com", "rocketmail.com"},
			tlsIMAP("imap.mail.yahoo.com"), tlsSMTP("smtp.mail.yahoo.com"), appPassword, "https://login.yahoo.com/account/security",
		},
		{
			"AOL",
			[]string{"aol.com", "aim.com"},
			tlsIMAP("imap.aol.com"), tlsSMTP("smtp.aol.com"), appPassword, "https://login.aol.com/account/security",
		},
		{
			"iCloud",
			[]string{"icloud.com", "me.com", "mac.com"},
			tlsIMAP("imap.mail.me.com"), submission("smtp.mail.me.com"), appPassword, "https://account.apple.com/account/manage",
		},
		{
			"Fastmail",
			[]string{"fastmail.com", "fastmail.fm", "fastmail.net", "fastmail.org", "sent.com", "messagingengine.com"},
			tlsIMAP("imap.fastmail.com"), tlsSMTP("smtp.fastmail.com"), appPassword, "https://app.fastmail.com/settings/security/apps",
		},
		{
			"GMX",
			[]string{"gmx.net", "gmx.de", "gmx.at", "gmx.ch"},
			tlsIMAP("imap.gmx.net"), submission("mail.gmx.net"), switchOn, "https://hilfe.gmx.net/pop-imap/einschalten.html",
		},
		{
			"GMX",
			[]string{"gmx.com", "gmx.us", "gmx.co.uk"},
			tlsIMAP("imap.gmx.com"), submission("mail.gmx.com"), switchOn, "https://support.gmx.com/pop-imap/toggle.html",
		},
		{
			"WEB.DE",
			[]string{"web.de"},
			tlsIMAP("imap.web.de"), submission("smtp.web.de"), switchOn, "https://hilfe.web.de/pop-imap/einschalten.html",
		},
		{
			"mail.com",
			[]string{"mail.com"},
			tlsIMAP("imap.mail.com"), submission("smtp.mail.com"), switchOn, "https://support.mail.com/premium/imap/index.html",
		},
		{
			"Mail.ru",
			[]string{"mail.ru", "inbox.ru", "list.ru", "bk.ru", "internet.ru"},
			tlsIMAP("imap.mail.ru"), tlsSMTP("smtp.mail.ru"), appPassword, "https://account.mail.ru/user/2-step-auth/passwords",
		},
		{
			"Yandex",
			[]string{"yandex.com", "yandex.ru", "ya.ru"},
			tlsIMAP("imap.yandex.com"), tlsSMTP("smtp.yandex.com"), appPassword, "https://id.yandex.com/security/app-passwords",
		},
		{
			"Zoho",
			[]string{"zoho.com", "zohomail.com"},
			tlsIMAP("imap.zoho.com"), tlsSMTP("smtp.zoho.com"), switchOn, "https://www.zoho.com/mail/help/imap-access.html",
		},
		{
			"Zoho",
			[]string{"zoho.eu", "zohomail.eu"},
			tlsIMAP("imap.zoho.eu"), tlsSMTP("smtp.zoho.eu"), switchOn, "https://www.zoho.com/mail/help/imap-access.html",
		},
		{
			"mailbox.org",
			[]string{"mailbox.org"},
			tlsIMAP("imap.mailbox.org"), tlsSMTP("smtp.mailbox.org"), "", "",
		},
		{
			"Posteo",
			[]string{"posteo.de", "posteo.net"},
			tlsIMAP("posteo.de"), tlsSMTP("posteo.de"), "", "",
		},
		{
			"T-Online",
			[]string{"t-online.de", "magenta.de"},
			tlsIMAP("secureimap.t-online.de"), tlsSMTP("securesmtp.t-online.de"), "takes a password of its own for mail programs", "https://account.idm.telekom.com/account-manager/",
		},
		{
			"Orange",
			[]string{"orange.fr", "wanadoo.fr"},
			tlsIMAP("imap.orange.fr"), tlsSMTP("smtp.orange.fr"), "", "",
		},
		{
			"Free",
			[]string{"free.fr"},
			tlsIMAP("imap.free.fr"), tlsSMTP("smtp.free.fr"), "", "",
		},
	}
}

func tlsIMAP(name string) provider.Server {
	return provider.Server{Protocol: protocolIMAP, Host: name, Port: 993, Security: provider.SecurityTLS}
}

func tlsSMTP(name string) provider.Server {
	return provider.Server{Protocol: protocolSMTP, Host: name, Port: 465, Security: provider.SecurityTLS}
}

func submission(name string) provider.Server {
	return provider.Server{Protocol: protocolSMTP, Host: name, Port: 587, Security: provider.SecuritySTARTTLS}
}

func knownDomain(domain string) (host, bool) {
	return find(func(h host) bool { return slices.Contains(h.domains, domain) })
}

func knownServer(name string) (host, bool) {
	return find(func(h host) bool { return h.imap.Host == name || h.smtp.Host == name })
}

func find(match func(host) bool) (host, bool) {
	all := hosts()
	if i := slices.IndexFunc(all, match); i >= 0 {
		return all[i], true
	}
	return host{}, false
}

// guess is where a domain's servers often are. It is for the form, to be looked at.
func guess(domain string) (imap, smtp provider.Server) {
	return tlsIMAP("imap." + domain), tlsSMTP("smtp." + domain)
}

// sibling guesses the sending server that belongs to a reading one.
func sibling(imapHost string) provider.Server {
	if h, ok := knownServer(imapHost); ok {
		return h.smtp
	}
	if rest, ok := strings.CutPrefix(imapHost, "imap."); ok && net.ParseIP(imapHost) == nil {
		return tlsSMTP("smtp." + rest)
	}
	return tlsSMTP(imapHost)
}

// advice is what to tell people about a service's passwords; "" where there is
// nothing to tell.
func (h host) advice() string {
	if h.hint == "" {
		return ""
	}
	return h.name + " " + h.hint + ": " + h.link
}
