package e2e_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/avain-project/avain/internal/brand"
	"github.com/avain-project/avain/internal/demo"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/provider"
)

// TestBrowserBrand shows an application's face on our pages in Chromium: in the most
// awkward colours, in another language, and at a host of its own.
func TestBrowserBrand(t *testing.T) {
	t.Parallel()
	browser := startChromium(t)
	for name, c := range map[string]string{"white": "#ffffff", "black": "#000000", "yellow": "#ffff00"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := brandedSite(t, c)
			brandedPages(newVisitor(t, browser, demo.Ready{}), s, name)
		})
	}
	t.Run("at its own host", func(t *testing.T) {
		t.Parallel()
		s := brandedSite(t, "#5b3fa6")
		s.home = s.proxied("http", aliasHost, true).URL
		s.setAlias(s.home)
		v := newVisitor(t, browser, demo.Ready{})
		s.toForm(v)
		v.branded(s)
	})
	for language, words := range lastWords() {
		t.Run("the last pages, "+language, func(t *testing.T) {
			t.Parallel()
			lastPages(newVisitor(t, browser, demo.Ready{}), brandedSite(t, "#0b6e4f"), language, words)
		})
	}
	t.Run("in German", func(t *testing.T) {
		t.Parallel()
		germanPages(newVisitor(t, browser, demo.Ready{}), brandedSite(t, "#0b6e4f"))
	})
}

