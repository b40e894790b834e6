package e2e_test

import (
	"maps"
	"net/http"
	"net/url"
	"testing"

	"github.com/avain-project/avain/internal/app"
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
