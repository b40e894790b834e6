package office365

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
)

// hosts are where a cloud signs people in and where its Graph is.
type hosts struct{ login, graph string }

// clouds: learn.microsoft.com/entra/identity-platform/authentication-national-cloud
// and learn.microsoft.com/graph/deployments.
func clouds() map[account.Cloud]hosts {
	return map[account.Cloud]hosts{
		"":                 {"https://login.microsoftonline.com", "https://graph.microsoft.com"},
		account.CloudUSGov: {"https://login.microsoftonline.us", "https://graph.microsoft.us"},
		account.CloudDoD:   {"https://login.microsoftonline.us", "https://dod-graph.microsoft.us"},
		account.CloudChina: {"https://login.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn"},
	}
}

// anyTenant is the path's name for all work, school and personal accounts.
const anyTenant = "common"

// at is the registration with every endpoint filled in: those of its cloud where
// it names none itself, for the tenant, or for its own where that is "".
func at(reg account.Registration, tenant string) account.Registration {
	cloud := clouds()[reg.Cloud]
	tenant = url.PathEscape(cmp.Or(tenant, reg.Tenant, anyTenant))
	e := account.Endpoints{
		Authorize: cmp.Or(reg.Endpoints.Authorize, cloud.login+"/{tenant}"+authorizePath),
		Token:     cmp.Or(reg.Endpoints.Token, cloud.login+"/{tenant}/oauth2/v2.0/token"),
		Userinfo:  cmp.Or(reg.Endpoints.Userinfo, cloud.graph+"/v1.0/me"),
		API:       cmp.Or(reg.Endpoints.API, cloud.graph+"/v1.0/"),
		Issuer:    reg.Endpoints.Issuer,
	}
	e.Authorize = strings.ReplaceAll(e.Authorize, "{tenant}", tenant)
	e.Token = strings.ReplaceAll(e.Token, "{tenant}", tenant)
	reg.Endpoints = e
	return reg
}

const authorizePath = "/oauth2/v2.0/authorize"

// adminConsentURL is the page beside the authorize page. "common" will not do
// there: an administrator speaks for one organization.
func adminConsentURL(reg account.Registration, tenant string, query url.Values) (string, error) {
	tenant = cmp.Or(tenant, reg.Tenant)
	if tenant == "" || tenant == anyTenant || tenant == "consumers" {
		tenant = "organizations"
	}
	page, ok := strings.CutSuffix(at(reg, tenant).Endpoints.Authorize, authorizePath)
	if !ok {
		return "", fmt.Errorf("the registration's authorize endpoint does not end in %s, so the page for administrators is not known", authorizePath)
	}
	return page + "/v2.0/adminconsent?" + query.Encode(), nil
}

// direct: a path is relative to Graph v1.0. The headers are those of
// learn.microsoft.com/graph/use-the-api, /graph/aad-advanced-queries and
// /graph/throttling.
func direct() provider.Direct {
	d := provider.Direct{
		RequestHeaders: []string{
			"Client-Request-Id", "Return-Client-Request-Id", "ConsistencyLevel", "OData-Version", "OData-MaxVersion", "X-AnchorMailbox",
		},
		ResponseHeaders: []string{
			"Client-Request-Id", "OData-Version", "X-Ms-Resource-Unit", "X-Ms-Throttle-Limit-Percentage", "X-Ms-Throttle-Scope",
			"X-Ms-Throttle-Information",
		},
	}
	for cloud, h := range clouds() {
		d.Hosts = append(d.Hosts, provider.DirectHost{Cloud: cloud, Base: h.graph + "/v1.0/"})
	}
	return d
}
