package rig

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// Provider is the sandbox as one account meets it: at addresses of its own, so that a
// connection says whose it is before a byte of it is read.
type Provider struct {
	name    string
	sandbox http.Handler
	rest    *httptest.Server // all but the token endpoint
	token   *httptest.Server

	mu   sync.Mutex
	hold *Hold
	seen Book
}

// Book is what the provider has done for the account.
type Book struct {
	Refreshes int // each made the refresh token before it void
	Refused   int // refresh tokens that it did not take
	Used      int // the refresh whose access token its API was called with last
	Turned    int // calls of its API with an access token that had ended
	Strange   int // calls of its API that were meant for another account
	access    map[string]int
}

// Hold stops refreshes at a point, until the test lets them go.
type Hold struct {
	At      Point
	Reached chan struct{} // closed when one is there
	Release chan struct{} // closed by the test
	// Delivered is closed when the server has read the whole answer of the provider.
	Delivered chan struct{}

	once sync.Once
	goOn bool
}

// stop waits at the point, where it is the one meant, and tells whether the request ends
// there.
func (h *Hold) stop(at Point) bool {
	if h.At != at {
		return false
	}
	h.once.Do(func() { close(h.Reached) })
	<-h.Release
	return !h.goOn
}

// NewProvider makes one of a sandbox. Calls of its API name it in their path: see
// [Seat.Call].
func NewProvider(t testing.TB, name string, sandbox http.Handler) *Provider {
	t.Helper()
	p := &Provider{name: name, sandbox: sandbox, seen: Book{access: map[string]int{}}}
	p.StopAt(AtRest)
	p.rest = httptest.NewServer(http.HandlerFunc(p.serve))
	p.token = httptest.NewUnstartedServer(http.HandlerFunc(p.refresh))
	p.token.Listener = &doorway{p.token.Listener, p}
	p.token.Config.SetKeepAlivesEnabled(false) // each refresh comes by a connection of its own
	p.token.Start()
	t.Cleanup(func() { p.rest.Close(); p.token.Close() })
	return p
}

// StopAt sets the point for the next refreshes. What was held there breaks off when it is
// released.
func (p *Provider) StopAt(at Point) *Hold { return p.set(at, false) }

// DelayAt is StopAt for refreshes that go on when they are released.
func (p *Provider) DelayAt(at Point) *Hold { return p.set(at, true) }

func (p *Provider) set(at Point, goOn bool) *Hold {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hold = &Hold{At: at, Reached: make(chan struct{}), Release: make(chan struct{}), Delivered: make(chan struct{}), goOn: goOn}
	return p.hold
}

func (p *Provider) held() *Hold {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hold
}

// Book is how it stands now.
func (p *Provider) Book() Book {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen
}

// doorway holds connections that nobody has read from yet.
type doorway struct {
	net.Listener
	p *Provider
}

func (d *doorway) Accept() (net.Conn, error) {
	conn, err := d.Listener.Accept()
	return &visitor{Conn: conn, p: d.p}, err
}

type visitor struct {
	net.Conn
	p *Provider
}

func (v *visitor) Read(b []byte) (int, error) {
	if v.p.held().stop(Claimed) {
		return 0, io.EOF
	}
	return v.Conn.Read(b)
}

// refresh answers the token endpoint.
func (p *Provider) refresh(w http.ResponseWriter, r *http.Request) {
	h := p.held()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // it was killed in the middle of asking
	}
	if h.stop(Asked) {
		panic(http.ErrAbortHandler)
	}
	h.linger()
	kept := httptest.NewRecorder()
	r.Body = io.NopCloser(bytes.NewReader(body))
	p.sandbox.ServeHTTP(kept, r)
	if bytes.Contains(body, []byte("grant_type=refresh_token")) {
		p.refreshed(kept)
	}
	if h.stop(Answered) {
		panic(http.ErrAbortHandler)
	}
	h.linger()
	late := h.stop(Arrived)
	p.answer(w, kept, func() {
		if late {
			close(h.Delivered)
		}
	})
}

// answer sends what was kept, and tells when the other side has read all of it and
// closed the connection.
func (p *Provider) answer(w http.ResponseWriter, kept *httptest.ResponseRecorder, read func()) {
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

func (p *Provider) refreshed(kept *httptest.ResponseRecorder) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if kept.Code != http.StatusOK {
		p.seen.Refused++
		return
	}
	p.seen.Refreshes++
	p.seen.access[accessToken(kept.Body.String())] = p.seen.Refreshes
}

func accessToken(body string) string {
	_, rest, _ := strings.Cut(body, `"access_token": "`)
	token, _, _ := strings.Cut(rest, `"`)
	return token
}

// serve answers everything else: the pages, the identity, the API.
func (p *Provider) serve(w http.ResponseWriter, r *http.Request) {
	meantFor, isCall := strings.CutPrefix(r.URL.Path, "/google/api/echo/")
	if !isCall {
		p.sandbox.ServeHTTP(w, r)
		return
	}
	h := p.held()
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	kept := httptest.NewRecorder()
	p.sandbox.ServeHTTP(kept, r)
	p.called(kept.Code, token, meantFor)
	if kept.Code == http.StatusOK && h.stop(Saved) {
		panic(http.ErrAbortHandler)
	}
	for name, values := range kept.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(kept.Code)
	body := kept.Body.Bytes()
	_, _ = w.Write(body[:len(body)/2])
	_ = http.NewResponseController(w).Flush()
	switch {
	case kept.Code == http.StatusOK && h.stop(Answering):
		panic(http.ErrAbortHandler)
	case h.At == Unclaimed: // the access token was refused: it will want a refresh
		h.once.Do(func() { close(h.Reached) })
	}
	_, _ = w.Write(body[len(body)/2:])
}

func (p *Provider) called(status int, token, meantFor string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if meantFor != p.name {
		p.seen.Strange++
	}
	if status == http.StatusUnauthorized {
		p.seen.Turned++
	}
	if status == http.StatusOK {
		p.seen.Used = p.seen.access[token]
	}
}

// host is host:port of its API, which its answers name.
func (p *Provider) host() string {
	u, err := url.Parse(p.rest.URL)
	if err != nil {
		panic(err)
	}
	return u.Host
}

// linger is how long a provider takes, where the kill is at a random moment: so that
// each step is under way as often as the next.
func (h *Hold) linger() {
	if h.At == Anywhere {
		time.Sleep(rand.N(8 * time.Millisecond))
	}
}
