package e2e_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
)

// person is what GET /v1/user says, as far as the tests read it.
type person struct {
	ID, Email, Name string
	AppID           int64
	WorkHours       json.RawMessage
	Accounts        []struct {
		ID                     int64
		UserAccountType, Email string
	}
}

func (p person) accounts() (list []string) {
	for _, a := range p.Accounts {
		list = append(list, a.UserAccountType+" "+a.Email)
	}
	return list
}

// signInUser opens authorizeUser and goes through with it.
func (b *browser) signInUser(changes url.Values, headers ...string) answer {
	b.w.t.Helper()
	q := url.Values{
		"clientId": {b.w.client.ClientID}, "serviceType": {"Google"}, "scopes": {"Mail.Read"}, "accountRole": {"primary"},
		"returnUrl": {returnURL}, "state": {"app-state"}, "loginHint": {ada},
	}
	for name, values := range changes {
		if q[name] = values; values == nil {
			q.Del(name)
		}
	}
	return b.follow(b.get(b.w.url+"/v1/auth/authorizeUser?"+q.Encode(), headers...))
}

// loggedIn signs in by cookie.
func (w *world) loggedIn(email string, changes ...url.Values) *browser {
	w.t.Helper()
	b, all := w.browser(), url.Values{"loginHint": {email}}
	for _, c := range changes {
		maps.Copy(all, c)
	}
	if got := b.signInUser(all).result(w.t); got.Get("status") != "success" || got.Get("state") != "app-state" || got.Has("code") {
		w.t.Fatalf("the sign-in ended with %v", got)
	}
	return b
}

// asks calls by the browser's cookie, as a page of this server does.
func (b *browser) asks(method, path string, headers ...string) answer {
	b.w.t.Helper()
	return b.w.send(b.client, method, b.w.url+path, nil, append([]string{"X-Aurinko-Client-Id", b.w.client.ClientID, "Sec-Fetch-Site", "same-origin"}, headers...)...)
}

// user is whom the browser's cookie belongs to.
func (b *browser) user() person {
	b.w.t.Helper()
	return b.w.personOf(b.asks(http.MethodGet, "/v1/user"))
}

func (w *world) personOf(a answer) (p person) {
	w.t.Helper()
	if err := json.Unmarshal([]byte(a.body), &p); err != nil || a.status != http.StatusOK || p.ID == "" {
		w.t.Fatalf("GET /user: %d %s", a.status, a.body)
	}
	return p
}

// signs is an application's word for a user.
func (w *world) signs(userID string, secret string, age int64) url.Values {
	timestamp := strconv.FormatInt(w.clock.Now().Unix()-age, 10)
	h := hmac.New(sha256.New, []byte(secret))
	_, _ = h.Write([]byte(userID + timestamp))
	return url.Values{
		"accountRole": {"secondary"}, "loginHint": {bob},
		"userId": {userID}, "timestamp": {timestamp}, "userSignature": {hex.EncodeToString(h.Sum(nil))},
	}
}

func (w *world) refuses(a answer, status int, code string) {
	w.t.Helper()
	if a.status != status || a.code() != code {
		w.t.Errorf("%d %s, want %d %s", a.status, a.body, status, code)
	}
}

func TestAUsersSessionByCookie(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.refuses(w.browser().asks(http.MethodGet, "/v1/user"), http.StatusUnauthorized, "unauthorized")
	b := w.loggedIn(ada)
	u := b.user()
	if u.Email != "ada@sandbox.test" || u.Name == "" || u.AppID != w.client.Number() || !slices.Equal(u.accounts(), []string{"primary ada@sandbox.test"}) {
		t.Errorf("the user is %+v", u)
	}
	named := strconv.FormatInt(u.Accounts[0].ID, 10)
	if got := b.asks(http.MethodGet, "/v1/account", "X-Aurinko-Account-Id", named); got.status != http.StatusOK || !strings.Contains(got.body, `"userId":"`+u.ID+`"`) {
		t.Errorf("the account by cookie: %d %s", got.status, got.body)
	}
	if got := b.asks(http.MethodGet, "/v1/direct/gmail/v1/users/me/messages", "X-Aurinko-Account-Id", named); got.status != http.StatusOK {
		t.Errorf("direct by cookie: %d %s", got.status, got.body)
	}
	w.refuses(b.asks(http.MethodGet, "/v1/account"), http.StatusBadRequest, "parameter.missing")

	// The same person is the same user, by the old form of the flow, too.
	again := w.browser()
	again.follow(again.authorize(url.Values{"userAccount": {"primary"}})).result(t)
	if got := again.user(); got.ID != u.ID || len(got.Accounts) != 1 {
		t.Errorf("signed in again: %+v", got)
	}
	if got := b.asks(http.MethodPost, "/v1/user/logout"); got.body != `{"status":"Ok"}` {
		t.Errorf("logout: %d %s", got.status, got.body)
	}
	w.refuses(b.asks(http.MethodGet, "/v1/user"), http.StatusUnauthorized, "unauthorized")
	_ = again.user() // the other browser's is another session
}

func TestAUsersSessionByCode(t *testing.T) {
	t.Parallel()
	w := start(t)
	result := w.browser().signInUser(url.Values{"responseType": {"code"}}).result(t)
	var out struct {
		AccountID                        int64
		AccessToken, UserID, UserSession string
	}
	if err := json.Unmarshal([]byte(w.redeem(result.Get("code")).body), &out); err != nil || out.AccountID == 0 || out.AccessToken == "" || out.UserSession == "" {
		t.Fatalf("%v: %+v, %v", result, out, err)
	}
	u := w.personOf(w.call(http.MethodGet, "/v1/user", nil, "X-Aurinko-Session", out.UserSession))
	if u.ID != out.UserID || u.Accounts[0].ID != out.AccountID {
		t.Errorf("%+v of %+v", u, out)
	}
	named := account.ID(out.AccountID).String()
	if got := w.call(http.MethodGet, "/v1/account", nil, "X-Aurinko-Session", out.UserSession, "X-Aurinko-Account-Id", named); got.status != http.StatusOK {
		t.Errorf("the account by session: %d %s", got.status, got.body)
	}
	other := w.connect(url.Values{"loginHint": {bob}})
	for _, id := range []int64{other.AccountID, 4711} {
		w.refuses(w.call(http.MethodGet, "/v1/account", nil, "X-Aurinko-Session", out.UserSession, "X-Aurinko-Account-Id", account.ID(id).String()),
			http.StatusNotFound, "account.unknown")
	}
	if got := w.call(http.MethodPost, "/v1/user/logout", nil, "X-Aurinko-Session", out.UserSession); got.status != http.StatusOK {
		t.Errorf("logout: %d %s", got.status, got.body)
	}
	w.refuses(w.call(http.MethodGet, "/v1/user", nil, "X-Aurinko-Session", out.UserSession), http.StatusUnauthorized, "unauthorized")
}
