package e2e_test

import (
	"net/http"
	"strings"
	"testing"
)

// The paths go over a plain connection: client libraries tidy them up.
func TestDirectPassesThePathByteForByte(t *testing.T) {
	t.Parallel()
	onEachService(t, directPassesThePathByteForByte)
}

func directPassesThePathByteForByte(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	for _, path := range []string{
		"echo/a/b", "echo/a/", "echo/a//b", "echo//evil.example/x", "echo/a%2Fb", "echo/a%2fb", "echo/a%252Fb", "echo/a%20b", "echo/a+b",
		"echo/%C3%A9", "echo/%c3%a9", "echo/a;b=c", "echo/a;b=c/d;e", "echo/a%3Bb", "echo/messages:batchDelete", "echo/x:y:z", "echo/me@sandbox.test/$value",
		"echo/(a,b)='c'!*&=+~", "echo/[a]", "echo/...", "echo/.hidden", "echo/a..b", "echo/..a", "echo/a..", "echo/%2E%2E%2E",
		"echo/%E2%80%AE", "echo/%7E", "echo/%41", "echo/%23x", "echo/a%3Fb", "echo/%25", "echo/%2525", "echo/https%3A%2F%2Fevil.example%2Fx",
	} {
		e := w.raw(http.MethodGet, "/v1/direct/"+path, "Authorization", c.bearer(), "Connection", "close").echo(t)
		if e.RawPath != s.echo+path {
			t.Errorf("%s arrived as %s", path, e.RawPath)
		}
		if "http://"+e.Host != w.boxURL {
			t.Errorf("%s arrived at %s", path, e.Host)
		}
	}
}

// Bytes that no URL may hold are written as RFC 3986 wants them; what was encoded
// stays encoded as it was.
func TestDirectEncodesOnlyWhatWasNot(t *testing.T) {
	t.Parallel()
	onEachService(t, directEncodesOnlyWhatWasNot)
}

func directEncodesOnlyWhatWasNot(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	for path, want := range map[string]string{
		"echo/é":          "echo/%C3%A9",
		"echo/é%2Fb":      "echo/%C3%A9%2Fb",
		"echo/{a}%2F|b|":  "echo/%7Ba%7D%2F%7Cb%7C",
		`echo/"a"%3Fb<c>`: "echo/%22a%22%3Fb%3Cc%3E",
		"echo/a#b%2Fc":    "echo/a%23b%2Fc",
		"echo/^`%2f":      "echo/%5E%60%2f",
	} {
		e := w.raw(http.MethodGet, "/v1/direct/"+path, "Authorization", c.bearer(), "Connection", "close").echo(t)
		if e.RawPath != s.echo+want {
			t.Errorf("%s arrived as %s, want %s", path, e.RawPath, want)
		}
	}
}

func TestDirectRefusesPathsThatLeadElsewhere(t *testing.T) {
	t.Parallel()
	onEachService(t, directRefusesPathsThatLeadElsewhere)
}

func directRefusesPathsThatLeadElsewhere(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	for _, path := range []string{
		"", "/", "..", ".", "../x", "./x", "echo/../x", "echo/..", "echo/.", "echo/./x",
		"%2e%2e/x", "echo/%2e%2e/x", "echo/%2E%2E/x", "echo/.%2e/x", "echo/%2e/x", "echo/%2e%2e",
		"echo/%252e%252e/x", "echo/%252E./x", "echo/%25%32%65%25%32%65/x",
		"echo/..%2fx", "echo/x%2f..%2f..%2fy", "echo/%2e%2e%2fx", "echo/..%252fx", "echo/%252e%252e%252fx",
		"echo/..;/x", "echo/..;a=b/x", "echo/%2e%2e;/x", "echo/..%3B/x", "echo/.;/x",
		`echo/\..\x`, "echo/%5C..%5Cx", "echo/a%5cb", "echo/a%255Cb", `\evil.example`, `echo\x`,
		"echo/%00", "echo/a%00b", "echo/a%2500b",
		"/evil.example/x", "//evil.example/x", "http://evil.example/x", "https://evil.example", "HTTP://evil.example/x", "http:/evil.example/x", "file:///etc/passwd",
		"echo/http://evil.example/x",
	} {
		refused(t, w.raw(http.MethodGet, "/v1/direct/"+path, "Authorization", c.bearer(), "Connection", "close"), http.StatusBadRequest, "path.invalid")
		if t.Failed() {
			t.Fatalf("path %q", path)
		}
	}
	if got := w.calls(); got.API != 0 || got.Refresh != 0 {
		t.Errorf("the provider was called: %+v", got)
	}
}

