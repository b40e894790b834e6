package ews

import (
	"net"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
)

// Paths of an Exchange server.
const (
	ewsPath  = "/EWS/Exchange.asmx"
	soapPath = "/autodiscover/autodiscover.svc"
	poxPath  = "/autodiscover/autodiscover.xml"
)

// maxPath bounds the path of an address, in bytes.
const maxPath = 512

// place is an address on an Exchange server: of its web services, or of its
// autodiscover service, which tells where those are.
type place struct {
	host string // as outbound.Hostname writes it
	port int
	path string // "" for autodiscover
}

// parsePlace reads what people have for a server: its name, with a port or without, or
// any address of it (/EWS/Exchange.asmx, /owa, /autodiscover/…), over https. Every path
// but those of EWS and autodiscover stands for the server.
func parsePlace(text string) (place, bool) {
	text = strings.TrimSpace(text)
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil || !strings.EqualFold(u.Scheme, "https") || u.User != nil || len(u.Path) > maxPath {
		return place{}, false
	}
	host, err := outbound.Hostname(u.Hostname())
	if err != nil {
		return place{}, false
	}
	at := place{host: host, port: 443, path: ewsPath}
	if u.Port() != "" {
		if at.port, err = strconv.Atoi(u.Port()); err != nil || at.port < 1 || at.port > 65535 {
			return place{}, false
		}
	}
	switch path := strings.ToLower(u.EscapedPath()); {
	case strings.HasPrefix(path, "/autodiscover/"):
		at.path = ""
	case strings.HasSuffix(path, ".asmx") && plain(path):
		at.path = u.EscapedPath()
	}
	return at, true
}

// plain tells whether a path is only what it looks like.
func plain(path string) bool {
	return !strings.ContainsAny(path, `\%;?#`) && !strings.Contains(path, "//") && !strings.Contains(path, "/.")
}

// served is the server of a login, as an address again.
func served(s provider.Server) place { return place{host: s.Host, port: s.Port, path: s.Path} }

func (at place) server() provider.Server {
	return provider.Server{Protocol: protocol, Host: at.host, Port: at.port, Security: provider.SecurityTLS, Path: at.path}
}

// origin is https://host, with the port where it is not the usual one.
func (at place) origin() string { return "https://" + at.authority() }

func (at place) authority() string {
	if at.port != 443 {
		return net.JoinHostPort(at.host, strconv.Itoa(at.port))
	}
	if strings.Contains(at.host, ":") {
		return "[" + at.host + "]"
	}
	return at.host
}

// String is the address as people see it and type it.
func (at place) String() string {
	if at.path == "" {
		return at.origin() + poxPath
	}
	return at.origin() + at.path
}

func (at place) autodiscovers() bool { return at.path == "" }

// usual tells whether the path is Exchange's own, which nobody else has on its host.
func (at place) usual() bool { return at.autodiscovers() || strings.EqualFold(at.path, ewsPath) }

// speaksFor tells whether the place is the domain's own: at its very name, or its
// autodiscover host, which Outlook trusts with passwords everywhere. Not below a public
// suffix, where everybody may have a host of that name, nor on another port or path, where
// others may have a server or pages.
func (at place) speaksFor(domain string) bool {
	own := "autodiscover." + domain
	return at.port == 443 && at.usual() && (at.host == domain || at.autodiscovers() && at.host == own && related(own, domain))
}

// name tells places apart at which one login name may be two people.
func (at place) name() string {
	if at.usual() {
		return at.authority()
	}
	return at.authority() + at.path
}

// hostOf is the host of an address that is ours.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// related tells whether two hosts are of one owner, as far as names can tell: those
// below the same name that somebody has registered. Addresses are related to none.
func related(a, b string) bool { return owner(a) == owner(b) }

// owner is the name that somebody has registered, which the host is or is below; the host
// itself where there is none.
func owner(host string) string {
	if net.ParseIP(host) != nil {
		return host
	}
	if registered, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return registered
	}
	return host
}

// online tells the hosts of Exchange Online, Microsoft's clouds for governments and
// China included: they take no passwords by EWS.
func online(host string) bool {
	for _, suffix := range []string{
		"office365.com", "outlook.com", "office.com", "outlook.office365.us", "office365.us", "apps.mil",
		"partner.outlook.cn", "outlook.cn", "outlook.de", "onmicrosoft.com", "onmicrosoft.us", "partner.onmschina.cn", "microsoftonline.com",
	} {
		if host == suffix || strings.HasSuffix(host, "."+suffix) {
			return true
		}
	}
	return false
}
