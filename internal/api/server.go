package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/brand"
	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/direct"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/user"
)

// Accounts is what the account routes change. The composition root provides it.
type Accounts interface {
	// Delete ends the account: its grant where nobody shares it, its credential and
	// its bearers.
	Delete(ctx context.Context, acct account.Account) (credential.Revocation, error)
	// Revoke removes the credential alone.
	Revoke(ctx context.Context, acct account.Account) (credential.Revocation, error)
	// Ping asks the provider whether the credential works.
	Ping(ctx context.Context, acct account.Account) error
	// ProviderToken hands out the provider's access token, after writing down that
	// it does.
	ProviderToken(ctx context.Context, acct account.Account, requestID string) (secret.Text, time.Time, error)
	// Account reads the account anew.
	Account(ctx context.Context, id account.ID) (account.Account, error)
}

// Origins tells whether any application allows a web origin.
type Origins interface {
	OriginRegistered(ctx context.Context, origin string) (bool, error)
}

// Logos keeps the applications' pictures by their hash.
type Logos interface {
	Logo(ctx context.Context, hash string) (logo brand.Logo, found bool, err error)
}

// Look is whom a page is shown to, and on whose behalf.
type Look struct {
	Languages       string // the browser's Accept-Language
	ApplicationName string
	Brand           brand.Brand
}

// look is that of an outcome.
func look(r *http.Request, out connect.Outcome) Look {
	return Look{Languages: strings.Join(r.Header.Values("Accept-Language"), ","), ApplicationName: out.ApplicationName, Brand: out.Brand}
}

// ErrorPage is what a page about a fault shows.
type ErrorPage struct {
	Status int
	Code   string
	// Message is sentences in English; Detail is its end, which belongs to this one case.
	Message, Detail string
	RequestID       string
	RetryAfter      time.Duration // where positive, how long to wait
	BackURL         string
	TryAgainURL     string
	Reload          bool
}

// PartialPage asks what shall become of a partial grant.
type PartialPage struct {
	ServiceTitle          string
	Email                 string
	Missing               []scope.Scope
	MissingNative         []string
	RestURL               string
	WithoutURL, CancelURL string
}

// AdminPage sends a person to an administrator.
type AdminPage struct {
	ServiceTitle            string
	AdminURL                string
	Steps                   []string
	BackURL                 string
	Code, Detail, RequestID string
}

// EndPage is the last one of a sign-in in a window of its own. It tells whoever opened the
// window, where that is a page of one of the origins.
type EndPage struct{ Origins []string }

// Pages writes what people see.
type Pages interface {
	Error(http.ResponseWriter, Look, ErrorPage)
	Choose(http.ResponseWriter, Look, ChoosePage)
	Partial(http.ResponseWriter, Look, PartialPage)
	Admin(http.ResponseWriter, Look, AdminPage)
	Approved(http.ResponseWriter, Look)
	Form(http.ResponseWriter, Look, FormPage)
	Done(http.ResponseWriter, Look, DonePage)
	End(http.ResponseWriter, Look, EndPage)
}

// Config is what the server is made of.
type Config struct {
	PublicURL *url.URL
	Connect   *connect.Service
	Access    *access.Service
	Users     *user.Service
	Accounts  Accounts
	Lists     Lists
	Providers provider.Registry
	Origins   Origins
	Logos     Logos
	Hosts     Hosts
	Direct    *direct.Proxy
	Pages     Pages
	// Ready answers nil while requests can be served.
	Ready  func(context.Context) error
	Logger *slog.Logger
	Now    func() time.Time
	// Observe is told of each request served: route pattern, method, status.
	Observe func(route, method string, status int, took time.Duration)
	Limits  Limits
	// TrustedProxies may say in X-Forwarded-For whom they speak for.
	TrustedProxies []netip.Prefix
	// HomeURL is where GET / leads; empty for nowhere.
	HomeURL string
}

// Server is the whole face as one handler.
type Server struct {
	Config
	mux    *http.ServeMux
	limits *limiter
	logins *loginLimiter
	// searches are bounded like logins: each is a handful of calls to somebody's servers.
	searches *loginLimiter
}

// New makes the server.
func New(cfg Config) *Server {
	s := &Server{Config: cfg, limits: newLimiter(cfg.Limits, cfg.Now), logins: newLoginLimiter(cfg.Now), searches: newLoginLimiter(cfg.Now)}
	s.mux = s.routes()
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.observed(w, r, func(w http.ResponseWriter, r *http.Request) {
		bound(w)
		// In front of the mux, which would clean the path and decode it.
		if path, ok := strings.CutPrefix(direct.RawPath(r.URL), direct.Prefix); ok {
			note(r).route = direct.Prefix
			s.direct(w, r, path)
			return
		}
		s.route(w, r)
	})
}

// bound gives body and answer an end: a stranger who sends or reads a byte now and
// then must not hold a connection for ever.
func bound(w http.ResponseWriter) {
	connection, now := http.NewResponseController(w), time.Now()
	_ = connection.SetReadDeadline(now.Add(bodyTime))
	_ = connection.SetWriteDeadline(now.Add(answerTime))
}

// unbound takes both ends off again, for a caller who has proven himself: the
// pass-through streams for as long as it likes.
func unbound(w http.ResponseWriter) {
	connection := http.NewResponseController(w)
	_ = connection.SetReadDeadline(time.Time{})
	_ = connection.SetWriteDeadline(time.Time{})
}

// route gives the mux what it knows and answers the rest in our own JSON, with
// the mux's status and Allow.
func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	handler, pattern := s.mux.Handler(r)
	// The mux would redirect a path that it cleans, with a page of its own.
	if pattern != "" && r.URL.Path == path.Clean(r.URL.Path) {
		note(r).route = pattern
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		s.mux.ServeHTTP(w, r)
		return
	}
	note(r).route = "none"
	probe := &headerProbe{header: http.Header{}}
	handler.ServeHTTP(probe, r)
	if allow := probe.header.Get("Allow"); allow != "" {
		w.Header().Set("Allow", allow)
	}
	if probe.status == http.StatusMethodNotAllowed {
		s.fail(w, r, fault.New(fault.MethodNotAllowed, ""))
		return
	}
	s.fail(w, r, fault.New(fault.RouteUnknown, ""))
}

// headerProbe takes a handler's status and headers, not its body.
type headerProbe struct {
	header http.Header
	status int
}

func (p *headerProbe) Header() http.Header         { return p.header }
func (p *headerProbe) WriteHeader(status int)      { p.status = status }
func (p *headerProbe) Write(b []byte) (int, error) { return len(b), nil }
