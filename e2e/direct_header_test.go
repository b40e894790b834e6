package e2e_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestDirectPassesListedRequestHeadersOnly(t *testing.T) {
	t.Parallel()
	onEachService(t, directPassesListedRequestHeadersOnly)
}

func directPassesListedRequestHeadersOnly(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	passing := map[string]string{
		"Accept": "application/json", "Accept-Language": "fi", "Content-Type": "text/x-own", "If-Match": `"1"`, "If-None-Match": `"2"`,
		"Range": "bytes=0-9", "Prefer": "odata.maxpagesize=2", "User-Agent": "test/1", "Accept-Encoding": "br", s.ownHeader: "a",
	}
	delete(passing, "") // of a provider with no header of its own
	staying := []string{
		"Cookie", "X-Aurinko-Account-Id", "X-Aurinko-Own", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Forwarded-For",
		"X-Forwarded-Host", "Forwarded", "Via", "X-Real-Ip", "Proxy-Authorization", "X-Goog-User-Project", "X-Goog-Iam-Authorization-Token",
		"Origin", "Referer", "X-Original-Url", "X-Rewrite-Url", "Te", "X-Own", "Expect",
	}
	for _, other := range s.others() {
		if other.ownHeader != "" {
			staying = append(staying, other.ownHeader)
		}
	}
	headers := []string{"Authorization", c.bearer(), "Connection", "close, X-Own", "X-Aurinko-Account-Id", fmt.Sprint(c.AccountID), "Expect", "100-continue"}
	for name, value := range passing {
		headers = append(headers, name, value)
	}
	for _, name := range staying {
		if name != "X-Aurinko-Account-Id" && name != "Expect" {
			headers = append(headers, name, "planted")
		}
	}
	a := w.raw(http.MethodGet, "/v1/direct/echo/h", headers...)
	e := a.echo(t)
	for name, value := range passing {
		if got := e.Headers.Get(name); got != value {
			t.Errorf("%s arrived as %q, want %q", name, got, value)
		}
	}
	for _, name := range staying {
		if got := e.Headers.Values(name); len(got) > 0 {
			t.Errorf("%s reached the provider: %q", name, got)
		}
	}
	if got := e.Headers.Values("Authorization"); !slices.Equal(got, []string{cmp.Or(s.scheme, "Bearer") + " " + s.accessPrefix + "[redacted]"}) {
		t.Errorf("the provider got Authorization %q", got)
	}
	if strings.Contains(a.body, "planted") || strings.Contains(a.body, c.AccessToken) {
		t.Errorf("something of ours reached the provider: %s", a.body)
	}
	// Where the caller names no agent, Go's must not stand in for it.
	bare := w.raw(http.MethodGet, "/v1/direct/echo/h", "Authorization", c.bearer(), "Connection", "close").echo(t)
	if got := bare.Headers.Values("User-Agent"); len(got) > 0 {
		t.Errorf("an agent was made up: %q", got)
	}
	if got := bare.Headers.Values("Accept-Encoding"); len(got) > 0 {
		t.Errorf("an encoding was made up: %q", got)
	}
}

// harmful is what a provider's answer could do to our own host in a browser.
var harmful = []string{
	"Set-Cookie", "Alt-Svc", "Strict-Transport-Security", "Clear-Site-Data", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials",
	"Link", "Refresh", "Service-Worker-Allowed", "Server", "X-Frame-Options", "Content-Security-Policy-Report-Only", "Report-To", "Nel",
	"Www-Authenticate", "Proxy-Authenticate", "Public-Key-Pins", "Sourcemap", "X-Own", "Authentication-Info",
}

// checkHarmless looks at an answer of the pass-through, headers or trailers.
func checkHarmless(t *testing.T, what string, h http.Header) {
	t.Helper()
	for _, name := range harmful {
		if got := h.Values(name); len(got) > 0 {
			t.Errorf("%s: %s came back: %q", what, name, got)
		}
	}
}

