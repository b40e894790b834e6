package salesforce

import (
	"cmp"
	"net/http"
	gopath "path"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/sandbox/echo"
	"github.com/avain-project/avain/internal/sandbox/gate"
	"github.com/avain-project/avain/internal/sandbox/ledger"
	"github.com/avain-project/avain/internal/sandbox/page"
)

// Vendor is the service's name in statistics and faults.
const Vendor = "Salesforce"

// Prefix is where all of Salesforce's paths begin.
const Prefix = "/salesforce"

// TokenLook gives l Salesforce's look of codes and tokens.
func TokenLook(l *ledger.Config) {
	l.CodePrefix, l.AccessPrefix, l.RefreshPrefix = "aPrxsandbox-", accessPrefix, "5Aep861sandbox-"
}

const accessPrefix = "00Dsandbox!AQ"

// Paths of the endpoints, after the base URL.
const (
	AuthorizePath = Prefix + "/services/oauth2/authorize"
	TokenPath     = Prefix + "/services/oauth2/token"
	RevokePath    = Prefix + "/services/oauth2/revoke"

	instances = Prefix + "/instance/"
	userinfo  = "/services/oauth2/userinfo"
)

// InstancePath is where a persona's org is, after the base URL.
func InstancePath(key string) string { return instances + OrgID(key) }

// maxForm is the longest form an endpoint reads.
const maxForm = 1 << 20

// Salesforce answers every path under [Prefix].
type Salesforce struct {
	now    func() time.Time
	ledger *ledger.Ledger
	gate   *gate.Gate
	pages  *page.Pages
	echo   echo.Echo

	oauth *http.ServeMux
	api   *http.ServeMux // paths below an instance
}

// New makes the dialect on a ledger of its own and the sandbox's gate.
func New(now func() time.Time, l *ledger.Ledger, g *gate.Gate, p *page.Pages) *Salesforce {
	d := &Salesforce{now: now, ledger: l, gate: g, pages: p}
	d.echo = echo.Echo{AccessPrefix: accessPrefix, Refuse: func(w http.ResponseWriter, text string) {
		apiError(w, http.StatusBadRequest, "JSON_PARSER_ERROR", text)
	}}

	d.oauth = http.NewServeMux()
	d.oauth.HandleFunc("GET "+AuthorizePath, d.authorize)
	d.oauth.HandleFunc("POST "+AuthorizePath, d.decide)
	d.oauth.HandleFunc("POST "+TokenPath, d.token)
	d.oauth.HandleFunc("POST "+RevokePath, d.gated(gate.Revoke, d.revoke))

	d.api = http.NewServeMux()
	d.api.HandleFunc("GET /services/data/{$}", d.versions)
	d.api.HandleFunc("GET /services/data/{version}/query", d.query)
	d.api.HandleFunc("GET /services/data/{version}/query/{$}", d.query)
	d.api.HandleFunc("GET /services/data/{version}/sobjects", d.objects)
	d.api.HandleFunc("GET /services/data/{version}/sobjects/{object}/{id}", d.record)
	d.api.HandleFunc("GET /stream", d.echo.Stream)
	d.api.HandleFunc("GET /redirect", d.echo.Redirect)
	d.api.HandleFunc("/", d.noSuchResource)
	return d
}

// ServeHTTP implements http.Handler. The echo is taken off before any mux: a mux
// cleans paths, and the echo is there to show them as they came.
func (d *Salesforce) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	org, path, below := instance(r.URL.EscapedPath())
	switch {
	case !below:
		d.oauth.ServeHTTP(w, r)
	case path == userinfo && r.Method == http.MethodGet:
		d.gated(gate.Identity, d.identity(org))(w, r)
	case strings.HasPrefix(path, "/echo/"):
		d.gated(gate.API, d.needsToken(org, d.echo.Echo))(w, r)
	case gopath.Clean(r.URL.Path) != strings.TrimSuffix(r.URL.Path, "/"):
		d.gated(gate.API, d.needsToken(org, d.noSuchResource))(w, r) // else the mux would redirect
	default:
		d.gated(gate.API, d.needsToken(org, http.StripPrefix(instances+org, d.api).ServeHTTP))(w, r)
	}
}

// instance cuts a path into the org of its instance and what is behind it.
func instance(path string) (org, behind string, ok bool) {
	rest, ok := strings.CutPrefix(path, instances)
	org, behind, cut := strings.Cut(rest, "/")
	return org, "/" + behind, ok && cut
}

// Reset implements the dialect; its records never change.
func (d *Salesforce) Reset() {}

// gated counts the call and plays its fault, if one is set.
func (d *Salesforce) gated(e gate.Endpoint, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d.gate.Play(w, r, d.gate.Enter(Vendor, e), failing(e), next)
	}
}

// failing writes a fault as Salesforce words its errors: one way in the API, another
// at the sign-in.
func failing(e gate.Endpoint) func(http.ResponseWriter, gate.Fault) {
	return func(w http.ResponseWriter, f gate.Fault) {
		text := cmp.Or(f.Description, "Sandbox fault")
		if e == gate.Identity && f.Error == "" {
			bare(w, f.Status, http.StatusText(f.Status))
			return
		}
		if e == gate.API || e == gate.Identity {
			apiError(w, f.Status, cmp.Or(f.Error, apiCode(f.Status)), text)
			return
		}
		code := f.Error
		switch {
		case code != "":
		case f.Status == http.StatusTooManyRequests:
			code = "rate_limit_exceeded"
		case f.Status >= 500:
			code = "unknown_error"
		default:
			code = "invalid_request"
		}
		oauthError(w, f.Status, problem{code, text})
	}
}
