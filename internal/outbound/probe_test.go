package outbound_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/outbound"
)

// open serves http at an address.
func (n *internet) open(t *testing.T, at string, h http.HandlerFunc) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h} //nolint:gosec // for a test
	t.Cleanup(func() { _ = s.Close() })
	n.servers[netip.MustParseAddrPort(at)] = l.Addr().String()
	go func() { _ = s.Serve(l) }()
}

func probe(t *testing.T, n *internet, url string, change ...func(*http.Request)) (string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range change {
		c(r)
	}
	res, err := n.typed().Probe().Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}

func TestProbe(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	n.names = map[string][][]string{"open.test": {{"93.184.216.1"}}, "safe.test": {{"93.184.216.2"}}, "inner.test": {{"10.0.0.1"}}}
	n.web(t, "93.184.216.2:443", "safe.test", func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/down":
			http.Redirect(w, r, "http://open.test/", http.StatusFound)
		case "/inner":
			http.Redirect(w, r, "https://inner.test/", http.StatusFound)
		case "/much":
			_, _ = io.WriteString(w, strings.Repeat("x", outbound.MaxProbe+1))
		default:
			_, _ = io.WriteString(w, "safe"+r.Header.Get("Referer"))
		}
	})
	n.open(t, "93.184.216.1:80", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/up" {
			http.Redirect(w, r, "https://safe.test/", http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, "open")
	})
	for url, want := range map[string]string{"http://open.test/": "open", "https://safe.test/": "safe", "http://open.test/up": "safe"} {
		if got, err := probe(t, n, url); err != nil || got != want {
			t.Errorf("%s: %q, %v", url, got, err)
		}
	}
	for url, want := range map[string]outbound.Reason{
		"https://safe.test/down": outbound.BadRedirect, "https://safe.test/inner": outbound.AddressRefused, "http://inner.test/": outbound.AddressRefused,
		"http://open.test:25/": outbound.BadHost, "http://open.test:6379/": outbound.BadHost, "ftp://open.test/": outbound.BadHost, "http://ada@open.test/": outbound.BadHost,
		"http://127.0.0.1/": outbound.AddressRefused, "http://169.254.169.254/latest": outbound.AddressRefused,
	} {
		_, err := probe(t, n, url)
		failed(t, err, want)
	}
	_, err := probe(t, n, "https://safe.test/much")
	if outbound.Explain("", err).Reason != outbound.TooMuch {
		t.Errorf("much: %v", err)
	}
	for _, header := range []string{"Authorization", "Cookie", "X-Token"} {
		n.calls()
		_, err := probe(t, n, "https://safe.test/", func(r *http.Request) { r.Header.Set(header, "secret") })
		failed(t, err, outbound.BadHost)
		same(t, n.calls())
	}
}

// Nobody else's client speaks http.
func TestHTTPIsForProbesAlone(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	n.names["open.test"] = [][]string{{"93.184.216.1"}}
	_, err := n.typed().DialContext(t.Context(), "tcp", "open.test:80")
	failed(t, err, outbound.BadHost)
}

// records is a resolver with one answer to everything.
type records struct {
	mx    []*net.MX
	srv   []*net.SRV
	err   error
	asked *[]string
}

func (r records) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, r.err
}

func (r records) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	*r.asked = append(*r.asked, name)
	return r.mx, r.err
}

func (r records) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	*r.asked = append(*r.asked, service+" "+proto+" "+name)
	return "", r.srv, r.err
}

func TestRecords(t *testing.T) {
	t.Parallel()
	var asked []string
	malformed := &net.DNSError{Err: "some records were malformed"}
	many := make([]*net.MX, 1000)
	for i := range many {
		many[i] = &net.MX{Host: "mx.example.com."}
	}
	typed := func(r records) *outbound.Typed {
		r.asked = &asked
		return outbound.NewTyped(outbound.TypedConfig{Resolver: r})
	}
	hosts, err := typed(records{mx: []*net.MX{{Host: "MX.Example.com."}, {Host: "."}, {Host: "10.0.0.1."}, {Host: "a_b."}}, err: malformed}).MX(t.Context(), "example.com")
	if diff := cmp.Diff([]string{"mx.example.com"}, hosts); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if hosts, _ := typed(records{mx: many}).MX(t.Context(), "example.com"); len(hosts) > 16 {
		t.Errorf("%d hosts", len(hosts))
	}
	var services []*net.SRV
	for range 1000 {
		services = append(services, &net.SRV{Target: "a.example.com.", Port: 993})
	}
	if found, _, _ := typed(records{srv: services}).SRV(t.Context(), "imaps", "example.com"); len(found) > 16 {
		t.Errorf("%d services", len(found))
	}
	srv, offered, err := typed(records{srv: []*net.SRV{{Target: "a.example.com.", Port: 993}, {Target: "b.example.com.", Port: 0}, {Target: "127.0.0.1.", Port: 993}}}).SRV(t.Context(), "imaps", "example.com")
	if diff := cmp.Diff([]outbound.SRV{{Host: "a.example.com", Port: 993}}, srv); diff != "" || !offered || err != nil {
		t.Error(diff, offered, err)
	}
	if srv, offered, err := typed(records{srv: []*net.SRV{{Target: "."}}}).SRV(t.Context(), "imaps", "example.com"); len(srv) > 0 || offered || err != nil {
		t.Error(srv, offered, err)
	}
	_, err = typed(records{err: &net.DNSError{IsNotFound: true}}).MX(t.Context(), "example.com")
	failed(t, err, outbound.NoSuchHost)
	want := []string{"example.com.", "example.com.", "imaps tcp example.com.", "imaps tcp example.com.", "imaps tcp example.com.", "example.com."}
	if diff := cmp.Diff(want, asked); diff != "" { // with a dot: no search domain of ours is put behind
		t.Error(diff)
	}
}