func checkGuarded(t *testing.T, what string, h http.Header) {
	t.Helper()
	if got := h.Values("X-Content-Type-Options"); !slices.Equal(got, []string{"nosniff"}) {
		t.Errorf("%s: X-Content-Type-Options %q", what, got)
	}
	if got := h.Values("Content-Security-Policy"); !slices.Equal(got, []string{"sandbox; default-src 'none'"}) {
		t.Errorf("%s: Content-Security-Policy %q", what, got)
	}
}

func TestDirectReturnsListedResponseHeadersOnly(t *testing.T) {
	t.Parallel()
	onEachService(t, directReturnsListedResponseHeadersOnly)
}

func directReturnsListedResponseHeadersOnly(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	for _, path := range []string{"echo/x", "nothing", "redirect?to=https://evil.example/"} {
		a := w.as(c, http.MethodGet, "/v1/direct/"+path)
		checkHarmless(t, path, a.header)
		checkGuarded(t, path, a.header)
	}
	returned := map[string]string{
		"Etag": `"7"`, "Content-Type": "text/html", "Retry-After": "9", "Content-Disposition": "attachment", "Last-Modified": "Sun, 01 Mar 2026 12:00:00 GMT",
		"Content-Encoding": "br", s.ownAnswer: "active", "Cache-Control": "private",
	}
	delete(returned, "") // of a provider with no header of its own
	var foreign []string
	for _, other := range s.others() {
		if other.ownAnswer != "" {
			foreign = append(foreign, other.ownAnswer)
		}
	}
	w.upstream(func(res http.ResponseWriter, _ *http.Request) {
		for _, name := range append(foreign, harmful...) {
			res.Header().Set(name, "planted")
		}
		res.Header().Set("Content-Security-Policy", "default-src *")
		res.Header().Set("X-Content-Type-Options", "sniff")
		res.Header().Set("X-Request-Id", "the-providers")
		for name, value := range returned {
			res.Header().Set(name, value)
		}
		_, _ = io.WriteString(res, "<script>alert(1)</script>")
	})
	a := w.as(c, http.MethodGet, "/v1/direct/any", "Accept-Encoding", "br")
	checkHarmless(t, "own upstream", a.header)
	checkGuarded(t, "own upstream", a.header)
	for _, name := range foreign {
		if got := a.header.Values(name); len(got) > 0 {
			t.Errorf("%s of another provider came back: %q", name, got)
		}
	}
	for name, value := range returned {
		if got := a.header.Get(name); got != value {
			t.Errorf("%s came back as %q, want %q", name, got, value)
		}
	}
	if got := a.header.Values("X-Request-Id"); len(got) != 1 || !strings.Contains(w.log.String(), got[0]) {
		t.Errorf("X-Request-Id %q is not the one in the log", got)
	}
}

func TestDirectTrailersPassByTheSameList(t *testing.T) {
	t.Parallel()
	onEachService(t, directTrailersPassByTheSameList)
}

func directTrailersPassByTheSameList(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	w.upstream(func(res http.ResponseWriter, _ *http.Request) {
		res.Header().Set("Trailer", "Etag, Set-Cookie, Clear-Site-Data")
		_, _ = io.WriteString(res, "body")
		res.Header().Set("Etag", `"late"`)
		res.Header().Set("Set-Cookie", "a=b")
		res.Header().Set("Clear-Site-Data", "*")
		res.Header().Set(http.TrailerPrefix+"Strict-Transport-Security", "max-age=1") // not announced
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/v1/direct/any", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", c.bearer())
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "body" {
		t.Fatalf("%q, %v", body, err)
	}
	checkHarmless(t, "trailers", res.Trailer)
	if got := res.Trailer.Get("Etag"); got != `"late"` {
		t.Errorf("trailers %v lack the Etag", res.Trailer)
	}
}

// Nor do a caller's trailers reach the provider, not even their names.
func TestDirectKeepsTheCallersTrailersBack(t *testing.T) {
	t.Parallel()
	onEachService(t, directKeepsTheCallersTrailersBack)
}

func directKeepsTheCallersTrailersBack(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	w.upstream(func(res http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, req.Body)
		_ = json.NewEncoder(res).Encode(req.Trailer)
	})
	body, feed := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/v1/direct/any", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", c.bearer())
	req.Trailer = http.Header{"Cookie": nil, "X-Http-Method-Override": nil}
	go func() {
		_, _ = io.WriteString(feed, "body")
		req.Trailer.Set("Cookie", "a=b")
		req.Trailer.Set("X-Http-Method-Override", "DELETE")
		_ = feed.Close()
	}()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	got, err := io.ReadAll(res.Body)
	if err != nil || strings.Contains(string(got), "Cookie") || strings.Contains(string(got), "Override") {
		t.Errorf("the provider received the trailers %s, %v", got, err)
	}
}

