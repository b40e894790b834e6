package provider

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/account"
)

// Place is where a grant belongs at a provider that has many: its sign-in server
// and its API, as the provider named them. Either is empty where it named none, and
// has no slash at its end. It is kept with the tokens; see docs/decisions/0020.
type Place struct {
	Accounts string // authorization server: "https://accounts.zoho.eu"
	API      string // base of the API: "https://acme.my.salesforce.com"
}

// Over is p, completed by what old knows.
func (p Place) Over(old Place) Place {
	if p.Accounts == "" {
		p.Accounts = old.Accounts
	}
	if p.API == "" {
		p.API = old.API
	}
	return p
}

// Hosts are those that an answer of the provider may name for later calls: a token
// or a client secret goes there. Names are in lower case.
type Hosts struct {
	Exact []string // "accounts.zoho.eu"
	// Suffixes begin with a dot: ".my.salesforce.com" takes every host below it.
	Suffixes []string
	// Typed takes any https address that may stand before a path, since people type it.
	// Only a driver that calls it through outbound.Typed alone may say so (Carrier).
	Typed bool
}

// Believe checks an address that an answer of the provider names, and returns it
// without a slash at its end. It is believed where it is https at one of the hosts,
// without port and path, or of the same origin as an endpoint that the operator has
// put into the registration: a stand-in names itself. The *Error for any other has
// CodeStrangeHost; nothing may be sent there.
func (h Hosts) Believe(reg account.Registration, named string) (string, error) {
	u, err := url.Parse(named)
	switch { // of an address that is read in two ways, one is an attacker's
	case err != nil, u.Hostname() == "", u.Opaque != "", u.User != nil, u.RawQuery != "", u.ForceQuery, strings.Contains(named, "#"):
		return "", strange("it is no plain address", "")
	case (ownOrigin(reg.Endpoints, u) || h.Typed && u.Scheme == "https") && plainPath(u):
		return u.Scheme + "://" + u.Host + strings.TrimSuffix(u.Path, "/"), nil
	}
	host := strings.ToLower(u.Host)
	if u.Scheme != "https" || strings.Trim(u.Path, "/") != "" || !h.lists(host) {
		return "", strange("it is none of the provider's", host)
	}
	return "https://" + host, nil
}

// lists tells whether the host, written with a port if there is one, is of the list.
func (h Hosts) lists(host string) bool {
	if slices.Contains(h.Exact, host) {
		return true
	}
	return slices.ContainsFunc(h.Suffixes, func(suffix string) bool {
		below, ok := strings.CutSuffix(host, suffix)
		return ok && labels(below)
	})
}

// labels tells whether s is labels of a host name, and nothing that a proxy or a
// resolver could read in another way.
func labels(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}

// ownOrigin compares scheme, host and port.
func ownOrigin(e account.Endpoints, u *url.URL) bool {
	return slices.ContainsFunc([]string{e.Authorize, e.Token, e.Revoke, e.Userinfo, e.API}, func(endpoint string) bool {
		own, err := url.Parse(endpoint)
		return err == nil && own.Host != "" && own.Scheme == u.Scheme && strings.EqualFold(own.Host, u.Host)
	})
}

// plainPath tells whether the path can stand before others.
func plainPath(u *url.URL) bool {
	bare := strings.TrimSuffix(u.Path, "/")
	return u.RawPath == "" && !strings.ContainsAny(bare, "\\;%") && (bare == "" || path.Clean(bare) == bare)
}

func strange(why, host string) *Error {
	e := &Error{
		Class: Config, Code: CodeStrangeHost, Cause: "the answer sends Avain to another server than the provider's",
		Cure: "start again from the application; if it stays, tell the operator",
	}
	if host == "" {
		e.Err = fmt.Errorf("the address in the answer is not believed: %s", why)
	} else {
		e.Err = fmt.Errorf("the host %.80q in the answer is not believed: %s", host, why)
	}
	return e
}
