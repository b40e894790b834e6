package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// MaxProbe bounds an answer to a [Typed.Probe] client, in bytes.
const MaxProbe = 256 << 10

// HTTP is unencrypted, for [Typed.Probe] alone.
const HTTP Protocol = "http"

// Probe makes an HTTP client for what a domain publishes for everybody, before anybody
// has signed in: it alone speaks http as well, so what it learns there is to be looked
// at by a person. It sends no credential and no cookie, refuses requests that hold
// one, and never goes back from https to http. Answers are bounded by [MaxProbe];
// addresses are judged as for [Typed.Client]. Connections are not kept, and calls are
// not measured as calls to providers.
func (t *Typed) Probe() *http.Client {
	transport := &http.Transport{
		// Proxy stays nil: a proxy would resolve the name after us.
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			if caller, ok := ctx.Value(callerKey{}).(context.Context); ok {
				ctx = caller
			}
			c, _, err := t.dial(ctx, address, HTTPS, HTTP)
			return c, err
		},
		TLSClientConfig:        t.TLSConfig(""),
		TLSHandshakeTimeout:    t.cfg.TLSTimeout,
		ResponseHeaderTimeout:  t.cfg.FirstByte,
		MaxResponseHeaderBytes: maxHeader,
		DisableKeepAlives:      true,
		DisableCompression:     true, // a small answer could grow to a large one
		IdleConnTimeout:        time.Second,
	}
	return &http.Client{
		Transport:     public{transport},
		Timeout:       t.cfg.Total,
		CheckRedirect: checkProbe,
	}
}

// callerKey holds a request's context. net/http lets a dial go on without its request, for
// the next one to have it; here nobody would, and many hosts do not answer.
type callerKey struct{}

// public lets out nothing that is not for everybody's eyes.
type public struct{ next http.RoundTripper }

func (p public) RoundTrip(r *http.Request) (*http.Response, error) {
	host := r.URL.Hostname()
	refuse := func(why string) (*http.Response, error) {
		return nil, &Failure{Reason: BadHost, Host: host, Err: errors.New(why)}
	}
	if r.URL.Scheme != "https" && r.URL.Scheme != "http" {
		return refuse(fmt.Sprintf("scheme %q", r.URL.Scheme))
	}
	if r.URL.User != nil {
		return refuse("a probe with a user name")
	}
	for name := range r.Header {
		if !carried(name) && name != "Referer" {
			return refuse("a probe with the header " + name)
		}
	}
	r = r.Clone(context.WithValue(r.Context(), callerKey{}, r.Context()))
	r.Header.Del("Referer") // net/http adds it to what it follows
	res, err := p.next.RoundTrip(r)
	if err != nil {
		return nil, Explain(host, err)
	}
	res.Body = &boundedBody{body: res.Body, left: MaxProbe}
	return res, nil
}

func checkProbe(r *http.Request, via []*http.Request) error {
	refuse := func(why string) error {
		return &Failure{Reason: BadRedirect, Host: r.URL.Hostname(), Err: errors.New(why)}
	}
	switch last := via[len(via)-1].URL.Scheme; {
	case len(via) > maxRedirects:
		return refuse(fmt.Sprintf("over %d redirects", maxRedirects))
	case r.URL.Scheme != "https" && (r.URL.Scheme != "http" || last == "https"):
		return refuse("a redirect from " + last + " to " + r.URL.Scheme)
	case r.URL.User != nil:
		return refuse("a redirect with a user name")
	case r.Body != nil && r.Body != http.NoBody:
		return refuse("a redirect of a body")
	}
	return nil
}
