package outbound_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/outbound"
)

// internet is a network in memory: names with their answers, and addresses that lead
// to listeners on loopback. What is dialled elsewhere is refused by nobody but us.
type internet struct {
	mu      sync.Mutex
	names   map[string][][]string     // by host: its answers in turn, the last for good
	servers map[netip.AddrPort]string // the listeners
	dialled []netip.AddrPort          // in order
	roots   *x509.CertPool            // of ca
	ca      *tls.Certificate          // signs the servers' certificates
	hang    map[netip.Addr]bool       // addresses that never answer
}

func newInternet(t *testing.T) *internet {
	t.Helper()
	n := &internet{
		names: map[string][][]string{}, servers: map[netip.AddrPort]string{}, hang: map[netip.Addr]bool{},
		roots: x509.NewCertPool(),
	}
	n.ca = certificate(t, nil, func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	})
	n.roots.AddCert(n.ca.Leaf)
	return n
}

func (n *internet) typed(change ...func(*outbound.TypedConfig)) *outbound.Typed {
	cfg := outbound.TypedConfig{Roots: n.roots, Lookup: n.lookup, Connect: n.connect}
	for _, c := range change {
		c(&cfg)
	}
	return outbound.NewTyped(cfg)
}

func (n *internet) lookup(_ context.Context, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	answers := n.names[host]
	if len(answers) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if len(answers) > 1 {
		n.names[host] = answers[1:]
	}
	var out []netip.Addr
	for _, a := range answers[0] {
		out = append(out, netip.MustParseAddr(a))
	}
	return out, nil
}

func (n *internet) connect(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	n.mu.Lock()
	n.dialled = append(n.dialled, to)
	server, hanging := n.servers[to], n.hang[to.Addr()]
	n.mu.Unlock()
	if hanging {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if server == "" {
		return nil, errors.New("connection refused")
	}
	return new(net.Dialer).DialContext(ctx, "tcp", server)
}

// calls are the addresses that were dialled since the last time.
func (n *internet) calls() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := []string{}
	for _, a := range n.dialled {
		out = append(out, a.String())
	}
	n.dialled = nil
	return out
}

// listen has a server speak on each connection to an address.
func (n *internet) listen(t *testing.T, at string, speak func(net.Conn)) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	n.servers[netip.MustParseAddrPort(at)] = l.Addr().String()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				speak(c)
			}()
		}
	}()
}

// web serves https at an address, with a certificate for a name.
func (n *internet) web(t *testing.T, at, name string, h http.HandlerFunc, change ...func(*x509.Certificate)) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{*certificate(t, n.ca, append([]func(*x509.Certificate){named(name)}, change...)...)}}
	s.Config.ErrorLog = silent()
	s.StartTLS()
	t.Cleanup(s.Close)
	n.servers[netip.MustParseAddrPort(at)] = s.Listener.Addr().String()
}

func named(name string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.DNSNames = []string{name} }
}

// certificate is signed by an authority, or by itself.
func certificate(t *testing.T, by *tls.Certificate, change ...func(*x509.Certificate)) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	for _, c := range change {
		c(template)
	}
	parent, signer := template, any(key)
	if by != nil {
		parent, signer = by.Leaf, by.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// failed wants an error to hold a failure of a reason.
func failed(t *testing.T, err error, want outbound.Reason) *outbound.Failure {
	t.Helper()
	var f *outbound.Failure
	if !errors.As(err, &f) {
		t.Fatalf("error %v, want a failure: %s", err, want)
	}
	if f.Reason != want {
		t.Fatalf("error %v, want %s", err, want)
	}
	return f
}

func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("dialled %v, want %v", got, want)
	}
}
