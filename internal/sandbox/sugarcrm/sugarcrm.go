package sugarcrm

import (
	"cmp"
	"encoding/json"
	"net/http"
	gopath "path"
	"strings"
	"sync"

	"github.com/avain-project/avain/internal/sandbox/echo"
	"github.com/avain-project/avain/internal/sandbox/gate"
	"github.com/avain-project/avain/internal/sandbox/ledger"
	"github.com/avain-project/avain/internal/sandbox/page"
)

// Vendor is the service's name in statistics and faults.
const Vendor = "SugarCRM"

// Prefix is where all of SugarCRM's paths begin.
const Prefix = "/sugarcrm"

// The instances and the identity service, after the base URL.
const (
	OnSite          = Prefix + "/onsite"
	Cloud           = Prefix + "/cloud"
	IdentityService = Prefix + "/sts"

	AuthorizePath = IdentityService + "/oauth2/auth"
	TokenPath     = IdentityService + "/oauth2/token"
	RevokePath    = IdentityService + "/oauth2/revoke"

	// MePath says who somebody is, below an instance.
	MePath = "/rest/v11/me"
)

const accessPrefix = "sugar-at-sandbox-"

// TokenLook gives l the look of codes and tokens.
func TokenLook(l *ledger.Config) {
	l.CodePrefix, l.AccessPrefix, l.RefreshPrefix = "sugar-ac-sandbox-", accessPrefix, "sugar-rt-sandbox-"
}

// maxBody is the longest form or JSON an endpoint reads.
const maxBody = 1 << 20

// SugarCRM answers every path under [Prefix].
type SugarCRM struct {
	ledger *ledger.Ledger
	gate   *gate.Gate
	pages  *page.Pages
	echo   echo.Echo

	oauth *http.ServeMux // the identity service
	api   *http.ServeMux // paths below an instance, with a token

	mu       sync.Mutex
	sessions map[string]string // access token of the newest session, by user and platform
}

// New makes the dialect on a ledger of its own and the sandbox's gate.
func New(l *ledger.Ledger, g *gate.Gate, p *page.Pages) *SugarCRM {
	d := &SugarCRM{ledger: l, gate: g, pages: p, sessions: map[string]string{}}
	d.echo = echo.Echo{AccessPrefix: accessPrefix, Header: "Oauth-Token", Refuse: func(w http.ResponseWriter, text string) {
		refuse(w, http.StatusUnprocessableEntity, "invalid_parameter", text)
	}}

	d.oauth = http.NewServeMux()
	d.oauth.HandleFunc("GET "+AuthorizePath, d.authorize)
	d.oauth.HandleFunc("POST "+AuthorizePath, d.decide)
	d.oauth.HandleFunc("POST "+TokenPath, d.serviceToken)
	d.oauth.HandleFunc("POST "+RevokePath, d.gated(gate.Revoke, d.serviceRevoke))

	d.api = http.NewServeMux()
	d.api.HandleFunc("GET /rest/v11/{module}", d.list)
	d.api.HandleFunc("GET /rest/v11/{module}/{id}", d.record)
	d.api.HandleFunc("GET /stream", d.echo.Stream)
	d.api.HandleFunc("GET /redirect", d.echo.Redirect)
	d.api.HandleFunc("/", noMethod)
	return d
}

// ServeHTTP implements http.Handler. The echo is taken off before any mux: a mux
// cleans paths, and the echo is there to show them as they came.
func (d *SugarCRM) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	instance, path, below := split(r.URL.EscapedPath())
	if !below {
		d.oauth.ServeHTTP(w, r)
		return
	}
	switch {
	case path == "/rest/v11/metadata/public" && r.Method == http.MethodGet:
		d.gated(gate.API, d.metadata(instance))(w, r)
	case path == "/rest/v11/oauth2/token" && r.Method == http.MethodPost:
		d.token(w, r, instance)
	case path == "/rest/v11/oauth2/logout" && r.Method == http.MethodPost:
		d.gated(gate.Revoke, d.needsToken(instance, d.logOut))(w, r)
	case path == MePath && r.Method == http.MethodGet:
		d.gated(gate.Identity, d.needsToken(instance, d.me))(w, r)
	case strings.HasPrefix(path, "/echo/"):
		d.gated(gate.API, d.needsToken(instance, d.echo.Echo))(w, r)
	case gopath.Clean(r.URL.Path) != strings.TrimSuffix(r.URL.Path, "/"):
		d.gated(gate.API, d.needsToken(instance, noMethod))(w, r) // else the mux would redirect
	default:
		d.gated(gate.API, d.needsToken(instance, http.StripPrefix(instance, d.api).ServeHTTP))(w, r)
	}
}

// split cuts a path into the instance and what is behind it.
func split(path string) (instance, behind string, ok bool) {
	for _, instance := range []string{OnSite, Cloud} {
		if behind, ok := strings.CutPrefix(path, instance); ok && strings.HasPrefix(behind, "/") {
			return instance, behind, true
		}
	}
	return "", "", false
}

// Reset implements the dialect.
func (d *SugarCRM) Reset() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sessions = map[string]string{}
}

// gated counts the call and plays its fault, if one is set.
func (d *SugarCRM) gated(e gate.Endpoint, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		service := strings.HasPrefix(r.URL.Path, IdentityService)
		d.gate.Play(w, r, d.gate.Enter(Vendor, e), failing(service), next)
	}
}

// failing writes a fault in the words of the identity service, or of an instance.
func failing(service bool) func(http.ResponseWriter, gate.Fault) {
	return func(w http.ResponseWriter, f gate.Fault) {
		text := cmp.Or(f.Description, "Sandbox fault")
		if service {
			oauthError(w, f.Status, problem{cmp.Or(f.Error, serviceCode(f.Status)), text})
			return
		}
		refuse(w, f.Status, cmp.Or(f.Error, label(f.Status)), text)
	}
}

func serviceCode(status int) string {
	switch {
	case status == http.StatusTooManyRequests:
		return "temporarily_unavailable"
	case status >= 500:
		return "server_error"
	}
	return "invalid_request"
}

// label is an instance's word for a status.
func label(status int) string {
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return "missing_parameter"
	case http.StatusUnauthorized:
		return "invalid_grant"
	case http.StatusForbidden:
		return "not_authorized"
	case http.StatusNotFound:
		return "not_found"
	case http.StatusServiceUnavailable:
		return "maintenance"
	case http.StatusTooManyRequests:
		return "service_unavailable"
	default:
		return "fatal_error"
	}
}

// refuse answers with an error of the REST API.
func refuse(w http.ResponseWriter, status int, label, message string) {
	writeJSON(w, status, struct {
		Error   string `json:"error"`
		Message string `json:"error_message,omitempty"`
	}{label, message})
}

func noMethod(w http.ResponseWriter, _ *http.Request) {
	refuse(w, http.StatusNotFound, "no_method", "Could not find any method for this path.")
}

// writeJSON forbids caching where nothing else was said.
func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "sandbox: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, _ = w.Write(b)
}
