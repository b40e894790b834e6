package e2e_test

import (
	"strings"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
)

// leavesOut signs in as somebody who gives the mail and not the calendar, up to
// the page that asks about it. At Microsoft no box can be cleared; there, the
// sandbox leaves the scope out by itself.
func (s *site) leavesOut(v *visitor) {
	v.t.Helper()
	s.begin(v, "loginHint", "ada+untick@sandbox.test")
	v.clicks("#allow")
	s.question(v)
	if v.counts("#rest") != 1 {
		v.t.Error("the rest is not offered")
	}
}

// question checks the page that names the missing access; nothing is stored yet.
func (s *site) question(v *visitor) {
	v.t.Helper()
	if d := cmp.Diff("See your calendar", v.reads("#missing")); d != "" {
		v.t.Errorf("missing (-want +got):\n%s", d)
	}
	if !strings.HasPrefix(v.address(), s.home+"/v1/auth/partial?key=") {
		v.t.Errorf("the question is at %s", v.address())
	}
	if held := s.heldAccounts(); len(held) != 0 {
		v.t.Errorf("there are %d accounts before the choice", len(held))
	}
}

// ticksAll turns the sandbox's page into one for a person who leaves out nothing.
func (v *visitor) ticksAll() {
	v.t.Helper()
	v.sees("#allow")
	v.open(strings.Replace(v.address(), "%2Buntick", "", 1))
	v.clicks("#allow")
}

func untickedThenTheRest(v *visitor, s *site) {
	s.leavesOut(v)
	v.clicks("#rest")
	v.ticksAll()
	held := s.connected(v, s.answered(v), "ada@sandbox.test")
	if d := cmp.Diff([]string{"Calendar.Read", "Mail.Read"}, held.AuthScopes); d != "" {
		v.t.Errorf("granted (-want +got):\n%s", d)
	}
}

func untickedThenWithout(v *visitor, s *site) {
	s.leavesOut(v)
	if s.flow == "code" && s.service == "Office365" { // Google's is among the demo's journeys
		v.proof("partial-office")
	}
	v.clicks("#without")
	held := s.connected(v, s.answered(v), "ada@sandbox.test")
	if d := cmp.Diff([]string{"Mail.Read"}, held.AuthScopes); d != "" {
		v.t.Errorf("granted (-want +got):\n%s", d)
	}
}

// untickedTwice: the rest is asked for once, and leaving is always possible.
func untickedTwice(v *visitor, s *site) {
	s.leavesOut(v)
	v.clicks("#rest")
	v.clicks("#allow")
	s.question(v)
	if v.counts("#rest") != 0 {
		v.t.Error("the rest is offered once more")
	}
	if s.service == "Google" && s.flow == "code" {
		v.proof("signin-partial-twice")
	}
	v.clicks("#cancel")
	s.failed(v, "access_denied")
}

// walkAroundTheQuestion goes back, forward and reloads at the question, before and
// after it is answered.
func walkAroundTheQuestion(v *visitor, s *site) {
	s.leavesOut(v)
	v.reload()
	s.question(v)
	v.back()
	v.sees("#allow")
	v.forward()
	s.question(v)
	v.clicks("#rest")
	v.sees("#allow")
	v.back() // somebody who thinks better of it can still go on without
	s.question(v)
	if got := v.reads("#next"); v.counts("#rest") != 0 || v.counts("#without") != 1 || strings.Contains(got, "left out a second time") {
		v.t.Errorf("who comes back from the provider reads %q", got)
	}
	v.forward()
	v.ticksAll()
	held := s.connected(v, s.answered(v), "ada@sandbox.test")
	v.back() // to the page with all ticked
	v.back() // to the one before
	v.sees("#allow")
	// The question ended when the rest was given.
	v.forgive(badRequest)
	v.back()
	v.errorPage("state.used")
	v.reload()
	v.errorPage("state.used")
	if kept := s.heldAccounts(); len(kept) != 1 || int64(kept[0].ID) != held.ID {
		v.t.Errorf("the accounts are %v, want %d alone", kept, held.ID)
	}
}

// forbidden is what the browser notes when a page comes with status 403.
const forbidden = "the server responded with a status of 403"

// needsAnAdmin: the page names what must happen, and the way back tells the
// application. Microsoft has a page for administrators, Google has none.
func needsAnAdmin(v *visitor, s *site) {
	v.forgive(forbidden)
	s.begin(v, "loginHint", "ada+admin@sandbox.test")
	v.errorPage("provider.admin")
	if s.flow == "code" {
		v.proof("signin-admin-" + s.service)
	}
	if got, want := v.counts("#admin-link"), s.adminLinks(); got != want {
		v.t.Errorf("the page has %d links for administrators, want %d", got, want)
	}
	v.clicks("#back")
	s.failed(v, "provider.admin")
}

// anAdminApproves: at Microsoft the page leads an administrator to the provider's
// page for that. Who was held back gets through afterwards.
func anAdminApproves(v *visitor, s *site) {
	v.forgive(forbidden)
	s.begin(v, "loginHint", "ada+admin@sandbox.test")
	v.sees("#admin-link")
	link := run(v, "read the link", chromedp.Value(chromedp.CSS("#admin-link")))
	if got := run(v, "read the address", chromedp.Evaluate[string]("document.getElementById('admin-open').href")); got != link {
		v.t.Errorf("the link to be sent is %s, and the one to be opened %s", link, got)
	}
	v.open(link)
	v.clicks("#deny")
	v.errorPage("admin.declined")
	v.proof("signin-admin-declined")
	v.reload()
	v.errorPage("admin.declined")
	v.back()
	v.clicks("#allow")
	v.sees("main.done")
	if got := v.reads("#message"); got != "E2E is approved for your organization." {
		v.t.Errorf("the administrator reads %q", got)
	}
	v.proof("signin-admin-approved")
	v.reload()
	v.sees("main.done")

	s.begin(v, "loginHint", "ada+admin@sandbox.test")
	s.connected(v, s.answered(v), "ada@sandbox.test")
}

// walkAroundTheAdminPage: the attempt is over, and the way back stays.
func walkAroundTheAdminPage(v *visitor, s *site) {
	v.forgive(forbidden)
	v.forgive(badRequest)
	s.begin(v, "loginHint", "ada+admin@sandbox.test")
	v.errorPage("provider.admin")
	v.reload()
	v.clicks("#back")
	v.sees("#back")
	v.back()
	v.forPeople()
}

func (s *site) adminLinks() int {
	if s.service == "Office365" {
		return 1
	}
	return 0
}
