package ews_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/ews"
	"github.com/avain-project/avain/internal/sandbox"
	"github.com/avain-project/avain/internal/secret"
)

const (
	exchange     = "exchange.sandbox.test"
	autodiscover = "https://autodiscover.sandbox.test/autodiscover/autodiscover.xml"
)

// world is the driver and an Exchange that it reaches at the usual ports of a network
// in memory. Other names can be given other servers.
type world struct {
	t        *testing.T
	box      *sandbox.Sandbox
	exchange *sandbox.Exchange
	typed    outbound.TypedConfig
	names    map[string]string   // by host: the listener behind its port 443
	resolver map[string]*net.SRV // by domain
	driver   *ews.Provider       // once it is needed
}

func setup(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, box: sandbox.New(sandbox.Config{}), names: map[string]string{}, resolver: map[string]*net.SRV{}}
	var err error
	if w.exchange, err = w.box.ListenExchange(t.Context(), "127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.exchange.Close() })
	for _, host := range []string{exchange, "autodiscover.sandbox.test", "mail.sandbox.test"} {
		w.names[host] = w.exchange.TLS
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(w.exchange.CA) {
		t.Fatal("the sandbox's authority cannot be read")
	}
	w.typed = outbound.TypedConfig{Roots: roots, Resolver: w, Lookup: w.lookup, Connect: w.connect}
	return w
}

// address is a public one for each name, so that connect knows which was asked for.
func (w *world) lookup(_ context.Context, host string) ([]netip.Addr, error) {
	if _, ok := w.names[host]; !ok {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	var sum byte
	for _, c := range []byte(host) {
		sum = sum*31 + c
	}
	return []netip.Addr{netip.AddrFrom4([4]byte{1, 1, byte(len(host)), sum})}, nil
}

func (w *world) connect(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	for host, server := range w.names {
		if at, _ := w.lookup(ctx, host); at[0] != to.Addr() {
			continue
		}
		if to.Port() == 80 && server == w.exchange.TLS {
			return new(net.Dialer).DialContext(ctx, "tcp", w.exchange.HTTP)
		}
		if to.Port() == 443 {
			return new(net.Dialer).DialContext(ctx, "tcp", server)
		}
	}
	return nil, errors.New("connection refused")
}

// The world is the DNS, too: it has service records alone.
func (w *world) LookupNetIP(ctx context.Context, _, host string) ([]netip.Addr, error) {
	return w.lookup(ctx, host)
}

func (w *world) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func (w *world) LookupSRV(_ context.Context, _, _, name string) (string, []*net.SRV, error) {
	if record, ok := w.resolver[strings.TrimSuffix(name, ".")]; ok {
		return name, []*net.SRV{record}, nil
	}
	return "", nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// form is Ada's, with the server typed.
func (w *world) form() provider.Form {
	return provider.Form{
		Values:   map[string]string{"email": "ada@sandbox.test", "username": "", "serverUrl": exchange},
		Password: secret.New(w.box.ExchangePassword("ada")),
	}
}

func (w *world) provider() *ews.Provider {
	if w.driver == nil {
		w.driver = ews.New(outbound.NewTyped(w.typed))
	}
	return w.driver
}

func (w *world) signIn(form provider.Form) (provider.Login, account.Identity, error) {
	return w.provider().SignIn(w.t.Context(), account.Registration{}, form)
}

// refused signs in, wants that code and field, and returns the error.
func (w *world) refused(form provider.Form, code, field string) *provider.Error {
	w.t.Helper()
	login, identity, err := w.signIn(form)
	var refused *provider.Error
	if !errors.As(err, &refused) {
		w.t.Fatalf("the sign-in ended with %v, want %s", err, code)
	}
	if refused.Code != code || refused.Field != field {
		w.t.Errorf("%s at %q, want %s at %q: %v", refused.Code, refused.Field, code, field, refused)
	}
	if refused.Cause == "" || refused.Cure == "" || strings.Contains(refused.Cause, "{") {
		w.t.Errorf("cause %q, cure %q", refused.Cause, refused.Cure)
	}
	if strings.Contains(refused.Error(), form.Password.Reveal()) && !form.Password.IsZero() {
		w.t.Errorf("the error holds the password: %v", refused)
	}
	if len(login.Servers) > 0 || identity.Subject != "" {
		w.t.Errorf("beside the error came %+v and %+v", login.Servers, identity)
	}
	return refused
}

// logins wants that many passwords to have been looked at.
func (w *world) logins(want int) {
	w.t.Helper()
	if got := w.box.Stats()["EWS"].EWSLogin; got != want {
		w.t.Errorf("%d passwords were looked at, want %d", got, want)
	}
}

func (w *world) fault(f sandbox.Fault) {
	w.t.Helper()
	f.Vendor = "EWS"
	if err := w.box.SetFaults([]sandbox.Fault{f}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) offers(mechanisms ...string) {
	w.t.Helper()
	if err := w.box.SetExchange(sandbox.ExchangeSettings{Offers: mechanisms}); err != nil {
		w.t.Fatal(err)
	}
}

func codeOf(err error) string {
	var e *provider.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
