package e2e_test

import (
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/app"
)

// The same fault is a page for people and JSON for programs.
func TestAFaultIsAPageForBrowsersAndJSONForPrograms(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.browser()
	for path, want := range map[string]string{
		"/v1/auth/authorize": "parameter.missing",
		"/v1/auth/authorize?clientId=" + strings.Repeat("0", 32):                                            "client.unknown",
		"/v1/auth/authorize?clientId=" + w.client.ClientID + "&returnUrl=https://evil.example/%3Cscript%3E": "returnurl.invalid",
		"/v1/auth/callback": "state.missing",
		"/v1/auth/callback?state=%3Cscript%3Ealert(1)%3C%2F": "state.unknown",
	} {
		for _, accept := range []string{"", "*/*", "application/json", "text/plain, text/html;q=0"} {
			got := b.get(w.url+path, "Accept", accept)
			wantShown(t, got, http.StatusBadRequest, want)
			var body map[string]string
			if err := json.Unmarshal([]byte(got.body), &body); err != nil || len(body) != 3 || body["message"] == "" ||
				body["requestId"] == "" || body["requestId"] != got.header.Get("X-Request-Id") {
				t.Errorf("%s: %v, %s", path, err, got.body)
			}
			if kind := got.header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
				t.Errorf("Accept %q gets %s", accept, kind)
			}
		}
		var message struct{ Message string }
		if err := json.Unmarshal([]byte(b.get(w.url+path).body), &message); err != nil {
			t.Fatal(err)
		}
		for _, accept := range []string{asPage, "application/json, TEXT/HTML", "text/html; charset=utf-8"} {
			page := b.get(w.url+path, "Accept", accept)
			if page.status != http.StatusBadRequest || page.location() != "" || !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") {
				t.Errorf("Accept %q gets %d %v", accept, page.status, page.header)
			}
			text := html.UnescapeString(page.body)
			said := strings.SplitAfter(strings.TrimPrefix(message.Message, want+": "), ". ")
			for _, part := range append(said, want, page.header.Get("X-Request-Id")) {
				if part = strings.TrimSpace(part); part == "" || !strings.Contains(text, part) {
					t.Errorf("%s: the page has no %q: %s", path, part, page.body)
				}
			}
			if strings.Contains(page.body, "<script") || strings.Contains(page.body, "evil.example") {
				t.Errorf("%s: the page repeats what came: %s", path, page.body)
			}
		}
	}
}

// Whatever the flow answers is neither cached nor framed, and leaks no referrer.
func TestEveryAnswerOfTheFlowIsGuarded(t *testing.T) {
	t.Parallel()
	onEachService(t, everyAnswerOfTheFlowIsGuarded)
}

func everyAnswerOfTheFlowIsGuarded(t *testing.T, s service) {
	w := startAt(t, s)
	b := w.browser()
	authorize := b.authorize(nil)
	back := b.leaveProvider(authorize)
	plain := &http.Client{}
	answers := map[string]answer{
		"redirect to the provider":    authorize,
		"error to the application":    b.authorize(url.Values{"scopes": {"x"}}),
		"page of authorize":           b.get(w.url+"/v1/auth/authorize", "Accept", asPage),
		"JSON of authorize":           b.get(w.url + "/v1/auth/authorize"),
		"page of callback":            b.get(w.url+"/v1/auth/callback", "Accept", asPage),
		"JSON of callback":            b.get(w.url + "/v1/auth/callback"),
		"HEAD of callback":            w.send(plain, http.MethodHead, back, nil),
		"POST of callback":            w.send(plain, http.MethodPost, back, nil),
		"POST of authorize":           w.send(plain, http.MethodPost, w.url+"/v1/auth/authorize", nil),
		"another host":                b.get(w.url+"/v1/auth/authorize", "Host", "evil.example"),
		"another host, as a page":     b.get(w.url+"/v1/auth/authorize", "Host", "evil.example", "Accept", asPage),
		"redirect to the application": b.get(back),
		"page of a used state":        b.get(back, "Accept", asPage),
	}
	for name, a := range answers {
		h := a.header
		if h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("X-Frame-Options") != "DENY" ||
			!strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") ||
			!strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") || len(h.Values("Content-Security-Policy")) != 1 {
			t.Errorf("%s: %d with %v", name, a.status, h)
		}
		if h.Get("Access-Control-Allow-Origin") != "" || h.Get("X-Request-Id") == "" {
			t.Errorf("%s: %v", name, h)
		}
	}
}

