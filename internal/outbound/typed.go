package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// maxAddresses is how many addresses of one host are tried.
const maxAddresses = 8

// TypedConfig sets the bounds of calls to typed hosts; zero values take the defaults,
// which refuse every special address.
type TypedConfig struct {
	// Allow are networks that may be dialled although their addresses are special.
	Allow []netip.Prefix
	// Plaintext are hosts to which a login may go without TLS.
	Plaintext []string
	// Roots are the authorities that are believed; default: the system's.
	Roots *x509.CertPool

	DialTimeout  time.Duration // name and connection, all addresses together; default 10 s
	TLSTimeout   time.Duration // a handshake; default 10 s
	LoginTimeout time.Duration // a raw connection until its login; default 30 s
	FirstByte    time.Duration // the wait for an answer's headers; default 15 s
	Total        time.Duration // an HTTP call with its redirects; default 30 s
	Stream       time.Duration // FirstByte of [Pinned], whose answers are passed on; default 60 s

	// MailDirectory is a public directory of mail settings by domain, as a URL that ends
	// in a slash, which may be told the domains that people type; "" for none.
	MailDirectory string

	// Observe, if set, is told of each HTTP call, as [Config.Observe] is.
	Observe func(host string, status int, took time.Duration)
	// ObserveDial, if set, is told of each connection: "" or why there is none.
	ObserveDial func(failed Reason, took time.Duration)

	Now func() time.Time // judges certificates; default time.Now
	// Resolver is asked for names; default: the system's.
	Resolver Resolver
	// Lookup takes the place of Resolver for addresses. For tests.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	// Connect opens a connection to an address that was judged; default: a socket,
	// whose address is judged once more. For tests without a network.
	Connect func(ctx context.Context, address netip.AddrPort) (net.Conn, error)
}

// Typed talks to hosts that people typed. It obeys no proxy, and every address is
// judged after the name is resolved and when the socket connects. All its errors hold
// a [Failure]. It is safe for concurrent use.
type Typed struct {
	cfg   TypedConfig
	guard *guard
}

// NewTyped makes one.
func NewTyped(cfg TypedConfig) *Typed {
	for _, d := range []struct {
		of   *time.Duration
		want time.Duration
	}{
		{&cfg.DialTimeout, 10 * time.Second},
		{&cfg.TLSTimeout, 10 * time.Second},
		{&cfg.LoginTimeout, 30 * time.Second},
		{&cfg.FirstByte, 15 * time.Second},
		{&cfg.Total, 30 * time.Second},
		{&cfg.Stream, 60 * time.Second},
	} {
		if *d.of == 0 {
			*d.of = d.want
		}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	t := &Typed{cfg: cfg, guard: newGuard(cfg.Allow)}
	if t.cfg.Resolver == nil {
		t.cfg.Resolver = net.DefaultResolver
	}
	if t.cfg.Lookup == nil {
		t.cfg.Lookup = t.lookup
	}
	if t.cfg.Connect == nil {
		t.cfg.Connect = t.connect
	}
	return t
}

// Plaintext tells whether the operator lets logins go to this host without TLS.
func (t *Typed) Plaintext(host string) bool {
	host, err := Hostname(host)
	return err == nil && slices.Contains(t.cfg.Plaintext, host)
}

// MailDirectory is the directory that the operator lets us tell domains, or "".
func (t *Typed) MailDirectory() string { return t.cfg.MailDirectory }

// TLSConfig verifies a server by the name that was typed. It is for STARTTLS, and
// for libraries that shake hands themselves.
func (t *Typed) TLSConfig(host string) *tls.Config {
	if name, err := Hostname(host); err == nil {
		host = name
	}
	return &tls.Config{ServerName: host, RootCAs: t.cfg.Roots, MinVersion: tls.VersionTLS12, Time: t.cfg.Now}
}

// Dial connects to host:port for one protocol, in the clear: for STARTTLS, and for
// hosts of [Typed.Plaintext]. ctx governs the conversation, not the dial alone: the
// connection is closed when it ends.
func (t *Typed) Dial(ctx context.Context, p Protocol, address string) (*Conn, error) {
	end := time.Now().Add(t.cfg.LoginTimeout)
	c, host, err := t.dial(ctx, address, p)
	if err != nil {
		return nil, err
	}
	conn, err := newConn(ctx, c, end)
	if err != nil {
		return nil, Explain(host, err)
	}
	return conn, nil
}

// DialTLS is Dial with a handshake behind it. What is sent goes through the first;
// the second is beneath it, for [Conn.LoggedIn].
func (t *Typed) DialTLS(ctx context.Context, p Protocol, address string) (*tls.Conn, *Conn, error) {
	conn, err := t.Dial(ctx, p, address)
	if err != nil {
		return nil, nil, err
	}
	host, _, _ := split(address, []Protocol{p}) // Dial has judged it
	secured := tls.Client(conn, t.TLSConfig(host))
	ctx, cancel := context.WithTimeout(ctx, t.cfg.TLSTimeout)
	defer cancel()
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, nil, Explain(host, err)
	}
	return secured, conn, nil
}

