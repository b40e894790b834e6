package microsoft

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
const Vendor = "Office365"

// Prefix is where all of Microsoft's paths begin.
const Prefix = "/microsoft"

// TokenLook gives l Microsoft's look of codes and tokens, and its way to renew them.
func TokenLook(l *ledger.Config) {
	l.CodePrefix, l.AccessPrefix, l.RefreshPrefix = "1.AXsandbox-", accessPrefix, "1.AWsandbox-"
	l.Renews = true
}

const accessPrefix = "eyJ0sandbox-"

// Paths of the endpoints, after the base URL. {tenant} stands for a tenant.
const (
	AuthorizePath    = Prefix + "/{tenant}/oauth2/v2.0/authorize"
	TokenPath        = Prefix + "/{tenant}/oauth2/v2.0/token"
	AdminConsentPath = Prefix + "/{tenant}/v2.0/adminconsent"
	APIPath          = Prefix + "/graph/v1.0"
	MePath           = APIPath + "/me"
)

// maxForm is the longest form or JSON body an endpoint reads.
const maxForm = 1 << 20

// Microsoft answers every path under [Prefix].
type Microsoft struct {
	now    func() time.Time
	ledger *ledger.Ledger
	gate   *gate.Gate
	pages  *page.Pages
	mail   *mailbox.Mailboxes
	echo   echo.Echo

	login *http.ServeMux
	graph *http.ServeMux

	mu       sync.Mutex
	approved map[approval]bool
}

// approval is an administrator's yes.
type approval struct{ client, tenant string }

// New makes the dialect on a ledger of its own and the sandbox's gate.
func New(now func() time.Time, l *ledger.Ledger, g *gate.Gate, p *page.Pages) *Microsoft {
	d := &Microsoft{now: now, ledger: l, gate: g, pages: p, mail: mailbox.New(now), approved: map[approval]bool{}}
	d.echo = echo.Echo{AccessPrefix: accessPrefix, Refuse: func(w http.ResponseWriter, text string) {
		d.graphError(w, http.StatusBadRequest, "BadRequest", text)
	}}

	d.login = http.NewServeMux()
	d.login.HandleFunc("GET "+AuthorizePath, d.authorize)
	d.login.HandleFunc("POST "+AuthorizePath, d.decide)
	d.login.HandleFunc("POST "+TokenPath, d.token)
	d.login.HandleFunc("GET "+AdminConsentPath, d.askAdmin)
	d.login.HandleFunc("POST "+AdminConsentPath, d.decideAdmin)

	d.graph = http.NewServeMux()
	d.graph.HandleFunc("GET "+APIPath+"/me/messages", d.needs(mailRead(), d.hasMailbox(d.listMessages)))
	d.graph.HandleFunc("GET "+APIPath+"/me/mailFolders/{folder}", d.needs(mailRead(), d.hasMailbox(d.getFolder)))
	d.graph.HandleFunc("GET "+APIPath+"/me/mailFolders/{folder}/messages", d.needs(mailRead(), d.hasMailbox(d.listMessages)))
	d.graph.HandleFunc("GET "+APIPath+"/me/messages/{id}", d.needs(mailRead(), d.hasMailbox(d.getMessage)))
	d.graph.HandleFunc("POST "+APIPath+"/me/sendMail", d.needs([]string{"Mail.Send"}, d.hasMailbox(d.sendMail)))
	d.graph.HandleFunc("GET "+APIPath+"/me/calendar", d.needs(calendarRead(), d.hasMailbox(d.calendar)))
	d.graph.HandleFunc("GET "+APIPath+"/me/contacts", d.needs(contactsRead(), d.hasMailbox(d.contacts)))
	d.graph.HandleFunc("GET "+APIPath+"/me/todo/lists", d.needs(tasksRead(), d.hasMailbox(d.taskLists)))
	d.graph.HandleFunc("GET "+APIPath+"/stream", d.needs(nil, d.echo.Stream))
	d.graph.HandleFunc("GET "+APIPath+"/redirect", d.needs(nil, d.echo.Redirect))
	d.graph.HandleFunc(APIPath+"/", d.needs(nil, d.noSuchResource))
	return d
}

// ServeHTTP implements http.Handler. The echo is taken off before any mux: a mux
// cleans paths, and the echo is there to show them as they came.
func (d *Microsoft) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.EscapedPath(); {
	case path == MePath && r.Method == http.MethodGet:
		d.gated(gate.Identity, d.needs([]string{"User.Read"}, d.me))(w, r)
	case strings.HasPrefix(path, APIPath+"/echo/"):
		d.gated(gate.API, d.needs(nil, d.echo.Echo))(w, r)
	case strings.HasPrefix(path, APIPath+"/") && gopath.Clean(r.URL.Path) != r.URL.Path:
		d.gated(gate.API, d.needs(nil, d.noSuchResource))(w, r) // else the mux would redirect
	case strings.HasPrefix(path, APIPath+"/"):
		d.gated(gate.API, d.graph.ServeHTTP)(w, r)
	default:
		d.login.ServeHTTP(w, r)
	}
}

// Reset forgets what was sent and what administrators have approved.
func (d *Microsoft) Reset() {
	d.mail.Reset()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.approved = map[approval]bool{}
}

// admitted says whether an administrator of the tenant has approved the client.
func (d *Microsoft) admitted(client, tenant string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.approved[approval{client, tenant}]
}

func (d *Microsoft) admit(client, tenant string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.approved[approval{client, tenant}] = true
}

// gated counts the call and plays its fault, if one is set.
func (d *Microsoft) gated(e gate.Endpoint, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d.gate.Play(w, r, d.gate.Enter(Vendor, e), d.failing(e), next)
	}
}

// failing writes a fault as Microsoft words its errors: one way in Graph, another
// at the sign-in.
func (d *Microsoft) failing(e gate.Endpoint) func(http.ResponseWriter, gate.Fault) {
	return func(w http.ResponseWriter, f gate.Fault) {
		if e == gate.API || e == gate.Identity {
			message := cmp.Or(f.Description, "Sandbox fault: "+http.StatusText(f.Status))
			d.graphError(w, f.Status, cmp.Or(f.Error, graphCode(f.Status)), message)
			return
		}
		p := problem{code: f.Error, text: f.Description}
		switch {
		case p.code != "":
		case f.Status == http.StatusTooManyRequests || f.Status >= 500:
			p.code = "temporarily_unavailable"
		default:
			p.code = "invalid_request"
		}
		if p.text == "" {
			p.text = "Sandbox fault"
		}
		d.oauthError(w, f.Status, p)
	}
}
