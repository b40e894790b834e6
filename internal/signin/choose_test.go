package signin_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/signin"
)

func chosen(t *testing.T, page signin.ChoosePage, look ...signin.Look) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	pages(t).Choose(w, seen(look), page)
	return w
}

// twoChoices have buttons of their own look; their addresses are what came in.
func twoChoices() []connect.Choice {
	return []connect.Choice{
		{ServiceType: account.Google, URL: "?a=%2f&u=https://app.example/&serviceType=Google", Button: provider.Button{
			Label: "Sign in with One", Hint: "An account of One", Logo: `<svg viewBox="0 0 1 1"></svg>`, Corner: 4,
			Light: provider.Colors{Fill: "#111111", Border: "#222222", Label: "#333333"},
			Dark:  provider.Colors{Fill: "#444444", Border: "#555555", Label: "#666666"},
		}},
		{ServiceType: account.Office365, URL: "?a=1", Button: provider.Button{Label: "Sign in with Two"}},
	}
}

func TestChoosePage(t *testing.T) {
	t.Parallel()
	w := chosen(t, signin.ChoosePage{Choices: twoChoices(), BackURL: "https://app.example/back?status=error"})
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	body := w.Body.String()
	for _, want := range []string{
		`<title>Connect an account to Clinic &amp; Co</title>`,
		`<h1 id="message">Connect an account to Clinic &amp; Co</h1>`,
		`<a id="choose-Google" class="choice" href="?a=%2f&amp;u=https://app.example/&amp;serviceType=Google" rel="noreferrer" aria-describedby="hint-Google">` +
			`<svg viewBox="0 0 1 1"></svg><span>Sign in with One</span></a><small id="hint-Google">An account of One</small>`,
		`<a id="choose-Office365" class="choice" href="?a=1" rel="noreferrer"><span>Sign in with Two</span></a></li>`,
		`#choose-Google { background-color: #111111; border-color: #222222; color: #333333; border-radius: 4px; }`,
		`@media (prefers-color-scheme: dark) { #choose-Google { background-color: #444444; border-color: #555555; color: #666666; border-radius: 4px; } }`,
		`>Back to Clinic &amp; Co</a>`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s:\n%s", want, body)
		}
	}
	if got := link(body); got != "https://app.example/back?status=error" {
		t.Errorf("the way back is %q", got)
	}
	if n := strings.Count(body, "<h1"); n != 1 {
		t.Errorf("%d headings of the first level", n)
	}
}

// The buttons' colours are part of the one style sheet that the policy admits.
func TestPolicyAdmitsTheButtonsColors(t *testing.T) {
	t.Parallel()
	w := chosen(t, signin.ChoosePage{Choices: twoChoices()})
	styles := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindAllStringSubmatch(w.Body.String(), -1)
	if len(styles) != 1 || !strings.Contains(styles[0][1], "#choose-Office365") {
		t.Fatalf("%d style sheets", len(styles))
	}
	sum := sha256.Sum256([]byte(styles[0][1]))
	if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"';") {
		t.Errorf("the policy is %q", policy)
	}
	if strings.Contains(w.Body.String(), "style=") {
		t.Error("a style attribute would be refused by the policy")
	}
}

// A choice leads nowhere but to the page's own path.
func TestAChoiceStaysOnTheHost(t *testing.T) {
	t.Parallel()
	for _, evil := range []string{"", "https://evil.example/", "//evil.example/", "javascript:alert(1)", "/elsewhere", " ?a=1"} {
		body := chosen(t, signin.ChoosePage{Choices: []connect.Choice{{ServiceType: account.Google, URL: evil}}}).Body.String()
		if !strings.Contains(body, `<a id="choose-Google" class="choice" href=""`) {
			t.Errorf("%q became a link:\n%s", evil, body)
		}
	}
}

func TestHostileWordsOnTheChoosePage(t *testing.T) {
	t.Parallel()
	const evil = `</style></title><script>alert(1)</script>"><img src=x onerror=alert(1)>`
	page := signin.ChoosePage{Choices: twoChoices(), BackURL: "javascript:alert(1)"}
	page.Choices[0].URL = "?state=" + evil
	body := chosen(t, page, signin.Look{ApplicationName: evil}).Body.String()
	for _, bad := range []string{"<script", "<img", `id="back"`, "javascript:"} {
		if strings.Contains(body, bad) {
			t.Errorf("the page carries %s of a caller:\n%s", bad, body)
		}
	}
}
