package discovery_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/discovery"
)

// world is an internet in memory: DNS, web sites and mail servers. It stands in a
// bubble of synctest, so that waiting costs nothing. What is asked is written down.
type world struct {
	t         *testing.T
	directory string
	mx        map[string][]string   // by domain, the preferred first
	srv       map[string][]*net.SRV // by "_imaps._tcp.example.com"
	addresses map[string]netip.Addr
	sites     map[string]http.HandlerFunc // by "https://host"
	mail      map[string]bool             // "host:port" of servers that greet; false: never
	slow      bool                        // everything that is not there hangs
	lenient   bool                        // every mail server greets that is no guess

	waiting  atomic.Int64 // look-ups that hang
	mu       sync.Mutex
	queries  []string // "MX example.com"
	requests []string // "GET https://host/path"
	dialled  []string // "host:port"
	greeted  []string
}

// in runs a test with a world, in time that is not real.
func in(t *testing.T, test func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(&world{
			t: t, mx: map[string][]string{}, srv: map[string][]*net.SRV{}, addresses: map[string]netip.Addr{},
			sites: map[string]http.HandlerFunc{}, mail: map[string]bool{},
		})
		time.Sleep(10 * time.Second) // web servers linger
	})
}

func (w *world) discovery() *discovery.Discovery {
	typed := outbound.NewTyped(outbound.TypedConfig{
		Roots: authority().pool, Resolver: (*dns)(w), Connect: w.connect, MailDirectory: w.directory,
	})
	return discovery.New(discovery.Config{Typed: typed, Greet: w.greet})
}

// find looks for the way to a domain's mailboxes.
func (w *world) find(domain string) discovery.Found {
	w.t.Helper()
	found, err := w.discovery().Mail(w.t.Context(), domain)
	if err != nil {
		w.t.Fatalf("%s: %v", domain, err)
	}
	return found
}

// site serves "https://host" or "http://host" at an address of its own.
func (w *world) site(origin string, serve http.HandlerFunc) {
	w.sites[origin] = serve
	_, host, _ := strings.Cut(origin, "://")
	w.at(host, fmt.Sprintf("93.184.216.%d", len(w.addresses)+1))
}

func (w *world) at(host, address string) {
	if _, have := w.addresses[host]; !have {
		w.addresses[host] = netip.MustParseAddr(address)
	}
}

// settings publishes a file at a URL.
func (w *world) settings(url, file string) {
	scheme, rest, _ := strings.Cut(url, "://")
	host, path, _ := strings.Cut(rest, "/")
	w.site(scheme+"://"+host, func(out http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/"+path {
			http.NotFound(out, r)
			return
		}
		_, _ = io.WriteString(out, file)
	})
}

// autoconfig is a file with one server of each kind.
func autoconfig(imap, smtp string) string {
	return `<?xml version="1.0"?><clientConfig version="1.1"><emailProvider id="x">` +
		server("incomingServer", "imap", imap, "993", "SSL", "password-cleartext") +
		server("outgoingServer", "smtp", smtp, "465", "SSL", "password-cleartext") + `</emailProvider></clientConfig>`
}

func server(element, kind, host, port, socket, auth string) string {
	return fmt.Sprintf(`<%s type="%s"><hostname>%s</hostname><port>%s</port><socketType>%s</socketType>`+
		`<username>%%EMAILADDRESS%%</username><authentication>%s</authentication></%[1]s>`, element, kind, host, port, socket, auth)
}

// exchange asks for a login as Exchange does, at a path.
func exchange(out http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/autodiscover/autodiscover.xml" {
		http.NotFound(out, r)
		return
	}
	out.Header().Add("WWW-Authenticate", "Negotiate")
	out.Header().Add("WWW-Authenticate", "NTLM")
	out.Header().Add("WWW-Authenticate", `Basic realm="mail"`)
	out.WriteHeader(http.StatusUnauthorized)
}

// moved redirects to a place.
func moved(to string) http.HandlerFunc {
	return func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("Location", to)
		out.WriteHeader(http.StatusFound)
	}
}

func (w *world) greets(addresses ...string) {
	for _, a := range addresses {
		w.mail[a] = true
	}
}

