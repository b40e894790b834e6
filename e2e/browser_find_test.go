package e2e_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/avain-project/avain/internal/demo"
)

// TestBrowserFind goes by the address alone in Chromium: to the server that is found, to
// another service and back, by hand, and around.
func TestBrowserFind(t *testing.T) {
	t.Parallel()
	browser := startChromium(t)
	for name, journey := range map[string]func(*visitor, *findSite){
		"found":           findsTheServer,
		"unsure":          confirmsTheServer,
		"elsewhere":       goesElsewhere,
		"not offered":     isNotOffered,
		"by hand":         typesTheSettings,
		"back and reload": walkAroundTheSearch,
		"phone":           holdsItInOneHand,
	} {
		for _, flow := range []string{"code", "token"} {
			t.Run(name+" "+flow, func(t *testing.T) {
				t.Parallel()
				d := newDirectory()
				s := startSite(t, "Google", flow, d.beside)
				s.takesMail(s.client.ClientID)
				s.service = "IMAP"
				journey(newVisitor(t, browser, demo.Ready{}), &findSite{s, d})
			})
		}
	}
}

// findSite is a site whose mailboxes are found.
type findSite struct {
	*site
	directory *directory
}

// alone: nobody is to go to a sign-in server besides ours.
func (s *findSite) alone() { s.boxURL = s.url }

// types the address and looks for it.
func (s *findSite) search(v *visitor, email string) {
	v.t.Helper()
	v.types("#field-email", email)
	v.clicks("#submit")
}

func (s *findSite) proof(v *visitor, name string) {
	v.t.Helper()
	if s.flow == "code" {
		v.proof(name)
	}
}

func findsTheServer(v *visitor, s *findSite) {
	s.alone()
	v.forgive(wasForbidden)
	v.forgive(badRequest)
	s.toForm(v)
	if v.focused() != "field-email" || v.counts("input:not([type=hidden])") != 1 {
		v.t.Errorf("the first page has %d fields, the focus is at %q", v.counts("input:not([type=hidden])"), v.focused())
	}
	s.proof(v, "find")
	s.search(v, "ada")
	v.sees("#error-email")
	s.proof(v, "find-no-address")
	v.types("#field-email", "ada@mail.test\r") // the key Enter goes on
	v.sees("#field-password")
	if v.focused() != "field-password" || v.reads("#message") != "Sign in as ada@mail.test" || !strings.Contains(v.reads("#server"), "mail.test") {
		v.t.Errorf("the second page: %q, %q, focus at %q", v.reads("#message"), v.reads("#server"), v.focused())
	}
	s.proof(v, "find-password")
	v.types("#field-password", "wrong\r")
	v.sees("#problem")
	if v.reads("#code") != "login.refused" || v.focused() != "field-password" || v.holds("#field-email") != "ada@mail.test" {
		v.t.Errorf("after a wrong password: %s, focus at %q", v.reads("#problem"), v.focused())
	}
	s.proof(v, "find-refused")
	v.types("#field-password", rightPassword+"\r")
	s.connected(v, s.answered(v), "ada@mail.test")
}

func confirmsTheServer(v *visitor, s *findSite) {
	s.alone()
	v.forgive(badRequest)
	s.toForm(v)
	s.search(v, "ada@unsure.test")
	v.sees("#field-confirmed")
	if v.focused() != "field-confirmed" {
		v.t.Errorf("the focus is at %q", v.focused())
	}
	s.proof(v, "find-unsure")
	v.types("#field-password", rightPassword)
	v.clicks("#submit") // the browser holds it back
	if v.reads("#message") != "Sign in as ada@unsure.test" || len(s.directory.tried()) != 0 {
		v.t.Errorf("a form without the tick went on: %v", s.directory.tried())
	}
	v.do("send it all the same", chromedp.Evaluate[chromedp.Void]("document.getElementById('sign-in').noValidate = true"))
	v.clicks("#submit")
	v.sees("#error-confirmed")
	s.proof(v, "find-unconfirmed")
	if len(s.directory.tried()) != 0 || v.focused() != "field-confirmed" {
		v.t.Errorf("tried %v, focus at %q", s.directory.tried(), v.focused())
	}
	v.clicks("#field-confirmed")
	v.types("#field-password", rightPassword)
	v.clicks("#submit")
	s.connected(v, s.answered(v), "ada@unsure.test")
}

