package sandbox

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/avain-project/avain/internal/sandbox/authority"
	"github.com/avain-project/avain/internal/sandbox/exchange"
	"github.com/avain-project/avain/internal/sandbox/gate"
	"github.com/avain-project/avain/internal/sandbox/google"
	"github.com/avain-project/avain/internal/sandbox/hubspot"
	"github.com/avain-project/avain/internal/sandbox/ledger"
	"github.com/avain-project/avain/internal/sandbox/mail"
	"github.com/avain-project/avain/internal/sandbox/microsoft"
	"github.com/avain-project/avain/internal/sandbox/names"
	"github.com/avain-project/avain/internal/sandbox/page"
	"github.com/avain-project/avain/internal/sandbox/salesforce"
	"github.com/avain-project/avain/internal/sandbox/sugarcrm"
	"github.com/avain-project/avain/internal/sandbox/zoho"
)

// Client is an OAuth client registered at a vendor.
type Client = ledger.Client

// Fault makes one endpoint of one vendor fail.
type Fault = gate.Fault

// Endpoint is what a fault is set for: "authorize", "code", "refresh", "revoke",
// "identity" or "api".
type Endpoint = gate.Endpoint

// Counts are the calls a vendor has had.
type Counts = gate.Counts

// Config has a usable zero value.
type Config struct {
	Now    func() time.Time // nil: time.Now
	Rand   io.Reader        // of codes and tokens; must not end; nil: crypto/rand
	Logger *slog.Logger     // one debug line a request, without queries; nil: silent

	AccessTokenLife time.Duration // 0: one hour
}

// Sandbox is all vendors in one http.Handler. Its state is in memory and bounded:
// old codes, tokens and sent messages give way to new ones. It is safe for
// concurrent use.
type Sandbox struct {
	log     *slog.Logger
	gate    *gate.Gate
	pages   *page.Pages
	vendors []vendor
	mail    *mail.Server
	company *exchange.Server
	ca      func() (*authority.Authority, error) // made when somebody asks, once
	mux     *http.ServeMux                       // what belongs to no vendor
}

// vendor is one dialect with its own memory, under a path prefix of its own.
type vendor struct {
	name    string
	prefix  string
	ledger  *ledger.Ledger
	dialect dialect
}

type dialect interface {
	http.Handler
	Reset()
}

// New makes a sandbox with every vendor and no client.
func New(cfg Config) *Sandbox {
	cfg = cfg.withDefaults()
	s := &Sandbox{log: cfg.Logger, gate: gate.New(google.Vendor, microsoft.Vendor, hubspot.Vendor, salesforce.Vendor, sugarcrm.Vendor, zoho.Vendor, mail.Vendor, exchange.Vendor), pages: page.Parse()}
	s.addGoogle(cfg)
	s.addMicrosoft(cfg)
	s.addHubSpot(cfg)
	s.addSalesforce(cfg)
	s.addSugarCRM(cfg)
	s.addZoho(cfg)
	s.mail = mail.New(cfg.Now, s.gate)
	s.company = exchange.New(cfg.Now, cfg.Rand, s.gate)
	s.ca = sync.OnceValues(func() (*authority.Authority, error) { return authority.New(cfg.Now()) })

	s.mux = http.NewServeMux()
	s.mux.HandleFunc("GET /{$}", s.index)
	s.routeControl()
	return s
}

func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.AccessTokenLife == 0 {
		c.AccessTokenLife = time.Hour
	}
	c.Rand = &lockedReader{r: c.Rand}
	return c
}

func (s *Sandbox) addGoogle(cfg Config) {
	lc := ledger.Config{Now: cfg.Now, Rand: cfg.Rand, AccessLife: cfg.AccessTokenLife}
	google.TokenPrefixes(&lc)
	l := ledger.New(lc)
	s.vendors = append(s.vendors, vendor{google.Vendor, google.Prefix, l, google.New(cfg.Now, l, s.gate, s.pages)})
}

