package account

import (
	"strings"
	"time"

	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
)

// ServiceType is a provider as the wire names it.
type ServiceType string

// The service types of the contract. A provider beside them names its own in its Info;
// who looks for any asks the registry of providers.
const (
	Google     ServiceType = "Google"
	Office365  ServiceType = "Office365"
	EWS        ServiceType = "EWS"
	IMAP       ServiceType = "IMAP"
	Zoho       ServiceType = "Zoho"
	Salesforce ServiceType = "Salesforce"
	Hubspot    ServiceType = "Hubspot"
	SugarCRM   ServiceType = "SugarCRM"
)

// serviceAliases are spellings seen in clients, in lower case.
var serviceAliases = map[string]ServiceType{"zohomail": Zoho}

// ParseServiceType reads one of the contract, without regard to case, and follows the
// aliases.
func ParseServiceType(s string) (ServiceType, bool) {
	for _, t := range ServiceTypes() {
		if strings.EqualFold(string(t), s) {
			return t, true
		}
	}
	t, ok := serviceAliases[strings.ToLower(s)]
	return t, ok
}

// ServiceTypes lists those of the contract, in its order.
func ServiceTypes() []ServiceType {
	return []ServiceType{Google, Office365, EWS, IMAP, Salesforce, SugarCRM, Hubspot, Zoho}
}

// Registration is an application's OAuth client at one provider. Its client id
// never changes: another client id is another registration, since grants belong
// to the client that asked for them.
type Registration struct {
	ID            string
	ApplicationID string
	ServiceType   ServiceType
	ClientID      string
	Secrets       []secret.Text // tried in order; two while one is being replaced
	// CentreSecrets take the place of Secrets at a data centre of the provider, where
	// the client has a secret of its own there. By the centre's name: "eu".
	CentreSecrets map[string][]secret.Text
	// SecretExpires is when the newest secret ends, as its operator has entered it; zero
	// where nobody has.
	SecretExpires time.Time
	Scopes        []scope.Scope // asked for where authorize names none
	NativeScopes  []string
	// Tenant and Cloud are for providers that have them; "" is the provider's default.
	Tenant string // directory that people sign in at: an id, a domain, or a name for several
	Cloud  Cloud
	// Endpoints replace the provider's own, to speak to a stand-in.
	Endpoints Endpoints
	// CallbackURL is the redirect URI given to the provider where it is not our
	// own /v1/auth/callback: the application's relay page.
	CallbackURL string
	// UnboundBrowser switches the browser binding off, for a relay that works
	// server-side. It weakens the flow; see docs/security.md.
	UnboundBrowser bool
	// Current marks the registration that new attempts use.
	Current   bool
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Cloud is a separate installation of a provider, with hosts and accounts of its
// own.
type Cloud string

// The clouds of Microsoft; the global one is "".
const (
	CloudUSGov Cloud = "usgov" // US Government: GCC High
	CloudDoD   Cloud = "dod"   // US Department of Defense
	CloudChina Cloud = "china" // operated by 21Vianet
)

// ParseCloud reads a cloud's name, without regard to case; "global" is "".
func ParseCloud(s string) (Cloud, bool) {
	switch c := Cloud(strings.ToLower(s)); c {
	case "", "global":
		return "", true
	case CloudUSGov, CloudDoD, CloudChina:
		return c, true
	}
	return "", false
}

// Endpoints are absolute URLs; an empty one means the provider's own. Where the
// provider has tenants, {tenant} in Authorize and Token stands for the tenant.
type Endpoints struct {
	Authorize string
	Token     string
	Revoke    string
	Userinfo  string
	API       string // base of every data call; paths are appended behind one slash
	Issuer    string // compared with the callback's iss where one is sent (RFC 9207)
}
