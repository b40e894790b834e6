package sample_test

import (
	"encoding/base64"
	"encoding/json"
	"go/parser"
	"go/token"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

func TestHome(t *testing.T) {
	t.Parallel()
	w := start(t)
	a := w.browser(t).get("/")
	a.has(t, `id="connect-code"`, `id="connect-token"`, `value="Mail.Read" checked`, `value="Calendar.Read" checked`, `value="Mail.Send" checked`)
	if a.Header.Get("Set-Cookie") != "" {
		t.Error("looking at the page makes a session")
	}
	for _, path := range []string{"/", "/landing?code=" + goodCode, "/connected-token", "/connect?flow=x"} {
		page := w.browser(t).get(path)
		page.lacks(t, goodCode, " style=", "onclick", "<script>")
		if n := strings.Count(strings.Split(page.body, "<noscript>")[0], "<h1"); n > 1 {
			t.Errorf("%s has %d headings of the first level", path, n)
		}
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	a := start(t).browser(t).get("/")
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	policy := a.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self';", "connect-src 'self' http://127.0.0.1:", "frame-ancestors 'none'", "form-action 'self' http://"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy %q lacks %s", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("the policy %q is loose", policy)
	}
}

func TestFilesAreServed(t *testing.T) {
	t.Parallel()
	b := start(t).browser(t)
	for path, kind := range map[string]string{"/sample.js": "text/javascript", "/sample.css": "text/css", "/icon.svg": "image/svg+xml"} {
		a := b.get(path)
		if a.StatusCode != http.StatusOK || !strings.HasPrefix(a.Header.Get("Content-Type"), kind) {
			t.Errorf("%s: status %d, type %q", path, a.StatusCode, a.Header.Get("Content-Type"))
		}
	}
}

// The cookie is kept for BaseURL's host, and a name that was rebound to this
// address is no host of ours.
func TestOtherHostsAreLedHome(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.browser(t)
	if a := b.do(http.MethodGet, "/connect?flow=code", "Host", "evil.example"); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != w.url+"/" {
		t.Errorf("GET: status %d to %q", a.StatusCode, a.Header.Get("Location"))
	}
	if a := b.do(http.MethodPost, "/disconnect", "Host", "evil.example"); a.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("POST: status %d", a.StatusCode)
	}
}

func TestDisconnect(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.browser(t)
	b.connect()

	for name, header := range map[string][]string{
		"Sec-Fetch-Site": {"Sec-Fetch-Site", "cross-site"},
		"Origin":         {"Origin", "http://evil.example"},
	} {
		if a := b.do(http.MethodPost, "/disconnect", header...); a.StatusCode != http.StatusForbidden {
			t.Errorf("a POST of another site (%s) answers %d", name, a.StatusCode)
		}
	}
	if a := b.get("/disconnect"); a.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET answers %d", a.StatusCode)
	}
	if w.avain.saw("DELETE /v1/account") {
		t.Fatal("another site disconnected the account")
	}

	if a := b.do(http.MethodPost, "/disconnect", "Sec-Fetch-Site", "same-origin"); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("status %d\n%s", a.StatusCode, a.body)
	}
	w.avain.set(func(f *fake) {
		if f.deleted != "7001" {
			t.Errorf("account %q was deleted", f.deleted)
		}
	})
	home := b.get("/")
	home.has(t, "The account is disconnected", "DELETE /v1/account")
	home.lacks(t, `id="account"`)
	b.get("/").lacks(t, `id="notice"`)
}

func TestFailedDisconnectKeepsTheAccount(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.browser(t)
	b.connect()
	w.avain.set(func(f *fake) { f.down = true })
	b.do(http.MethodPost, "/disconnect").has(t, `id="error"`, "store.unavailable", "req-77")
	w.avain.set(func(f *fake) { f.down = false })
	b.get("/").has(t, `id="account"`, "ada@sandbox.test")
}

// A page of the token flow names no account: its token does.
func TestDisconnectByToken(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.browser(t)
	var answer struct {
		Calls []struct{ Who, Method, Path string }
		Error *struct{ Code, Message, RequestID string }
	}
	read := func(token string) int {
		a := b.do(http.MethodPost, "/disconnect", "Authorization", "Bearer "+token)
		answer.Error = nil
		if err := json.Unmarshal([]byte(a.body), &answer); err != nil {
			t.Fatalf("%v: %s", err, a.body)
		}
		return a.StatusCode
	}
	if status := read("guessed"); status != http.StatusBadGateway || answer.Error == nil || answer.Error.Code != "token.dead" || answer.Error.RequestID != "req-77" {
		t.Errorf("a wrong token: status %d, %+v", status, answer.Error)
	}
	if w.avain.saw("DELETE /v1/account") {
		t.Fatal("a wrong token disconnected an account")
	}
	if status := read(tokenOfAda); status != http.StatusOK || answer.Error != nil || len(answer.Calls) != 2 || answer.Calls[1].Method != "DELETE" {
		t.Errorf("status %d, %+v", status, answer)
	}
}

func TestDeadAccountCanBeConnectedAgain(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.browser(t)
	b.connect()
	w.avain.set(func(f *fake) { f.deleted = "elsewhere" })
	b.get("/").has(t, `id="error"`, "token.dead", "req-77", `id="connect-again"`, `id="disconnect"`)
}

func TestPartialGrant(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.avain.set(func(f *fake) { f.granted = []string{"Calendar.Read"} })
	b := w.browser(t)
	b.connect()
	home := b.get("/")
	home.has(t, "Mail.Read was not granted")
	home.lacks(t, `id="send"`)
	if w.avain.saw("GET /v1/direct/gmail/v1/users/me/messages") {
		t.Error("messages were asked for without the grant")
	}
}

func TestSend(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.browser(t)
	b.do(http.MethodPost, "/send") // nobody is connected: nothing happens
	b.connect()
	if a := b.do(http.MethodPost, "/send"); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("status %d\n%s", a.StatusCode, a.body)
	}
	w.avain.set(func(f *fake) {
		var body struct{ Raw string }
		if err := json.Unmarshal([]byte(f.sent), &body); err != nil {
			t.Fatal(err)
		}
		mail, err := base64.RawURLEncoding.DecodeString(body.Raw)
		if err != nil || !strings.HasPrefix(string(mail), "To: ada@sandbox.test\r\nSubject: ") {
			t.Errorf("sent %q: %v", mail, err)
		}
	})
	b.get("/").has(t, "A test message is on its way")
}

// The sample is what a customer would write: it sees Avain by HTTP alone.
func TestImportsNothingOfAvain(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("*.go")
	if err != nil || len(names) == 0 {
		t.Fatal("no source files", err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			if strings.Contains(spec.Path.Value, "avain") {
				t.Errorf("%s imports %s", name, spec.Path.Value)
			}
		}
	}
}
