package signin_test

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/signin"
)

// made are the pages, read once: they hold nothing of a test.
var made = sync.OnceValues(signin.New)

func pages(t *testing.T) *signin.Pages {
	t.Helper()
	p, err := made()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// seen is whom a page is shown to: an English browser, for an application with an
// awkward name, unless a test says otherwise.
func seen(look []signin.Look) signin.Look {
	if len(look) > 0 {
		return look[0]
	}
	return signin.Look{ApplicationName: "Clinic & Co"}
}

func drawn(t *testing.T, page signin.ErrorPage, look ...signin.Look) *httptest.ResponseRecorder {
	t.Helper()
	if page.Status == 0 {
		page.Status = http.StatusBadRequest
	}
	w := httptest.NewRecorder()
	pages(t).Error(w, seen(look), page)
	return w
}

var href = regexp.MustCompile(`<a id="back"[^>]* href="([^"]*)"`)

// link is the way back on a page, as the browser reads it; empty for none.
func link(body string) string {
	if m := href.FindStringSubmatch(body); m != nil {
		return html.UnescapeString(m[1])
	}
	return ""
}

func TestErrorPageSpeaksToAPersonFirst(t *testing.T) {
	t.Parallel()
	w := drawn(t, signin.ErrorPage{
		Status: http.StatusForbidden, Code: "returnurl.invalid", RequestID: "req-1",
		Message: "returnurl.invalid: The address v1.example is not registered. Register it (exactly). Then try again.",
		BackURL: "https://clinic.example/back?status=error",
	})
	if w.Code != http.StatusForbidden {
		t.Errorf("status %d", w.Code)
	}
	body := w.Body.String()
	for _, want := range []string{
		`<html lang="en" dir="ltr">`,
		`<h1 id="message">The address v1.example is not registered.</h1>`,
		`<p id="next">Register it (exactly). Then try again.</p>`,
		`<code id="code">returnurl.invalid</code>`,
		`<code id="request-id">req-1</code>`,
		`>Back to Clinic &amp; Co</a>`,
		`rel="noreferrer"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s:\n%s", want, body)
		}
	}
	if n := strings.Count(body, "<h1"); n != 1 {
		t.Errorf("%d headings of the first level", n)
	}
}

func TestEveryFaultReads(t *testing.T) {
	t.Parallel()
	for _, e := range fault.Catalogue() {
		body := drawn(t, signin.ErrorPage{Code: string(e.Code), Message: e.Text}).Body.String()
		if strings.Contains(body, `<h1 id="message"></h1>`) || strings.Contains(body, `<h1 id="message">`+string(e.Code)+":") {
			t.Errorf("%s has no human sentence as its heading", e.Code)
		}
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	h := drawn(t, signin.ErrorPage{Code: "c", Message: "m"}).Header()
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	policy := h.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy %q lacks %s", policy, want)
		}
	}
}

// A browser hashes the text between the style tags: one changed byte and the page
// would be bare.
func TestPolicyAdmitsTheStyleThatIsSent(t *testing.T) {
	t.Parallel()
	w := drawn(t, signin.ErrorPage{Code: "c", Message: "m"})
	m := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(w.Body.String())
	if m == nil || len(m[1]) < 500 {
		t.Fatal("the page carries no style sheet")
	}
	sum := sha256.Sum256([]byte(m[1]))
	want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, want) {
		t.Errorf("the policy %q does not admit the style (%s)", policy, want)
	}
	if strings.Contains(w.Body.String(), "style=") {
		t.Error("a style attribute would be refused by the policy")
	}
}

func TestHostileWordsStayWords(t *testing.T) {
	t.Parallel()
	const evil = `</style><script>alert(1)</script>"><img src=x onerror=alert(1)>`
	body := drawn(t, signin.ErrorPage{
		Code: evil, Message: evil + ". " + evil, RequestID: evil,
		BackURL: "https://app.example/?x=1",
	}, signin.Look{ApplicationName: evil}).Body.String()
	for _, bad := range []string{"<script", "<img"} {
		if strings.Contains(body, bad) {
			t.Errorf("the page carries %s of a caller:\n%s", bad, body)
		}
	}
}

func TestWayBack(t *testing.T) {
	t.Parallel()
	keeps := []string{
		"https://app.example/back?status=error&code=Ab-_9&state=a%26b#accessToken=x",
		"http://127.0.0.1:8081/connected?x=1",
		"http://[::1]:8081/",
		"myapp://connected?status=error",
		"com.example.app:/connected",
	}
	for _, raw := range keeps {
		if got := link(drawn(t, signin.ErrorPage{Code: "c", Message: "m", BackURL: raw}).Body.String()); got != raw {
			t.Errorf("the way back %q became %q", raw, got)
		}
	}
	refused := []string{
		"", "javascript:alert(1)", "JaVaScript:alert(1)", " javascript:alert(1)", "java\tscript:alert(1)", "\x01javascript:alert(1)",
		"data:text/html,x", "vbscript:x", "file:///etc/passwd", "blob:https://a/b", "view-source:https://a/",
		"//evil.example/", "https://a.example/x y", "https://a.example/\u202eexe", "/relative", "https:///nohost", "https://user@evil.example/", `https://a.example/"onclick="x`, `https:\\evil.example`,
	}
	for _, raw := range refused {
		if body := drawn(t, signin.ErrorPage{Code: "c", Message: "m", BackURL: raw}).Body.String(); strings.Contains(body, "<a ") {
			t.Errorf("%q became a link: %q", raw, link(body))
		}
	}
}
