package google

import (
	"cmp"
	"net/http"
	gopath "path"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/sandbox/echo"
	"github.com/avain-project/avain/internal/sandbox/gate"
	"github.com/avain-project/avain/internal/sandbox/ledger"
	"github.com/avain-project/avain/internal/sandbox/mailbox"
	"github.com/avain-project/avain/internal/sandbox/page"
)

// Vendor is Google's name in statistics and faults.
const Vendor = "Google"

// Prefix is where all of Google's paths begin.
const Prefix = "/google"

// TokenPrefixes gives l Google's look of codes and tokens.
func TokenPrefixes(l *ledger.Config) {
	l.CodePrefix, l.AccessPrefix, l.RefreshPrefix = "4/0sandbox-", accessPrefix, "1//sandbox-"
}

const accessPrefix = "ya29.sandbox-"

// Paths of the endpoints, after the base URL.
const (
	AuthorizePath = Prefix + "/o/oauth2/v2/auth"
	TokenPath     = Prefix + "/token"
	RevokePath    = Prefix + "/revoke"
	UserinfoPath  = Prefix + "/v1/userinfo"
	APIPath       = Prefix + "/api"
	IssuerPath    = Prefix // what the redirect's iss ends with (RFC 9207)
)

// maxForm is the longest form or JSON body an endpoint reads.
const maxForm = 1 << 20

// Google answers every path under [Prefix].
type Google struct {
	now    func() time.Time
	ledger *ledger.Ledger
	gate   *gate.Gate
	pages  *page.Pages
	mail   *mailbox.Mailboxes
	echo   echo.Echo

	oauth *http.ServeMux
	api   *http.ServeMux
}

// New makes the dialect on a ledger of its own and the sandbox's gate.
func New(now func() time.Time, l *ledger.Ledger, g *gate.Gate, p *page.Pages) *Google {
	d := &Google{now: now, ledger: l, gate: g, pages: p, mail: mailbox.New(now)}
	d.echo = echo.Echo{AccessPrefix: accessPrefix, Refuse: func(w http.ResponseWriter, text string) {
		apiError(w, http.StatusBadRequest, text, "INVALID_ARGUMENT", "badRequest")
	}}

	d.oauth = http.NewServeMux()
	d.oauth.HandleFunc("GET "+AuthorizePath, d.authorize)
	d.oauth.HandleFunc("POST "+AuthorizePath, d.decide)
	d.oauth.HandleFunc("POST "+TokenPath, d.token)
	d.oauth.HandleFunc("POST "+RevokePath, d.gated(gate.Revoke, d.revoke))
	d.oauth.HandleFunc("GET "+UserinfoPath, d.gated(gate.Identity, d.userinfo))
	d.oauth.HandleFunc("GET "+Prefix+"/photo/{persona}", d.photo)

	d.api = http.NewServeMux()
	d.api.HandleFunc("GET /google/api/gmail/v1/users/{user}/messages", d.needs(gmailRead(), hasMail(d.listMessages)))
	d.api.HandleFunc("GET /google/api/gmail/v1/users/{user}/messages/{id}", d.needs(gmailRead(), hasMail(d.getMessage)))
	d.api.HandleFunc("POST /google/api/gmail/v1/users/{user}/messages/send", d.needs(gmailSend(), hasMail(d.sendMessage)))
	d.api.HandleFunc("GET /google/api/gmail/v1/users/{user}/profile", d.needs(gmailProfile(), hasMail(d.profile)))
	d.api.HandleFunc("GET /google/api/calendar/v3/users/me/calendarList", d.needs(calendarLists(), d.calendarList))
	d.api.HandleFunc("GET /google/api/calendar/v3/calendars/{calendar}/events", d.needs(calendarEvents(), d.events))
	d.api.HandleFunc("GET /google/api/v1/people/me/connections", d.needs(contactsRead(), d.connections))
	d.api.HandleFunc("GET /google/api/tasks/v1/users/@me/lists", d.needs(tasksRead(), d.taskLists))
	d.api.HandleFunc("GET /google/api/stream", d.needs(nil, d.echo.Stream))
	d.api.HandleFunc("GET /google/api/redirect", d.needs(nil, d.echo.Redirect))
	d.api.HandleFunc("/google/api/", d.needs(nil, d.noSuchMethod))
	return d
}

// ServeHTTP implements http.Handler. The echo is taken off before any mux: a mux
// cleans paths, and the echo is there to show them as they came.
func (d *Google) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.EscapedPath(); {
	case strings.HasPrefix(path, APIPath+"/echo/"):
		d.gated(gate.API, d.needs(nil, d.echo.Echo))(w, r)
	case strings.HasPrefix(path, APIPath+"/") && gopath.Clean(r.URL.Path) != r.URL.Path:
		d.gated(gate.API, d.needs(nil, d.noSuchMethod))(w, r) // else the mux would redirect
	case strings.HasPrefix(path, APIPath+"/"):
		d.gated(gate.API, d.api.ServeHTTP)(w, r)
	default:
		d.oauth.ServeHTTP(w, r)
	}
}

// Reset forgets what was sent by Gmail.
func (d *Google) Reset() { d.mail.Reset() }

// gated counts the call and plays its fault, if one is set.
func (d *Google) gated(e gate.Endpoint, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d.gate.Play(w, r, d.gate.Enter(Vendor, e), failing(e), next)
	}
}

// failing writes a fault as Google words its errors: one way in APIs, another in
// OAuth.
func failing(e gate.Endpoint) func(http.ResponseWriter, gate.Fault) {
	return func(w http.ResponseWriter, f gate.Fault) {
		if e == gate.API {
			message := cmp.Or(f.Description, "Sandbox fault: "+http.StatusText(f.Status))
			apiError(w, f.Status, message, rpcStatus(f.Status), cmp.Or(f.Error, "sandboxFault"))
			return
		}
		code := f.Error
		switch {
		case code != "":
		case f.Status == http.StatusTooManyRequests:
			code = "rate_limit_exceeded"
		case f.Status >= 500:
			code = "internal_failure"
		default:
			code = "invalid_request"
		}
		description := f.Description
		if description == "" {
			description = "Sandbox fault"
		}
		oauthError(w, f.Status, code, description)
	}
}
