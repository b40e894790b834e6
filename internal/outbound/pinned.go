package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// errHeld is what a dial ends with after [Pinned.Hold].
var errHeld = errors.New("the connection that the login is bound to has ended")

// Pinned speaks HTTP/1.1 over https to one typed host, over one connection at a time:
// NTLM binds a login to its connection, so none is shared between identities. Redirects
// are returned, and answers are not bounded. Make one for a login, use it for one
// request after the other, each answer read to its end, and close it. Give its errors
// to [Explain].
type Pinned struct {
	transport *http.Transport
	next      http.RoundTripper

	mu   sync.Mutex
	host string // of the first request, and so of all
	held bool
}

// Pinned makes one. Nothing is dialled yet.
func (t *Typed) Pinned() *Pinned {
	p := &Pinned{}
	p.transport = &http.Transport{
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			if p.isHeld() {
				return nil, errHeld
			}
			c, _, err := t.dial(ctx, address, HTTPS)
			return c, err
		},
		TLSClientConfig:        t.TLSConfig(""),
		Protocols:              &http.Protocols{},
		TLSHandshakeTimeout:    t.cfg.TLSTimeout,
		ResponseHeaderTimeout:  t.cfg.Stream,
		MaxResponseHeaderBytes: maxHeader,
		MaxConnsPerHost:        1,
		MaxIdleConnsPerHost:    1,
		IdleConnTimeout:        30 * time.Second,
		DisableCompression:     true, // who passes bytes on must not change them
	}
	p.transport.Protocols.SetHTTP1(true)
	p.next = httpsOnly{p.transport, observed{p.transport, t.cfg.Observe}}
	return p
}

// RoundTrip implements http.RoundTripper.
func (p *Pinned) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	if p.host == "" {
		p.host = r.URL.Host
	}
	host := p.host
	p.mu.Unlock()
	if r.URL.Host != host {
		return nil, &Failure{Reason: BadHost, Host: r.URL.Hostname(), Err: fmt.Errorf("the connection is pinned to %s", host)}
	}
	return p.next.RoundTrip(r)
}

// Hold lets no other connection come in place of the present one: a message that
// belongs to it would mean nothing there, and count as a refused password.
func (p *Pinned) Hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = true
}

func (p *Pinned) isHeld() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held
}

// Close ends the connection once it is idle.
func (p *Pinned) Close() { p.transport.CloseIdleConnections() }