func (s *Sandbox) addMicrosoft(cfg Config) {
	lc := ledger.Config{Now: cfg.Now, Rand: cfg.Rand, AccessLife: cfg.AccessTokenLife}
	microsoft.TokenLook(&lc)
	l := ledger.New(lc)
	s.vendors = append(s.vendors, vendor{microsoft.Vendor, microsoft.Prefix, l, microsoft.New(cfg.Now, l, s.gate, s.pages)})
}

func (s *Sandbox) addHubSpot(cfg Config) {
	lc := ledger.Config{Now: cfg.Now, Rand: cfg.Rand, AccessLife: cfg.AccessTokenLife}
	hubspot.TokenLook(&lc)
	l := ledger.New(lc)
	s.vendors = append(s.vendors, vendor{hubspot.Vendor, hubspot.Prefix, l, hubspot.New(cfg.Now, l, s.gate, s.pages)})
}

func (s *Sandbox) addZoho(cfg Config) {
	lc := ledger.Config{Now: cfg.Now, Rand: cfg.Rand, AccessLife: cfg.AccessTokenLife}
	zoho.TokenLook(&lc)
	l := ledger.New(lc)
	s.vendors = append(s.vendors, vendor{zoho.Vendor, zoho.Prefix, l, zoho.New(cfg.Now, l, s.gate, s.pages)})
}

func (s *Sandbox) addSalesforce(cfg Config) {
	lc := ledger.Config{Now: cfg.Now, Rand: cfg.Rand, AccessLife: cfg.AccessTokenLife}
	salesforce.TokenLook(&lc)
	l := ledger.New(lc)
	s.vendors = append(s.vendors, vendor{salesforce.Vendor, salesforce.Prefix, l, salesforce.New(cfg.Now, l, s.gate, s.pages)})
}

func (s *Sandbox) addSugarCRM(cfg Config) {
	lc := ledger.Config{Now: cfg.Now, Rand: cfg.Rand, AccessLife: cfg.AccessTokenLife}
	sugarcrm.TokenLook(&lc)
	l := ledger.New(lc)
	s.vendors = append(s.vendors, vendor{sugarcrm.Vendor, sugarcrm.Prefix, l, sugarcrm.New(l, s.gate, s.pages)})
}

// Register adds a client at a vendor ("Google", "Office365", "Hubspot", "Salesforce", "SugarCRM", "Zoho"), or replaces the one with its ID.
// It fails on an unknown vendor, an empty ID and a relative redirect URI.
func (s *Sandbox) Register(vendor string, c Client) error {
	var names []string
	for _, v := range s.vendors {
		if strings.EqualFold(v.name, vendor) {
			return v.ledger.Register(c)
		}
		names = append(names, v.name)
	}
	return fmt.Errorf("sandbox: vendor %q is unknown; known: %s", vendor, strings.Join(names, ", "))
}

// Endpoints are the absolute URLs of one vendor. API has no trailing slash.
type Endpoints struct{ Authorize, Token, Revoke, Userinfo, API, Issuer string }

// GoogleEndpoints says where Google is when the sandbox is served at base, e.g.
// "http://localhost:9090".
func (s *Sandbox) GoogleEndpoints(base string) Endpoints {
	base = strings.TrimSuffix(base, "/")
	return Endpoints{
		Authorize: base + google.AuthorizePath,
		Token:     base + google.TokenPath,
		Revoke:    base + google.RevokePath,
		Userinfo:  base + google.UserinfoPath,
		API:       base + google.APIPath,
		Issuer:    base + google.IssuerPath,
	}
}

// Office365Endpoints says where Microsoft is when the sandbox is served at base.
// {tenant} in a path stands for the tenant. Microsoft has no revocation endpoint.
func (s *Sandbox) Office365Endpoints(base string) Endpoints {
	base = strings.TrimSuffix(base, "/")
	return Endpoints{
		Authorize: base + microsoft.AuthorizePath,
		Token:     base + microsoft.TokenPath,
		Userinfo:  base + microsoft.MePath,
		API:       base + microsoft.APIPath,
	}
}

