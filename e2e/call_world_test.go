package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/operator"
)

const accountHeader = "X-Aurinko-Account-Id"

// refused checks that an answer is our error JSON with that status and code, and
// that it can be found again in the log.
func refused(t testing.TB, a answer, status int, code string) {
	t.Helper()
	if a.status != status || a.code() != code {
		t.Errorf("answered %d %s, want %d with the code %s", a.status, a.body, status, code)
		return
	}
	var f struct{ Code, Message, RequestID string }
	if err := json.Unmarshal([]byte(a.body), &f); err != nil || f.Message == "" || f.RequestID == "" || f.RequestID != a.header.Get("X-Request-Id") {
		t.Errorf("%s: message or request id is missing in %s", code, a.body)
	}
	if !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
		t.Errorf("%s comes as %q", code, a.header.Get("Content-Type"))
	}
}

// as calls with the bearer of c.
func (w *world) as(c connected, method, path string, headers ...string) answer {
	w.t.Helper()
	return w.call(method, path, nil, append([]string{"Authorization", c.bearer()}, headers...)...)
}

// details reads the account as GET /v1/account shows it.
func (w *world) details(c connected, query string) map[string]any {
	w.t.Helper()
	a := w.as(c, http.MethodGet, "/v1/account"+query)
	var fields map[string]any
	if err := json.Unmarshal([]byte(a.body), &fields); err != nil || a.status != http.StatusOK {
		w.t.Fatalf("GET /v1/account%s: %d %s", query, a.status, a.body)
	}
	return fields
}

// status is the account's tokenStatus.
func (w *world) status(c connected) string {
	w.t.Helper()
	text, _ := w.details(c, "")["tokenStatus"].(string)
	return text
}

// secondApplication makes another application with an account of bob.
func (w *world) secondApplication() (*world, connected) {
	w.t.Helper()
	created, password, err := w.ops.CreateApplication(w.t.Context(), operator.CreateApplication{
		Name: "Second", ReturnURLs: []string{"https://second.example/connected"},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	other := *w
	other.client, other.password = created, password.Reveal()
	other.registerProvider(created.ClientID)
	return &other, other.connect(url.Values{"returnUrl": {"https://second.example/connected"}, "loginHint": {bob}})
}

// browserToken runs the flow with responseType=token.
func (w *world) browserToken() connected {
	w.t.Helper()
	b := w.browser()
	a := b.follow(b.authorize(url.Values{"responseType": {"token"}}))
	to, err := url.Parse(a.location())
	if err != nil {
		w.t.Fatal(err)
	}
	fragment, err := url.ParseQuery(to.Fragment)
	if err != nil || fragment.Get("accessToken") == "" {
		w.t.Fatalf("token mode ends at %q", a.location())
	}
	return connected{AccessToken: fragment.Get("accessToken")}
}

// upstream puts a server of the test's own in the place of the provider's API;
// sign-in and refresh stay with the sandbox.
func (w *world) upstream(handler http.HandlerFunc) {
	w.t.Helper()
	server := httptest.NewServer(handler)
	w.t.Cleanup(server.Close)
	w.apiAt(server.URL)
}

func (w *world) apiAt(api string) {
	w.t.Helper()
	w.setRegistration(func(in *operator.SetRegistration) {
		e := w.endpoints()
		e.API = api
		in.Endpoints = &e
	})
}

// raw sends a request line and headers as they are written here, which no client
// library would do, and reads one answer.
func (w *world) raw(method, target string, headers ...string) answer {
	w.t.Helper()
	host := strings.TrimPrefix(w.url, "http://")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second)) // a broken server must not hang the test
	text := method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\n"
	for i := 0; i+1 < len(headers); i += 2 {
		text += headers[i] + ": " + headers[i+1] + "\r\n"
	}
	if _, err := io.WriteString(conn, text+"\r\n"); err != nil {
		w.t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, target, err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode < 200 {
		return answer{status: res.StatusCode, header: res.Header}
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, target, err)
	}
	return answer{status: res.StatusCode, header: res.Header, body: string(body)}
}

// echoed is what the sandbox's echo endpoint received.
type echoed struct {
	Method, Host, RawPath, RawQuery string
	Headers                         http.Header
	BodySHA256                      string
	BodyLength                      int64
}

func (a answer) echo(t testing.TB) echoed {
	t.Helper()
	var e echoed
	if err := json.Unmarshal([]byte(a.body), &e); err != nil || a.status != http.StatusOK {
		t.Fatalf("no echo: %d %s", a.status, a.body)
	}
	return e
}

// running is a server that the test stops by itself.
type running struct {
	*app.Server
	app  *app.App
	stop func() // asks it to stop; does not wait
	done chan error
}

// end stops the server, waits for it and closes its store.
func (r *running) end(t testing.TB) {
	t.Helper()
	r.stop()
	if err := <-r.done; err != nil {
		t.Error(err)
	}
	if err := r.app.Close(); err != nil {
		t.Error(err)
	}
}

// launch is serve for tests that stop and start the server.
func (w *world) launch(changes ...func(*app.Config)) *running {
	w.t.Helper()
	cfg := app.Config{
		Database: w.database, Key: w.key, Listen: "127.0.0.1:0", MetricsListen: "127.0.0.1:0",
		LogTo: w.log, Now: w.clock.Now, Version: "test", ShutdownTimeout: 20 * time.Second,
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
	ctx, stop := context.WithCancel(context.Background())
	r := &running{Server: server, app: opened, stop: stop, done: make(chan error, 1)}
	go func() { r.done <- server.Serve(ctx) }()
	w.app, w.ops, w.url = opened, opened.Operator(), server.URL
	return r
}
