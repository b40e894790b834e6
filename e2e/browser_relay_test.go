package e2e_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/demo"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/testenv"
)

// TestBrowserRelayPage runs docs/relay/index.html in Chromium, served from a host
// of its own, with the one line edited that its owner edits. What the browser
// complains about fails it, a script whose hash is not the policy's first of all.
func TestBrowserRelayPage(t *testing.T) {
	t.Parallel()
	chromium := startChromium(t)
	for name, journey := range map[string]func(*visitor, *relayWorld){
		"allow":                 relayedConsent,
		"deny":                  relayedDenial,
		"an odd query":          relayedOddQuery,
		"without a query":       relayedNothing,
		"without scripts":       relayWithoutScripts,
		"before it was edited":  relayNotSetUp(""),
		"edited with a path":    relayNotSetUp("https://avain.example.com/"),
		"edited with no scheme": relayNotSetUp("avain.example.com"),
		"edited with a script":  relayNotSetUp("javascript:alert(1)//"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			journey(newVisitor(t, chromium, demo.Ready{}), startRelayWorld(t))
		})
	}
}

// TestRelayPageKeepsItsPolicy tells without a browser whether the script and its
// hash belong together.
func TestRelayPageKeepsItsPolicy(t *testing.T) {
	t.Parallel()
	page := relayPage(t, "https://avain.example.com")
	script := regexp.MustCompile(`(?s)<script>(.*?)</script>`).FindStringSubmatch(page)
	if len(script) != 2 {
		t.Fatalf("the page has no script:\n%s", page)
	}
	sum := sha256.Sum256([]byte(script[1]))
	for _, want := range []string{
		"default-src 'none'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "';",
		`<meta name="referrer" content="no-referrer">`, `<meta name="robots" content="noindex">`, "<noscript>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

// relayWorld is a world whose provider sends browsers to the relay page, on
// localhost, and whose application has a page to come back to.
type relayWorld struct {
	*world
	relay     string // the page's address
	returnURL string
}

func startRelayWorld(t *testing.T) *relayWorld {
	t.Helper()
	w := start(t)
	application := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = rw.Write([]byte(`<!doctype html><title>Application</title><link rel="icon" href="data:,"><p id="back">Back.</p>`))
	}))
	t.Cleanup(application.Close)
	r := &relayWorld{world: w, returnURL: application.URL + "/connected"}
	created, password, err := w.ops.CreateApplication(t.Context(), operator.CreateApplication{
		Name: "Relayed", ReturnURLs: []string{r.returnURL}, Settings: account.Settings{},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.client, w.password = created, password.Reveal()
	w.registerProvider(created.ClientID)
	r.relay = w.relayed(servingPage(relayPage(t, w.url)), false)
	return r
}

// relayPage is the page as its owner has edited it.
func relayPage(t *testing.T, avain string) string {
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

func (r *relayWorld) begin(v *visitor) {
	v.t.Helper()
	v.open(r.url + "/v1/auth/authorize?" + url.Values{
		"clientId": {r.client.ClientID}, "serviceType": {"Google"}, "scopes": {"Mail.Read"},
		"returnUrl": {r.returnURL}, "state": {"app-state"},
	}.Encode())
	v.sees("#allow")
}

// handedOn checks the one way over the relay: the same bytes, no referrer.
func (r *relayWorld) handedOn(v *visitor) {
	v.t.Helper()
	at, on := v.addresses(r.relay), v.addresses(r.url+"/v1/auth/callback")
	if len(at) != 1 || len(on) != 1 {
		v.t.Fatalf("at the relay %q, handed on as %q", at, on)
	}
	if was, is := strings.TrimPrefix(at[0], r.relay), strings.TrimPrefix(on[0], r.url+"/v1/auth/callback"); was != is {
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

func (r *relayWorld) answered(v *visitor) url.Values {
	v.t.Helper()
	v.sees("#back")
	u, err := url.Parse(v.address())
	if err != nil {
		v.t.Fatal(err)
	}
	if !strings.HasPrefix(u.String(), r.returnURL+"?") || u.Query().Get("state") != "app-state" {
		v.t.Errorf("the browser ends at %s", u)
	}
	return u.Query()
}

func relayedConsent(v *visitor, r *relayWorld) {
	r.begin(v)
	v.consents("ada")
	r.redeemedAccount(r.answered(v))
	r.handedOn(v)
}

func relayedDenial(v *visitor, r *relayWorld) {
	r.begin(v)
	v.clicks("#deny")
	if result := r.answered(v); result.Get("error") != "access_denied" {
		v.t.Errorf("the application gets %v", result)
	}
	r.handedOn(v)
}

// relayedOddQuery hands on what parsing and writing anew would change.
func relayedOddQuery(v *visitor, r *relayWorld) {
	v.forgive(badRequest)
	v.open(r.relay + `?state=never%2fmade%2FHere&code=a+b%20c%2Bd&scope=&&=&iss&x='()*~!@:/?;[]|^` + "`" + `{}"<>%00%e4%C3%A4ä&y=%26%3D%23#fragment`)
	v.errorPage("parameter.invalid") // the semicolon
	r.handedOn(v)
	if strings.Contains(v.address(), "fragment") {
		v.t.Errorf("the fragment came along: %s", v.address())
	}
}

func relayedNothing(v *visitor, r *relayWorld) {
	v.forgive(badRequest)
	v.open(r.relay)
	v.errorPage("state.missing")
}

// relayWithoutScripts: a person whose browser runs no scripts is told so, on an
// address that still works once it does.
func relayWithoutScripts(v *visitor, r *relayWorld) {
	_, err := chromedp.Call(v.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	if err != nil {
		v.t.Fatal(err)
	}
	address := r.relay + "?state=s&code=c"
	v.open(address)
	if got := v.reads("body"); !strings.Contains(got, "JavaScript") {
		v.t.Errorf("the page says %q", got)
	}
	if got := v.address(); got != address {
		v.t.Errorf("the browser is at %s", got)
	}
}

// relayNotSetUp is a page whose line names no origin: it says so and stays.
func relayNotSetUp(avain string) func(*visitor, *relayWorld) {
	return func(v *visitor, _ *relayWorld) {
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
	}
}