// HubspotEndpoints says where HubSpot is when the sandbox is served at base.
// Userinfo is its introspection.
func (s *Sandbox) HubspotEndpoints(base string) Endpoints {
	base = strings.TrimSuffix(base, "/")
	return Endpoints{
		Authorize: base + hubspot.AuthorizePath,
		Token:     base + hubspot.TokenPath,
		Revoke:    base + hubspot.RevokePath,
		Userinfo:  base + hubspot.IntrospectPath,
		API:       base + hubspot.APIPath,
	}
}

// HubspotIDs are the numbers of a persona's HubSpot account and login there, by the
// persona's key.
func (s *Sandbox) HubspotIDs(persona string) (hub, user int64) {
	return hubspot.HubID(persona), hubspot.UserID(persona)
}

// ZohoEndpoints says where Zoho is when the sandbox is served at base. API is empty:
// answers to codes and refreshes name it, by the person's data centre.
func (s *Sandbox) ZohoEndpoints(base string) Endpoints {
	base = strings.TrimSuffix(base, "/")
	return Endpoints{
		Authorize: base + zoho.AuthorizePath,
		Token:     base + zoho.TokenPath,
		Revoke:    base + zoho.RevokePath,
		Userinfo:  base + zoho.UserinfoPath,
	}
}

// ZohoCentre is the data centre of a persona's account, by the persona's key.
func (s *Sandbox) ZohoCentre(persona string) string { return zoho.HomeCentre(persona) }

// Office365Tenant is the id of a persona's own tenant (tid), by the persona's key;
// in any other, that person is a guest.
func (s *Sandbox) Office365Tenant(persona string) string { return microsoft.HomeTenant(persona) }

// SalesforceEndpoints says where Salesforce signs people in when the sandbox is served
// at base. API and identity are at each org's instance, which the answer of the token
// endpoint names.
func (s *Sandbox) SalesforceEndpoints(base string) Endpoints {
	base = strings.TrimSuffix(base, "/")
	return Endpoints{
		Authorize: base + salesforce.AuthorizePath,
		Token:     base + salesforce.TokenPath,
		Revoke:    base + salesforce.RevokePath,
	}
}

// SalesforceInstance is where the org of a persona is, by the persona's key, after
// the base URL.
func SalesforceInstance(persona string) string { return salesforce.InstancePath(persona) }

// SugarCRMEndpoints says where the identity service of SugarCRM's cloud is when the
// sandbox is served at base, for browsers too, and at secure ([Secure.URL]), where the
// instances are. Userinfo is in the cloud's instance.
func (s *Sandbox) SugarCRMEndpoints(base, secure string) Endpoints {
	base = strings.TrimSuffix(base, "/")
	return Endpoints{
		Authorize: base + sugarcrm.AuthorizePath,
		Token:     base + sugarcrm.TokenPath,
		Revoke:    base + sugarcrm.RevokePath,
		Userinfo:  secure + sugarcrm.Cloud + sugarcrm.MePath,
	}
}

// The instances of SugarCRM, after [Secure.URL]: one that takes passwords, and one that
// announces the identity service.
const (
	SugarCRMOnSite = sugarcrm.OnSite
	SugarCRMCloud  = sugarcrm.Cloud
)

// SugarCRMPassword is a persona's password at an instance, by the persona's key.
func (s *Sandbox) SugarCRMPassword(persona string) string { return sugarcrm.Password(persona) }

// ServeHTTP implements http.Handler. Vendors get their paths as they came, before
// any mux cleans them.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.log.DebugContext(r.Context(), "sandbox request", "method", r.Method, "path", r.URL.EscapedPath())
	for _, v := range s.vendors {
		if strings.HasPrefix(r.URL.EscapedPath(), v.prefix+"/") {
			v.dialect.ServeHTTP(w, r)
			return
		}
	}
	s.mux.ServeHTTP(w, r)
}

