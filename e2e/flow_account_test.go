package e2e_test

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/app"
)

// untouched checks that a failed sign-in left every account as it was.
func untouched(t *testing.T, w *world, before []account.Account) {
	t.Helper()
	if d := cmp.Diff(before, w.heldAccounts(), cmpopts.EquateEmpty()); d != "" {
		t.Errorf("a failed sign-in changed accounts: %s", d)
	}
}

func TestTheSamePersonKeepsTheAccount(t *testing.T) {
	t.Parallel()
	onEachServiceAndEngine(t, theSamePersonKeepsTheAccount)
}

func theSamePersonKeepsTheAccount(t *testing.T, s service, on func(*app.Config)) {
	w := startAt(t, s, on)
	first := w.connect(nil)
	again := w.connect(nil)
	if again.AccountID != first.AccountID || again.AccessToken == first.AccessToken {
		t.Errorf("a second sign-in gives account %d after %d", again.AccountID, first.AccountID)
	}
	// Re-authorization leaves older tokens valid.
	if got := w.call(http.MethodGet, "/v1/account", nil, "Authorization", first.bearer()); got.status != http.StatusOK {
		t.Errorf("the first bearer answers %d %s", got.status, got.body)
	}
	ids := map[int64]bool{first.AccountID: true}
	for why, c := range map[string]connected{
		"another person":       w.connect(url.Values{"loginHint": {bob}}),
		"another organization": w.connect(url.Values{"clientOrgId": {"org-1"}}),
		"another application":  w.asApplication(account.Settings{}).connect(nil),
	} {
		if ids[c.AccountID] {
			t.Errorf("%s gets an account that is taken: %d", why, c.AccountID)
		}
		ids[c.AccountID] = true
	}
	if again := w.connect(url.Values{"clientOrgId": {"org-1"}}); !ids[again.AccountID] || len(w.heldAccounts()) != len(ids) {
		t.Errorf("the organization's account is not found again: %d of %v", again.AccountID, ids)
	}
}

func TestRecycleFalseMakesAnAccountBeside(t *testing.T) {
	t.Parallel()
	onEachService(t, recycleFalseMakesAnAccountBeside)
}

func recycleFalseMakesAnAccountBeside(t *testing.T, s service) {
	w := startAt(t, s)
	first := w.connect(nil)
	fresh := w.connect(url.Values{"recycle": {"false"}})
	second := w.connect(url.Values{"recycle": {"0"}})
	if fresh.AccountID == first.AccountID || second.AccountID == fresh.AccountID || len(w.heldAccounts()) != 3 {
		t.Errorf("accounts %d, %d, %d of %d", first.AccountID, fresh.AccountID, second.AccountID, len(w.heldAccounts()))
	}
	for _, c := range []connected{first, fresh, second} {
		if got := w.call(http.MethodGet, s.direct(), nil, "Authorization", c.bearer()); got.status != http.StatusOK {
			t.Errorf("account %d answers %d %s", c.AccountID, got.status, got.body)
		}
	}
	// Without it, the one that is not beside others.
	if again := w.connect(url.Values{"recycle": {"TRUE"}}); again.AccountID != first.AccountID {
		t.Errorf("a plain sign-in finds %d", again.AccountID)
	}
}

func TestAccountIDRenewsThatAccountAlone(t *testing.T) {
	t.Parallel()
	onEachService(t, accountIDRenewsThatAccountAlone)
}

func accountIDRenewsThatAccountAlone(t *testing.T, s service) {
	w := startAt(t, s)
	first := w.connect(nil)
	beside := w.connect(url.Values{"recycle": {"false"}})
	foreign := w.asApplication(account.Settings{}).connect(nil)
	elsewhere := w.also(s.others()[0]).connect(nil)
	number := func(id int64) []string { return []string{strconv.FormatInt(id, 10)} }

	if renewed := w.connect(url.Values{"accountId": number(beside.AccountID)}); renewed.AccountID != beside.AccountID {
		t.Errorf("accountId=%d renews %d", beside.AccountID, renewed.AccountID)
	}
	if renewed := w.connect(url.Values{"accountId": number(first.AccountID), "recycle": {"false"}}); renewed.AccountID != first.AccountID {
		t.Errorf("accountId with recycle=false gives %d", renewed.AccountID)
	}

	before := w.heldAccounts()
	answers := map[string]bool{}
	for why, changes := range map[string]url.Values{
		"another person":        {"accountId": number(first.AccountID), "loginHint": {bob}},
		"a foreign application": {"accountId": number(foreign.AccountID)},
		"at another provider":   {"accountId": number(elsewhere.AccountID)},
		"unknown":               {"accountId": {"4711"}},
	} {
		b := w.browser()
		result := wantFailed(t, b.follow(b.authorize(changes)), "account.mismatch")
		answers[result.Encode()] = true
		for _, name := range []string{"ada@", "bob@", "Ada", "Bob", changes.Get("accountId")} {
			if strings.Contains(result.Get("details"), name) {
				t.Errorf("%s: the details name %s", why, name)
			}
		}
	}
	if len(answers) != 1 {
		t.Errorf("the answers tell the cases apart: %v", answers)
	}
	untouched(t, w, before)
}