func TestOnlyOurOwnHostIsServed(t *testing.T) {
	t.Parallel()
	onEachService(t, onlyOurOwnHostIsServed)
}

func onlyOurOwnHostIsServed(t *testing.T, s service) {
	w := startAt(t, s)
	b := w.browser()
	back := b.toCallback(nil)
	bare, port, err := net.SplitHostPort(strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"evil.example", "localhost:" + port, bare, bare + ":1", bare + ".:" + port, "127.0.0.1.evil.example:" + port} {
		for _, address := range []string{w.url + "/v1/auth/authorize", back} {
			got := b.get(address, "Host", host)
			wantShown(t, got, http.StatusMisdirectedRequest, "host.unknown")
			if got.header.Get("Set-Cookie") != "" {
				t.Errorf("%s gets a cookie", host)
			}
		}
	}
	if got := b.get(back, "Host", "evil.example", "X-Forwarded-Host", strings.TrimPrefix(w.url, "http://")); got.status != http.StatusMisdirectedRequest {
		t.Errorf("a forwarded host is believed: %d", got.status)
	}
	w.redeemedAccount(b.get(back, "X-Forwarded-Host", "evil.example").result(t))
}

func TestTheBrowsersCookieOnLoopback(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.browser()
	first := oneCookie(t, b.authorize(nil))
	if first.Name != "avain_browser" || first.Secure {
		t.Errorf("the cookie is %s", first.Raw)
	}
	guardedCookie(t, first)
	if again := oneCookie(t, b.authorize(nil)); again.Value != first.Value {
		t.Error("a second attempt of the browser has another cookie, which breaks its first")
	}
	if other := oneCookie(t, w.browser().authorize(nil)); other.Value == first.Value {
		t.Error("two browsers have one cookie")
	}
	if got := b.authorize(url.Values{"scopes": {"x"}}); got.header.Get("Set-Cookie") != "" {
		t.Error("a failed authorize sets a cookie")
	}
	long := oneCookie(t, w.browser().authorize(nil, "Cookie", "avain_browser="+strings.Repeat("x", 65)))
	if len(long.Value) != 43 {
		t.Errorf("an overlong cookie is taken for a browser's: %q", long.Value)
	}
}

func oneCookie(t *testing.T, a answer) *http.Cookie {
	t.Helper()
	lines := a.header.Values("Set-Cookie")
	if len(lines) != 1 {
		t.Fatalf("answered %d %s with the cookies %v", a.status, a.body, lines)
	}
	cookie, err := http.ParseSetCookie(lines[0])
	if err != nil {
		t.Fatal(err)
	}
	return cookie
}

func guardedCookie(t *testing.T, c *http.Cookie) {
	t.Helper()
	if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || len(c.Value) != 43 || c.MaxAge < 900 {
		t.Errorf("the cookie is %s", c.Raw)
	}
}

func TestTheBrowsersCookieOverHTTPS(t *testing.T) {
	t.Parallel()
	listen := freeAddress(t)
	w := start(t, func(c *app.Config) { c.PublicURL, c.Listen = "https://avain.example", listen })
	path := "/v1/auth/authorize?" + url.Values{
		"clientId": {w.client.ClientID}, "serviceType": {"Google"}, "scopes": {"Mail.Read"}, "returnUrl": {returnURL}, "loginHint": {ada},
	}.Encode()
	b := w.browser()
	begun := b.get("http://"+listen+path, "Host", "avain.example")
	cookie := oneCookie(t, begun)
	if cookie.Name != "__Host-avain_browser" || !cookie.Secure {
		t.Errorf("the cookie is %s", cookie.Raw)
	}
	guardedCookie(t, cookie)

	back := b.leaveProvider(begun)
	callback := "http://" + listen + strings.TrimPrefix(back, "https://avain.example")
	// The name without the prefix could have been set by another host.
	got := b.get(callback, "Host", "avain.example", "Cookie", "avain_browser="+cookie.Value)
	wantShown(t, got, http.StatusBadRequest, "state.browser")
	got = b.get(callback, "Host", "AVAIN.example", "Cookie", cookie.Name+"="+cookie.Value)
	if got.result(t).Get("status") != "success" {
		t.Errorf("the callback ends with %q", got.location())
	}
}

// freeAddress finds a port below those that the system hands out by itself, so
// that no connection of another test takes it before the server does.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(10000))
		var config net.ListenConfig
		listener, err := config.Listen(t.Context(), "tcp", address)
		if err != nil {
			continue
		}
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		return address
	}
	t.Fatal("no port is free")
	return ""
}
