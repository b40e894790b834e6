package crash_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// provider is the sandbox as one account meets it: at addresses of its own, so that a
// connection says whose it is before a byte of it is read.
type provider struct {
	sandbox http.Handler
	rest    *httptest.Server // all but the token endpoint
	token   *httptest.Server

	mu   sync.Mutex
	hold *hold
	seen ledger
}

// ledger is what the provider has done for the account.
type ledger struct {
	refreshes int // each made the refresh token before it void
	used      int // the refresh whose access token its API was called with last
	access    map[string]int
}

// hold stops one refresh at a point, until the test lets it go.
type hold struct {
	at      point
	reached chan struct{} // closed when it is there
	once    sync.Once
	release chan struct{} // closed by the test
	// delivered is closed when the server has read the whole answer of the provider.
	delivered chan struct{}
}

func newHold(at point) *hold {
	return &hold{at: at, reached: make(chan struct{}), release: make(chan struct{}), delivered: make(chan struct{})}
}

// stop waits at the point, where it is the one meant, and tells whether it was.
func (h *hold) stop(at point) bool {
	if h.at != at {
		return false
	}
	h.once.Do(func() { close(h.reached) })
	<-h.release
	return true
}

func newProvider(t *testing.T, sandbox http.Handler) *provider {
	t.Helper()
	p := &provider{sandbox: sandbox, hold: newHold(atRest), seen: ledger{access: map[string]int{}}}
	p.rest = httptest.NewServer(http.HandlerFunc(p.serve))
	p.token = httptest.NewUnstartedServer(http.HandlerFunc(p.refresh))
	p.token.Listener = &doorway{p.token.Listener, p}
	p.token.Config.SetKeepAlivesEnabled(false) // each refresh comes by a connection of its own
	p.token.Start()
	t.Cleanup(func() { p.rest.Close(); p.token.Close() })
	return p
}

// stopAt sets the point for the next refresh.
func (p *provider) stopAt(at point) *hold {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hold = newHold(at)
	return p.hold
}

func (p *provider) held() *hold {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hold
}

func (p *provider) ledger() ledger {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen
}

// doorway holds connections that nobody has read from yet.
type doorway struct {
	net.Listener
	p *provider
}

func (d *doorway) Accept() (net.Conn, error) {
	conn, err := d.Listener.Accept()
	return &visitor{Conn: conn, p: d.p}, err
}

type visitor struct {
	net.Conn
	p *provider
}

func (v *visitor) Read(b []byte) (int, error) {
	if v.p.held().stop(claimed) {
		return 0, io.EOF
	}
	return v.Conn.Read(b)
}

// refresh answers the token endpoint.
func (p *provider) refresh(w http.ResponseWriter, r *http.Request) {
	h := p.held()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // it was killed in the middle of asking
	}
	if h.stop(asked) {
		panic(http.ErrAbortHandler)
	}
	h.linger()
	kept := httptest.NewRecorder()
	r.Body = io.NopCloser(bytes.NewReader(body))
	p.sandbox.ServeHTTP(kept, r)
	if kept.Code == http.StatusOK && bytes.Contains(body, []byte("grant_type=refresh_token")) {
		p.refreshed(accessToken(kept.Body.String()))
	}
	if h.stop(answered) {
		panic(http.ErrAbortHandler)
	}
	h.linger()
	late := h.stop(arrived)
	p.answer(w, kept, func() {
		if late {
			close(h.delivered)
		}
	})
}

// answer sends what was kept, and tells when the other side has read all of it and
// closed the connection.
func (p *provider) answer(w http.ResponseWriter, kept *httptest.ResponseRecorder, read func()) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer func() { _ = conn.Close() }()
	res := kept.Result()
	res.Close, res.ContentLength = true, int64(kept.Body.Len())
	if res.Write(conn) == nil {
		_, _ = io.Copy(io.Discard, conn)
		read()
	}
}

func (p *provider) refreshed(access string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen.refreshes++
	p.seen.access[access] = p.seen.refreshes
}

func accessToken(body string) string {
	_, rest, _ := strings.Cut(body, `"access_token": "`)
	token, _, _ := strings.Cut(rest, `"`)
	return token
}

// serve answers everything else: the pages, the identity, the API.
func (p *provider) serve(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/google/api/echo/") {
		p.sandbox.ServeHTTP(w, r)
		return
	}
	h := p.held()
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	kept := httptest.NewRecorder()
	p.sandbox.ServeHTTP(kept, r)
	if kept.Code == http.StatusOK {
		p.mu.Lock()
		p.seen.used = p.seen.access[token]
		p.mu.Unlock()
		if h.stop(saved) {
			panic(http.ErrAbortHandler)
		}
	}
	for name, values := range kept.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(kept.Code)
	body := kept.Body.Bytes()
	_, _ = w.Write(body[:len(body)/2])
	_ = http.NewResponseController(w).Flush()
	switch {
	case kept.Code == http.StatusOK && h.stop(answering):
		panic(http.ErrAbortHandler)
	case h.at == unclaimed: // the access token was refused: it will want a refresh
		h.once.Do(func() { close(h.reached) })
	}
	_, _ = w.Write(body[len(body)/2:])
}

// linger is how long a provider takes, where the kill is at a random moment: so that
// each step is under way as often as the next.
func (h *hold) linger() {
	if h.at == anywhere {
		time.Sleep(rand.N(8 * time.Millisecond))
	}
}
