package connect

import (
	"cmp"
	"errors"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/weburl"
)

// An application may have a host name of its own for this server, its alias. Its
// sign-ins run there: the browser's cookie is set there, so that authorize must be
// there before an attempt is made, and the provider sends the browser back there.

// hopped marks an authorize request that was sent on from another of our hosts. It is
// one parameter more for every reader of the query, and means nothing to them.
const hopped = "avainHop"

// maxHostName is the length of a DNS name as text (RFC 1035 §2.3.4), in bytes.
const maxHostName = 253

// aliasHost is a host as browsers send it in Host: a DNS name in ASCII without the
// root's dot, or an IP address, and a port.
var aliasHost = regexp.MustCompile(`^([a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?$`)

// numeric is a number as browsers read the parts of an IPv4 address.
var numeric = regexp.MustCompile(`^([0-9]+|0x[0-9a-f]*)$`)

// ParseAlias reads an alias as an operator types it, and returns its web origin as
// browsers write it. "" is no alias.
func ParseAlias(raw string) (string, error) {
	if raw == "" {
		return "", nil
	}
	u, err := weburl.Base(raw)
	if err != nil {
		return "", err
	}
	origin := weburl.Origin(u.String())
	_, host, _ := strings.Cut(origin, "://")
	if len(u.Hostname()) > maxHostName || !aliasHost.MatchString(host) || !asBrowsersWrite(strings.ToLower(u.Hostname())) {
		return "", errors.New("its host is not a name or an address as browsers send it: write ASCII, international names as xn--…")
	}
	if u.Scheme == "http" && !weburl.Loopback(u.Hostname()) {
		return "", errors.New("http would send sign-ins in the clear: use https (http is for loopback addresses only)")
	}
	return origin, nil
}

// asBrowsersWrite tells whether a host that is an address is in the one form that
// browsers send: they read 127.1 as 127.0.0.1, and shorten IPv6 (URL Standard, host
// parsing: a name whose last label is a number is an IPv4 address).
func asBrowsersWrite(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.String() == host && !addr.Is4In6()
	}
	last := host[strings.LastIndex(host, ".")+1:]
	return !numeric.MatchString(last)
}

// Home is the origin at which an application's sign-ins run: its alias, or the public
// URL, which may be nil where it is not known. An alias that is the public URL's own
// host is none.
func Home(public *url.URL, app account.Application) *url.URL {
	alias, err := url.Parse(weburl.Origin(app.Settings.Alias))
	if err != nil || alias.Host == "" || public != nil && strings.EqualFold(alias.Host, public.Host) {
		return public
	}
	return alias
}

// OwnCallback is our own callback for an application's sign-ins, where the provider, or
// a registration's relay, sends the browser. Empty where its host is not known.
func OwnCallback(public *url.URL, app account.Application) string {
	home := Home(public, app)
	if home == nil {
		return ""
	}
	return home.JoinPath(CallbackPath).String()
}

// CallbackURL is the redirect URI that the provider knows: the registration's relay, or
// else our own callback. Where that is not known it is empty.
func CallbackURL(public *url.URL, app account.Application, reg account.Registration) string {
	return cmp.Or(reg.CallbackURL, OwnCallback(public, app))
}

// redirectURI is the one of the attempt, from its beginning to the exchange.
func (s *Service) redirectURI(a store.Attempt, reg account.Registration) string {
	if a.RedirectURI == "" { // made before attempts kept it, and before there were aliases
		return CallbackURL(s.PublicURL, account.Application{}, reg)
	}
	return a.RedirectURI
}

// hop sends the browser on to the host at which the application's sign-ins run; away is
// false where it is there already. Application and return URL must be proven before.
// Nothing is made on the way: cookie and attempt belong to the other host. One hop is
// enough, unless something in front of us changes the Host that the browser sent.
func (s *Service) hop(at *url.URL, path, rawQuery string, p parameters, app account.Application) (out Outcome, away bool) {
	home := Home(s.PublicURL, app)
	if strings.EqualFold(at.Host, home.Host) {
		return Outcome{}, false
	}
	if p.query.Has(hopped) {
		out := shown(fault.Newf(fault.HostRewritten, "It belongs to %s, and came in under the host %s.", home, at.Host))
		out.ApplicationName, out.Brand = app.Name, app.Brand
		return out, true
	}
	// The query as it came, since others may read it as we do not.
	return Outcome{
		Location: home.JoinPath(path).String() + "?" + rawQuery + "&" + hopped + "=1",
		Hop:      true, ApplicationName: app.Name,
	}, true
}
