package outbound_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/outbound"
)

func (n *internet) twoHosts(t *testing.T, first, second http.HandlerFunc) {
	t.Helper()
	n.names["first.example"], n.names["sub.first.example"] = [][]string{{public}}, [][]string{{other}}
	n.web(t, public+":443", "first.example", first)
	n.web(t, other+":443", "sub.first.example", second)
}

func TestRedirectsAreJudged(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]outbound.Reason{
		"https://sub.first.example/":          "",
		"/there":                              "",
		"https://127.0.0.1/":                  outbound.AddressRefused,
		"https://[::1]/":                      outbound.AddressRefused,
		"https://169.254.169.254/latest":      outbound.AddressRefused,
		"https://inner.example/":              outbound.AddressRefused,
		"https://0x7f.1/":                     outbound.BadHost,
		"https://sub.first.example:22/":       outbound.BadHost,
		"http://sub.first.example/":           outbound.BadRedirect,
		"http://first.example/":               outbound.BadRedirect,
		"file:///etc/passwd":                  outbound.BadRedirect,
		"https://me:secret@sub.first.example": outbound.BadRedirect,
		"/again":                              outbound.BadRedirect,
	} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			n := newInternet(t)
			n.names["inner.example"] = [][]string{{"10.0.0.1"}}
			n.twoHosts(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/there" {
					http.Redirect(w, r, target, http.StatusFound)
				}
			}, func(http.ResponseWriter, *http.Request) {})
			res, err := n.typed().Client().Get("https://first.example/")
			if want != "" {
				f := failed(t, err, want)
				if strings.Contains(f.Error(), "secret") {
					t.Errorf("the log reads %q", f)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
		})
	}
}

func TestFiveRedirectsAreFollowed(t *testing.T) {
	t.Parallel()
	for hops, want := range map[string]outbound.Reason{"/xxxxx": "", "/xxxxxx": outbound.BadRedirect} {
		n := newInternet(t)
		n.twoHosts(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/" {
				http.Redirect(w, r, r.URL.Path[:len(r.URL.Path)-1], http.StatusFound)
			}
		}, nil)
		res, err := n.typed().Client().Get("https://first.example" + hops)
		switch {
		case want != "":
			failed(t, err, want)
		case err != nil:
			t.Error(err)
		default:
			_ = res.Body.Close()
		}
	}
}

// Names of headers with credentials are many; sub.first.example is a host that the
// standard library would trust with Authorization.
func TestCredentialsStayAtTheirHost(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	var got, back http.Header
	n.twoHosts(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/back" {
			back = r.Header.Clone()
			return
		}
		http.Redirect(w, r, "https://sub.first.example/", http.StatusFound)
	}, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Clone()
		http.Redirect(w, r, "https://first.example/back", http.StatusFound)
	})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://first.example/?key=secret", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Authorization", "Cookie", "OAuth-Token", "X-Api-Key", "Accept"} {
		r.Header.Set(name, "secret")
	}
	res, err := n.typed().Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	for at, header := range map[string]http.Header{"another host": got, "the host after another": back} {
		if header.Get("Accept") != "secret" {
			t.Errorf("%s did not get Accept", at)
		}
		for _, name := range []string{"Authorization", "Cookie", "Oauth-Token", "X-Api-Key", "Referer"} {
			if header.Get(name) != "" {
				t.Errorf("%s got %s: %q", at, name, header.Get(name))
			}
		}
	}
}

func TestABodyStaysAtItsHost(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	n.twoHosts(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, "https://sub.first.example/", http.StatusTemporaryRedirect)
		case "/here":
			http.Redirect(w, r, "/there", http.StatusPermanentRedirect)
		case "/there":
			_, _ = io.Copy(w, r.Body)
		}
	}, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		t.Errorf("another host got %q", body)
	})
	client := n.typed().Client()
	_, err := client.Post("https://first.example/away", "text/plain", strings.NewReader("password"))
	failed(t, err, outbound.BadRedirect)
	res, err := client.Post("https://first.example/here", "text/plain", strings.NewReader("password"))
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(res.Body); string(body) != "password" {
		t.Errorf("the same host got %q", body)
	}
	_ = res.Body.Close()
}