// goesElsewhere: an address at Google's is signed in to there, and ends at the application.
func goesElsewhere(v *visitor, s *findSite) {
	s.toForm(v)
	s.search(v, "ada@large.test")
	v.consents("ada")
	answer := s.answered(v)
	if answer.Get("state") != "app-state" {
		v.t.Errorf("the application is told %v", answer)
	}
	s.service = "Google"
	s.connected(v, answer, "ada@sandbox.test")
	if accounts := s.heldAccounts(); len(accounts) != 1 || accounts[0].ServiceType != "Google" {
		v.t.Errorf("the accounts are %v", accounts)
	}
	if len(s.directory.tried()) != 0 {
		v.t.Errorf("logins were tried: %v", s.directory.tried())
	}
}

func isNotOffered(v *visitor, s *findSite) {
	s.alone()
	v.forgive(badRequest)
	s.toForm(v)
	s.search(v, "ada@zoho.test")
	v.sees("#problem")
	if v.reads("#code") != "service.elsewhere" || v.holds("#field-email") != "ada@zoho.test" {
		v.t.Errorf("the page says %s", v.reads("#problem"))
	}
	s.proof(v, "find-elsewhere")
	s.search(v, "ada@none.test")
	v.sees("#field-password")
	if v.reads("#code") != "server.unknown" || v.holds("#field-email") != "ada@none.test" {
		v.t.Errorf("the page says %s", v.reads("#problem"))
	}
	s.proof(v, "find-nothing")
	v.clicks("#cancel")
	s.failed(v, "access_denied")
}

func typesTheSettings(v *visitor, s *findSite) {
	s.alone()
	s.toForm(v)
	v.types("#field-email", "bob@mail.test")
	v.clicks("#manual")
	v.sees("#field-imapHost")
	if v.holds("#field-email") != "bob@mail.test" || len(s.directory.searched()) != 0 {
		v.t.Errorf("the address is %q", v.holds("#field-email"))
	}
	s.proof(v, "find-by-hand")
	v.clicks("#find")
	s.search(v, "bob@mail.test")
	v.sees("#field-password")
	v.clicks("#start")
	v.sees("#manual")
	if v.holds("#field-email") != "bob@mail.test" {
		v.t.Errorf("the address is %q", v.holds("#field-email"))
	}
	v.clicks("#manual")
	v.types("#field-imapHost", "mail.test")
	v.types("#field-password", rightPassword+"\r")
	s.connected(v, s.answered(v), "bob@mail.test")
}

// walkAroundTheSearch goes back from each step, reloads it and comes again, and opens
// a second tab's worth of the same page when all is done.
func walkAroundTheSearch(v *visitor, s *findSite) {
	s.alone()
	v.forgive(badRequest)
	s.toForm(v)
	page := v.address()
	s.search(v, "eve@unsure.test")
	v.sees("#field-confirmed")
	v.back()
	v.sees("#manual")
	s.search(v, "ada@mail.test")
	v.sees("#field-password")
	v.reload()
	v.sees("#field-password")
	if v.counts("#field-confirmed") != 0 || !strings.Contains(v.reads("#server"), "mail.test") || v.holds("#field-imapHost") != "mail.test" {
		v.t.Errorf("the second search shows %q", v.reads("#server"))
	}
	v.back()
	v.sees("#manual")
	v.reload()
	v.sees("#manual")
	s.search(v, "ada@mail.test")
	v.types("#field-password", rightPassword+"\r")
	s.connected(v, s.answered(v), "ada@mail.test")
	v.back()
	v.errorPage("state.used")
	v.open(page)
	v.errorPage("state.used")
}

// holdsItInOneHand: nothing is too small to touch, and nothing too wide.
func holdsItInOneHand(v *visitor, s *findSite) {
	s.alone()
	s.toForm(v)
	v.look(320, 640, "dark", true)
	touch := func(selectors ...string) {
		v.t.Helper()
		for _, selector := range selectors {
			if height := v.measures(selector, "getBoundingClientRect().height"); height < 44 {
				v.t.Errorf("%s is %.0f px high", selector, height)
			}
		}
		if wide := v.measures("html", "scrollWidth - document.documentElement.clientWidth"); wide > 0 {
			v.t.Errorf("%s: %.0f px too wide", v.reads("#message"), wide)
		}
	}
	touch("#field-email", "#submit", "#manual", "#cancel")
	long := strings.Repeat("averylongname", 5) + "@unsure.test"
	s.search(v, long)
	v.sees("#field-confirmed")
	touch("#field-email", "label.tick", "#submit", "#start", "#cancel")
	s.proof(v, "find-phone")
	if u, err := url.Parse(v.address()); err != nil || strings.Contains(u.RawQuery, "averylong") {
		v.t.Errorf("the address is in the address bar: %s", u)
	}
}