// An interim answer (RFC 9110 §15.2) has headers too, which no list would see.
func TestDirectKeepsInterimAnswersBack(t *testing.T) {
	t.Parallel()
	onEachService(t, directKeepsInterimAnswersBack)
}

func directKeepsInterimAnswersBack(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	w.upstream(func(res http.ResponseWriter, _ *http.Request) {
		res.Header().Set("Link", "<https://evil.example/>; rel=preload")
		res.Header().Set("Set-Cookie", "a=b")
		res.WriteHeader(http.StatusEarlyHints)
		res.Header().Del("Link")
		res.Header().Del("Set-Cookie")
		_, _ = io.WriteString(res, "body")
	})
	a := w.raw(http.MethodGet, "/v1/direct/any", "Authorization", c.bearer(), "Origin", ownOrigin, "Connection", "close")
	if a.status != http.StatusOK || a.body != "body" {
		t.Errorf("the first answer is %d %q with %v", a.status, a.body, a.header)
	}
	checkHarmless(t, "after an interim answer", http.Header{"Link": a.header["Link"], "Set-Cookie": a.header["Set-Cookie"]})
	checkGuarded(t, "after an interim answer", a.header)
	crossOrigin(t, "after an interim answer", a, ownOrigin, true)
	if a.header.Get("X-Request-Id") == "" {
		t.Error("the request id is lost")
	}
}

func TestDirectHandsRedirectsBack(t *testing.T) {
	t.Parallel()
	onEachService(t, directHandsRedirectsBack)
}

func directHandsRedirectsBack(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	for _, status := range []int{301, 302, 303, 307, 308} {
		before := w.calls().API
		a := w.as(c, http.MethodGet, fmt.Sprintf("/v1/direct/redirect?status=%d&to=%s%secho/followed", status, w.boxURL, s.echo))
		if a.status != status || a.location() != w.boxURL+s.echo+"echo/followed" || w.calls().API != before+1 {
			t.Errorf("%d: got %d to %q after %d calls", status, a.status, a.location(), w.calls().API-before)
		}
	}
}

func TestDirectDoesNotTunnel(t *testing.T) {
	t.Parallel()
	onEachService(t, directDoesNotTunnel)
}

func directDoesNotTunnel(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	upgrade := []string{
		"Authorization", c.bearer(), "Connection", "Upgrade", "Upgrade", "websocket",
		"Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==",
	}
	e := w.raw(http.MethodGet, "/v1/direct/echo/ws", upgrade...).echo(t)
	for _, name := range []string{"Connection", "Upgrade", "Sec-Websocket-Key", "Sec-Websocket-Version"} {
		if got := e.Headers.Values(name); len(got) > 0 {
			t.Errorf("%s reached the provider: %q", name, got)
		}
	}
	// A provider that switches protocols all the same.
	w.apiAt("http://" + answering(t, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nraw bytes"))
	refused(t, w.raw(http.MethodGet, "/v1/direct/any", upgrade...), http.StatusBadGateway, "provider.unavailable")
	refused(t, w.as(c, http.MethodGet, "/v1/direct/any"), http.StatusBadGateway, "provider.unavailable")
}

// answering listens and answers each connection with the same bytes, then closes
// it. It returns the address.
func answering(t *testing.T, bytes string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = io.WriteString(conn, bytes)
			_ = conn.Close()
		}
	}()
	return listener.Addr().String()
}
