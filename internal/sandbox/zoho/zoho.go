package zoho

import (
	"cmp"
	"net/http"
	gopath "path"
	"strings"
	"sync"
	"time"

	"github.com/avain-project/avain/internal/sandbox/echo"
	"github.com/avain-project/avain/internal/sandbox/gate"
	"github.com/avain-project/avain/internal/sandbox/ledger"
	"github.com/avain-project/avain/internal/sandbox/mailbox"
	"github.com/avain-project/avain/internal/sandbox/page"
)

// Vendor is the service's name in statistics and faults.
const Vendor = "Zoho"

// Prefix is where all of Zoho's paths begin.
const Prefix = "/zoho"

// TokenLook gives l Zoho's look of codes and tokens.
func TokenLook(l *ledger.Config) {
	l.CodePrefix, l.AccessPrefix, l.RefreshPrefix = "1000.csandbox-", accessPrefix, "1000.rsandbox-"
}

const accessPrefix = "1000.asandbox-"

// Paths of the endpoints, after the base URL. The server that a callback names has
// the same ones below another centre.
const (
	firstCentre   = Prefix + "/us"
	AuthorizePath = firstCentre + authorizePath
	TokenPath     = firstCentre + tokenPath
	RevokePath    = firstCentre + revokePath
	UserinfoPath  = firstCentre + userinfoPath

	authorizePath = "/oauth/v2/auth"
	tokenPath     = "/oauth/v2/token" //nolint:gosec // a path, no token
	revokePath    = tokenPath + "/revoke"
	userinfoPath  = "/oauth/user/info"
	apiPath       = "/www" // api_domain, below a centre
)

// maxForm is the longest form or JSON body an endpoint reads.
const maxForm = 1 << 20

// Zoho answers every path under [Prefix].
type Zoho struct {
	now    func() time.Time
	ledger *ledger.Ledger
	gate   *gate.Gate
	pages  *page.Pages
	mail   *mailbox.Mailboxes
	echo   echo.Echo

	login *http.ServeMux
	api   *http.ServeMux

	mu        sync.Mutex
	refreshed map[string][]time.Time // by refresh token, the last ten minutes
}

// New makes the dialect on a ledger of its own and the sandbox's gate.
func New(now func() time.Time, l *ledger.Ledger, g *gate.Gate, p *page.Pages) *Zoho {
	d := &Zoho{now: now, ledger: l, gate: g, pages: p, mail: mailbox.New(now), refreshed: map[string][]time.Time{}}
	d.echo = echo.Echo{AccessPrefix: accessPrefix, Refuse: func(w http.ResponseWriter, text string) {
		apiError(w, http.StatusBadRequest, "INVALID_INPUT", text)
	}}

	const centre = Prefix + "/{centre}"
	d.login = http.NewServeMux()
	d.login.Handle("GET "+centre+authorizePath, inCentre(http.HandlerFunc(d.authorize)))
	d.login.Handle("POST "+centre+authorizePath, inCentre(http.HandlerFunc(d.decide)))
	d.login.Handle("POST "+centre+tokenPath, inCentre(http.HandlerFunc(d.token)))
	d.login.Handle("POST "+centre+revokePath, inCentre(d.gated(gate.Revoke, d.revoke)))
	d.login.Handle("GET "+centre+userinfoPath, inCentre(d.gated(gate.Identity, d.userinfo)))

	const www = centre + apiPath
	d.api = http.NewServeMux()
	d.api.HandleFunc("GET "+www+"/api/accounts", d.needs(mailAccounts(), hasMail(d.listAccounts)))
	d.api.HandleFunc("GET "+www+"/api/accounts/{id}/messages/view", d.needs(mailRead(), hasMail(d.listMessages)))
	d.api.HandleFunc("POST "+www+"/api/accounts/{id}/messages", d.needs(mailSend(), hasMail(d.sendMessage)))
	d.api.HandleFunc("GET "+www+"/api/tasks/me", d.needs(tasksRead(), d.listTasks))
	d.api.HandleFunc("GET "+www+"/api/v1/calendars", d.needs(calendarRead(), d.listCalendars))
	d.api.HandleFunc("GET "+www+"/api/v1/accounts/self/contacts", d.needs(contactsRead(), d.listContacts))
	d.api.HandleFunc("GET "+www+"/stream", d.needs(nil, d.echo.Stream))
	d.api.HandleFunc("GET "+www+"/redirect", d.needs(nil, d.echo.Redirect))
	d.api.HandleFunc(www+"/", d.needs(nil, noSuchURL))
	return d
}

// ServeHTTP implements http.Handler. The echo is taken off before any mux: a mux
// cleans paths, and the echo is there to show them as they came.
func (d *Zoho) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	centre, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), Prefix+"/"), "/")
	below, isAPI := strings.CutPrefix("/"+rest, apiPath+"/")
	if !isAPI {
		d.login.ServeHTTP(w, r)
		return
	}
	r.SetPathValue("centre", centre)
	switch {
	case strings.HasPrefix(below, "echo/"):
		d.gated(gate.API, d.needs(nil, d.echo.Echo))(w, r)
	case gopath.Clean(r.URL.Path) != r.URL.Path:
		d.gated(gate.API, d.needs(nil, noSuchURL))(w, r) // else the mux would redirect
	default:
		d.gated(gate.API, d.api.ServeHTTP)(w, r)
	}
}

// Reset forgets what was sent, and how often what was renewed.
func (d *Zoho) Reset() {
	d.mail.Reset()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refreshed = map[string][]time.Time{}
}

// gated counts the call and plays its fault, if one is set.
func (d *Zoho) gated(e gate.Endpoint, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d.gate.Play(w, r, d.gate.Enter(Vendor, e), failing(e), next)
	}
}

// failing writes a fault as Zoho words its errors: one way in APIs, another at the
// accounts server.
func failing(e gate.Endpoint) func(http.ResponseWriter, gate.Fault) {
	return func(w http.ResponseWriter, f gate.Fault) {
		text := cmp.Or(f.Description, "Sandbox fault: "+http.StatusText(f.Status))
		if e == gate.API {
			apiError(w, f.Status, cmp.Or(f.Error, apiCode(f.Status)), text)
			return
		}
		code := f.Error
		switch {
		case code != "":
		case f.Status == http.StatusTooManyRequests:
			code = "Access Denied"
		case f.Status >= 500:
			code = "general_error"
		default:
			code = "invalid_request"
		}
		oauthError(w, f.Status, code, f.Description)
	}
}