// DialContext connects to host:port for any of the protocols, without the bounds of
// [Conn]: for libraries that take a dialer. network is "tcp", "tcp4" or "tcp6".
func (t *Typed) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if !slices.Contains([]string{"tcp", "tcp4", "tcp6"}, network) {
		return nil, &Failure{Reason: BadHost, Host: address, Err: fmt.Errorf("network %q", network)}
	}
	c, _, err := t.dial(ctx, address, HTTPS, IMAP, SMTP)
	return c, err
}

// dial gives the connection and the host in its one form.
func (t *Typed) dial(ctx context.Context, address string, protocols ...Protocol) (c net.Conn, host string, err error) {
	start := time.Now()
	defer func() {
		if t.cfg.ObserveDial != nil {
			var failed Reason
			if f := Explain(host, err); f != nil {
				failed = f.Reason
			}
			t.cfg.ObserveDial(failed, time.Since(start))
		}
	}()
	host, port, err := split(address, protocols)
	if err != nil {
		return nil, host, &Failure{Reason: BadHost, Host: host, Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, t.cfg.DialTimeout)
	defer cancel()
	addrs, err := t.resolve(ctx, host)
	if err != nil {
		return nil, host, Explain(host, err)
	}
	c, err = t.first(ctx, addrs, port)
	if err != nil {
		return nil, host, Explain(host, err)
	}
	return c, host, nil
}

func split(address string, protocols []Protocol) (host string, port uint16, err error) {
	raw, digits, err := net.SplitHostPort(address)
	if err != nil {
		return address, 0, err
	}
	if host, err = Hostname(raw); err != nil {
		return raw, 0, err
	}
	number, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return host, 0, errors.New("no port")
	}
	return host, uint16(number), checkPort(uint16(number), protocols...)
}

// resolve gives the addresses that may be dialled, at least one.
func (t *Typed) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	addrs := []netip.Addr{}
	if addr, err := netip.ParseAddr(host); err == nil {
		addrs = append(addrs, addr)
	} else if addrs, err = t.cfg.Lookup(ctx, host); err != nil {
		return nil, err
	}
	if len(addrs) == 0 {
		return nil, &Failure{Reason: NoSuchHost, Host: host}
	}
	var refused []error
	good := make([]netip.Addr, 0, len(addrs))
	for _, addr := range addrs {
		if err := t.guard.check(addr); err != nil {
			refused = append(refused, err)
			continue
		}
		good = append(good, addr)
	}
	if len(good) == 0 {
		return nil, errors.Join(refused...)
	}
	return good[:min(len(good), maxAddresses)], nil
}

// first tries the addresses in their order; each gets its share of the time that is left.
func (t *Typed) first(ctx context.Context, addrs []netip.Addr, port uint16) (net.Conn, error) {
	var failed []error
	for i, addr := range addrs {
		each, cancel := ctx, context.CancelFunc(func() {})
		if deadline, ok := ctx.Deadline(); ok {
			each, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(len(addrs)-i))
		}
		c, err := t.cfg.Connect(each, netip.AddrPortFrom(addr, port))
		cancel()
		if err == nil {
			return c, nil
		}
		failed = append(failed, err)
	}
	return nil, errors.Join(failed...)
}

// connect opens a socket and judges the address that it really connects to.
func (t *Typed) connect(ctx context.Context, address netip.AddrPort) (net.Conn, error) {
	dialer := &net.Dialer{KeepAlive: 30 * time.Second, ControlContext: t.control}
	return dialer.DialContext(ctx, "tcp", address.String())
}

func (t *Typed) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	return t.guard.check(to.Addr())
}

// Lookup gives the addresses of a name, before any is judged.
func (t *Typed) Lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	return t.cfg.Lookup(ctx, host)
}

// lookup asks the resolver, which may write an A record as a mapped address.
func (t *Typed) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	addrs, err := t.cfg.Resolver.LookupNetIP(ctx, "ip", host)
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	return addrs, err
}
