package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/api"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/sandbox"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store/storetest"
)

const (
	returnURL    = "https://app.example/connected"
	ada          = "ada+auto@sandbox.test"
	bob          = "bob+auto@sandbox.test"
	providerID   = "e2e.apps.sandbox.test"
	providerPass = "e2e-provider-secret"
)

// world is a running Avain with a sandbox behind it and one application.
type world struct {
	t        testing.TB
	url      string
	metrics  string // where they are scraped
	dir      string
	database string // --database
	key      secret.Text
	keyFile  string // where key is kept; empty for nowhere
	app      *app.App
	stop     func() // ends the server before the test does; SQLite has one at a time
	ops      *operator.Service
	box      *sandbox.Sandbox
	boxURL   string
	front    *front  // before the sandbox
	service  service // the provider that is meant
	store    *outage // of startFrail
	client   account.Application
	password string
	clock    *clock
	log      *lockedBuffer
}

// clock is the server's and the sandbox's, moved by hand.
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

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// idle is a world whose server is not started yet. A change that names a database
// is for its whole life.
func idle(t testing.TB, changes ...func(*app.Config)) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), clock: &clock{now: time.Now().Truncate(time.Second)}, log: &lockedBuffer{}}
	w.service = google()
	var cfg app.Config
	for _, change := range changes {
		change(&cfg)
	}
	if w.database = cfg.Database; w.database == "" {
		w.database = storetest.Setting(t)
	}
	ring, err := seal.NewRing()
	if err != nil {
		t.Fatal(err)
	}
	if w.key, err = ring.Encode(); err != nil {
		t.Fatal(err)
	}
	w.box = sandbox.New(sandbox.Config{Now: w.clock.Now})
	w.front = &front{box: w.box}
	vendor := httptest.NewServer(w.front)
	t.Cleanup(func() { w.box.Close(); vendor.Close() })
	w.boxURL = vendor.URL
	return w
}

// onEachEngine runs a test on SQLite and on PostgreSQL; the test hands on to start or
// idle. A run that is on PostgreSQL anyway has it once.
func onEachEngine(t *testing.T, test func(t *testing.T, on func(*app.Config))) {
	t.Helper()
	if !storetest.OnPostgres() {
		t.Run("SQLite", func(t *testing.T) {
			t.Parallel()
			test(t, func(*app.Config) {})
		})
	}
	if storetest.OnSQLite() {
		return
	}
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		database := storetest.NewPostgres(t)
		test(t, func(c *app.Config) { c.Database = database.URL })
	})
}

// start brings a world up. Each test has its own, so that all run in parallel.
func start(t testing.TB, changes ...func(*app.Config)) *world {
	t.Helper()
	w := idle(t, changes...)
	w.serve(changes...)
	w.register()
	return w
}

func (w *world) serve(changes ...func(*app.Config)) {
	w.t.Helper()
	cfg := app.Config{
		DataDir: w.dir, Database: w.database, Key: w.key, Listen: "127.0.0.1:0", MetricsListen: "127.0.0.1:0",
		LogTo: w.log, Now: w.clock.Now, Version: "test", Limits: api.Limits{}, ShutdownTimeout: 5 * time.Second,
	}
	for _, change := range changes {
		change(&cfg)
	}
	opened, err := app.Open(w.t.Context(), cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	server, err := opened.Listen(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-stopped; err != nil {
			w.t.Error(err)
		}
		if err := opened.Close(); err != nil {
			w.t.Error(err)
		}
	})
	w.t.Cleanup(w.stop)
	w.app, w.ops, w.url, w.metrics = opened, opened.Operator(), server.URL, server.MetricsURL
}

