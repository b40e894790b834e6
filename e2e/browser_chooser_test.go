package e2e_test

import (
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Journeys of TestBrowser whose application leaves the service to the person.

// toChoice goes to the page of Avain that asks for the service.
func (v *visitor) toChoice() {
	v.t.Helper()
	v.open(v.demo.ApplicationURL)
	v.clicks("#connect-choose")
	v.sees("#choose-Google")
	if got := v.address(); !strings.HasPrefix(got, v.demo.URL+"/v1/auth/authorize?") || strings.Contains(got, "serviceType") {
		v.t.Errorf("the page is at %s", got)
	}
}

// choosesService picks one, goes back and picks the other, and renews it later: then
// nobody is asked.
func choosesService(v *visitor) {
	v.toChoice()
	v.picture("signin-choose")
	v.clicks("#choose-Google")
	v.sees("#allow")
	v.do("go back", chromedp.NavigateBack())
	v.clicks("#choose-Office365")
	v.consents("ada")
	v.sees("#account")
	if got := v.reads(`#account [data-field=serviceType]`); got != "Office365" {
		v.t.Errorf("the service is %q", got)
	}
	v.clicks("#connect-again")
	v.consents("ada")
	v.sees("#account")
}

func choosesNothing(v *visitor) {
	v.toChoice()
	v.clicks("#back")
	v.sees("#error")
	if got := v.reads("#error .error-code"); got != "access_denied" {
		v.t.Errorf("the code is %q", got)
	}
	v.clicks("#try-again")
	v.clicks("#choose-Google")
	v.consents("bob")
	v.sees("#account")
	v.account("bob@sandbox.test", "Bob Kahn")
}

// choosePage looks at the page as hands, keyboards and readers meet it.
func choosePage(v *visitor) {
	v.toChoice()
	for _, phone := range []bool{false, true} {
		if v.look(1200, 800, "light", false); phone {
			v.look(320, 640, "dark", true)
		}
		for _, target := range []string{"#choose-Google", "#choose-Office365", "#back"} {
			if height := v.measures(target, "getBoundingClientRect().height"); height < 44 {
				v.t.Errorf("%s is %.0f px high", target, height)
			}
		}
		if wide := v.measures("html", "scrollWidth - document.documentElement.clientWidth"); wide > 0 {
			v.t.Errorf("the page is %.0f px too wide", wide)
		}
		// Google's must not be the lesser one.
		if one, other := v.measures("#choose-Google", "getBoundingClientRect().width"), v.measures("#choose-Office365", "getBoundingClientRect().width"); one < other {
			v.t.Errorf("the buttons are %.0f and %.0f px wide", one, other)
		}
	}
	v.look(1200, 800, "light", false)
	names := run(v, "read the names", chromedp.Evaluate[[]string](
		`[...document.querySelectorAll("a")].map(a => a.innerText + "|" + (document.getElementById(a.getAttribute("aria-describedby"))?.innerText ?? ""))`))
	want := []string{
		"Sign in with Google|Gmail or Google Workspace", "Sign in with Microsoft|Work or school account",
		"Sign in with Exchange|mailbox on your organization's own server", "Sign in with an e-mail password|any mailbox with IMAP",
		"Sign in with Salesforce|Your organization's Salesforce user", "Sign in with SugarCRM|Your organization's Sugar user", "Sign in with HubSpot|CRM users who may connect apps",
		"Sign in using Zoho|Zoho Mail, Calendar, Contacts",
		"Back to Sample application|",
	}
	if got, want := strings.Join(names, "; "), strings.Join(want, "; "); got != want {
		v.t.Errorf("the links are %q, want %q", got, want)
	}
	v.proof("signin-choose-plain")

	// By keyboard alone, and seen: Tab, Tab, Enter.
	v.do("press Tab", chromedp.KeyEvent("\t"))
	outline := run(v, "look at the focus", chromedp.Evaluate[string](
		`document.activeElement.id + " " + getComputedStyle(document.activeElement).outlineStyle + " " + getComputedStyle(document.activeElement).outlineWidth`))
	if outline != "choose-Google solid 3px" {
		v.t.Errorf("the focus shows as %q", outline)
	}
	v.proof("signin-choose-focus")
	_, err := chromedp.Call(v.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "forced-colors", Value: "active"}},
	})
	if err != nil {
		v.t.Fatal(err)
	}
	if border := run(v, "look at the border", chromedp.Evaluate[string](
		`getComputedStyle(document.getElementById("choose-Office365")).borderStyle`)); border != "solid" {
		v.t.Errorf("with forced colours the button's border is %q", border)
	}
	v.do("press Tab", chromedp.KeyEvent("\t"))
	v.do("press Enter", chromedp.KeyEvent("\r"))
	v.sees("#allow")
	if got := v.address(); !strings.Contains(got, "/microsoft/") {
		v.t.Errorf("Enter leads to %s", got)
	}
}

// measures is a number of an element, in px.
func (v *visitor) measures(selector, what string) float64 {
	v.t.Helper()
	return run(v, "measure "+selector, chromedp.Evaluate[float64](fmt.Sprintf("document.querySelector(%q).%s", selector, what)))
}
