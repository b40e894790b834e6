package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/avain-project/avain/internal/weburl"
)

// maxRedirects is how many redirects of a typed host are followed.
const maxRedirects = 5

// maxHeader bounds the headers of a typed host's answer, in bytes.
const maxHeader = 64 << 10

// Client makes an HTTP client with connections of its own, for https alone: a driver
// makes one, or, where the protocol binds a login to its connection (NTLM), one for
// each login, and ends it with CloseIdleConnections. Answers are bounded by
// [MaxAnswer]; give its errors to [Explain].
func (t *Typed) Client() *http.Client {
	transport := t.transport()
	return &http.Client{
		Transport:     httpsOnly{transport, bounded{observed{transport, t.cfg.Observe}}},
		Timeout:       t.cfg.Total,
		CheckRedirect: checkRedirect,
	}
}

func (t *Typed) transport() *http.Transport {
	return &http.Transport{
		// Proxy stays nil: a proxy would resolve the name after us.
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			c, _, err := t.dial(ctx, address, HTTPS)
			return c, err
		},
		TLSClientConfig:        t.TLSConfig(""),
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    t.cfg.TLSTimeout,
		ResponseHeaderTimeout:  t.cfg.FirstByte,
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        30 * time.Second,
	}
}

// Stream is the transport of the pass-through to typed hosts: https alone, no redirect,
// answers of any length and as they are packed. It has connections of its own.
func (t *Typed) Stream() http.RoundTripper {
	transport := t.transport()
	// The pass-through hands the caller's own Accept-Encoding on and the bytes back.
	transport.DisableCompression = true
	return httpsOnly{transport, observed{transport, t.cfg.Observe}}
}

// httpsOnly sends nothing in the clear, and explains what goes wrong.
type httpsOnly struct {
	*http.Transport // for CloseIdleConnections
	next            http.RoundTripper
}

func (h httpsOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	host := r.URL.Hostname()
	if r.URL.Scheme != "https" {
		return nil, &Failure{Reason: BadHost, Host: host, Err: fmt.Errorf("scheme %q", r.URL.Scheme)}
	}
	res, err := h.next.RoundTrip(r)
	if err != nil {
		return nil, Explain(host, err)
	}
	return res, nil
}

// carried are the headers that a redirect takes to another origin. Names of headers
// with credentials are the provider's to choose, so the list is of those without.
func carried(name string) bool {
	return slices.Contains([]string{"Accept", "Accept-Language", "Content-Type", "User-Agent"}, name)
}

// checkRedirect judges the next hop; its address is judged when it is dialled. Once a
// chain has left the origin that it began at, nothing goes with it that could be a
// credential, and no body, not even back.
func checkRedirect(r *http.Request, via []*http.Request) error {
	refuse := func(why string) error {
		return &Failure{Reason: BadRedirect, Host: r.URL.Hostname(), Err: errors.New(why)}
	}
	switch {
	case len(via) > maxRedirects:
		return refuse(fmt.Sprintf("over %d redirects", maxRedirects))
	case r.URL.Scheme != "https":
		return refuse("a redirect to " + r.URL.Scheme)
	case r.URL.User != nil:
		return refuse("a redirect with a user name")
	}
	start := weburl.Origin(via[0].URL.String())
	elsewhere := func(r *http.Request) bool { return weburl.Origin(r.URL.String()) != start }
	if !elsewhere(r) && !slices.ContainsFunc(via, elsewhere) {
		return nil
	}
	if r.Body != nil && r.Body != http.NoBody {
		return refuse("a redirect of a body to another origin")
	}
	for name := range r.Header {
		if !carried(name) {
			r.Header.Del(name)
		}
	}
	return nil
}
