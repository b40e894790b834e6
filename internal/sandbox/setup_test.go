package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/sandbox"
)

const (
	callback  = "https://app.test/callback?tenant=7"
	userEmail = "https://www.googleapis.com/auth/userinfo.email"
	gmailRead = "https://www.googleapis.com/auth/gmail.readonly"
	gmailSend = "https://www.googleapis.com/auth/gmail.send"
	calendars = "https://www.googleapis.com/auth/calendar"

	// The pair of RFC 7636, appendix B.
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// bench is a served sandbox with one client, "app", and a clock of its own.
type bench struct {
	*testing.T
	sandbox *sandbox.Sandbox
	at      sandbox.Endpoints
	base    string
	client  *http.Client // follows no redirect
	clock   *clock
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func setup(t *testing.T) *bench {
	t.Helper()
	c := &clock{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	s := sandbox.New(sandbox.Config{Now: c.Now})
	for id, secret := range map[string]string{"app": "s3cret/+", "other": "other"} {
		err := s.Register("google", sandbox.Client{ID: id, Secret: secret, Name: "Notes & Co", RedirectURIs: []string{callback}})
		if err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	t.Cleanup(s.Close)
	return &bench{
		T: t, sandbox: s, base: server.URL, at: s.GoogleEndpoints(server.URL), clock: c,
		client: &http.Client{
			Transport:     server.Client().Transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// answer is a response whose body was read.
type answer struct {
	*http.Response
	text string
}

func (b *bench) do(req *http.Request) answer {
	b.Helper()
	resp, err := b.client.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return answer{resp, string(text)}
}

func (b *bench) request(method, target, body string, header ...string) *http.Request {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), method, target, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return req
}

// authorizeQuery is a good request for ada, who consents at once; changes are
// name, value pairs, and an empty value leaves a parameter out.
func authorizeQuery(changes ...string) url.Values {
	q := url.Values{
		"client_id": {"app"}, "redirect_uri": {callback}, "response_type": {"code"}, "state": {"s t&1"},
		"scope": {"openid email " + gmailRead + " " + gmailSend}, "access_type": {"offline"},
		"login_hint": {"ada+auto@sandbox.test"},
	}
	for i := 0; i < len(changes); i += 2 {
		q.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			q.Del(changes[i])
		}
	}
	return q
}

func (b *bench) authorize(changes ...string) answer {
	b.Helper()
	return b.do(b.request("GET", b.at.Authorize+"?"+authorizeQuery(changes...).Encode(), ""))
}

// back returns the query with which the browser was sent back to the client.
func (b *bench) back(a answer) url.Values {
	b.Helper()
	location := a.Header.Get("Location")
	if !strings.HasPrefix(location, callback+"&") {
		b.Fatalf("status %d, Location %q: not sent back to the client\n%s", a.StatusCode, location, a.text)
	}
	u, err := url.Parse(location)
	if err != nil {
		b.Fatal(err)
	}
	return u.Query()
}

func (b *bench) code(changes ...string) string {
	b.Helper()
	code := b.back(b.authorize(changes...)).Get("code")
	if code == "" {
		b.Fatal("sent back without a code")
	}
	return code
}

// tokens is any answer of the token endpoint.
type tokens struct {
	Status      int    `json:"-"`
	Access      string `json:"access_token"`
	Refresh     string `json:"refresh_token"`
	ExpiresIn   int    `json:"expires_in"`
	Scope       string `json:"scope"`
	Type        string `json:"token_type"`
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

func (b *bench) post(target string, form url.Values, header ...string) answer {
	b.Helper()
	header = append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)
	return b.do(b.request("POST", target, form.Encode(), header...))
}

func (b *bench) token(form url.Values, header ...string) tokens {
	b.Helper()
	a := b.post(b.at.Token, form, header...)
	t := tokens{Status: a.StatusCode}
	if err := json.Unmarshal([]byte(a.text), &t); err != nil {
		b.Fatalf("token endpoint: %v in %s", err, a.text)
	}
	return t
}

func codeForm(code string, changes ...string) url.Values {
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback},
		"client_id": {"app"}, "client_secret": {"s3cret/+"},
	}
	for i := 0; i < len(changes); i += 2 {
		form.Set(changes[i], changes[i+1])
	}
	return form
}

func refreshForm(token string) url.Values {
	return url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {token},
		"client_id": {"app"}, "client_secret": {"s3cret/+"},
	}
}

// connect goes all the way to tokens.
func (b *bench) connect(changes ...string) tokens {
	b.Helper()
	t := b.token(codeForm(b.code(changes...)))
	b.wantStatus(t.Status, http.StatusOK)
	return t
}

func (b *bench) refresh(token string) tokens {
	b.Helper()
	return b.token(refreshForm(token))
}

func (b *bench) get(path, access string) answer {
	b.Helper()
	return b.do(b.request("GET", b.at.API+path, "", "Authorization", "Bearer "+access))
}

// alive says whether the APIs take the access token.
func (b *bench) alive(access string) bool {
	b.Helper()
	return b.get("/gmail/v1/users/me/profile", access).StatusCode == http.StatusOK
}

func (b *bench) wantStatus(got, want int) {
	b.Helper()
	if got != want {
		b.Fatalf("status %d, want %d", got, want)
	}
}

func (b *bench) wantError(t tokens, status int, code string) {
	b.Helper()
	if t.Status != status || t.Error != code || t.Access != "" {
		b.Fatalf("got %d %q (%s), want %d %q", t.Status, t.Error, t.Description, status, code)
	}
}
