package hubspot

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
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
const Vendor = "Hubspot"

// Prefix is where all of HubSpot's paths begin.
const Prefix = "/hubspot"

// Paths of the endpoints, after the base URL.
const (
	AuthorizePath  = Prefix + "/oauth/authorize"
	TokenPath      = Prefix + "/oauth/2026-03/token"
	IntrospectPath = TokenPath + "/introspect"
	RevokePath     = TokenPath + "/revoke"
	APIPath        = Prefix + "/api"
)

const (
	accessPrefix = "CKsandbox-"
	// maxForm is the longest form or JSON body an endpoint reads.
	maxForm = 1 << 20
)

// TokenLook gives l HubSpot's look of codes and tokens, and their life.
func TokenLook(l *ledger.Config) {
	l.CodePrefix, l.AccessPrefix, l.RefreshPrefix = "na1-csandbox-", accessPrefix, "na1-rsandbox-"
	l.AccessBytes = 240
	l.AccessLife = min(l.AccessLife, 30*time.Minute)
}

// HubSpot answers every path under [Prefix].
type HubSpot struct {
	now    func() time.Time
	ledger *ledger.Ledger
	gate   *gate.Gate
	pages  *page.Pages
	crm    *crm
	echo   echo.Echo

	login *http.ServeMux
	api   *http.ServeMux
}

// New makes the dialect on a ledger of its own and the sandbox's gate.
func New(now func() time.Time, l *ledger.Ledger, g *gate.Gate, p *page.Pages) *HubSpot {
	d := &HubSpot{now: now, ledger: l, gate: g, pages: p, crm: newCRM(now)}
	d.echo = echo.Echo{AccessPrefix: accessPrefix, Refuse: func(w http.ResponseWriter, text string) {
		apiError(w, http.StatusBadRequest, "VALIDATION_ERROR", text)
	}}

	d.login = http.NewServeMux()
	d.login.HandleFunc("GET "+AuthorizePath, d.authorize)
	d.login.HandleFunc("POST "+AuthorizePath, d.decide)
	d.login.HandleFunc("POST "+TokenPath, d.token)
	d.login.HandleFunc("POST "+IntrospectPath, d.gated(gate.Identity, d.authenticated(d.introspect)))
	d.login.HandleFunc("POST "+RevokePath, d.gated(gate.Revoke, d.authenticated(d.revoke)))

	d.api = http.NewServeMux()
	for _, objects := range []string{APIPath + "/crm/objects/2026-03", APIPath + "/crm/v3/objects"} {
		d.api.HandleFunc("GET "+objects+"/contacts", d.needs(contactsRead, d.listContacts))
		d.api.HandleFunc("POST "+objects+"/contacts", d.needs(contactsWrite, d.createContact))
		d.api.HandleFunc("GET "+objects+"/contacts/{id}", d.needs(contactsRead, d.getContact))
	}
	d.api.HandleFunc("GET "+APIPath+"/stream", d.needs("", d.echo.Stream))
	d.api.HandleFunc("GET "+APIPath+"/redirect", d.needs("", d.echo.Redirect))
	d.api.HandleFunc(APIPath+"/", d.needs("", noSuchPath))
	return d
}

// ServeHTTP implements http.Handler. The echo is taken off before any mux: a mux
// cleans paths, and the echo is there to show them as they came.
func (d *HubSpot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.EscapedPath(); {
	case strings.HasPrefix(path, APIPath+"/echo/"):
		d.gated(gate.API, d.needs("", d.echo.Echo))(w, r)
	case strings.HasPrefix(path, APIPath+"/") && gopath.Clean(r.URL.Path) != r.URL.Path:
		d.gated(gate.API, d.needs("", noSuchPath))(w, r) // else the mux would redirect
	case strings.HasPrefix(path, APIPath+"/"):
		d.gated(gate.API, d.api.ServeHTTP)(w, r)
	default:
		d.login.ServeHTTP(w, r)
	}
}

// Reset forgets the contacts that were created.
func (d *HubSpot) Reset() { d.crm.reset() }

// gated counts the call and plays its fault, if one is set.
func (d *HubSpot) gated(e gate.Endpoint, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d.gate.Play(w, r, d.gate.Enter(Vendor, e), failing(e), next)
	}
}

// failing writes a fault as HubSpot words its errors: one way in the APIs, another
// at the OAuth endpoints.
func failing(e gate.Endpoint) func(http.ResponseWriter, gate.Fault) {
	return func(w http.ResponseWriter, f gate.Fault) {
		text := cmp.Or(f.Description, "Sandbox fault")
		switch {
		case f.Status == http.StatusTooManyRequests:
			tooMany(w)
		case e == gate.API || f.Error == "" && f.Status != http.StatusUnauthorized:
			apiError(w, f.Status, cmp.Or(f.Error, category(f.Status)), text)
		case f.Error == "":
			oauthError(w, f.Status, "invalid_client", "BAD_CLIENT_SECRET", text)
		default:
			oauthError(w, f.Status, f.Error, statusOf(text), text)
		}
	}
}

// statusOf is HubSpot's own status, where a fault's description begins with one.
func statusOf(text string) string {
	word, _, _ := strings.Cut(text, " ")
	if strings.Contains(word, "_") && strings.ToUpper(word) == word {
		return word
	}
	return ""
}

// HubID and UserID number a persona's HubSpot account and login, by its key.
func HubID(key string) int64 { return number("hub", key) }

// UserID is the persona's number.
func UserID(key string) int64 { return number("user", key) }

func number(what, key string) int64 {
	sum := sha256.Sum256([]byte("sandbox " + what + " of " + key))
	return 1_000_000 + int64(binary.BigEndian.Uint32(sum[:4])%90_000_000)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "sandbox: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json;charset=utf-8")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-cache, no-store")
	}
	w.WriteHeader(status)
	_, _ = w.Write(b)
}