func (w *world) register() {
	w.t.Helper()
	created, password, err := w.ops.CreateApplication(w.t.Context(), operator.CreateApplication{
		Name: "E2E", ReturnURLs: []string{returnURL}, Settings: account.Settings{TokenMode: true},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.client, w.password = created, password.Reveal()
	w.registerProvider(created.ClientID)
}

// browser is a browser of its own: cookies, and no redirect followed unasked.
type browser struct {
	w      *world
	client *http.Client
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &browser{w: w, client: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is a response, read.
type answer struct {
	asked  string // the address
	status int
	header http.Header
	body   string
}

func (a answer) location() string { return a.header.Get("Location") }

// code is the code of our error JSON.
func (a answer) code() string {
	var f struct{ Code string }
	_ = json.Unmarshal([]byte(a.body), &f)
	return f.Code
}

func (b *browser) get(address string, headers ...string) answer {
	b.w.t.Helper()
	return b.w.send(b.client, http.MethodGet, address, nil, headers...)
}

// authorize opens authorize with the parameters laid over a plain request.
func (b *browser) authorize(changes url.Values, headers ...string) answer {
	b.w.t.Helper()
	q := url.Values{
		"clientId": {b.w.client.ClientID}, "serviceType": {b.w.service.name}, "scopes": {"Mail.Read"},
		"returnUrl": {returnURL}, "state": {"app-state"}, "loginHint": {ada},
	}
	for name, values := range changes {
		if values == nil {
			q.Del(name)
			continue
		}
		q[name] = values
	}
	if b.w.service.instead != nil {
		q["scopes"] = b.w.service.saysEach(q["scopes"])
	}
	return b.get(b.w.url+"/v1/auth/authorize?"+q.Encode(), headers...)
}

// follow goes on from one redirect to the next and returns the first one that
// leaves for the application, or the first answer that is no redirect.
func (b *browser) follow(a answer) answer {
	b.w.t.Helper()
	for range 10 {
		to := a.location()
		if to == "" || !strings.HasPrefix(to, b.w.url) && !strings.HasPrefix(to, b.w.boxURL) {
			return a
		}
		a = b.get(to)
	}
	b.w.t.Fatal("the redirects go on and on")
	return answer{}
}

// result is the answer that reached the application, from its query.
func (a answer) result(t testing.TB) url.Values {
	t.Helper()
	u, err := url.Parse(a.location())
	if err != nil || a.location() == "" {
		t.Fatalf("no redirect to the application: status %d, body %s", a.status, a.body)
	}
	return u.Query()
}

func (w *world) send(client *http.Client, method, address string, body io.Reader, headers ...string) answer {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, address, body)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
			continue
		}
		req.Header.Add(headers[i], headers[i+1])
	}
	res, err := client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	read, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{asked: address, status: res.StatusCode, header: res.Header, body: string(read)}
}

// call is a program's request, without cookies.
func (w *world) call(method, path string, body io.Reader, headers ...string) answer {
	w.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return w.send(client, method, w.url+path, body, headers...)
}

// redeem exchanges a code with the application's own credentials.
func (w *world) redeem(code string) answer {
	w.t.Helper()
	return w.call(http.MethodPost, "/v1/auth/token/"+code, nil, "Authorization", basic(w.client.ClientID, w.password))
}

// connected is an account with a bearer.
type connected struct {
	UserID      string
	AccountID   int64
	AccessToken string
}

// connect runs the whole flow.
func (w *world) connect(changes url.Values) connected {
	w.t.Helper()
	b := w.browser()
	result := b.follow(b.authorize(changes)).result(w.t)
	if result.Get("status") != "success" {
		w.t.Fatalf("the sign-in ended with %v", result)
	}
	redeemed := w.redeem(result.Get("code"))
	var c connected
	if err := json.Unmarshal([]byte(redeemed.body), &c); err != nil || redeemed.status != http.StatusOK {
		w.t.Fatalf("redeem: %d %s", redeemed.status, redeemed.body)
	}
	return c
}

func (c connected) bearer() string { return "Bearer " + c.AccessToken }

func basic(user, password string) string {
	req := http.Request{Header: http.Header{}}
	req.SetBasicAuth(user, password)
	return req.Header.Get("Authorization")
}