// These look like another place and are not: they stay behind the provider's base.
func TestDirectNeverLeavesTheProvider(t *testing.T) {
	t.Parallel()
	onEachService(t, directNeverLeavesTheProvider)
}

func directNeverLeavesTheProvider(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	for _, path := range []string{
		"@evil.example/x", "evil.example", "evil.example:80/x", "%2F%2Fevil.example/x", "%2f..%2f", ":80/x", "[::1]/x", "%40evil.example",
	} {
		before := w.calls().API
		a := w.raw(http.MethodGet, "/v1/direct/"+path, "Authorization", c.bearer(), "Connection", "close")
		if a.status == http.StatusBadRequest && a.code() == "path.invalid" {
			continue
		}
		if w.calls().API != before+1 || a.status != http.StatusNotFound || !strings.Contains(a.body, s.words[404]) {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}

// A proxy's form of request target names a host of its own (RFC 9112 §3.2.2).
func TestDirectIgnoresTheHostOfAnAbsoluteTarget(t *testing.T) {
	t.Parallel()
	onEachService(t, directIgnoresTheHostOfAnAbsoluteTarget)
}

func directIgnoresTheHostOfAnAbsoluteTarget(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	for _, target := range []string{"http://evil.example/v1/direct/echo/x%2Fy?a", "https://user:pw@evil.example:8443/v1/direct/echo/x%2Fy?a"} {
		a := w.raw(http.MethodGet, target, "Authorization", c.bearer(), "Connection", "close")
		e := a.echo(t)
		if e.RawPath != s.echo+"echo/x%2Fy" || e.RawQuery != "a" || "http://"+e.Host != w.boxURL {
			t.Errorf("%s arrived at %s as %s?%s", target, e.Host, e.RawPath, e.RawQuery)
		}
	}
	for _, target := range []string{"evil.example:443", "http://evil.example/"} {
		if a := w.raw(http.MethodConnect, target, "Authorization", c.bearer(), "Connection", "close"); a.status < 400 {
			t.Errorf("CONNECT %s: %d", target, a.status)
		}
	}
}

func TestDirectPassesTheQueryByteForByte(t *testing.T) {
	t.Parallel()
	onEachService(t, directPassesTheQueryByteForByte)
}

func directPassesTheQueryByteForByte(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	for _, query := range []string{
		"a=1&a=2&b", "a=1;b=2&%zz", "x=%2F%2f&&=&a=b=c", "q=from:(ada)+after:2026/1/1", "é=ü", "a=%C3%A9", "?", "a?b#c", "access_token=mine",
		"$filter=a%20eq%20'b'", "a=%", "a=%00%0d%0aX-Y:z", "../..", "//evil.example", `\`, "{}|^<>\"`",
	} {
		e := w.raw(http.MethodGet, "/v1/direct/echo/q?"+query, "Authorization", c.bearer(), "Connection", "close").echo(t)
		if e.RawQuery != query || e.RawPath != s.echo+"echo/q" {
			t.Errorf("%s arrived as %s", query, e.RawQuery)
		}
	}
}

func TestDirectPassesEveryMethodButTwo(t *testing.T) {
	t.Parallel()
	onEachService(t, directPassesEveryMethodButTwo)
}

func directPassesEveryMethodButTwo(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "PROPFIND", "X-OWN"} {
		e := w.call(method, "/v1/direct/echo/m", strings.NewReader("body"), "Authorization", c.bearer()).echo(t)
		if e.Method != method || e.BodyLength != 4 {
			t.Errorf("%s arrived as %s with %d bytes", method, e.Method, e.BodyLength)
		}
	}
	if a := w.as(c, http.MethodHead, "/v1/direct/echo/m"); a.status != http.StatusOK || a.body != "" {
		t.Errorf("HEAD: %d %q", a.status, a.body)
	}
	// TRACE sends the provider's token back (RFC 9110 §9.3.8), CONNECT is no request to a resource.
	before := w.calls().API
	for _, method := range []string{"TRACE", "CONNECT"} {
		refused(t, w.raw(method, "/v1/direct/echo/m", "Authorization", c.bearer(), "Connection", "close"), http.StatusMethodNotAllowed, "method.notAllowed")
	}
	if w.calls().API != before {
		t.Error("TRACE or CONNECT reached the provider")
	}
}
