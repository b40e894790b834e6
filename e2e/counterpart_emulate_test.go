package e2e_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"html"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/testenv"
)

// What the tests with the independent emulator share; e2e/counterparts/README.md
// tells what it does.

// overheard stands before a counterpart's token endpoint and remembers the tokens
// it gave, which Avain itself never shows.
type overheard struct {
	t      *testing.T
	url    string     // in place of the counterpart's token endpoint
	direct string     // that endpoint
	client url.Values // client_id and client_secret

	mu    sync.Mutex
	given []given
}

// given is one answer of a token endpoint.
type given struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

func overhear(t *testing.T, base, tokenPath string, client url.Values) *overheard {
	t.Helper()
	target, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	o := &overheard{t: t, direct: base + tokenPath, client: client}
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: o.remember,
	})
	t.Cleanup(proxy.Close)
	o.url = proxy.URL + tokenPath
	return o
}

func (o *overheard) remember(res *http.Response) error {
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	var answer given
	if json.Unmarshal(body, &answer) == nil && answer.Access != "" {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.given = append(o.given, answer)
	}
	return nil
}

// all are the answers so far, oldest first.
func (o *overheard) all() []given {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.given)
}

// newest is the last access token, with the last refresh token that came.
func (o *overheard) newest() given {
	o.t.Helper()
	var last given
	for _, g := range o.all() {
		last.Access, last.Refresh = g.Access, cmp.Or(g.Refresh, last.Refresh)
	}
	if last.Access == "" {
		o.t.Fatal("the token endpoint gave nothing yet")
	}
	return last
}

// refresh asks the emulator itself, past Avain, what it thinks of the token.
func (o *overheard) refresh() answer {
	o.t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {o.newest().Refresh}}
	maps.Copy(form, o.client)
	res, err := http.PostForm(o.direct, form)
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return answer{status: res.StatusCode, body: string(body)}
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)

// formAction is where a form of the emulator's pages is posted to.
var formAction = regexp.MustCompile(`action="([^"]*)"`)

// consentAtEmulate submits the person's form on the emulator's consent page and
// brings the browser back through our callback.
func (b *browser) consentAtEmulate(email string, first answer) answer {
	b.w.t.Helper()
	page := b.get(first.location())
	if page.status != http.StatusOK {
		b.w.t.Fatalf("the emulator's page: %d %s", page.status, page.body)
	}
	address, err := url.Parse(first.location())
	if err != nil {
		b.w.t.Fatal(err)
	}
	for _, part := range strings.Split(page.body, "<form")[1:] {
		form := url.Values{}
		for _, field := range hidden.FindAllStringSubmatch(part, -1) {
			form.Set(html.UnescapeString(field[1]), html.UnescapeString(field[2]))
		}
		if form.Get("email") != email {
			continue
		}
		action := formAction.FindStringSubmatch(part)
		if action == nil {
			b.w.t.Fatalf("the form has no action: %s", part)
		}
		back := b.w.send(b.client, http.MethodPost, "http://"+address.Host+action[1],
			strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded")
		return b.get(back.location())
	}
	b.w.t.Fatalf("the emulator's page has no form for %s: %s", email, page.body)
	return answer{}
}

// startEmulate runs the emulator of one service, seeded from <service>.seed.yaml, on a free loopback port until the test ends.
func startEmulate(t *testing.T, service, redirectURI string) string {
	t.Helper()
	node, script := testenv.Emulate(t)
	counterparts := filepath.Join(testenv.Root(t), "e2e", "counterparts")
	template, err := os.ReadFile(filepath.Join(counterparts, service+".seed.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	seed := filepath.Join(t.TempDir(), "seed.yaml")
	if err := os.WriteFile(seed, bytes.ReplaceAll(template, []byte("REDIRECT_URI"), []byte(redirectURI)), 0o600); err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	base := "http://127.0.0.1:" + port
	cmd := exec.Command(node, "--import", filepath.Join(counterparts, "loopback.mjs"), script,
		"start", "--service", service, "--port", port, "--base-url", base, "--seed", seed)
	var output lockedBuffer
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
	})
	awaitOpen(t, base+"/.well-known/openid-configuration", ended, &output)
	return base
}

// awaitOpen asks until the answer is 200. The emulator prints its banner before
// its port is open, so there is no other signal.
func awaitOpen(t *testing.T, address string, ended <-chan struct{}, output *lockedBuffer) {
	t.Helper()
	retry := time.NewTicker(50 * time.Millisecond)
	defer retry.Stop()
	timeout := time.After(60 * time.Second)
	for {
		res, err := http.Get(address) //nolint:gosec // our own loopback address
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-retry.C:
		case <-ended:
			t.Fatalf("the emulator ended\n%s", output)
		case <-timeout:
			t.Fatalf("the emulator does not answer\n%s", output)
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
