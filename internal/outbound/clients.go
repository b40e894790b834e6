package outbound

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// MaxAnswer bounds what a token or identity endpoint may answer, in bytes.
const MaxAnswer = 1 << 20

// idlePerHost is how many idle connections are kept to one host.
const idlePerHost = 128

// ErrTooLarge is read in place of the rest of an answer over [MaxAnswer] or [MaxProbe].
var ErrTooLarge = errors.New("the answer is longer than it may be")

// Config sets the bounds; zero values take the defaults.
type Config struct {
	APITimeout time.Duration // one token or identity call, in all; default 15 s
	FirstByte  time.Duration // the wait for a streamed answer's headers; default 60 s
	// Observe, if set, is told of each call: the host, the status (0 where none
	// came) and how long the headers took.
	Observe func(host string, status int, took time.Duration)

	Typed TypedConfig
}

// Clients are shared by all providers. They are safe for concurrent use.
type Clients struct {
	API    *http.Client
	Stream *http.Client
	Typed  *Typed
}

// New makes the clients.
func New(cfg Config) Clients {
	if cfg.APITimeout == 0 {
		cfg.APITimeout = 15 * time.Second
	}
	if cfg.FirstByte == 0 {
		cfg.FirstByte = 60 * time.Second
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	transport := func() *http.Transport {
		return &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           dialer.DialContext,
			ForceAttemptHTTP2:     true,
			TLSHandshakeTimeout:   10 * time.Second,
			MaxIdleConns:          4 * idlePerHost,
			MaxIdleConnsPerHost:   idlePerHost,
			IdleConnTimeout:       90 * time.Second,
			ExpectContinueTimeout: time.Second,
		}
	}
	api := transport()
	stream := transport()
	stream.ResponseHeaderTimeout = cfg.FirstByte
	// The pass-through hands the caller's own Accept-Encoding on and the bytes back.
	stream.DisableCompression = true
	return Clients{
		API: &http.Client{
			Transport:     bounded{observed{api, cfg.Observe}},
			Timeout:       cfg.APITimeout,
			CheckRedirect: neverRedirect,
		},
		Stream: &http.Client{
			Transport:     observed{stream, cfg.Observe},
			CheckRedirect: neverRedirect,
		},
		Typed: NewTyped(cfg.Typed),
	}
}

// A redirect could carry a secret to a host that nobody chose.
func neverRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

type observed struct {
	next    http.RoundTripper
	observe func(host string, status int, took time.Duration)
}

func (o observed) RoundTrip(r *http.Request) (*http.Response, error) {
	if o.observe == nil {
		return o.next.RoundTrip(r)
	}
	start := time.Now()
	res, err := o.next.RoundTrip(r)
	status := 0
	if res != nil {
		status = res.StatusCode
	}
	o.observe(r.URL.Host, status, time.Since(start))
	return res, err
}

// bounded cuts answers off at MaxAnswer with an error, rather than silently.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	res.Body = &boundedBody{body: res.Body, left: MaxAnswer}
	return res, nil
}

type boundedBody struct {
	body io.ReadCloser
	left int
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, ErrTooLarge
	}
	if len(p) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.body.Read(p)
	b.left -= n
	if b.left < 0 {
		return n + b.left, ErrTooLarge
	}
	return n, err
}

func (b *boundedBody) Close() error { return b.body.Close() }

// Timeout tells whether a call failed because it took too long, rather than for
// any other reason.
func Timeout(err error) bool {
	var netErr net.Error
	return errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &netErr) && netErr.Timeout())
}
