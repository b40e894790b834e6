package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"time"

	"github.com/avain-project/avain/internal/api"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/weburl"
)

// Config holds every setting. The zero value of a field is its default where one
// is named.
type Config struct {
	// DataDir holds the key file, and the SQLite file where Database names no other.
	// The journal of what the database does not take is in it, too.
	DataDir string
	// DataDirAssumed: nobody has named DataDir, so it may not outlive this machine's next start.
	DataDirAssumed bool
	// Database is "sqlite:PATH" or a "postgres://" URL; empty is avain.db in DataDir.
	Database string
	// Key is the key ring's written form (avain key init).
	Key secret.Text
	// ReadKey reads Key anew, where it is kept in a file that may change; nil where it is
	// not.
	ReadKey func() (secret.Text, error)
	// Serving opens for a server: on SQLite, the only one of the file. It is checked
	// before anything is touched.
	Serving bool

	// PublicURL is how browsers reach the server. Empty: derived from Listen, where
	// that is a loopback address.
	PublicURL string
	// InsecureHTTP allows a public URL with http on a host that is not loopback.
	InsecureHTTP bool
	Listen       string // host:port; port 0 takes a free one
	TLSCert      string // PEM files; both or neither
	TLSKey       string
	// MetricsListen serves /metrics; empty for not at all.
	MetricsListen string
	HomeURL       string // where GET / leads; empty for nowhere
	// TrustedProxies are the addresses or networks whose X-Forwarded-For is believed.
	TrustedProxies []string
	Limits         api.Limits
	// Renewals and RenewalsAtOnce limit what is renewed in the background of each
	// registration, a second and at the same time. Zero is no limit.
	Renewals       float64
	RenewalsAtOnce int

	// TypedNetworks are the addresses or networks where hosts that people type may be,
	// besides public addresses.
	TypedNetworks []string
	// PlaintextHosts are the hosts to which a typed login may go without TLS.
	PlaintextHosts []string
	// TypedCA is a PEM file of authorities that typed hosts are believed by, besides
	// the system's; read at the start.
	TypedCA string
	// TypedResolver is the DNS server, at host:port, that typed hosts and domains are
	// looked up at; default: the system's resolver.
	TypedResolver string
	// MailISPDB lets domains be looked up in Thunderbird's public directory of mail
	// settings, which learns them by that.
	MailISPDB bool
	// Lookup resolves typed hosts, for tests; default: the resolver above.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	// Connect opens the connections to typed hosts, for the demo and tests; default: a
	// socket.
	Connect func(ctx context.Context, address netip.AddrPort) (net.Conn, error)

	// MaxOpenAttempts bounds the sign-ins of one application that wait for their
	// callback; default 10,000.
	MaxOpenAttempts int

	// DrainDelay is how long /readyz answers 503 before the listener closes, so that
	// a balancer sees it in time; default 0.
	DrainDelay time.Duration
	// ShutdownTimeout is how long requests in flight may go on; default 30 s.
	ShutdownTimeout time.Duration
	// ProviderTimeout bounds a token or identity call (default 15 s);
	// FirstByteTimeout bounds the wait for a streamed answer's headers (60 s).
	ProviderTimeout  time.Duration
	FirstByteTimeout time.Duration
	// StallTimeout ends a pass-through in which the provider sends, or the caller
	// takes, no byte for so long; default 5 min.
	StallTimeout time.Duration

	LogLevel  string    // debug, info, warn or error; default info
	LogFormat string    // json (default) or text
	LogTo     io.Writer // default: nowhere
	Version   string
	Now       func() time.Time // default time.Now
	// Providers makes the providers, for tests with one of their own; default: all.
	Providers func(outbound.Clients) provider.Registry
	// WrapEngine takes the opened database's place, for tests of one that fails;
	// default: the database itself.
	WrapEngine func(store.Engine) store.Engine

	moved func() time.Time // Now, where a test has set it: the database then goes by it, too
}

// UsageError is a setting that cannot be used: exit code 2.
type UsageError = operator.UsageError

func usage(format string, args ...any) error { return &UsageError{Err: fmt.Errorf(format, args...)} }

// publicURL checks the public URL, or derives it from the address that is
// listened on.
func (c Config) publicURL(listen string) (*url.URL, error) {
	if c.PublicURL == "" {
		host, port, err := net.SplitHostPort(listen)
		if err != nil {
			return nil, usage("--listen %q: write host:port", listen)
		}
		if !weburl.Loopback(host) {
			return nil, usage("--public-url is needed: %s is not a loopback address, and browsers and providers must know how to reach this server", listen)
		}
		scheme := "http"
		if c.TLSCert != "" {
			scheme = "https"
		}
		return &url.URL{Scheme: scheme, Host: net.JoinHostPort(host, port)}, nil
	}
	u, err := weburl.Base(c.PublicURL)
	if err != nil {
		return nil, usage("--public-url %q: %w", c.PublicURL, err)
	}
	if u.Scheme == "http" && !weburl.Loopback(u.Hostname()) && !c.InsecureHTTP {
		return nil, usage("--public-url %q: http would send sign-ins in the clear; use https, or --insecure-http in a closed network", c.PublicURL)
	}
	return u, nil
}

// trustedProxies reads addresses and networks in CIDR form.
func (c Config) trustedProxies() ([]netip.Prefix, error) {
	return networks("--trusted-proxies", c.TrustedProxies)
}

// networks reads addresses and networks in CIDR form, of one setting.
func networks(setting string, texts []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range texts {
		if addr, err := netip.ParseAddr(text); err == nil {
			addr = addr.Unmap()
			out = append(out, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, usage("%s %q: write an address or a network such as 10.0.0.0/8", setting, text)
		}
		out = append(out, prefix.Masked())
	}
	return out, nil
}

func (c Config) checkTLS() error {
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return &UsageError{Err: errors.New("--tls-cert and --tls-key go together")}
	}
	return nil
}
