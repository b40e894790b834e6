package e2e_test

import (
	"bufio"
	"encoding/json"
	"html"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/testenv"
)

// What the tests with the strict provider share; e2e/counterparts/README.md tells
// what it insists on.

const (
	strictClient = "avain-e2e"
	strictSecret = "avain-e2e-strict-secret"
	strictLife   = 5 * time.Minute // of its access tokens
)

// strict is a running oidc-provider, asked past Avain.
type strict struct {
	t      *testing.T
	base   string
	issuer string
	tokens *overheard
}

// startStrict runs one until the test ends. With a tenant it signs as Microsoft
// does.
func startStrict(t *testing.T, redirectURI, tenant, scopes string) *strict {
	t.Helper()
	node, script := testenv.OIDCProvider(t)
	cmd := exec.Command(node, script, "--client-id", strictClient, "--client-secret", strictSecret, "--redirect-uri", redirectURI,
		"--tenant", tenant, "--scopes", scopes, "--life", strconv.Itoa(int(strictLife.Seconds())))
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	var complaints lockedBuffer
	cmd.Stderr = &complaints
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close() // which ends it
		_, _ = io.Copy(io.Discard, stdout)
		if err := cmd.Wait(); err != nil {
			t.Errorf("oidc-provider ended with %v\n%s", err, &complaints)
		}
	})
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if base, ready := strings.CutPrefix(lines.Text(), "ready "); ready {
			s := &strict{t: t, base: base, issuer: base}
			if tenant != "" {
				s.issuer += "/" + tenant + "/v2.0"
			}
			s.tokens = overhear(t, base, "/token", s.client())
			return s
		}
	}
	t.Fatalf("oidc-provider does not start\n%s", &complaints)
	return nil
}

func (s *strict) client() url.Values {
	return url.Values{"client_id": {strictClient}, "client_secret": {strictSecret}}
}

// post sends a form with the client's own credentials.
func (s *strict) post(path string, form url.Values) answer {
	s.t.Helper()
	all := s.client()
	maps.Copy(all, form)
	res, err := http.PostForm(s.base+path, all)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{status: res.StatusCode, header: res.Header, body: string(body)}
}

// live asks the provider whether a token of it still stands (RFC 7662).
func (s *strict) live(token string) bool {
	s.t.Helper()
	a := s.post("/token/introspection", url.Values{"token": {token}})
	var told struct{ Active *bool }
	if err := json.Unmarshal([]byte(a.body), &told); err != nil || told.Active == nil {
		s.t.Fatalf("introspection: %d %s", a.status, a.body)
	}
	return *told.Active
}

// strictCounts are answers of the token endpoint, and grants that it has ended.
type strictCounts struct {
	Code    int `json:"authorization_code"`
	Refresh int `json:"refresh_token"`
	Refused int
	Ended   int
}

func (s *strict) counts() strictCounts { return s.control("counts") }

// advance moves the provider's clock, and no other.
func (s *strict) advance(d time.Duration) {
	s.t.Helper()
	s.control("clock?forward=" + strconv.Itoa(int(d.Seconds())))
}

func (s *strict) control(what string) strictCounts {
	s.t.Helper()
	a := s.post("/control/"+what, nil)
	var n strictCounts
	if err := json.Unmarshal([]byte(a.body), &n); err != nil || a.status != http.StatusOK {
		s.t.Fatalf("%s: %d %s", what, a.status, a.body)
	}
	return n
}

// registerAtStrict makes the provider the application's Google or Microsoft.
func (w *world) registerAtStrict(s *strict, serviceType string, nativeScopes ...string) {
	w.t.Helper()
	_, _, err := w.ops.SetRegistration(w.t.Context(), w.client.ClientID, operator.SetRegistration{
		ServiceType: serviceType, ClientID: strictClient, Secrets: []secret.Text{secret.New(strictSecret)},
		Scopes: []string{"Mail.Read"}, NativeScopes: nativeScopes,
		Endpoints: &account.Endpoints{
			Authorize: s.base + "/auth", Token: s.tokens.url, Revoke: s.base + "/token/revocation",
			Userinfo: s.base + "/me", API: s.base, Issuer: s.issuer,
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// atStrict follows a redirect to the provider through its pages, signs in as that
// person and consents where asked to. It returns the callback's address, not called
// yet.
func (b *browser) atStrict(s *strict, first answer, email string) string {
	b.w.t.Helper()
	a := first
	for range 12 {
		switch to := a.location(); {
		case strings.HasPrefix(to, b.w.url+"/"):
			return to
		case strings.HasPrefix(to, "/"):
			a = b.get(s.base + to)
		case strings.HasPrefix(to, s.base+"/"):
			a = b.get(to)
		case a.status == http.StatusOK:
			a = b.submitAtStrict(a, email)
		default:
			b.w.t.Fatalf("the provider answers %d, leads to %q: %s", a.status, to, a.body)
		}
	}
	b.w.t.Fatalf("the provider's pages go on and on: %s", a.body)
	return ""
}

// submitAtStrict fills in the login page, or agrees on the consent page.
func (b *browser) submitAtStrict(page answer, email string) answer {
	b.w.t.Helper()
	action := formAction.FindStringSubmatch(page.body)
	if action == nil {
		b.w.t.Fatalf("a page without a form: %s", page.body)
	}
	form := url.Values{"login": {email}, "password": {"any"}}
	for _, field := range hidden.FindAllStringSubmatch(page.body, -1) {
		form.Set(html.UnescapeString(field[1]), html.UnescapeString(field[2]))
	}
	return b.w.send(b.client, http.MethodPost, html.UnescapeString(action[1]),
		strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded")
}

var cancelLink = regexp.MustCompile(`<a href="([^"]*)">\[ Cancel \]`)

// cancelAtStrict declines on the provider's first page.
func (b *browser) cancelAtStrict(s *strict, first answer) string {
	b.w.t.Helper()
	page := b.get(s.base + b.get(first.location()).location())
	link := cancelLink.FindStringSubmatch(page.body)
	if link == nil {
		b.w.t.Fatalf("a page without a way back: %d %s", page.status, page.body)
	}
	to := b.get(html.UnescapeString(link[1])).location()
	if !strings.HasPrefix(to, b.w.url+"/") {
		to = b.get(to).location()
	}
	return to
}

// signInAtStrict brings the browser through provider and callback as often as Avain
// sends it there, and returns the application's answer.
func (b *browser) signInAtStrict(s *strict, changes url.Values, email string) url.Values {
	b.w.t.Helper()
	// Without scopes, the registration's own, native ones included, are asked for.
	q := url.Values{"scopes": nil, "loginHint": nil}
	maps.Copy(q, changes)
	a := b.authorize(q)
	for strings.HasPrefix(a.location(), s.base+"/") {
		a = b.get(b.atStrict(s, a, email))
	}
	return a.result(b.w.t)
}