func TestTheClientIsBounded(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	release := make(chan struct{})
	n.twoHosts(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/flood":
			_, _ = w.Write(bytes.Repeat([]byte("x"), outbound.MaxAnswer+1))
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(make([]byte, outbound.MaxAnswer+1))
			_ = z.Close()
		case "/headers":
			w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
		case "/body":
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			<-release
		case "/silence":
			<-release
		}
	}, nil)
	t.Cleanup(func() { close(release) })
	for path, want := range map[string]outbound.Reason{
		"/flood": outbound.TooMuch, "/bomb": outbound.TooMuch, "/headers": outbound.TooMuch, "/silence": outbound.TimedOut, "/body": outbound.TimedOut,
	} {
		typed := n.typed(func(c *outbound.TypedConfig) {
			switch path {
			case "/silence":
				c.FirstByte = 50 * time.Millisecond
			case "/body":
				c.Total = 200 * time.Millisecond
			}
		})
		res, err := typed.Client().Get("https://first.example" + path)
		if err == nil {
			_, err = io.ReadAll(res.Body)
			_ = res.Body.Close()
		}
		if f := outbound.Explain("first.example", err); f == nil || f.Reason != want {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
}

func TestTheClientSpeaksHTTPSAlone(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	n.names["first.example"] = [][]string{{public}}
	_, err := n.typed().Client().Get("http://first.example:8080/?key=secret")
	failed(t, err, outbound.BadHost)
	same(t, n.calls())
	if f := outbound.Explain("first.example", err); strings.Contains(f.Error(), "secret") {
		t.Errorf("the log reads %q", f)
	}
}

// Without the URL: libraries put it into their errors, query and all.
func TestExplainDropsTheURL(t *testing.T) {
	t.Parallel()
	_, err := (&http.Client{Transport: refusing{}}).Get("https://first.example/?key=secret")
	if f := outbound.Explain("first.example", err); strings.Contains(f.Error(), "secret") || f.Reason != outbound.Unreachable {
		t.Errorf("the log reads %q", f)
	}
	if outbound.Explain("first.example", nil) != nil {
		t.Error("no error is explained")
	}
}

type refusing struct{}

func (refusing) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("connection refused")
}

func TestTheClientIsObserved(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	n.twoHosts(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }, nil)
	var observed []int
	typed := n.typed(func(c *outbound.TypedConfig) {
		c.Observe = func(_ string, status int, _ time.Duration) { observed = append(observed, status) }
	})
	res, err := typed.Client().Get("https://first.example/")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if len(observed) != 1 || observed[0] != http.StatusTeapot {
		t.Errorf("observed %v", observed)
	}
}

// net/http has two errors for a server that speaks first, by who was quicker.
func TestExplainTellsAServerThatSpeaksFirst(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]outbound.Reason{
		`malformed HTTP response "* OK ready"`:  outbound.NotHTTP,
		"readLoopPeekFailLocked: %!w(<nil>)":    outbound.NotHTTP,
		"readLoopPeekFailLocked: use of closed": outbound.Unreachable,
	} {
		if f := outbound.Explain("first.example", errors.New(text)); f.Reason != want {
			t.Errorf("%s: %s, want %s", text, f.Reason, want)
		}
	}
}

// The pass-through hands on what comes, whatever its length, and still goes nowhere that
// is refused.
func TestTheStreamIsGuardedAndNotBounded(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	n.names["inner.example"] = [][]string{{"10.0.0.1"}}
	n.twoHosts(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "https://sub.first.example/", http.StatusFound)
			return
		}
		_, _ = w.Write(bytes.Repeat([]byte("x"), 2*outbound.MaxAnswer))
	}, func(http.ResponseWriter, *http.Request) {})
	stream := n.typed().Stream()
	get := func(address string) (*http.Response, error) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		return stream.RoundTrip(req)
	}
	res, err := get("https://first.example/")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if len(body) != 2*outbound.MaxAnswer || err != nil {
		t.Errorf("%d bytes, %v", len(body), err)
	}
	if res, err = get("https://first.example/away"); err != nil || res.StatusCode != http.StatusFound {
		t.Errorf("a redirect: %v, %v", res, err)
	} else {
		_ = res.Body.Close()
	}
	for address, want := range map[string]outbound.Reason{
		"http://first.example:443/": outbound.BadHost, "https://inner.example/": outbound.AddressRefused, "https://127.0.0.1/": outbound.AddressRefused,
	} {
		res, err := get(address)
		var failure *outbound.Failure
		if !errors.As(err, &failure) || failure.Reason != want {
			t.Errorf("%s: %v, %v", address, res, err)
		}
	}
}
