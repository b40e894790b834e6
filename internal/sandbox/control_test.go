package sandbox_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/sandbox"
)

func (b *bench) control(method, path, body string) answer {
	b.Helper()
	return b.do(b.request(method, b.base+"/_control/"+path, body))
}

func TestControlIsForThisMachineOnly(t *testing.T) {
	t.Parallel()
	s := sandbox.New(sandbox.Config{})
	for name, tt := range map[string]struct {
		peer, host, origin string
		want               int
	}{
		"loopback":            {"127.0.0.1:5000", "localhost:9090", "", 200},
		"loopback, IPv6":      {"[::1]:5000", "[::1]:9090", "", 200},
		"host without a port": {"127.0.0.9:5000", "127.0.0.9", "", 200},
		"own page":            {"127.0.0.1:5000", "localhost:9090", "http://localhost:9090", 200},
		"another machine":     {"192.0.2.7:5000", "localhost:9090", "", 403},
		"rebound name":        {"127.0.0.1:5000", "evil.test:9090", "", 403},
		"look-alike name":     {"127.0.0.1:5000", "localhost.evil.test", "", 403},
		"another machine's":   {"127.0.0.1:5000", "192.0.2.7:9090", "", 403},
		"foreign page":        {"127.0.0.1:5000", "localhost:9090", "http://evil.test", 403},
	} {
		r := httptest.NewRequest("POST", "/_control/expire", nil)
		r.RemoteAddr, r.Host = tt.peer, tt.host
		if tt.origin != "" {
			r.Header.Set("Origin", tt.origin)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != tt.want || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s, want %d", name, w.Code, w.Body, tt.want)
		}
	}
}

func TestControlStats(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.connect()
	b.refresh(got.Refresh)
	b.refresh("none")
	b.get("/echo/x", got.Access)
	b.get("/echo/x", "none")
	b.do(b.request("GET", b.at.Userinfo, ""))
	b.post(b.at.Revoke, url.Values{"token": {"none"}})
	a := b.control("GET", "stats", "")
	want := `{"EWS":{"authorize":0,"code":0,"refresh":0,"revoke":0,"identity":0,"api":0},"Google":{"authorize":1,"code":1,"refresh":2,"revoke":1,"identity":1,"api":2},` +
		`"Hubspot":{"authorize":0,"code":0,"refresh":0,"revoke":0,"identity":0,"api":0},` +
		`"IMAP":{"authorize":0,"code":0,"refresh":0,"revoke":0,"identity":0,"api":0},` +
		`"Office365":{"authorize":0,"code":0,"refresh":0,"revoke":0,"identity":0,"api":0},` +
		`"Salesforce":{"authorize":0,"code":0,"refresh":0,"revoke":0,"identity":0,"api":0},` +
		`"SugarCRM":{"authorize":0,"code":0,"refresh":0,"revoke":0,"identity":0,"api":0},` +
		`"Zoho":{"authorize":0,"code":0,"refresh":0,"revoke":0,"identity":0,"api":0}}` + "\n"
	if diff := cmp.Diff(want, a.text); diff != "" {
		t.Error(diff)
	}
}

func TestControlExpire(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.connect()
	a := b.control("POST", "expire", "")
	if a.StatusCode != 200 || a.text != `{"expired":1,"status":"Ok"}`+"\n" {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
	if b.alive(got.Access) || !b.alive(b.refresh(got.Refresh).Access) {
		t.Error("access tokens must end, refresh tokens must not")
	}
}

func TestControlFaults(t *testing.T) {
	t.Parallel()
	b := setup(t)
	set := b.control("POST", "faults", `[{"vendor":"Google","endpoint":"api","kind":"status","status":429,"retryAfter":7,"delay":"1ms","times":0}]`)
	b.wantStatus(set.StatusCode, http.StatusOK)
	if a := b.get("/echo/x", "none"); a.StatusCode != 429 || a.Header.Get("Retry-After") != "7" {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	b.wantStatus(b.control("DELETE", "faults", "").StatusCode, http.StatusOK)
	b.wantStatus(b.get("/echo/x", "none").StatusCode, http.StatusUnauthorized)
	one := b.control("POST", "faults", `{"vendor":"google","endpoint":"api","kind":"empty","retryAfter":"9"}`)
	b.wantStatus(one.StatusCode, http.StatusOK)

	for body, want := range map[string]string{
		`[{"vendor":"Google","endpoint":"api","kind":"empty","colour":"red"}]`: "vendor, endpoint, kind, status, retryAfter",
		`[{"vendor":"Google","endpoint":"mail","kind":"empty"}]`:               "allowed: authorize, code",
		`[{"vendor":"Google","endpoint":"api","kind":"late"}]`:                 "allowed: status, slow",
		`[{"vendor":"Google","endpoint":"api","kind":"slow","delay":"2"}]`:     "500ms",
		`nonsense`: "JSON list",
		``:         "JSON list",
		`[] []`:    "nothing after",
	} {
		a := b.control("POST", "faults", body)
		if a.StatusCode != http.StatusBadRequest || !strings.Contains(a.text, want) {
			t.Errorf("%s: %d %s, want %q", body, a.StatusCode, a.text, want)
		}
	}
	if a := b.get("/echo/x", "none"); a.StatusCode != 200 || a.text != "" || a.Header.Get("Retry-After") != "9" {
		t.Error("a refused list replaced the one before")
	}
}

func TestControlReset(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.connect()
	b.send(got.Access, "To: bob@sandbox.test\r\n\r\n")
	b.fault(sandbox.Fault{Endpoint: "api", Kind: "empty"})
	b.wantStatus(b.control("POST", "reset", "").StatusCode, http.StatusOK)
	if b.sandbox.Stats()["Google"] != (sandbox.Counts{}) {
		t.Error("statistics remain")
	}
	if b.alive(got.Access) || b.refresh(got.Refresh).Status == http.StatusOK {
		t.Error("tokens remain")
	}
	next := b.connect()
	if next.Refresh == "" {
		t.Error("the first consent after a reset must give a refresh token")
	}
	if l := into[messageList](b, b.get("/gmail/v1/users/me/messages?labelIds=SENT", next.Access)); len(l.Messages) != 0 {
		t.Error("sent messages remain")
	}
}

func TestIndexAndUnknownPaths(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.do(b.request("GET", b.base+"/", ""))
	for _, want := range []string{"ada@sandbox.test", "bob@sandbox.test", "norefresh", "/google/token", "/_control/stats"} {
		if !strings.Contains(a.text, want) {
			t.Errorf("the index lacks %q", want)
		}
	}
	b.wantStatus(b.do(b.request("GET", b.base+"/nothing", "")).StatusCode, http.StatusNotFound)
	b.wantStatus(b.control("GET", "expire", "").StatusCode, http.StatusMethodNotAllowed)
}

// For the race detector: everything at once.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				form := codeForm(b.code("prompt", "consent", "login_hint", "ada+auto+rotate@sandbox.test"))
				got := b.token(form)
				b.refresh(got.Refresh)
				b.send(got.Access, "To: bob@sandbox.test\r\n\r\n")
				b.get("/gmail/v1/users/me/messages", got.Access)
				b.control("GET", "stats", "")
				b.sandbox.Expire()
			}
		})
	}
	wg.Wait()
	if got := b.sandbox.Stats()["Google"]; got.Code != 40 || got.Refresh != 40 {
		t.Errorf("counted %+v", got)
	}
}
