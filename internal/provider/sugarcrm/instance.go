package sugarcrm

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
)

// rest is the API below an instance, in the version that instances have had since 8.0.
const rest = "/rest/v11"

// identityServices are the hosts that an instance may announce: sts-us-west-2.service.sugarcrm.com.
func identityServices() provider.Hosts {
	return provider.Hosts{Suffixes: []string{".service.sugarcrm.com"}}
}

// cloudInstances are the hosts of instances in SugarCRM's own cloud. A token of the
// identity service goes to no others: anybody can announce that service, and would get
// the token of whoever signs in there.
func cloudInstances() provider.Hosts {
	return provider.Hosts{Suffixes: []string{".sugarondemand.com", ".sugaropencloud.eu", ".sugarcrm.eu"}}
}

// typedInstances are all addresses that instance makes.
func typedInstances() provider.Hosts { return provider.Hosts{Typed: true} }

// direct: a path is relative to the instance: rest/v11/Accounts.
func direct() provider.Direct {
	return provider.Direct{
		Hosts:          []provider.DirectHost{{Base: "{api}/"}},
		Named:          typedInstances(),
		RequestHeaders: []string{"X-Timestamp"}, // of the record that a change is of
	}
}

var plainSegments = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)*$`)

// instance brings what a person typed, or copied out of the browser, into the one form
// that is called and kept: "https://crm.example.com", "https://example.com:8443/sugar".
// The errors are for people.
func instance(typed string) (string, error) {
	text := strings.TrimSpace(typed)
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || u.User != nil || u.RawPath != "" {
		return "", errors.New("this is not the address of a SugarCRM instance")
	}
	if !strings.EqualFold(u.Scheme, "https") {
		return "", errors.New("the password must be protected on its way, so the address begins with https")
	}
	host, err := outbound.Hostname(u.Hostname())
	if err != nil {
		return "", errors.New("this is not the name of a server")
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if u.Port() != "" {
		port, err := strconv.ParseUint(u.Port(), 10, 16) // 0443 is 443
		if err != nil || port == 0 {
			return "", errors.New("this is not the address of a SugarCRM instance")
		}
		if port != 443 {
			host = net.JoinHostPort(strings.Trim(host, "[]"), strconv.FormatUint(port, 10))
		}
	}
	below := u.Path
	for _, end := range []string{"/rest/", "/index.php"} { // the API and the pages of the instance
		below, _, _ = strings.Cut(below+"/", end)
	}
	below = strings.TrimSuffix(path.Clean("/"+below), "/")
	if !plainSegments.MatchString(below) || len(below) > 200 {
		return "", errors.New("the path behind the server's name is none of a SugarCRM instance")
	}
	return "https://" + host + below, nil
}

// at is where a grant's API is. A registration with an API endpoint has all there.
func at(reg account.Registration, where provider.Place) (string, error) {
	named := cmp.Or(reg.Endpoints.API, where.API)
	if named == "" {
		return "", unclear(errors.New("the account has no instance"))
	}
	hosts := typedInstances()
	if !ofInstance(where) {
		hosts = cloudInstances()
	}
	return hosts.Believe(reg, named)
}

// ofInstance tells a grant of the instance itself from one of the identity service. It
// stands there with the instance as its own authorization server.
func ofInstance(where provider.Place) bool { return where.Accounts == where.API }

// ownPlace is the place of a grant of the instance itself.
func ownPlace(instance string) provider.Place {
	return provider.Place{Accounts: instance, API: instance}
}

// defaultPlatform is ours where the registration names none.
const defaultPlatform = "avain"

// platforms are names of letters, digits, hyphen and underscore.
var platforms = regexp.MustCompile(`^[a-z0-9_-]{1,127}$`)

// CheckTenant implements provider.TenantChecker: the platform, which parts the sessions
// that a user has at an instance.
func (d *Driver) CheckTenant(name string) error {
	switch name {
	case "":
		return nil
	case "base", "mobile", "portal":
		return fmt.Errorf("the platform %s is that of SugarCRM's own clients, whose sessions it would end: choose a name of your own, such as %s", name, defaultPlatform)
	}
	if !platforms.MatchString(name) {
		return fmt.Errorf("the platform %.80q is none: it has letters, digits, hyphens and underscores, such as %s", name, defaultPlatform)
	}
	return nil
}

// platformOf is the platform that a grant was made for; of a new one, the registration's.
func platformOf(reg account.Registration, held provider.Tokens) string {
	return cmp.Or(held.Tenant, reg.Tenant, defaultPlatform)
}

// cloudClient tells whether the registration's client is one of the identity service,
// where ids are resource names, or of a stand-in for it.
func cloudClient(reg account.Registration) bool {
	return strings.HasPrefix(reg.ClientID, "srn:") || reg.Endpoints.Authorize != ""
}

// instanceClient is who Avain is at an instance: the OAuth key that an administrator has
// made there, or "sugar", which each has for this and which has no secret.
func instanceClient(reg account.Registration) account.Registration {
	if cloudClient(reg) || reg.ClientID == "" {
		reg.ClientID, reg.Secrets = "sugar", nil
	}
	return reg
}
