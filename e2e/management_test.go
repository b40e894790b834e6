package e2e_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/operator"
)

// The fixtures are the contract's appendix A, #1 to #14, as far as they are served: method,
// path, what is sent, and what must come to the letter. #3 and #15 to #17 are service accounts.
func TestTheContractsOperationsAnswerToTheLetter(t *testing.T) {
	t.Parallel()
	w, c := start(t), documented(t)
	own := []string{"Authorization", basic(w.client.ClientID, w.password)}
	json := append(own[:2:2], "Content-Type", "application/json")
	one := w.connect(nil)
	id := strconv.FormatInt(one.AccountID, 10)
	bearer := []string{"Authorization", one.bearer()}
	both := append(own[:2:2], accountHeader, id)
	account := w.call(http.MethodGet, "/v1/account", nil, bearer...).body

	prepared := c.call(w, takes, http.StatusBadRequest, http.MethodPost, "/v1/auth/prepare", "", bearer...) // #1
	refused(t, prepared, http.StatusBadRequest, "authtype.unsupported")
	if a := w.browser().authorize(nil); a.status != http.StatusSeeOther { // #2
		t.Errorf("authorize answers %d", a.status)
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} { // #5, #6
		code := w.signIn(nil).Get("code")
		a := c.call(w, takes, http.StatusOK, method, "/v1/auth/token/"+code, "", own...)
		fields(t, a, "accessToken", "accountId")
	}
	for _, call := range []struct {
		method, path, sent string
		by                 []string
		want               string // the whole body
	}{
		{http.MethodGet, "/v1/account", "", bearer, account},           // #8
		{http.MethodGet, "/v1/account", "", both, account},             // #8
		{http.MethodGet, "/v1/am/accounts/" + id, "", own, account},    // #13
		{http.MethodGet, "/v1/am/accounts", "", own, page(1, account)}, // #10
		{http.MethodGet, "/v1/am/accounts?limit=1&offset=0&serviceType=Google&authOrgId=&subscriptionId=", "", own, page(1, account)},
		{http.MethodGet, "/v1/am/accounts?subscriptionId=5", "", own, page(0)},
		{http.MethodGet, "/v1/am/accounts?serviceType=Slack", "", own, page(0)},
		{http.MethodGet, "/v1/am/accounts?authOrgId=nobody", "", own, page(0)},
		{http.MethodGet, "/v1/am/accounts?clientOrgId=nobody", "", own, page(0)},
		{http.MethodGet, "/v1/users/nobody/accounts", "", own, page(0)},
		{http.MethodPost, "/v1/am/accounts/connect", w.grantJSON(), json, `{"status":"Ok"}`}, // #14
	} {
		if a := c.call(w, takes, http.StatusOK, call.method, call.path, call.sent, call.by...); a.body != call.want {
			t.Errorf("%s %s answers\n%s\nwant\n%s", call.method, call.path, a.body, call.want)
		}
	}
	saved := c.call(w, takes, http.StatusOK, http.MethodPost, "/v1/am/accounts?userId=u1&userAccount=primary&recycleKeys=email&recycleKeys=clientOrgId", w.grantJSON(), json...) // #11
	fields(t, saved, "accessToken", "accountId", "userId")
	brought := saved.connected(t)
	if brought.AccountID != one.AccountID {
		t.Errorf("the same person's account is %d, and was %d", brought.AccountID, one.AccountID)
	}
	regs := c.call(w, takes, http.StatusOK, http.MethodGet, "/v1/am/oauth_regs", "", own...)
	if !strings.Contains(regs.body, providerID) || strings.Contains(regs.body, providerPass) || strings.Contains(strings.ToLower(regs.body), "secret") {
		t.Errorf("the registrations are %s", regs.body)
	}
	application := c.call(w, takes, http.StatusOK, http.MethodGet, "/v1/am/application", "", own...)
	fields(t, application, "capabilities", "clientId", "createdAt", "id", "internalServicesEnabled", "name", "syncAvailable", "trial")

	ended := func(method, path string, by ...string) {
		t.Helper()
		fields(t, c.call(w, takes, http.StatusOK, method, path, "", by...), "providerGrant", "status")
	}
	ended(http.MethodDelete, "/v1/account/token", bearer...) // #9
	ended(http.MethodDelete, "/v1/am/accounts/"+id, own...)  // #12
	c.call(w, takes, http.StatusNotFound, http.MethodDelete, "/v1/am/accounts/"+id, "", own...)
	c.call(w, takes, http.StatusNotFound, http.MethodGet, "/v1/am/accounts/"+id, "", own...)
	two := w.connect(nil)
	ended(http.MethodDelete, "/v1/account", "Authorization", two.bearer()) // #7
}

