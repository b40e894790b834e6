package e2e_test

import (
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"github.com/avain-project/avain/internal/operator"
)

// A user's session stands for the user's own accounts: their data and their end, and nothing of
// the application's.
func TestWhatAUsersSessionMayDo(t *testing.T) {
	t.Parallel()
	w, yes := start(t), true
	if _, err := w.ops.SetApplication(t.Context(), w.client.ClientID, operator.SetApplication{ProviderAuth: &yes}); err != nil {
		t.Fatal(err)
	}
	b := w.loggedIn(ada)
	cookie := b.sessionCookie()
	mine, theirs := strconv.FormatInt(b.user().Accounts[0].ID, 10), strconv.FormatInt(w.loggedIn(bob).user().Accounts[0].ID, 10)
	nobodys := strconv.FormatInt(w.connect(url.Values{"clientOrgId": {"org-2"}}).AccountID, 10)
	session := w.sessionOf(w.browser().signInUser(url.Values{"responseType": {"code"}}).result(t).Get("code"))
	byCookie := []string{"Cookie", cookie.Name + "=" + cookie.Value, "X-Aurinko-Client-Id", w.client.ClientID}
	const direct = "/v1/direct/echo/x"

	for _, by := range [][]string{append(byCookie, "Origin", w.url), {"X-Aurinko-Session", session}} {
		as := func(method, path, id string) answer {
			return w.call(method, path, nil, append(by[:len(by):len(by)], accountHeader, id)...)
		}
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			if a := as(method, direct, mine); a.status != http.StatusOK {
				t.Errorf("%s by %s: %d %s", method, by[0], a.status, a.body)
			}
		}
		w.refuses(as(http.MethodGet, "/v1/account?includeProviderAuth=true", mine), http.StatusForbidden, "providerauth.denied")
		for _, id := range []string{theirs, nobodys, "1"} {
			for _, call := range [][2]string{{http.MethodGet, "/v1/account"}, {http.MethodPost, direct}, {http.MethodDelete, "/v1/account"}, {http.MethodDelete, "/v1/account/token"}} {
				w.refuses(as(call[0], call[1], id), http.StatusNotFound, "account.unknown")
			}
		}
		w.refuses(as(http.MethodGet, "/v1/am/accounts", mine), http.StatusUnauthorized, "client.unauthorized")
		twice := append(by[:len(by):len(by)], accountHeader, mine, accountHeader, theirs)
		w.refuses(w.call(http.MethodGet, direct, nil, twice...), http.StatusBadRequest, "parameter.repeated")
	}

	// What changes something must come from an own page, at the pass-through as everywhere.
	for _, from := range [][]string{{"Origin", "https://evil.example"}, {"Origin", "null"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Sec-Fetch-Site", "none"}, nil} {
		for _, call := range [][2]string{{http.MethodPost, direct}, {http.MethodPut, direct}, {http.MethodPatch, direct}, {http.MethodDelete, direct}, {http.MethodDelete, "/v1/account"}} {
			headers := append(append(byCookie[:len(byCookie):len(byCookie)], accountHeader, mine), from...)
			w.refuses(w.call(call[0], call[1], nil, headers...), http.StatusForbidden, "origin.foreign")
		}
	}
	if a := b.asks(http.MethodDelete, "/v1/account", accountHeader, mine); a.status != http.StatusOK {
		t.Errorf("the end of his own account: %d %s", a.status, a.body)
	}
	w.refuses(b.asks(http.MethodGet, "/v1/user"), http.StatusUnauthorized, "unauthorized") // it was the primary one
}
