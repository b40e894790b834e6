package outbound_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/outbound"
)

func post(t *testing.T, p *outbound.Pinned, url string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	res, err := p.RoundTrip(r)
	if err == nil {
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
	return res, err
}

func TestPinnedHasOneConnection(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	n.names["mail.test"], n.names["other.test"] = [][]string{{"1.1.1.1"}}, [][]string{{"1.1.1.2"}}
	n.web(t, "1.1.1.1:443", "mail.test", func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 1 {
			t.Errorf("it speaks %s", r.Proto)
		}
		switch r.URL.Path {
		case "/close":
			w.Header().Set("Connection", "close")
		case "/away":
			http.Redirect(w, r, "https://other.test/", http.StatusFound)
		}
	})
	p := n.typed().Pinned()
	defer p.Close()
	for range 3 {
		if _, err := post(t, p, "https://mail.test/"); err != nil {
			t.Fatal(err)
		}
	}
	if res, err := post(t, p, "https://mail.test/away"); err != nil || res.StatusCode != http.StatusFound {
		t.Errorf("a redirect is answered with %v, %v", res, err)
	}
	same(t, n.calls(), "1.1.1.1:443")
	if _, err := post(t, p, "https://other.test/"); err == nil {
		t.Error("it goes to another host")
	}
	if _, err := post(t, p, "http://mail.test/"); err == nil {
		t.Error("it goes without TLS")
	}
	if _, err := post(t, p, "https://mail.test/close"); err != nil {
		t.Fatal(err)
	}
	if _, err := post(t, p, "https://mail.test/"); err != nil {
		t.Fatalf("nothing was held: %v", err)
	}
	same(t, n.calls(), "1.1.1.1:443")
	p.Hold()
	if _, err := post(t, p, "https://mail.test/close"); err != nil {
		t.Fatalf("the held connection does not go on: %v", err)
	}
	_, err := post(t, p, "https://mail.test/")
	failed(t, err, outbound.Unreachable)
	same(t, n.calls())
}

func TestPinnedTellsWhatIsNoWebServer(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	for host, test := range map[string]struct {
		at, says string
		want     outbound.Reason
	}{
		"imap.test":    {"1.1.1.1", "* OK ready\r\n", outbound.NotHTTP},
		"headers.test": {"1.1.1.2", "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("a", 1<<20), outbound.TooMuch},
	} {
		n.names[host] = [][]string{{test.at}}
		own := certificate(t, n.ca, named(host))
		n.listen(t, test.at+":443", func(c net.Conn) {
			secured := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{*own}})
			_, _ = io.WriteString(secured, test.says)
			_, _ = io.Copy(io.Discard, secured)
		})
		p := n.typed().Pinned()
		_, err := post(t, p, "https://"+host+"/")
		failed(t, err, test.want)
		p.Close()
	}
}
