package e2e_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/operator"
)

// What a person does after the rest was granted: nothing of the question is left, and no
// code is handed out twice.
func TestNothingIsLeftOfTheQuestionOnceTheRestIsGranted(t *testing.T) {
	t.Parallel()
	for mode, extra := range map[string]url.Values{
		"code": nil, "a new account": {"recycle": {"false"}}, "token": {"responseType": {"token"}},
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			onEachServiceAndEngine(t, func(t *testing.T, s service, on func(*app.Config)) {
				w := startAt(t, s, on)
				b, changes := w.browser(), unticked("ada")
				maps.Copy(changes, extra)
				q := b.leftOut(changes)
				back := b.leaveProvider(answer{header: http.Header{"Location": {ticked(b.get(q.rest).location())}}})
				if done := b.get(back); mode != "token" {
					w.redeemedAccount(done.result(t))
				}
				held := w.heldAccounts()
				if len(held) != 1 {
					t.Fatalf("%d accounts", len(held))
				}
				for _, again := range []string{back, q.asked, q.without, q.rest, q.cancel} {
					wantPage(t, b.get(again, "Accept", asPage), http.StatusBadRequest, "state.used")
				}
				untouched(t, w, held)
			})
		})
	}
}

// Giving up at the second question gives the first one up too.
func TestGivingUpAtTheSecondQuestion(t *testing.T) {
	t.Parallel()
	onEachService(t, func(t *testing.T, s service) {
		w := startAt(t, s)
		b := w.browser()
		q := b.leftOut(unticked("ada"))
		second := b.asked(b.follow(b.get(q.rest)))
		wantFailed(t, b.get(second.cancel), "access_denied")
		for _, again := range []string{second.without, q.without} {
			wantPage(t, b.get(again, "Accept", asPage), http.StatusBadRequest, "state.used")
		}
		untouched(t, w, nil)
	})
}

// Whoever signs in at the second visit gets nothing of the first person's: a refresh
// token of hers would make his account hers.
func TestAnotherPersonAtTheSecondVisit(t *testing.T) {
	t.Parallel()
	onEachService(t, func(t *testing.T, s service) {
		w := startAt(t, s)
		b := w.browser()
		q := b.leftOut(unticked("ada"))
		c := w.redeemedAccount(b.follow(b.get(hintedAt(b.get(q.rest).location(), "bob+auto+norefresh"))).result(t))
		if who := w.details(c, "")["email"]; who != "bob@sandbox.test" {
			t.Fatalf("the account is %v's", who)
		}
		w.box.Expire()
		if a := w.as(c, http.MethodGet, s.direct()); a.status != http.StatusUnauthorized {
			t.Errorf("without a refresh token: %d %s", a.status, a.body)
		}
	})
}

// hintedAt is the provider's address for another person or with other tags.
func hintedAt(location, hint string) string {
	return strings.Replace(location, "ada%2Bauto%2Buntick", strings.ReplaceAll(hint, "+", "%2B"), 1)
}

// The second visit brings all of the access and no refresh token: the first one's stays.
func TestTheFirstRefreshTokenOutlivesTheSecondVisit(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.browser()
	q := b.leftOut(unticked("ada"))
	c := w.redeemedAccount(b.follow(b.get(hintedAt(b.get(q.rest).location(), "ada+auto+norefresh"))).result(t))
	w.box.Expire()
	if a := w.as(c, http.MethodGet, w.service.direct()); a.status != http.StatusOK {
		t.Errorf("once the access token has ended: %d %s", a.status, a.body)
	}
}

// The second visit brings less than the first: that one counts.
func TestTheRestBringsLess(t *testing.T) {
	t.Parallel()
	onEachService(t, func(t *testing.T, s service) {
		w := startAt(t, s)
		b := w.browser()
		changes := unticked("ada")
		changes.Set("scopes", "Mail.Read Contacts.Read Calendar.Read")
		q := b.leftOut(changes)
		to, err := url.Parse(b.get(q.rest).location())
		if err != nil {
			t.Fatal(err)
		}
		query := to.Query()
		asked := strings.Fields(query.Get("scope"))
		query.Set("scope", strings.Join(slices.DeleteFunc(asked, func(n string) bool { return strings.Contains(strings.ToLower(n), "contacts") }), " "))
		query.Del("include_granted_scopes")
		to.RawQuery = query.Encode()
		again := b.asked(b.follow(b.get(to.String())))
		c := w.redeemedAccount(b.get(again.without).result(t))
		if got := words(w.accountOf(c)["authScopes"]); !slices.Contains(got, "Contacts.Read") {
			t.Errorf("the account holds %v", got)
		}
	})
}

// A callback that belongs to no browser is not led to the question a second time:
// whoever has its address could answer.
func TestTheCallbackOfNoBrowserAgainWhileTheQuestionIsOpen(t *testing.T) {
	t.Parallel()
	onEachService(t, func(t *testing.T, s service) {
		w := startAt(t, s)
		unbound := true
		w.setRegistration(func(in *operator.SetRegistration) { in.UnboundBrowser = &unbound })
		b := w.browser()
		back := b.toCallback(unticked("ada"))
		q := b.asked(w.browser().get(back))
		wantPage(t, w.browser().get(back, "Accept", asPage), http.StatusBadRequest, "state.used")
		w.redeemedAccount(w.browser().get(q.without).result(t)) // nor is the choice any browser's own
	})
}
