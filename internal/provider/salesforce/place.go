package salesforce

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/oauth"
)

// Where people sign in whose org has no say in it.
const (
	production = "login.salesforce.com"
	sandboxes  = "test.salesforce.com"
)

// myDomains are the endings of orgs' own hosts: acme.my.salesforce.com,
// acme--uat.sandbox.my.salesforce.com, acme-dev-ed.develop.my.salesforce.com, and
// Government Cloud's. Nothing that customers write is served below them.
func myDomains() []string { return []string{".my.salesforce.com", ".my.salesforce.mil"} }

// signIns are the hosts that a registration may name as its tenant.
func signIns() provider.Hosts {
	return provider.Hosts{Exact: []string{production, sandboxes}, Suffixes: myDomains()}
}

// instances are the hosts that an answer may name as the org's API.
func instances() provider.Hosts { return provider.Hosts{Suffixes: myDomains()} }

// CheckTenant implements provider.TenantChecker: "", production, sandbox, or the
// host that the org's people sign in at.
func (d *Driver) CheckTenant(tenant string) error {
	_, err := signIn(tenant)
	return err
}

// signIn is the authorization server of a tenant, without a slash at its end.
func signIn(tenant string) (string, error) {
	switch tenant {
	case "", "production":
		tenant = production
	case "sandbox":
		tenant = sandboxes
	}
	server, err := signIns().Believe(account.Registration{}, "https://"+tenant)
	if err != nil {
		return "", fmt.Errorf("the tenant %.80q is none: production, sandbox, or the host of My Domain, as in acme.my.salesforce.com", tenant)
	}
	return server, nil
}

const services = "/services/oauth2/"

// at is the registration with every endpoint of the sign-in filled in: those of the
// server where the grant was made, or of the registration's own for a new one.
func at(reg account.Registration, where provider.Place) (account.Registration, error) {
	server := ""
	if where.Accounts != "" {
		server, _ = signIns().Believe(reg, where.Accounts)
	}
	if server == "" {
		var err error
		if server, err = signIn(reg.Tenant); err != nil {
			return reg, err
		}
	}
	e := &reg.Endpoints
	e.Authorize = cmp.Or(e.Authorize, server+services+"authorize")
	e.Token = cmp.Or(e.Token, server+services+"token")
	e.Revoke = cmp.Or(e.Revoke, server+services+"revoke")
	e.Userinfo = cmp.Or(e.Userinfo, server+services+"userinfo")
	return reg, nil
}

// place is where a new grant belongs: the server that people sign in at by now, and
// the instance that the answer names.
func place(reg account.Registration, answer oauth.Answer) (provider.Place, error) {
	var where provider.Place
	var err error
	if reg.Endpoints.Token == "" {
		if where.Accounts, err = signIn(reg.Tenant); err != nil {
			return provider.Place{}, err
		}
	}
	named := answer.Text("instance_url")
	switch {
	case named != "":
		where.API, err = instances().Believe(reg, named)
	case reg.Endpoints.API == "":
		err = unclear(errors.New("the answer has no instance_url"))
	}
	return where, err
}

// direct: a path is relative to the instance: services/data/v60.0/query. The headers
// are those of developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers.htm
// and of Bulk API 2.0.
func direct() provider.Direct {
	return provider.Direct{
		Hosts: []provider.DirectHost{{Base: "{api}/"}},
		Named: instances(),
		RequestHeaders: []string{
			"Sforce-Auto-Assign", "Sforce-Call-Options", "Sforce-Duplicate-Rule-Header", "Sforce-Mru", "Sforce-Query-Options", "X-PrettyPrint",
		},
		ResponseHeaders: []string{"Sforce-Limit-Info", "Sforce-Locator", "Sforce-NumberOfRecords"},
	}
}
