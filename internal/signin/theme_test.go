package signin_test

import (
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/brand"
	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/signin"
)

// variables are the custom properties of a page, as they end up: light and dark.
func variables(t *testing.T, body string) (light, dark map[string]string) {
	t.Helper()
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(body)[1]
	light, dark = map[string]string{}, map[string]string{}
	for _, block := range regexp.MustCompile(`(?s)(@media \(prefers-color-scheme: dark\) \{\s*)?:root \{(.*?)\}`).FindAllStringSubmatch(style, -1) {
		for _, m := range regexp.MustCompile(`(--[a-z-]+): (#[0-9a-f]{6})`).FindAllStringSubmatch(block[2], -1) {
			dark[m[1]] = m[2]
			if block[1] == "" {
				light[m[1]] = m[2]
				delete(dark, m[1])
			}
		}
	}
	return light, dark
}

func color(t *testing.T, text string) brand.Color {
	t.Helper()
	c, err := brand.ParseColor(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return c
}

// The most awkward brands can be read, in both schemes, as words on buttons and as words
// and borders on the page. The grounds are those that the page itself has.
func TestABrandsColorsCanBeRead(t *testing.T) {
	t.Parallel()
	for _, c := range []string{"", "#ffffff", "#000000", "#ffff00", "#FF0000", "#808080", "#1a222a", "#eef1f4"} {
		body := drawn(t, signin.ErrorPage{Message: "It broke.", TryAgainURL: "/again"}, signin.Look{ApplicationName: "Clinic", Brand: brand.Brand{Color: c}}).Body.String()
		light, dark := variables(t, body)
		for scheme, v := range map[string]map[string]string{"light": light, "dark": dark} {
			if c != "" && v["--act"] != strings.ToLower(c) {
				t.Errorf("%s, %s: buttons are %s", c, scheme, v["--act"])
			}
			for _, pair := range []struct {
				over, under string
				want        float64
			}{
				{"--act-ink", "--act", brand.WordsContrast},
				{"--act-text", "--card", brand.WordsContrast},
				{"--act-text", "--ground", brand.WordsContrast},
				{"--act-line", "--card", brand.BorderContrast},
				{"--ink", "--card", brand.WordsContrast},
				{"--quiet", "--ground", brand.WordsContrast},
			} {
				if got := brand.Contrast(color(t, v[pair.over]), color(t, v[pair.under])); got < pair.want {
					t.Errorf("%q, %s: %s on %s has %.2f, want %.1f", c, scheme, pair.over, pair.under, got, pair.want)
				}
			}
		}
	}
}

func TestADarkPageHasItsOwnColor(t *testing.T) {
	t.Parallel()
	body := drawn(t, signin.ErrorPage{Message: "It broke."}, signin.Look{Brand: brand.Brand{Color: "#5b3fa6", ColorDark: "#bba6f2"}}).Body.String()
	light, dark := variables(t, body)
	if light["--act"] != "#5b3fa6" || dark["--act"] != "#bba6f2" {
		t.Errorf("%v %v", light, dark)
	}
}

const evilBrand = `</style><script>alert(1)</script>`

// Every page carries logo and links, and nothing that a stored brand should not hold.
func TestEveryPageCarriesTheBrand(t *testing.T) {
	t.Parallel()
	hash := strings.Repeat("a", 42) + "A"
	look := signin.Look{ApplicationName: `Clinic "& Co`, Brand: brand.Brand{Color: "#ffd200", Logo: hash, PrivacyURL: "https://c.example/privacy", TermsURL: "https://c.example/terms"}}
	evil := signin.Look{ApplicationName: evilBrand, Brand: brand.Brand{Color: evilBrand, ColorDark: evilBrand, Logo: evilBrand, PrivacyURL: "javascript:alert(1)", TermsURL: evilBrand}}
	draw := func(name string, l signin.Look) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		switch name {
		case "error":
			pages(t).Error(w, l, signin.ErrorPage{Status: 400, Message: "It broke."})
		case "choose":
			pages(t).Choose(w, l, signin.ChoosePage{})
		case "partial":
			pages(t).Partial(w, l, signin.PartialPage{Missing: []scope.Scope{scope.MailRead}})
		case "admin":
			pages(t).Admin(w, l, signin.AdminPage{})
		case "approved":
			pages(t).Approved(w, l)
		case "form":
			pages(t).Form(w, l, signin.FormPage{Status: 200, Form: connect.Form{Fields: askedFor()}})
		case "done":
			pages(t).Done(w, l, signin.DonePage{Status: 200, Location: "https://c.example/"})
		case "end":
			pages(t).End(w, l, signin.EndPage{Origins: []string{"https://c.example"}})
		}
		return w
	}
	templates, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range templates {
		name, page := strings.CutSuffix(f.Name(), ".html")
		if !page || name == "layout" {
			continue
		}
		w := draw(name, look)
		has(t, w, `<link rel="icon" href="/v1/auth/logo/`+hash+`">`, `<img id="logo" src="/v1/auth/logo/`+hash+`" alt="Clinic &#34;&amp; Co">`, `--act: #ffd200`,
			`<a id="privacy" href="https://c.example/privacy" rel="noreferrer">Privacy</a>`, `<a id="terms" href="https://c.example/terms"`)
		if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "img-src 'self';") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: the policy is %q", name, policy)
		}
		w = draw(name, evil)
		has(t, w, "!<script>alert", "!<img", `!"javascript:`)
		if name != "end" {
			has(t, w, "!<script")
		}
		if policy := w.Header().Get("Content-Security-Policy"); strings.Contains(policy, "img-src") {
			t.Errorf("%s: without a logo, the policy is %q", name, policy)
		}
	}
}
