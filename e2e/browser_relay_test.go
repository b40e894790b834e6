package e2e_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/avain-project/avain/internal/testenv"
)

// relayPageJourneys run docs/relay/index.html in Chromium, served from a host of
// its own, with the one line edited that its owner edits. What the browser
// complains about fails it, a script whose hash is not the policy's first of all.
func relayPageJourneys() map[string]func(*visitor, *site) {
	return map[string]func(*visitor, *site){
		"with an odd query":     relayedOddQuery,
		"without a query":       relayedNothing,
		"without scripts":       relayWithoutScripts,
		"before it was edited":  relayNotSetUp(""),
		"edited with a path":    relayNotSetUp("https://avain.example.com/"),
		"edited with no scheme": relayNotSetUp("avain.example.com"),
		"edited with a script":  relayNotSetUp("javascript:alert(1)//"),
	}
}

// TestRelayPageKeepsItsPolicy tells without a browser whether script and style
// belong to their hashes.
func TestRelayPageKeepsItsPolicy(t *testing.T) {
	t.Parallel()
	page := relayPage(t, "https://avain.example.com")
	hash := func(element string) string {
		inside := regexp.MustCompile(`(?s)<` + element + `>(.*?)</` + element + `>`).FindStringSubmatch(page)
		if len(inside) != 2 {
			t.Fatalf("the page has no %s:\n%s", element, page)
		}
		sum := sha256.Sum256([]byte(inside[1]))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	for _, want := range []string{
		"default-src 'none'; script-src " + hash("script") + "; style-src " + hash("style") + "; base-uri 'none';",
		`<meta name="referrer" content="no-referrer">`, `<meta name="robots" content="noindex">`, "<noscript>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

// relayPage is the page as its owner has edited it.
func relayPage(t testing.TB, avain string) string {
	t.Helper()
	read, err := os.ReadFile(filepath.Join(testenv.Root(t), "docs", "relay", "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	const line = `<meta name="avain" content="">`
	if strings.Count(string(read), line) != 1 {
		t.Fatalf("the page has no line %s to edit", line)
	}
	return strings.Replace(string(read), line, `<meta name="avain" content="`+avain+`">`, 1)
}

// servingPage is a host for files: no header but the type.
func servingPage(page string) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		_, _ = rw.Write([]byte(page))
	})
}

// handedOn checks the one way over the relay: the same bytes, no referrer.
func (s *site) handedOn(v *visitor) {
	v.t.Helper()
	at, on := v.addresses(s.relay), v.addresses(s.url+"/v1/auth/callback")
	if len(at) != 1 || len(on) != 1 {
		v.t.Fatalf("at the relay %q, handed on as %q", at, on)
	}
	if was, is := strings.TrimPrefix(at[0], s.relay), strings.TrimPrefix(on[0], s.url+"/v1/auth/callback"); was != is {
		v.t.Errorf("the relay makes %s of %s", is, was)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, request := range v.opened {
		if request.Request.URL == on[0] && request.Request.Headers["Referer"] != nil {
			v.t.Errorf("the relay sends the referrer %v", request.Request.Headers["Referer"])
		}
	}
}

func relayedConsent(v *visitor, s *site) {
	s.overRelay()
	s.begin(v)
	v.consents("ada")
	s.connected(v, s.answered(v), "ada@sandbox.test")
	s.handedOn(v)
}

func relayedDenial(v *visitor, s *site) {
	s.overRelay()
	s.begin(v)
	v.clicks("#deny")
	s.failed(v, "access_denied")
	s.handedOn(v)
}

// relayedOddQuery hands on what parsing and writing anew would change.
func relayedOddQuery(v *visitor, s *site) {
	v.forgive(badRequest)
	v.open(s.relay + `?state=never%2fmade%2FHere&code=a+b%20c%2Bd&scope=&&=&iss&x='()*~!@:/?;[]|^` + "`" + `{}"<>%00%e4%C3%A4ä&y=%26%3D%23#fragment`)
	v.errorPage("parameter.invalid") // the semicolon
	s.handedOn(v)
	if strings.Contains(v.address(), "fragment") {
		v.t.Errorf("the fragment came along: %s", v.address())
	}
}

func relayedNothing(v *visitor, s *site) {
	v.forgive(badRequest)
	v.open(s.relay)
	v.errorPage("state.missing")
}

// relayWithoutScripts: a person whose browser runs no scripts is told so, on an
// address that still works once it does.
func relayWithoutScripts(v *visitor, s *site) {
	_, err := chromedp.Call(v.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	if err != nil {
		v.t.Fatal(err)
	}
	address := s.relay + "?state=s&code=c"
	v.open(address)
	if got := v.reads("body"); !strings.Contains(got, "JavaScript") {
		v.t.Errorf("the page says %q", got)
	}
	if got := v.address(); got != address {
		v.t.Errorf("the browser is at %s", got)
	}
}

// relayNotSetUp is a page whose line names no origin: it says so and stays.
func relayNotSetUp(avain string) func(*visitor, *site) {
	return func(v *visitor, _ *site) {
		page := httptest.NewServer(servingPage(relayPage(v.t, avain)))
		v.t.Cleanup(page.Close)
		address := page.URL + "/?state=s&code=c"
		v.open(address)
		if got := v.reads("#message"); !strings.Contains(got, "not set up") {
			v.t.Errorf("the page says %q", got)
		}
		if got := v.address(); got != address {
			v.t.Errorf("the browser is at %s", got)
		}
		if avain == "" { // the others look the same
			v.proof("relay-not-set-up")
		}
	}
}