// More access for an account that is there: accountId, and all that it shall have.
func TestMoreAccessForAnAccount(t *testing.T) {
	t.Parallel()
	for _, asked := range []string{"Mail.Read Calendar.Read", "Calendar.Read"} { // all of it, or what is new alone
		t.Run(asked, func(t *testing.T) {
			t.Parallel()
			onEachServiceThat(t, service.hasMail, func(t *testing.T, s service) {
				onEachEngine(t, func(t *testing.T, on func(*app.Config)) { moreAccess(t, startAt(t, s, on), asked) })
			})
		})
	}
}

func moreAccess(t *testing.T, w *world, asked string) {
	s := w.service
	c := w.connect(url.Values{"scopes": {"Mail.Read"}})
	more := w.connect(url.Values{
		"accountId": {strconv.FormatInt(c.AccountID, 10)}, "serviceType": nil, "scopes": {asked}, "ensureScopes": {"true"},
	})
	if more.AccountID != c.AccountID || len(w.heldAccounts()) != 1 {
		t.Errorf("account %d became %d, of %d", c.AccountID, more.AccountID, len(w.heldAccounts()))
	}
	want := []string{"Calendar.Read", "Mail.Read"}
	for _, when := range []string{"at once", "after a refresh"} {
		if a := w.as(c, http.MethodGet, s.direct()); a.status != http.StatusOK {
			t.Errorf("%s: the first token: %d %s", when, a.status, a.body)
		}
		got := words(w.accountOf(c)["authScopes"])
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s, the account holds (-want +got):\n%s", when, d)
		}
		w.clock.advance(2 * time.Hour)
	}
}

func TestEnsureScopes(t *testing.T) {
	t.Parallel()
	onEachService(t, ensureScopes)
}

func ensureScopes(t *testing.T, s service) {
	w := startAt(t, s)
	asked := url.Values{"scopes": {"Mail.Read Calendar.Read"}, "ensureScopes": {"true"}, "loginHint": {"ada+auto+untick@sandbox.test"}}
	b := w.browser()
	wantFailed(t, b.follow(b.authorize(asked)), "scopes.missing")
	untouched(t, w, nil)

	w.connect(nil)
	before := w.heldAccounts()
	w.clock.advance(time.Second)
	result := wantFailed(t, b.follow(b.authorize(asked)), "scopes.missing")
	if details := result.Get("details"); !strings.Contains(details, "Missing: "+s.says("Calendar.Read")+".") || strings.Contains(details, s.says("Mail.Read")+",") {
		t.Errorf("the details name the wrong scope: %s", details)
	}
	untouched(t, w, before)

	asked.Set("scopes", "Mail.Read")
	asked.Set("nativeScopes", s.native)
	if details := wantFailed(t, b.follow(b.authorize(asked)), "scopes.missing").Get("details"); !strings.Contains(details, s.native) {
		t.Errorf("a native scope is not named: %s", details)
	}
	untouched(t, w, before)

	asked.Set("loginHint", ada)
	if c := w.connect(asked); c.AccountID != int64(before[0].ID) {
		t.Errorf("with every box ticked: account %d", c.AccountID)
	}
	// An application that takes what there is.
	w.takesPartial(account.AcceptPartial)
	c := w.connect(url.Values{"scopes": {"Mail.Read Tasks.Read"}, "loginHint": {"bob+auto+untick@sandbox.test"}})
	got := w.call(http.MethodGet, "/v1/account", nil, "Authorization", c.bearer())
	if strings.Contains(got.body, `"`+s.says("Tasks.Read")+`"`) || !strings.Contains(got.body, `"`+s.says("Mail.Read")+`"`) {
		t.Errorf("a partial grant shows as %s", got.body)
	}
}

func TestAuthEmail(t *testing.T) {
	t.Parallel()
	onEachServiceThat(t, service.vouches, authEmail)
}

func authEmail(t *testing.T, s service) {
	w := startAt(t, s)
	first := w.connect(url.Values{"authEmail": {"ADA@sandbox.test"}})
	before := w.heldAccounts()
	w.clock.advance(time.Second)
	for _, address := range []string{"bob@sandbox.test", "ada@sandbox.test.evil.example", "ada", ada} {
		b := w.browser()
		result := wantFailed(t, b.follow(b.authorize(url.Values{"authEmail": {address}})), "email.mismatch")
		if strings.Contains(result.Get("details"), "ada@") {
			t.Errorf("the details say who signed in: %s", result.Get("details"))
		}
	}
	untouched(t, w, before)
	if again := w.connect(url.Values{"authEmail": {"ada@sandbox.test"}}); again.AccountID != first.AccountID {
		t.Errorf("the right address gives account %d", again.AccountID)
	}
}

func TestClientOrgIDStandsOnTheAccount(t *testing.T) {
	t.Parallel()
	onEachService(t, clientOrgIDStandsOnTheAccount)
}

func clientOrgIDStandsOnTheAccount(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(url.Values{"clientOrgId": {"Org & Söhne"}})
	got := w.call(http.MethodGet, "/v1/account", nil, "Authorization", c.bearer())
	if !strings.Contains(got.body, `"clientOrgId":"Org \u0026 Söhne"`) {
		t.Errorf("the account is %s", got.body)
	}
}
