package direct

import (
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
)

// Credentials opens sessions; internal/credential implements it.
type Credentials interface {
	Use(ctx context.Context, acct account.Account, resource string) (provider.Session, error)
}

// Config is what the proxy is made of.
type Config struct {
	Credentials Credentials
	Providers   provider.Registry
	Logger      *slog.Logger
	// Stall is how long the provider may send, or the caller take, no byte of an
	// answer; default 5 min.
	Stall time.Duration
	// Fail shows a failure of our own; a provider's error passes as it is.
	Fail func(http.ResponseWriter, *http.Request, error)
}

// Proxy passes requests on. It is safe for concurrent use.
type Proxy struct {
	Config
	lists    map[account.ServiceType]headerLists
	buffers  pool
	errorLog *log.Logger
}

// New makes the proxy.
func New(cfg Config) *Proxy {
	if cfg.Stall == 0 {
		cfg.Stall = 5 * time.Minute
	}
	p := &Proxy{
		Config: cfg, lists: map[account.ServiceType]headerLists{},
		errorLog: slog.NewLogLogger(cfg.Logger.Handler(), slog.LevelWarn),
	}
	for t, driver := range cfg.Providers {
		p.lists[t] = listsFor(driver.Info().Direct)
	}
	return p
}

// Serve passes one request of acct on. escaped is the path behind [Prefix], as it
// came on the wire.
func (p *Proxy) Serve(w http.ResponseWriter, r *http.Request, acct account.Account, escaped string) {
	// TRACE would send the credential back to the caller, CONNECT open a tunnel.
	if r.Method == http.MethodTrace || r.Method == http.MethodConnect {
		w.Header().Set("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
		p.Fail(w, r, fault.New(fault.MethodNotAllowed, "Any other method passes."))
		return
	}
	if err := checkPath(escaped); err != nil {
		p.Fail(w, r, err)
		return
	}
	session, err := p.Credentials.Use(r.Context(), acct, escaped)
	if err != nil {
		p.Fail(w, r, err)
		return
	}
	to, err := target(session, escaped, r.URL.RawQuery)
	if err != nil {
		p.Fail(w, r, err)
		return
	}
	lists := p.lists[acct.ServiceType]
	ctx, giveUp := context.WithCancelCause(r.Context())
	defer giveUp(nil)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(pr *httputil.ProxyRequest) {
			pr.Out.URL, pr.Out.Host = to, to.Host
			// ReverseProxy drops query parameters that it cannot parse; the provider
			// gets them byte for byte.
			pr.Out.URL.RawQuery = pr.In.URL.RawQuery
			only(pr.Out.Header, lists.request)
			pr.Out.Trailer = nil // they would pass by every list
			remember(pr.Out)
		},
		Transport:  final{session.Client.Transport, ctx},
		BufferPool: &p.buffers,
		ErrorLog:   p.errorLog,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			p.Fail(w, r, failure(err))
		},
	}
	proxy.ModifyResponse = func(res *http.Response) error {
		// ReverseProxy passes bytes on at once where the length is not known. A long
		// answer of known length gets the same; a short one goes out in one piece.
		if res.ContentLength > bufferSize {
			proxy.FlushInterval = -1
		}
		res.Body = newPatient(res.Body, p.Stall, giveUp)
		return answer(res, lists.response)
	}
	proxy.ServeHTTP(newHurried(w, p.Stall), r)
}

// final hides the interim answers (103 and its like) from ReverseProxy, which
// would pass their headers on past every list and clear ours with them.
type final struct {
	next http.RoundTripper
	ctx  context.Context // of the caller's request, without ReverseProxy's trace
}

func (f final) RoundTrip(r *http.Request) (*http.Response, error) {
	return f.next.RoundTrip(r.WithContext(f.ctx))
}

// answer makes the provider's response one of ours.
func answer(res *http.Response, allowed map[string]bool) error {
	if res.StatusCode == http.StatusSwitchingProtocols {
		return errors.New("the provider switches to a protocol that nobody asked for")
	}
	only(res.Header, allowed)
	only(res.Trailer, allowed)
	res.Body = trailed{res.Body, res, allowed}
	guard(res.Header)
	return nil
}

// trailed keeps trailers to the list too: those that come are known only once the
// body has been read.
type trailed struct {
	io.ReadCloser
	res     *http.Response
	allowed map[string]bool
}

func (t trailed) Close() error {
	err := t.ReadCloser.Close()
	only(t.res.Trailer, t.allowed)
	return err
}

// failure classifies why no answer came.
func failure(err error) error {
	var f *fault.Error
	var refused *provider.Error
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &refused):
		return credential.Fault(refused)
	case outbound.Timeout(err):
		return fault.Wrap(fault.ProviderTimeout, err)
	default:
		return fault.Wrap(fault.ProviderUnavailable, err)
	}
}

// pool lends copy buffers, so that a stream costs a constant amount of memory.
type pool struct{ buffers sync.Pool }

const bufferSize = 32 << 10

// Get implements httputil.BufferPool.
func (p *pool) Get() []byte {
	if b, ok := p.buffers.Get().(*[]byte); ok {
		return *b
	}
	return make([]byte, bufferSize)
}

// Put implements httputil.BufferPool.
func (p *pool) Put(b []byte) { p.buffers.Put(&b) }
