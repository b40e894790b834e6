package e2e_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/operator"
)

// Applications say which id their user has: each may have a user 42.
func TestUsersOfTwoApplicationsHaveOneID(t *testing.T) {
	t.Parallel()
	w := start(t)
	other, _ := w.secondApplication()
	grant := func(hint string) map[string]any {
		return map[string]any{"serviceType": "Google", "authString1": w.elsewhere(hint).refresh}
	}
	const asUser = "?userId=42&userAccount="
	refused(t, other.bring(asUser+"secondary", grant(bob)), http.StatusBadRequest, "parameter.invalid")
	mine := w.brought(asUser+"primary", grant(ada))
	refused(t, other.bring(asUser+"secondary", grant(bob)), http.StatusBadRequest, "parameter.invalid") // not the other one's
	theirs := other.brought(asUser+"primary", grant(bob))
	w.clock.advance(time.Second) // lists are in the order of time
	second := w.brought(asUser+"secondary", grant(bob))
	has := func(w *world, ids ...int64) {
		t.Helper()
		page := w.page("/v1/users/42/accounts")
		if page.TotalSize != len(ids) || len(page.Records) != len(ids) {
			t.Fatalf("the user has %+v, want %v", page, ids)
		}
		for i, id := range ids {
			if page.Records[i]["id"] != float64(id) {
				t.Errorf("record %d is %v, want %d", i, page.Records[i]["id"], id)
			}
		}
	}
	has(w, mine.AccountID, second.AccountID)
	has(other, theirs.AccountID)

	// A user has one primary account: what logs in, and what the user ends with.
	refused(t, w.bring(asUser+"primary", members(grant(ada), "clientOrgId", "two")), http.StatusConflict, "account.conflict")
	if again := w.brought(asUser+"primary", grant(ada)); again.AccountID != mine.AccountID {
		t.Errorf("the primary account again is %d, not %d", again.AccountID, mine.AccountID)
	}
	if a := w.manage(http.MethodDelete, "/v1/am/accounts/"+strconv.FormatInt(mine.AccountID, 10), ""); a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.body)
	}
	has(w)
	has(other, theirs.AccountID)
}

// A relay may bring another browser back than the one that went. That one is logged in as
// nobody: it could have been led there with somebody else's sign-in.
func TestAnUnboundSignInLogsNoOtherBrowserIn(t *testing.T) {
	t.Parallel()
	w, unbound := start(t), true
	w.setRegistration(func(in *operator.SetRegistration) { in.UnboundBrowser = &unbound })
	attacker, victim := w.browser(), w.browser()
	q := url.Values{"clientId": {w.client.ClientID}, "serviceType": {"Google"}, "accountRole": {"primary"}, "returnUrl": {returnURL}, "loginHint": {bob}}
	back := attacker.get(attacker.get(w.url + "/v1/auth/authorizeUser?" + q.Encode()).location()).location()
	if !strings.HasPrefix(back, w.url+"/v1/auth/callback?") {
		t.Fatalf("the provider leads to %s", back)
	}
	w.refuses(victim.get(back), http.StatusBadRequest, "state.browser")
	if victim.sessionCookie().Value != "" {
		t.Error("the victim is logged in as the attacker")
	}
	attacker.get(back)
	if got := attacker.user().Email; got != "bob@sandbox.test" {
		t.Errorf("the attacker himself is %q", got)
	}
	code := w.browser().signInUser(url.Values{"responseType": {"code"}}).result(t).Get("code") // which the application ties to its own session
	_ = w.sessionOf(code)
}