// Mail is the mail service while it listens.
type Mail = mail.Running

// ListenMail serves IMAP and SMTP on free ports of a loopback host, "127.0.0.1", until
// Mail.Close. They are no HTTP, so they are apart from ServeHTTP.
func (s *Sandbox) ListenMail(ctx context.Context, host string) (*Mail, error) {
	ca, err := s.ca()
	if err != nil {
		return nil, err
	}
	return s.mail.Listen(ctx, host, ca)
}

// MailPassword is a persona's password for the mail service, by the persona's key.
func (s *Sandbox) MailPassword(persona string) string { return mail.Password(persona) }

// Exchange is the Exchange Server while it listens.
type Exchange = exchange.Running

// ExchangeSettings are how it is set up.
type ExchangeSettings = exchange.Settings

// ListenExchange serves the web services and autodiscover on free ports of a loopback
// host, "127.0.0.1", until Exchange.Close. NTLM needs a connection of its own kind, so
// they are apart from ServeHTTP.
func (s *Sandbox) ListenExchange(ctx context.Context, host string) (*Exchange, error) {
	ca, err := s.ca()
	if err != nil {
		return nil, err
	}
	return s.company.Listen(ctx, host, ca)
}

// Names is DNS and web sites while they listen, and Internet what leads to them.
type (
	Names    = names.Running
	Internet = names.Internet
)

// MailDomain is a domain of e-mail addresses.
type MailDomain = names.Domain

// MailDomains lists the domains whose mail servers can be found, each by another way.
func MailDomains() []MailDomain { return names.Domains() }

// ListenNames serves DNS, and the web sites of the domains of e-mail addresses, on free
// ports of a loopback host, "127.0.0.1", until Names.Close.
func (s *Sandbox) ListenNames(ctx context.Context, host string) (*Names, error) {
	ca, err := s.ca()
	if err != nil {
		return nil, err
	}
	return names.Listen(ctx, host, ca)
}

// SetExchange changes how the Exchange Server is set up, until Reset. The error names
// what is allowed.
func (s *Sandbox) SetExchange(settings ExchangeSettings) error { return s.company.Set(settings) }

// ExchangePassword is a persona's password at the Exchange Server, by the persona's key.
func (s *Sandbox) ExchangePassword(persona string) string { return exchange.Password(persona) }

// ExchangeNames are the names by which a persona may log in there, by the persona's key:
// address, DOMAIN\user, user principal name.
func (s *Sandbox) ExchangeNames(persona string) (address, account, upn string) {
	return persona + "@" + ledger.Domain, exchange.Account(persona), exchange.UPN(persona)
}

// ExchangeWrong is how many wrong passwords an account has had in a row there, by the
// name before the @, tags included.
func (s *Sandbox) ExchangeWrong(local string) int { return s.company.Wrong(local) }

// Stats says how many calls each vendor has had since the start or the last
// reset.
func (s *Sandbox) Stats() map[string]Counts { return s.gate.Stats() }

// Expire makes every access token issued so far invalid and says how many there
// were.
func (s *Sandbox) Expire() int {
	n := 0
	for _, v := range s.vendors {
		n += v.ledger.Expire()
	}
	return n
}

// SetFaults replaces the faults; none clears them. The error names what is
// allowed, and leaves the old ones in place.
func (s *Sandbox) SetFaults(faults []Fault) error { return s.gate.Set(faults) }

// Reset forgets grants, statistics and faults. Clients stay registered.
func (s *Sandbox) Reset() {
	s.gate.Reset()
	for _, v := range s.vendors {
		v.ledger.Reset()
		v.dialect.Reset()
	}
	s.mail.Reset()
	s.company.Reset()
}

// Close lets go of calls that a fault holds, so that the server around the
// sandbox can stop.
func (s *Sandbox) Close() { s.gate.Close() }

// lockedReader lets the vendors share one source of randomness.
type lockedReader struct {
	mu sync.Mutex
	r  io.Reader
}

func (l *lockedReader) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Read(p)
}
