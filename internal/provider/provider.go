package provider

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/secret"
)

// Provider is what every driver implements.
type Provider interface {
	Info() Info
}

// Info is what is fixed about a provider.
type Info struct {
	ServiceType account.ServiceType
	Title       string // as people call it
	Button      Button // to the sign-in page, where there is one
	Scopes      ScopeMap
	Direct      Direct
	// Issuer is compared with the callback's iss where one is sent (RFC 9207).
	Issuer string
	// AssumedLife is how long an access token is taken to live where the provider
	// does not say.
	AssumedLife time.Duration
	// KeepAlive is how long a grant may lie unused before the provider ends it, with a
	// wide margin; 0 where it does not.
	KeepAlive time.Duration
	// HonoursReplaced: a refresh token is good for a while after another one has taken its
	// place, and using it harms nothing. Said only where the provider's documents say so: others
	// end the whole grant when a replaced token comes again.
	HonoursReplaced bool
	// RefreshStays: using a refresh token never ends it, and none takes its place.
	RefreshStays bool
	// Subject shows how an Identity's subject is built, for who brings accounts from elsewhere:
	// "tid/oid". It has as many parts between slashes, or more.
	Subject string
	// OrgInSubject: its first part is the Identity's OrgID.
	OrgInSubject bool
	// TenantIsOrg: a grant's Tenant is the OrgID of whoever gave it.
	TenantIsOrg bool
	// Tenants: a registration may name a tenant and a cloud. What a tenant is, is the
	// provider's to say: a directory, a host, a platform.
	Tenants bool
	// Centres are the provider's data centres, at each of which a client may have a
	// secret of its own; none where it is one.
	Centres []string
	// WithholdsRefresh: a refresh token comes only with a new consent, so the flow
	// forces one where it holds none.
	WithholdsRefresh bool
}

// Redirector signs people in on the provider's own pages.
type Redirector interface {
	Provider
	// AuthorizeURL is where the browser goes.
	AuthorizeURL(account.Registration, AuthRequest) (string, error)
	// Exchange turns the callback into tokens and the identity behind them. An
	// error parameter in the callback is classified without a call.
	Exchange(context.Context, account.Registration, Callback) (Tokens, account.Identity, error)
}

// Refresher renews access tokens.
type Refresher interface {
	Provider
	// Refresh returns the provider's answer as it is: a field that the provider
	// leaves out is left zero, and the caller merges.
	Refresh(context.Context, account.Registration, Tokens) (Tokens, error)
}

// ResourceRefresher gets access tokens for several resources from one refresh
// token.
type ResourceRefresher interface {
	Refresher
	// RefreshFor is Refresh for another resource, named by its URL: Access of the
	// answer is good there alone, and its NativeScopes are nil.
	RefreshFor(ctx context.Context, reg account.Registration, held Tokens, resource string) (Tokens, error)
}

// AdminConsenter knows the page where an administrator admits the application for
// a whole organization.
type AdminConsenter interface {
	Provider
	// AdminConsentURL is that page. tenant may be "" where it is not known yet. The
	// provider sends the browser to redirectURI afterwards.
	AdminConsentURL(reg account.Registration, tenant string, nativeScopes []string, redirectURI, state string) (string, error)
}

// TenantChecker knows which tenants a registration may name, where not every id and
// domain is one. Such a provider has no clouds.
type TenantChecker interface {
	Provider
	// CheckTenant says what is wrong with it, and what it can be. "" is the default.
	CheckTenant(tenant string) error
}

// Revoker ends a grant at the provider. A grant that is gone already is no error.
type Revoker interface {
	Provider
	Revoke(context.Context, account.Registration, Tokens) error
}

// Pinger makes the least call that proves an access token.
type Pinger interface {
	Provider
	// Ping answers an *Error with CodeUnauthorized where the token is refused.
	Ping(context.Context, account.Registration, Tokens) error
}

// Carrier has a way of its own to its API, in place of the one to the providers' fixed
// hosts: people type where that API is, so that its calls go through outbound.Typed.
type Carrier interface {
	Provider
	// Carry is safe for concurrent use. It sets no credential and follows no redirect.
	Carry() http.RoundTripper
}

// Authorizer sets the credential on a request where it is not a plain bearer.
type Authorizer interface {
	Authorize(*http.Request, Tokens)
}

// AuthRequest is one visit to the provider's consent page.
type AuthRequest struct {
	State        string
	Verifier     secret.Text // PKCE; the driver sends its S256 challenge
	RedirectURI  string
	NativeScopes []string // everything to ask for, identity scopes included
	LoginHint    string
	Prompt       string // as the application gave it
	ForceConsent bool   // ask again although the person has consented before
	Renewing     bool   // an account exists; what it was granted should stay granted
	// Place is where the person signs in, as a search has found it; zero where the
	// provider has one sign-in page, or the registration names it.
	Place Place
}

// Callback is what came back, and what the attempt kept for it.
type Callback struct {
	Params       url.Values
	Verifier     secret.Text
	RedirectURI  string
	NativeScopes []string // asked; assumed granted where the provider does not say
	// Place is the AuthRequest's, as it was kept: nothing that the browser brings can
	// change it.
	Place Place
}

// Tokens are a provider's OAuth credential for one account.
type Tokens struct {
	Access  secret.Text
	Refresh secret.Text
	Life    time.Duration // of the access token from its issue on; zero: the provider did not say
	// NativeScopes are those granted; nil: the provider did not say.
	NativeScopes []string
	// Tenant is where the grant was made, for providers that have tenants: later
	// calls go there.
	Tenant string
	// Place is where the grant belongs, for providers whose answers say so: later
	// calls go there.
	Place Place
	// Owner is whose a refresh's answer says that it is, as far as it says so; nothing else
	// has it. It is compared with the account's and not kept.
	Owner Owner
	// Others are access tokens for other resources than the provider's main API,
	// by resource. The refresh token serves them all.
	Others map[string]ResourceToken
}

// Owner is Subject and OrgID of an account.Identity; either is empty where nobody says.
type Owner struct{ Subject, OrgID string }

// Is tells whether nothing that o says is against the identity.
func (o Owner) Is(who account.Identity) bool {
	against := func(said, known string) bool { return said != "" && known != "" && said != known }
	return !against(o.Subject, who.Subject) && !against(o.OrgID, who.OrgID)
}

// ResourceToken is an access token for one resource. Expires is zero where nobody
// knows.
type ResourceToken struct {
	Access  secret.Text
	Expires time.Time
}

// Merge lays an answer over what is held: a field that the answer leaves out
// keeps the old value, so that no refresh token is ever lost to an absent one.
func (t Tokens) Merge(answer Tokens) Tokens {
	merged := answer
	if answer.Tenant == "" {
		merged.Tenant = t.Tenant
	}
	merged.Place = answer.Place.Over(t.Place)
	if answer.Others == nil {
		merged.Others = t.Others
	}
	if answer.Refresh.IsZero() {
		merged.Refresh = t.Refresh
	}
	if answer.NativeScopes == nil {
		merged.NativeScopes = t.NativeScopes
	}
	return merged
}

// Session is a live way to the provider for one account and one operation.
type Session struct {
	// Endpoint is the base of the provider's API: paths are appended behind its
	// slash, by concatenation.
	Endpoint *url.URL
	// Whole: the Endpoint stands for the path already, and nothing is appended.
	Whole bool
	// Client authenticates each request, and once renews the credential where the
	// provider answers 401 and the body can be sent again (GetBody).
	Client *http.Client
}
