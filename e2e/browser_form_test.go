package e2e_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/avain-project/avain/internal/demo"
	"github.com/avain-project/avain/internal/provider"
)

// TestBrowserForm signs in on our own page in Chromium, which holds every redirect
// behind a form against the policy of the form's page.
func TestBrowserForm(t *testing.T) {
	t.Parallel()
	browser := startChromium(t)
	for name, journey := range map[string]func(*visitor, *site){
		"sign in":           typesALogin,
		"sign in, onward":   func(v *visitor, s *site) { s.onwards(); typesALogin(v, s) },
		"sign in, at alias": typesALoginAtAlias,
		"cancel":            cancelsTheForm,
		"choose, then form": choosesTheForm,
		"back and reload":   walkAroundTheForm,
	} {
		for _, flow := range []string{"code", "token"} {
			t.Run(name+" "+flow, func(t *testing.T) {
				t.Parallel()
				office := &postOffice{answers: map[string]*provider.Error{
					"closed.test": {Class: provider.User, Code: provider.CodeServerUnreachable, Field: "imapHost"},
				}}
				s := startSite(t, "Google", flow, office.beside)
				s.takesMail(s.client.ClientID)
				s.boxURL = s.url // nobody goes to another sign-in server
				s.service = "IMAP"
				journey(newVisitor(t, browser, demo.Ready{}), s)
			})
		}
	}
}

const wasForbidden = "the server responded with a status of 403"

// types replaces what a field holds.
func (v *visitor) types(selector, text string) {
	v.t.Helper()
	v.sees(selector)
	run(v, "clear "+selector, chromedp.Evaluate[string]("document.querySelector('"+selector+"').value = ''"))
	v.do("type into "+selector, chromedp.SendKeys(chromedp.CSS(selector), text, chromedp.NodeVisible))
}

// holds is what stands in a field.
func (v *visitor) holds(selector string) string {
	v.t.Helper()
	return run(v, "read "+selector, chromedp.Evaluate[string]("document.querySelector('"+selector+"').value"))
}

// focused is the id of the element that has the focus.
func (v *visitor) focused() string {
	v.t.Helper()
	return run(v, "read the focus", chromedp.Evaluate[string]("document.activeElement.id"))
}

func (s *site) toForm(v *visitor, changes ...string) {
	v.t.Helper()
	s.begin(v, append([]string{"scopes", "Mail.Read Mail.Send"}, changes...)...)
	v.sees("#sign-in")
	if got := v.address(); !strings.HasPrefix(got, s.home+"/v1/auth/form?key=") {
		v.t.Errorf("the form is at %s", got)
	}
}

// typesALogin types a wrong password first, then a server that is closed, then what is
// right, and ends at the application.
func typesALogin(v *visitor, s *site) {
	v.forgive(wasForbidden)
	v.forgive(badRequest)
	s.toForm(v, "loginHint", "ada@mail.test")
	plain := s.flow == "code" && s.home == s.url && s.landed == s.returnURL
	if plain {
		v.proof("form")
	}
	if v.focused() != "field-password" || v.holds("#field-email") != "ada@mail.test" {
		v.t.Errorf("the focus is at %q", v.focused())
	}
	v.types("#field-password", "wrong")
	v.clicks("#submit")
	v.sees("#problem")
	if v.reads("#code") != "login.refused" || v.focused() != "field-password" || v.holds("#field-password") != "" || v.holds("#field-email") != "ada@mail.test" {
		v.t.Errorf("after a wrong password: %s, focus at %q", v.reads("#problem"), v.focused())
	}
	if plain {
		v.proof("form-refused")
	}
	v.clicks("#more summary")
	v.types("#field-imapHost", "closed.test")
	v.types("#field-password", rightPassword)
	v.clicks("#submit")
	v.sees("#error-imapHost") // its settings stand open
	if plain {
		v.proof("form-settings")
	}
	v.types("#field-imapHost", "mail.test")
	v.types("#field-password", rightPassword+"\r") // the key Enter sends it
	held := s.connected(v, s.answered(v), "ada@mail.test")
	if len(held.AuthScopes) != 2 {
		v.t.Errorf("granted: %v", held.AuthScopes)
	}
}

func cancelsTheForm(v *visitor, s *site) {
	s.toForm(v)
	v.clicks("#cancel")
	s.failed(v, "access_denied")
}

// choosesTheForm comes by the page that asks for the service.
func choosesTheForm(v *visitor, s *site) {
	s.begin(v, "serviceType", "", "scopes", "Mail.Read")
	v.sees("#choose-IMAP")
	if got := v.reads("#next"); strings.Contains(got, "its own page") {
		v.t.Errorf("the page says %q, and one is signed in to here", got)
	}
	if s.flow == "code" {
		v.proof("choose-form")
	}
	v.clicks("#choose-IMAP")
	v.types("#field-email", "bob@mail.test")
	v.types("#field-password", rightPassword)
	v.clicks("#submit")
	s.connected(v, s.answered(v), "bob@mail.test")
}

// walkAroundTheForm reloads it, leaves it and comes back, before and after it is done.
func walkAroundTheForm(v *visitor, s *site) {
	v.forgive(badRequest)
	s.toForm(v)
	v.reload()
	v.sees("#sign-in")
	v.back()
	v.sees("#connect")
	v.forward()
	v.types("#field-email", "ada@mail.test")
	v.types("#field-password", rightPassword)
	v.clicks("#submit")
	held := s.connected(v, s.answered(v), "ada@mail.test")
	v.back()
	v.errorPage("state.used")
	v.reload()
	v.errorPage("state.used")
	v.clicks("#back")
	v.sees("#back")
	if kept := s.heldAccounts(); len(kept) != 1 || int64(kept[0].ID) != held.ID {
		v.t.Errorf("the accounts are %v", kept)
	}
}

// typesALoginAtAlias: the form and its cookie belong to the application's own host.
func typesALoginAtAlias(v *visitor, s *site) {
	s.home = s.proxied("http", aliasHost, true).URL
	s.setAlias(s.home)
	typesALogin(v, s)
}