func (w *world) greet(ctx context.Context, s provider.Server) error {
	address := fmt.Sprintf("%s:%d", s.Host, s.Port)
	w.write(&w.greeted, address)
	good, known := w.mail[address]
	guessed := strings.HasPrefix(address, "imap.") || strings.HasPrefix(address, "mail.") || strings.HasPrefix(address, "smtp.")
	switch {
	case w.lenient && !known && !guessed:
		return nil
	case good:
		return nil
	case known || w.slow:
		<-ctx.Done()
		return ctx.Err()
	}
	return errors.New("connection refused")
}

func (w *world) write(to *[]string, line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*to = append(*to, line)
}

// asked is everything that left, in order of the alphabet.
func (w *world) asked() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := slices.Concat(w.queries, w.requests, w.greeted)
	slices.Sort(all)
	return all
}

func (w *world) connect(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	var host string
	for name, a := range w.addresses {
		if a == to.Addr() {
			host = name
		}
	}
	w.write(&w.dialled, fmt.Sprintf("%s:%d", host, to.Port()))
	scheme := map[uint16]string{443: "https", 80: "http"}[to.Port()]
	serve, ok := w.sites[scheme+"://"+host]
	if !ok {
		if w.slow {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return nil, errors.New("connection refused")
	}
	client, service := pipe()
	if scheme == "https" {
		service = tls.Server(service, authority().certify(w.t, host))
	}
	handler := func(out http.ResponseWriter, r *http.Request) {
		line := r.Method + " " + scheme + "://" + r.Host + r.URL.RequestURI()
		body, _ := io.ReadAll(r.Body)
		if len(body) > 0 || r.Header.Get("Authorization")+r.Header.Get("Cookie")+r.Header.Get("Referer") != "" {
			line += fmt.Sprintf(" with %v and %q", r.Header, body)
		}
		w.write(&w.requests, line)
		serve(out, r)
	}
	site := &http.Server{Handler: http.HandlerFunc(handler), ErrorLog: log.New(io.Discard, "", 0)} //nolint:gosec // in memory
	go func() { _ = site.Serve(&one{conn: service}) }()
	return client, nil
}

// one is a listener for one connection.
type one struct {
	net.Listener
	conn net.Conn
}

func (o *one) Accept() (net.Conn, error) {
	if o.conn == nil {
		return nil, io.EOF
	}
	conn := o.conn
	o.conn = nil
	return conn, nil
}

func (o *one) Addr() net.Addr { return &net.TCPAddr{} }
func (o *one) Close() error   { return nil }

// dns is the world as a resolver.
type dns world

func (d *dns) LookupNetIP(ctx context.Context, _, host string) ([]netip.Addr, error) {
	(*world)(d).write(&d.queries, "A "+host)
	if a, ok := d.addresses[host]; ok {
		return []netip.Addr{a}, nil
	}
	return nil, d.missing(ctx, host)
}

func (d *dns) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	(*world)(d).write(&d.queries, "MX "+name)
	var out []*net.MX
	for i, host := range d.mx[strings.TrimSuffix(name, ".")] {
		out = append(out, &net.MX{Host: host, Pref: uint16(i)})
	}
	if out == nil {
		return nil, d.missing(ctx, name)
	}
	return out, nil
}

func (d *dns) LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error) {
	name = "_" + service + "._" + proto + "." + name
	(*world)(d).write(&d.queries, "SRV "+name)
	if found := d.srv[strings.TrimSuffix(name, ".")]; found != nil {
		return name, found, nil
	}
	return "", nil, d.missing(ctx, name)
}

func (d *dns) missing(ctx context.Context, name string) error {
	if d.slow {
		d.waiting.Add(1)
		defer d.waiting.Add(-1)
		<-ctx.Done()
		return &net.DNSError{Err: "timeout", Name: name, IsTimeout: true}
	}
	return &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// ca signs the certificates of all worlds.
type ca struct {
	pool        *x509.CertPool
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

var authority = sync.OnceValue(func() *ca {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		panic(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		panic(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(c)
	return &ca{pool, c, key}
})

func (c *ca) certify(t *testing.T, host string) *tls.Config {
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: c.certificate.NotBefore, NotAfter: c.certificate.NotAfter, DNSNames: []string{host}}
	der, err := x509.CreateCertificate(rand.Reader, leaf, c.certificate, c.key.Public(), c.key)
	if err != nil {
		t.Error(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: c.key}}} //nolint:gosec // in memory
}

func record(target string, port uint16) []*net.SRV {
	return []*net.SRV{{Target: target, Port: port}}
}
