package zoho

import (
	"cmp"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
)

// centre is one of Zoho's data centres.
type centre struct {
	name   string // as the callback's location has it
	domain string // of accounts, mail, calendar and contacts
	api    string // domain of the other APIs
}

// centres: zoho.com/accounts/protocol/oauth/multi-dc and
// bigin.com/developer/docs/apis/multi-dc. China (cn) signs in at its own server only.
func centres() []centre {
	return []centre{
		{"us", "zoho.com", "zohoapis.com"},
		{"eu", "zoho.eu", "zohoapis.eu"},
		{"in", "zoho.in", "zohoapis.in"},
		{"au", "zoho.com.au", "zohoapis.com.au"},
		{"jp", "zoho.jp", "zohoapis.jp"},
		{"ca", "zohocloud.ca", "zohoapis.ca"},
		{"sa", "zoho.sa", "zohoapis.sa"},
		{"uk", "zoho.uk", "zohoapis.uk"},
		{"cn", "zoho.com.cn", "zohoapis.com.cn"},
	}
}

// accounts is the centre's authorization server.
func (c centre) accounts() string { return "https://accounts." + c.domain }

func centreNames() []string {
	var names []string
	for _, c := range centres() {
		names = append(names, c.name)
	}
	return names
}

// accountsHosts are the authorization servers. A client secret goes there.
func accountsHosts() provider.Hosts {
	var h provider.Hosts
	for _, c := range centres() {
		h.Exact = append(h.Exact, "accounts."+c.domain)
	}
	return h
}

// apiHosts are what api_domain may be: www.zohoapis… in the services' pages,
// api.zoho… in the protocol's.
func apiHosts() provider.Hosts {
	var h provider.Hosts
	for _, c := range centres() {
		h.Exact = append(h.Exact, "www."+c.api, "api."+c.domain)
	}
	return h
}

const (
	authorizePath = "/oauth/v2/auth"
	tokenPath     = "/oauth/v2/token" //nolint:gosec // a path, no token
	revokePath    = tokenPath + "/revoke"
	userinfoPath  = "/oauth/user/info"
)

// home is the authorization server that a callback names: by its address or, where
// that is absent, by the centre's name. "" where it says neither and the registration's
// own endpoints serve.
func home(reg account.Registration, params url.Values) (string, error) {
	if named := params.Get("accounts-server"); named != "" {
		return accountsHosts().Believe(reg, named)
	}
	for _, c := range centres() {
		if c.name == strings.ToLower(params.Get("location")) {
			return c.accounts(), nil
		}
	}
	if reg.Endpoints.Token != "" {
		return "", nil
	}
	// It is the one that was asked, where that is Zoho's.
	own, err := accountsHosts().Believe(account.Registration{}, cmp.Or(origin(reg.Endpoints.Authorize), centres()[0].accounts()))
	if err != nil {
		return "", nil //nolint:nilerr // an operator's own server, whose paths are not known
	}
	return own, nil
}

// at is the registration as the grant of that authorization server needs it: with
// every endpoint filled in, and with the secrets of that centre. An endpoint of the
// registration stays, unless it is of the same origin as the server: a stand-in's
// centres are below one origin.
func at(reg account.Registration, accounts string) (account.Registration, error) {
	if accounts != "" {
		believed, err := accountsHosts().Believe(reg, accounts) // the registration may have changed since
		if err != nil {
			return account.Registration{}, err
		}
		accounts = believed
	}
	server := cmp.Or(accounts, origin(reg.Endpoints.Authorize), centres()[0].accounts())
	fill := func(own, path string) string {
		if own == "" || accounts != "" && origin(own) == origin(accounts) {
			return server + path
		}
		return own
	}
	reg.Endpoints = account.Endpoints{
		Authorize: cmp.Or(reg.Endpoints.Authorize, centres()[0].accounts()+authorizePath),
		Token:     fill(reg.Endpoints.Token, tokenPath),
		Revoke:    fill(reg.Endpoints.Revoke, revokePath),
		Userinfo:  fill(reg.Endpoints.Userinfo, userinfoPath),
		API:       reg.Endpoints.API,
		Issuer:    reg.Endpoints.Issuer,
	}
	reg.Secrets = secrets(reg, server)
	return reg, nil
}

// secrets are those of the centre, where the client has some of its own there.
func secrets(reg account.Registration, accounts string) []secret.Text {
	if own := reg.CentreSecrets[centreOf(accounts)]; len(own) > 0 {
		return own
	}
	return reg.Secrets
}

// centreOf names the centre of an authorization server. A stand-in's is the last
// part of its path; "us" where there is none.
func centreOf(accounts string) string {
	u, err := url.Parse(accounts)
	if err != nil {
		return centres()[0].name
	}
	for _, c := range centres() {
		if u.Host == "accounts."+c.domain || path.Base(u.Path) == c.name {
			return c.name
		}
	}
	return centres()[0].name
}

// origin is scheme and host of an address; "" of none.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}

// direct: mail, calendar and contacts have hosts of their own in each centre, and
// all begin with api/; everything else (CRM, Books, Desk …) is at api_domain.
func direct() provider.Direct {
	d := provider.Direct{Hosts: []provider.DirectHost{{Base: "{api}/"}}, Named: apiHosts()}
	for _, c := range centres() {
		for _, h := range []struct{ prefix, host string }{
			{"api/", "mail."}, {"api/v1/", "calendar."}, {"api/v1/accounts/", "contacts."}, {"api/v1/sync/", "contacts."},
		} {
			d.Hosts = append(d.Hosts, provider.DirectHost{Accounts: c.accounts(), Prefix: h.prefix, Base: "https://" + h.host + c.domain + "/"})
		}
	}
	slices.SortStableFunc(d.Hosts, func(a, b provider.DirectHost) int { return strings.Compare(a.Accounts, b.Accounts) })
	return d
}
