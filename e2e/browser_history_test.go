package e2e_test

import (
	"strings"

	"github.com/chromedp/chromedp"
)

// The buttons of the browser itself. Whatever page somebody goes back to or loads
// again, it is one for people and says what to do next.

func (v *visitor) back() {
	v.t.Helper()
	v.do("go back", chromedp.NavigateBack())
	v.forPeople()
}

func (v *visitor) forward() {
	v.t.Helper()
	v.do("go forward", chromedp.NavigateForward())
	v.forPeople()
}

func (v *visitor) reload() {
	v.t.Helper()
	v.do("reload", chromedp.Reload())
	v.forPeople()
}

// forPeople checks that the tab shows a page with a heading, not JSON and not the
// browser's own page for a failure.
func (v *visitor) forPeople() {
	v.t.Helper()
	heading := v.reads("h1")
	if kind := run(v, "read the type", chromedp.Evaluate[string]("document.contentType")); kind != "text/html" || heading == "" {
		v.t.Errorf("%s is %s with the heading %q", v.address(), kind, heading)
	}
	if !strings.HasPrefix(v.address(), "http://") {
		v.t.Errorf("the browser shows a page of its own, %s", v.address())
	}
}

// walkTheCodeFlow goes back, forward and reloads wherever the code flow stops.
func walkTheCodeFlow(v *visitor) {
	v.open(v.demo.URL)
	v.clicks("#connect-code")
	v.sees("#allow")
	v.reload()
	v.sees("#allow")
	v.back()
	v.sees("#connect-code")
	v.forward()
	v.consents("ada") // the sign-in is still open

	v.sees("#account")
	v.reload()
	account := v.account("ada@sandbox.test", "Ada Lovelace")

	v.back()
	v.forgive(badRequest)
	v.consents("bob") // once more, with a state that is used
	v.errorPage("state.used")
	v.reload()
	v.errorPage("state.used")
	v.clicks("#back")
	v.sees("#try-again")
	v.reload()
	v.sees("#try-again")
	v.back()
	v.errorPage("state.used")
	v.forward()
	v.clicks("#try-again")
	if got := v.account("ada@sandbox.test", "Ada Lovelace"); got != account {
		v.t.Errorf("all that walking made account %s of %s", got, account)
	}
}

// walkTheTokenFlow is the same where the answer is in the page's memory alone.
func walkTheTokenFlow(v *visitor) {
	v.open(v.demo.URL)
	v.clicks("#connect-token")
	v.sees("#allow")
	v.back()
	v.sees("#connect-token")
	v.forward()
	v.consents("ada")
	v.sees("#messages li")
	v.reload()
	v.sees("#error")
	if got := v.reads("#title"); got != "No token here any more" {
		v.t.Errorf("the page without its token says %q", got)
	}
	v.back()
	v.forgive(badRequest)
	v.consents("ada")
	v.errorPage("state.used")
	v.clicks("#back")
	v.sees("#error")
	if got := v.reads("#error .error-code"); got != "state.used" {
		v.t.Errorf("the application shows %q", got)
	}
	v.sameAddress()
	v.clicks("#try-again")
	v.consents("ada")
	v.sees("#messages li")
}

// walkAfterADenial reloads what was answered once, and goes on from there.
func walkAfterADenial(v *visitor) {
	v.open(v.demo.URL)
	v.clicks("#connect-code")
	v.clicks("#deny")
	v.sees("#error")
	v.forgive(badRequest)
	v.reload()
	if got := v.reads("#error .error-code"); got != "state.mismatch" {
		v.t.Errorf("loaded again, the answer is %q", got)
	}
	v.proof("denied-reloaded")
	v.back()
	v.clicks("#deny")
	v.errorPage("state.used")
	v.clicks("#back")
	v.clicks("#try-again")
	v.sees("#connect-code")
}

// walkOverTheRelay: the relay page is not in the history, so that nobody comes
// back to it.
func walkOverTheRelay(v *visitor, s *site) {
	s.overRelay()
	s.begin(v)
	v.sees("#allow")
	v.back()
	v.sees("#connect")
	v.forward()
	v.consents("ada")
	held := s.connected(v, s.answered(v), "ada@sandbox.test")
	v.back()
	v.forgive(badRequest)
	v.consents("ada")
	v.errorPage("state.used")
	v.reload()
	v.errorPage("state.used")
	v.clicks("#back")
	if answer := s.answered(v); answer.Get("error") != "state.used" {
		v.t.Errorf("the application gets %v", answer)
	}
	if kept := s.heldAccounts(); len(kept) != 1 || int64(kept[0].ID) != held.ID {
		v.t.Errorf("the accounts are %v, want %d alone", kept, held.ID)
	}
}