// brandedSite is a site whose application offers Google and a mailbox, and has a face.
func brandedSite(t *testing.T, fill string) *site {
	t.Helper()
	office := &postOffice{answers: map[string]*provider.Error{
		"closed.test": {Class: provider.User, Code: provider.CodeServerUnreachable, Field: "imapHost"},
	}}
	s := startSite(t, "Google", "code", office.beside)
	s.takesMail(s.client.ClientID)
	logo, err := brand.ReadLogo(drawnLogo(t))
	if err != nil {
		t.Fatal(err)
	}
	privacy, terms := "https://app.example/privacy", "https://app.example/terms"
	s.client, err = s.ops.SetApplication(t.Context(), s.client.ClientID, operator.SetApplication{
		BrandColor: &fill, Logo: &logo, PrivacyURL: &privacy, TermsURL: &terms,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.service = "IMAP"
	return s
}

// drawnLogo is a black word on nothing: the kind that a dark page swallows.
func drawnLogo(t *testing.T) []byte {
	t.Helper()
	picture := image.NewNRGBA(image.Rect(0, 0, 240, 80))
	for x := range 240 {
		for y := range 80 {
			if x/24%2 == 0 && y > 16 && y < 64 {
				picture.SetNRGBA(x, y, color.NRGBA{A: 255})
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// branded checks that the page has the logo, loaded from where the page is, and the links.
func (v *visitor) branded(s *site) {
	v.t.Helper()
	v.sees("#logo")
	source := run(v, "find the logo", chromedp.Evaluate[string]("document.querySelector('#logo').src"))
	if source != s.home+"/v1/auth/logo/"+s.client.Brand.Logo {
		v.t.Errorf("the logo is at %s", source)
	}
	if wide := run(v, "look at the logo", chromedp.Evaluate[int]("document.querySelector('#logo').naturalWidth")); wide != 240 {
		v.t.Errorf("the logo was not drawn: %d pixels wide", wide)
	}
	if said := run(v, "read what stands for the logo", chromedp.Evaluate[string]("document.querySelector('#logo').alt")); said != s.client.Name {
		v.t.Errorf("where the logo is not seen, the page says %q", said)
	}
	if v.counts("#privacy") != 1 || v.counts("#terms") != 1 {
		v.t.Error("the links are missing")
	}
}

func brandedPages(v *visitor, s *site, name string) {
	v.forgive(wasForbidden)
	v.forgive(badRequest)
	s.begin(v, "serviceType", "", "scopes", "Mail.Read")
	v.sees("#choose-IMAP")
	v.branded(s)
	v.proof("brand-choose-" + name)
	v.clicks("#choose-IMAP")
	v.types("#field-email", "ada@mail.test")
	v.branded(s)
	v.proof("brand-form-" + name)
	v.types("#field-password", "wrong")
	v.clicks("#submit")
	v.sees("#problem")
	v.proof("brand-refused-" + name)

	s.begin(v, "serviceType", "Google", "loginHint", "ada+untick@sandbox.test")
	v.clicks("#allow")
	v.sees("#missing")
	v.branded(s)
	v.proof("brand-partial-" + name)
	question := v.address()
	v.clicks("#without")
	v.sees("#back")
	v.open(question)
	v.errorPage("state.used")
	v.branded(s)
	v.proof("brand-error-" + name)
}

// germanPages asks in German. What drivers and faults say is German as well; what the
// application is told stays English.
func germanPages(v *visitor, s *site) {
	v.forgive(wasForbidden)
	v.forgive(badRequest)
	v.speaks("de-CH,de")
	s.begin(v, "serviceType", "", "scopes", "Mail.Read")
	v.sees("#choose-IMAP")
	v.german("E2E verbinden")
	v.proof("german-choose")
	v.clicks("#choose-IMAP")
	v.types("#field-email", "ada@mail.test")
	v.german("E2E möchte:")
	v.types("#field-password", "wrong")
	v.clicks("#submit")
	v.sees("#problem")
	v.german("Der Server nimmt diesen Anmeldenamen")
	v.proof("german-form")
	v.clicks("#cancel")
	v.sees("#back")
	if details := v.address(); !strings.Contains(details, "The+sign-in+was+declined") {
		v.t.Errorf("the application is told %s", details)
	}
}

// lastWords are the titles of the pages at which sign-ins end, in every language.
func lastWords() map[string][4]string {
	return map[string][4]string{
		"en": {"Some of the access was left out.", "An administrator must approve E2E first.", "E2E is approved", "Your account is connected."},
		"de": {"Ein Teil des Zugriffs fehlt.", "E2E braucht zuerst die Zulassung", "E2E ist", "Ihr Konto ist verbunden."},
	}
}

// lastPages goes where a part was left out, where an administrator must approve, to the
// page of the approval, and to the one behind a form, which stays where the application
// is none that this browser can open.
func lastPages(v *visitor, s *site, language string, words [4]string) {
	v.forgive(wasForbidden)
	v.forgive("Failed to launch 'myapp:")
	s.service = "Office365"
	s.register(s.url + "/v1/auth/callback")
	returnURLs := append(slices.Clone(s.client.ReturnURLs), "myapp://done")
	var err error
	if s.client, err = s.ops.SetApplication(v.t.Context(), s.client.ClientID, operator.SetApplication{ReturnURLs: &returnURLs}); err != nil {
		v.t.Fatal(err)
	}
	v.speaks(language)
	shown := func(i int, name string) {
		v.t.Helper()
		v.in(language, words[i])
		v.branded(s)
		v.proof("brand-" + name + "-" + language)
	}
	s.begin(v, "serviceType", "Google", "loginHint", "ada+untick@sandbox.test")
	v.clicks("#allow")
	v.sees("#missing")
	shown(0, "partial")
	s.begin(v, "serviceType", "Office365", "loginHint", "ada+admin@sandbox.test")
	v.sees("#admin-link")
	shown(1, "admin")
	v.clicks("#admin-open")
	v.clicks("#allow")
	v.sees(".done")
	shown(2, "approved")
	s.begin(v, "serviceType", "IMAP", "scopes", "Mail.Read", "returnUrl", "myapp://done")
	v.types("#field-email", "ada@mail.test")
	v.types("#field-password", rightPassword)
	v.clicks("#submit")
	v.sees("#back")
	shown(3, "done")
}

// speaks has the browser ask for a language.
func (v *visitor) speaks(language string) {
	v.t.Helper()
	_, err := chromedp.Call(v.ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
		Headers: network.Headers{"Accept-Language": language + ";q=0.9,en;q=0.8"},
	})
	if err != nil {
		v.t.Fatal(err)
	}
}

// german is in, for that language.
func (v *visitor) german(part string) {
	v.t.Helper()
	v.in("de", part)
}

// in checks the page's language and a part of its words.
func (v *visitor) in(language, part string) {
	v.t.Helper()
	if got := run(v, "read the language", chromedp.Evaluate[string]("document.documentElement.lang")); got != language {
		v.t.Errorf("the page is in %q", got)
	}
	if got := v.reads("main"); !strings.Contains(got, part) {
		v.t.Errorf("the page lacks %q: %s", part, got)
	}
}

// A face comes and goes at once, and its logo with it. Programs read English whatever
// they ask for.
func TestABrandIsServed(t *testing.T) {
	t.Parallel()
	s := brandedSite(t, "#5b3fa6")
	path := "/v1/auth/logo/" + s.client.Brand.Logo
	got := s.call(http.MethodGet, path, nil)
	if got.status != http.StatusOK || got.header.Get("Content-Type") != "image/png" || got.body != string(drawnLogo(t)) {
		t.Errorf("the logo: %d %v", got.status, got.header)
	}
	if _, err := s.ops.SetApplication(t.Context(), s.client.ClientID, operator.SetApplication{Logo: new(brand.Logo)}); err != nil {
		t.Fatal(err)
	}
	if got := s.call(http.MethodGet, path, nil); got.status != http.StatusNotFound || !strings.Contains(got.body, `"not_found"`) {
		t.Errorf("the logo that was: %d %s", got.status, got.body)
	}
	if got := s.call(http.MethodGet, "/v1/auth/callback", nil, "Accept-Language", "de"); !strings.Contains(got.body, "came back without its state") {
		t.Errorf("a program is told %s", got.body)
	}
	got = s.call(http.MethodGet, "/v1/auth/callback", nil, "Accept-Language", "de", "Accept", "text/html")
	if got.header.Get("Content-Language") != "de" || !strings.Contains(got.header.Get("Vary"), "Accept-Language") || !strings.Contains(got.body, `lang="de"`) {
		t.Errorf("a person is told, with %v: %s", got.header, got.body)
	}
}