// grantJSON is a body that brings a grant of ada.
func (w *world) grantJSON() string {
	w.t.Helper()
	body, err := json.Marshal(map[string]any{"serviceType": "Google", "active": true, "authString1": w.elsewhere(ada).refresh, "unknown": []int{1}})
	if err != nil {
		w.t.Fatal(err)
	}
	return string(body)
}

// page is an only page of the contract.
func page(total int, records ...string) string {
	return `{"offset":0,"totalSize":` + strconv.Itoa(total) + `,"done":true,"records":[` + strings.Join(records, ",") + `]}`
}

// fields checks that an answer has these members, and no others.
func fields(t testing.TB, a answer, names ...string) {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(a.body), &members); err != nil || len(members) != len(names) {
		t.Errorf("answered %s, want the members %v", a.body, names)
		return
	}
	for _, name := range names {
		if members[name] == nil {
			t.Errorf("%s is missing in %s", name, a.body)
		}
	}
	if status, there := members["status"]; there && status != "Ok" {
		t.Errorf("status is %v", status)
	}
}

func TestOnlyTheApplicationManages(t *testing.T) {
	t.Parallel()
	w, c := start(t), documented(t)
	one := w.connect(nil)
	other, theirs := w.secondApplication()
	id := strconv.FormatInt(theirs.AccountID, 10)
	for _, path := range []string{"/v1/am/accounts", "/v1/am/application", "/v1/am/oauth_regs", "/v1/users/u/accounts"} {
		a := c.call(w, refuses, http.StatusUnauthorized, http.MethodGet, path, "", "Authorization", one.bearer())
		if !strings.Contains(a.body, "client id and secret") || !strings.Contains(a.body, "/v1/account") || !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Basic ") {
			t.Errorf("%s tells a bearer %s", path, a.body)
		}
		c.call(w, refuses, http.StatusUnauthorized, http.MethodGet, path, "")
		c.call(w, takes, http.StatusUnauthorized, http.MethodGet, path, "", "Authorization", basic(w.client.ClientID, "wrong"))
		c.call(w, takes, http.StatusUnauthorized, http.MethodGet, path, "", "Authorization", basic(w.client.ClientID, ""))
	}
	refused(t, w.manage(http.MethodGet, "/v1/am/accounts/"+id, ""), http.StatusNotFound, "account.unknown")
	refused(t, w.manage(http.MethodDelete, "/v1/am/accounts/"+id, ""), http.StatusNotFound, "account.unknown")
	if other.status(theirs) != "active" {
		t.Error("another application's account was touched")
	}
	if p := w.page("/v1/am/accounts"); p.TotalSize != 1 {
		t.Errorf("the list has %d accounts", p.TotalSize)
	}
	for _, bad := range []string{"limit=0", "limit=x", "offset=-1", "offset=9999999999", "limit=1&limit=2", "authOrgId=%00", "clientOrgId=" + strings.Repeat("o", 256), "subscriptionId=x", "%zz"} {
		a := w.manage(http.MethodGet, "/v1/am/accounts?"+bad, "")
		if name, _, _ := strings.Cut(bad, "="); a.status != http.StatusBadRequest || name != "%zz" && !strings.Contains(a.body, name) {
			t.Errorf("%s: %d %s", bad, a.status, a.body)
		}
	}
	c.call(w, refuses, http.StatusBadRequest, http.MethodGet, "/v1/am/accounts/0", "", "Authorization", basic(w.client.ClientID, w.password))
}

func TestBodiesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	w := start(t)
	deep := strings.Repeat(`{"a":`, 17) + "1" + strings.Repeat("}", 17)
	for body, want := range map[string][2]string{
		"":                                  {"body.invalid", "JSON"},
		"[]":                                {"body.invalid", "object"},
		"1":                                 {"body.invalid", "object"},
		"{":                                 {"body.invalid", "JSON"},
		"{} {}":                             {"body.invalid", "behind"},
		"\xff":                              {"body.invalid", "UTF-8"},
		deep:                                {"body.invalid", "16 deep"},
		`{"email":"a@x","EMAIL":"b@x"}`:     {"body.invalid", "twice"},
		`{"password":"a","paſſword":"b"}`:   {"body.invalid", "twice"}, // one letter to encoding/json
		`{"serviceType":5}`:                 {"parameter.invalid", "serviceType: a string, and not a number"},
		`{"serviceType":"IMAP","email":{}}`: {"parameter.invalid", "email: a string, and not an object"},
		`{"authScopes":"Mail.Read"}`:        {"parameter.invalid", "authScopes: an array, and not a string"},
		`{"authScopes":[1]}`:                {"parameter.invalid", "authScopes"},
		`{"active":"yes"}`:                  {"parameter.invalid", "active: true or false, and not a string"},
		`{"password":["x"]}`:                {"parameter.invalid", "password: a string, and not an array"},
		`{}`:                                {"parameter.missing", "serviceType"},
		`{"serviceType":"Gogle"}`:           {"servicetype.unknown", ""},
		`{"serviceType":"Slack"}`:           {"servicetype.unknown", ""},
		`{"serviceType":"Google"}`:          {"parameter.missing", "authString1"},
		`{"serviceType":"Google","active":false}`:                             {"parameter.invalid", "active"},
		`{"serviceType":"Google","daemon":true}`:                              {"parameter.invalid", "svc_accounts"},
		`{"serviceType":"Google","authObtainedAt":"today"}`:                   {"parameter.invalid", "authObtainedAt"},
		`{"serviceType":"Google","authScopes":["Nothing.Read"]}`:              {"scope.unknown", "Mail.Read"},
		`{"serviceType":"Google","email":"a\nb"}`:                             {"parameter.invalid", "email"},
		`{"serviceType":"Google","email":"` + strings.Repeat("e", 321) + `"}`: {"parameter.tooLong", "email"},
		`{"serviceType":"Google","password":"secret-word"}`:                   {"parameter.missing", "authString1"},
	} {
		for _, path := range []string{"/v1/am/accounts", "/v1/am/accounts/connect"} {
			a := w.manage(http.MethodPost, path, body)
			refused(t, a, http.StatusBadRequest, want[0])
			if !strings.Contains(a.body, want[1]) {
				t.Errorf("%.60s: %s does not say %q", body, a.body, want[1])
			}
		}
	}
	large := `{"serviceType":"` + strings.Repeat("x", 64<<10) + `"}`
	refused(t, w.manage(http.MethodPost, "/v1/am/accounts", large), http.StatusRequestEntityTooLarge, "body.tooLarge")
}

// The contract's §13: what real clients ask for that is not in it.
func TestWildPathsAnswerInJSON(t *testing.T) {
	t.Parallel()
	w := start(t)
	one := w.connect(nil)
	for _, wild := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"POST", "/v1/auth/token", 404, ""},
		{"POST", "/v1/auth/token/", 404, ""},
		{"PATCH", "/v1/auth/token/refresh", 405, "GET, HEAD, POST"},
		{"POST", "/v1/auth/accessToken/5", 404, ""},
		{"PATCH", "/v1/email/messages/5", 404, ""},
		{"GET", "/v1/email/drafts", 404, ""},
		{"GET", "/v1/contacts", 404, ""},
		{"POST", "/v1/calendars/primary/events/range", 404, ""},
		{"GET", "/v1/calendars/primary/events", 404, ""},
		{"GET", "/v1/calendars/primary/freeBusy", 404, ""},
		{"GET", "/v1/accounts", 404, ""},
		{"GET", "/v1/tasks/lists", 404, ""},
		{"GET", "/v1/booking/profiles", 404, ""},
		{"GET", "/v1/am/accounts/", 404, ""},
		{"GET", "/v1/am/accounts/5/6", 404, ""},
		{"GET", "/v1//am/accounts", 404, ""},
		{"GET", "/v1/am/../am/accounts", 404, ""},
		{"PATCH", "/v1/am/accounts", 405, "GET, HEAD, POST"},
		{"PUT", "/v1/am/accounts/5", 405, "DELETE, GET, HEAD"},
		{"DELETE", "/v1/am/accounts/connect", 401, ""}, // the id is connect
		{"GET", "/v1/auth/prepare", 405, "POST"},
		{"POST", "/v1/am/application", 405, "GET, HEAD"},
		{"DELETE", "/v1/users/u/accounts", 405, "GET, HEAD"},
	} {
		a := w.raw(wild.method, wild.path, "Authorization", one.bearer())
		var failed struct{ Code, Message, RequestID string }
		if err := json.Unmarshal([]byte(a.body), &failed); err != nil || a.status != wild.status || failed.Code == "" || failed.RequestID == "" {
			t.Errorf("%s %s: %d %s", wild.method, wild.path, a.status, a.body)
		}
		if a.header.Get("Allow") != wild.allow {
			t.Errorf("%s %s: Allow is %q", wild.method, wild.path, a.header.Get("Allow"))
		}
	}
}

