package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/sandbox"
)

// What follows a choice about a partial grant, and for whom.

// Whoever sits down at the provider's page in between gets an account with nothing of
// the first person's in it.
func TestAnotherPersonGivesTheRest(t *testing.T) {
	t.Parallel()
	onEachService(t, func(t *testing.T, s service) {
		w := startAt(t, s)
		b := w.browser()
		q := b.leftOut(unticked("ada"))
		to := b.get(q.rest).location()
		bobs := strings.Replace(to, "ada%2Bauto%2Buntick", "bob%2Bauto%2Bnorefresh", 1)
		if bobs == to {
			t.Fatalf("the rest is asked for at %s", to)
		}
		c := w.redeemedAccount(b.follow(b.get(bobs)).result(t))
		if got := w.accountOf(c); got["email"] != "bob@sandbox.test" {
			t.Errorf("the account is %v", got["email"])
		}
		w.clock.advance(2 * time.Hour) // to be renewed, and only ada's could be
		refused(t, w.as(c, http.MethodGet, s.direct()), http.StatusUnauthorized, "token.refresh.failed")
	})
}

// The provider is told who signed in, where the application named nobody.
func TestTheRestIsAskedOfTheSamePerson(t *testing.T) {
	t.Parallel()
	onEachService(t, func(t *testing.T, s service) {
		w := startAt(t, s)
		b := w.browser()
		changes := unticked("ada")
		hint := changes.Get("loginHint")
		changes["loginHint"] = nil
		first := withQuery(t, b.authorize(changes).location(), url.Values{"login_hint": {hint}})
		q := b.asked(b.get(b.leaveProvider(answer{header: http.Header{"Location": {first}}})))
		to, err := url.Parse(b.get(q.rest).location())
		if err != nil || to.Query().Get("login_hint") != "ada@sandbox.test" {
			t.Errorf("the rest is asked for at %s", to)
		}
	})
}

// A choice that comes to nothing is told to the application.
func TestAChoiceThatFailsGoesBackToTheApplication(t *testing.T) {
	t.Parallel()
	onEachServiceThat(t, service.hasMail, func(t *testing.T, s service) {
		w := startAt(t, s)
		b := w.browser()
		q := b.leftOut(url.Values{
			"scopes": {"Mail.Read Mail.Send"}, "ensureAccess": {"true"}, "loginHint": {"ada+auto+untick+nomail@sandbox.test"},
		})
		wantFailed(t, b.get(q.without), "access.refused")
		untouched(t, w, nil)
	})
}

// A choice is carried out even if the browser does not wait for it.
func TestAChoiceIsKeptWhenTheBrowserLeaves(t *testing.T) {
	t.Parallel()
	onEachServiceThat(t, service.hasMail, func(t *testing.T, s service) {
		w := startAt(t, s)
		b := w.browser()
		q := b.leftOut(url.Values{
			"scopes": {"Mail.Read Mail.Send"}, "ensureAccess": {"true"}, "loginHint": {"ada+auto+untick@sandbox.test"},
		})
		w.failAt(sandbox.Fault{Endpoint: "api", Kind: "slow", Delay: slowly})
		req, err := http.NewRequest(http.MethodGet, q.without, nil)
		if err != nil {
			t.Fatal(err)
		}
		before := w.calledSoFar().API
		leaveDuring(t, b.client, req, "the access is being proven", func() bool { return w.calledSoFar().API > before })
		eventually(t, "the account is stored", func() bool { return len(w.heldAccounts()) == 1 })
	})
}

// Where nothing ties a sign-in to a browser, its callback leads nobody to the question
// a second time: the address may have leaked from the relay.
func TestTheQuestionOfAnUnboundSignInIsShownOnce(t *testing.T) {
	t.Parallel()
	onEachService(t, func(t *testing.T, s service) {
		w := startAt(t, s)
		unbound := true
		w.setRegistration(func(in *operator.SetRegistration) { in.UnboundBrowser = &unbound })
		back := w.browser().toCallback(unticked("ada"))
		b := w.browser()
		q := b.asked(b.get(back))
		page := w.browser().get(back, "Accept", asPage)
		wantPage(t, page, http.StatusBadRequest, "state.used")
		if strings.Contains(page.body, "/v1/auth/partial") {
			t.Errorf("the page leads to the question: %s", page.body)
		}
		w.redeemedAccount(b.get(q.without).result(t))
	})
}