func TestExchangeTokensAreRefusedEverywhere(t *testing.T) {
	t.Parallel()
	w := start(t)
	one := w.connect(nil)
	for _, header := range []string{"X-Aurinko-Auth-Type", "X-Aurinko-AuthType"} {
		for _, path := range []string{"/v1/account", "/v1/direct/gmail/v1/users/me/messages"} {
			refused(t, w.as(one, http.MethodGet, path, header, "exchangeIdToken"), http.StatusBadRequest, "authtype.unsupported")
		}
		refused(t, w.manage(http.MethodGet, "/v1/am/accounts", "", header, "exchangeIdToken"), http.StatusBadRequest, "authtype.unsupported")
		if a := w.as(one, http.MethodGet, "/v1/account", header, "", "X-Aurinko-ClientId", w.client.ClientID); a.status != http.StatusOK {
			t.Errorf("an older client gets %d %s", a.status, a.body)
		}
	}
}

// Events come from these ways as from the flow.
func TestManagedAccountsAreTold(t *testing.T) {
	t.Parallel()
	w := start(t)
	hooks := []string{"https://127.0.0.1:1/hook"}
	if _, err := w.ops.SetApplication(t.Context(), w.client.ClientID, operator.SetApplication{Webhooks: &hooks}); err != nil {
		t.Fatal(err)
	}
	one := w.brought("?userId=u1&userAccount=primary", map[string]any{"serviceType": "Google", "authString1": w.elsewhere(ada).refresh})
	w.brought("?recycleKeys=email", map[string]any{"serviceType": "Google", "authString1": w.elsewhere(ada).refresh, "clientOrgId": "moved"})
	if a := w.manage(http.MethodDelete, "/v1/am/accounts/"+strconv.FormatInt(one.AccountID, 10), ""); a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.body)
	}
	told, err := w.ops.Deliveries(t.Context(), operator.EventFilter{Application: "E2E"})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, d := range told {
		kinds = append(kinds, string(d.Event.Kind))
	}
	slices.Sort(kinds)
	if d := cmp.Diff([]string{"account.created", "account.deleted", "account.updated"}, kinds); d != "" {
		t.Error(d)
	}
}

// A refresh token that ends with its use is used for nothing while the store takes nothing,
// and what it brought is not lost with a failed save.
func TestBroughtTokensSurviveTheStore(t *testing.T) {
	t.Parallel()
	onEachOutage(t, func(t *testing.T, f frail) {
		w := startFrail(t, google(), f)
		body := map[string]any{"serviceType": "Google", "authString1": w.elsewhere("ada+auto+rotate@sandbox.test").refresh}
		for _, step := range []struct {
			lost      string
			refreshes int
		}{{"INSERT INTO audit_events", 0}, {"INSERT INTO accounts", 1}} {
			w.loseStoreAfter(step.lost)
			refused(t, w.bring("", body), http.StatusServiceUnavailable, "store.unavailable")
			w.restoreStore()
			if got := w.calls().Refresh; got != step.refreshes {
				t.Fatalf("after a failed %s: %d refreshes, want %d", step.lost, got, step.refreshes)
			}
		}
		c := w.brought("", body)
		if got := w.calls().Refresh; got != 1 {
			t.Errorf("%d refreshes in all", got)
		}
		w.clock.advance(2 * time.Hour)
		if got := w.details(c, "?pingProvider=true")["tokenStatus"]; got != "active" {
			t.Errorf("the grant is %v", got)
		}
	})
}
