package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/app"
)

// What a person does with a browser beside going forward: two tabs, reload, back.

// tab is a sign-in whose browser is back from the provider, and not yet with us.
type tab struct {
	w             *world
	state, person string
	back          string
}

func (b *browser) tab(w *world, state, person string) tab {
	b.w.t.Helper()
	at := &browser{w: w, client: b.client} // the same cookies
	return tab{w, state, person, at.toCallback(url.Values{"state": {state}, "loginHint": {person}})}
}

// finish goes on in the tab, and checks that what it ends with is its own.
func (b *browser) finish(own tab) connected {
	b.w.t.Helper()
	result := b.follow(b.get(own.back)).result(b.w.t)
	if result.Get("state") != own.state {
		b.w.t.Errorf("the tab of %s ends with %v", own.state, result)
	}
	c := own.w.redeemedAccount(result)
	name, _, _ := strings.Cut(own.person, "+")
	if who := own.w.details(c, ""); who["email"] != name+"@sandbox.test" || who["serviceType"] != own.w.service.name {
		b.w.t.Errorf("the tab of %s at %s became the account of %v at %v", own.person, own.w.service.name, who["email"], who["serviceType"])
	}
	return c
}

func TestTwoTabsAtOnce(t *testing.T) {
	t.Parallel()
	onEachServiceAndEngine(t, twoTabsAtOnce)
}

func twoTabsAtOnce(t *testing.T, s service, on func(*app.Config)) {
	w := startAt(t, s, on)
	for name, other := range map[string]string{"the same person": ada, "different people": bob} {
		for _, reversed := range []bool{false, true} {
			w.box.Reset() // nobody has granted anything yet
			b := w.browser()
			first, second := b.tab(w, "one", ada), b.tab(w, "two", other)
			if reversed {
				first, second = second, first
			}
			one, two := b.finish(first), b.finish(second)
			if same := one.AccountID == two.AccountID; same != (other == ada) {
				t.Errorf("%s, reversed %t: accounts %d and %d", name, reversed, one.AccountID, two.AccountID)
			}
			for _, c := range []connected{one, two} {
				w.box.Expire()
				if a := w.as(c, http.MethodGet, s.direct()); a.status != http.StatusOK {
					t.Errorf("%s, reversed %t: account %d answers %d %s", name, reversed, c.AccountID, a.status, a.body)
				}
			}
		}
	}
}

func TestBothServicesAtOnce(t *testing.T) {
	t.Parallel()
	onEachEngine(t, bothServicesAtOnce)
}

func bothServicesAtOnce(t *testing.T, on func(*app.Config)) {
	atGoogle := startAt(t, google(), on)
	atOffice := atGoogle.also(office())
	for _, reversed := range []bool{false, true} {
		b := atGoogle.browser()
		first, second := b.tab(atGoogle, "one", ada), b.tab(atOffice, "two", ada)
		if reversed {
			first, second = second, first
		}
		if one, two := b.finish(first), b.finish(second); one.AccountID == two.AccountID {
			t.Errorf("both are account %d", one.AccountID)
		}
	}
	if n := len(atGoogle.heldAccounts()); n != 2 {
		t.Errorf("one person at two services has %d accounts", n)
	}
	// A code of one is none at the other, and the state does not change hands.
	b := atGoogle.browser()
	fromGoogle, fromOffice := b.tab(atGoogle, "one", bob), b.tab(atOffice, "two", bob)
	before := atGoogle.heldAccounts()
	foreign := withQuery(t, fromGoogle.back, url.Values{"code": {parsed(queryOf(t, fromOffice.back)).Get("code")}})
	if result := b.get(foreign).result(t); result.Get("error") != "provider.refused" || result.Get("state") != "one" {
		t.Errorf("Microsoft's code in Google's tab: %v", result)
	}
	untouched(t, atGoogle, before)
	b.finish(fromOffice)
}

// Each application gets its own answer, though one browser holds both sign-ins.
func TestTwoApplicationsAtOnce(t *testing.T) {
	t.Parallel()
	onEachService(t, twoApplicationsAtOnce)
}

func twoApplicationsAtOnce(t *testing.T, s service) {
	w := startAt(t, s)
	other := w.asApplication(account.Settings{})
	b := w.browser()
	mine, theirs := b.tab(w, "one", ada), b.tab(other, "two", ada)
	result := b.get(mine.back).result(t)
	wantShown(t, other.redeem(result.Get("code")), http.StatusBadRequest, "code.invalid")
	one, two := w.redeemedAccount(result), b.finish(theirs)
	if result.Get("state") != "one" || one.AccountID == two.AccountID {
		t.Errorf("state %s; accounts %d and %d", result.Get("state"), one.AccountID, two.AccountID)
	}
	if held := w.heldAccounts(); len(held) != 2 || held[0].ApplicationID == held[1].ApplicationID {
		t.Errorf("the accounts are %+v", held)
	}
}

// Reloading the page that led to the provider begins once more; both still work.
func TestAuthorizeReloaded(t *testing.T) {
	t.Parallel()
	onEachService(t, authorizeReloaded)
}

func authorizeReloaded(t *testing.T, s service) {
	w := startAt(t, s)
	b := w.browser()
	first, again := b.authorize(nil), b.authorize(nil)
	if first.location() == again.location() {
		t.Fatal("two sign-ins have one state")
	}
	one := w.redeemedAccount(b.follow(again).result(t))
	two := w.redeemedAccount(b.follow(first).result(t))
	if one.AccountID != two.AccountID {
		t.Errorf("accounts %d and %d", one.AccountID, two.AccountID)
	}
	// A page of ours that is reloaded says the same again, and leaves nothing behind.
	for range 2 {
		page := b.authorize(url.Values{"returnUrl": {"https://evil.example/"}}, "Accept", asPage)
		if page.status != http.StatusBadRequest || !strings.Contains(page.body, "returnurl.invalid") || page.header.Get("Set-Cookie") != "" {
			t.Errorf("%d %s", page.status, page.body)
		}
	}
}

func TestCallbackReloaded(t *testing.T) {
	t.Parallel()
	onEachService(t, callbackReloaded)
}

func callbackReloaded(t *testing.T, s service) {
	w := startAt(t, s)
	b := w.browser()
	reload := func(back string) url.Values {
		t.Helper()
		var carried url.Values
		for range 2 { // as often as one likes
			carried = wantPage(t, b.get(back, "Accept", asPage), http.StatusBadRequest, "state.used")
		}
		return carried
	}

	back := b.toCallback(nil)
	result := b.get(back).result(t)
	if carried := reload(back); carried.Encode() != result.Encode() {
		t.Errorf("the page leads to %v, the first time led to %v", carried, result)
	}
	w.redeemedAccount(result)
	if carried := reload(back); carried.Get("error") != "state.used" || carried.Get("state") != "app-state" || carried.Has("code") {
		t.Errorf("after its code was redeemed, the page leads to %v", carried)
	}

	refused := b.toCallback(hinted("ada+deny@sandbox.test"))
	wantFailed(t, b.get(refused), "access_denied")
	if carried := reload(refused); carried.Get("status") != "error" || carried.Get("state") != "app-state" || carried.Has("code") {
		t.Errorf("after a refusal, the page leads to %v", carried)
	}

	inBrowser := b.toCallback(url.Values{"responseType": {"token"}})
	if to := b.get(inBrowser).location(); !strings.Contains(to, "#accessToken=") {
		t.Fatalf("token mode ends at %q", to)
	}
	page := b.get(inBrowser, "Accept", asPage)
	wantPage(t, page, http.StatusBadRequest, "state.used")
	if strings.Contains(page.body, "accessToken") || strings.Contains(page.body, "avain_at_") {
		t.Errorf("a reloaded page holds a token: %s", page.body)
	}
	if n := w.calls().Code; n != 2 {
		t.Errorf("the provider saw %d codes of 2 consents", n)
	}
}

// Back to the provider's page, and allowed again: one state, several codes.
func TestBackToTheProvidersPage(t *testing.T) {
	t.Parallel()
	onEachServiceAndEngine(t, backToTheProvidersPage)
}

func backToTheProvidersPage(t *testing.T, s service, on func(*app.Config)) {
	w := startAt(t, s, on)
	b := w.browser()

	// Before the callback was called: whichever comes first is taken.
	page := b.authorize(nil)
	abandoned, taken := b.leaveProvider(page), b.leaveProvider(page)
	result := b.follow(b.get(taken)).result(t)
	c := w.redeemedAccount(result)
	wantPage(t, b.get(abandoned, "Accept", asPage), http.StatusBadRequest, "state.used")

	// Afterwards: the first sign-in stands, whoever allows it then.
	page = b.authorize(nil)
	first := b.follow(b.get(b.leaveProvider(page))).result(t)
	before, codes := w.heldAccounts(), w.calls().Code
	for _, person := range []string{ada, bob, "ada+deny@sandbox.test"} {
		carried := wantPage(t, b.get(b.backAs(page, person), "Accept", asPage), http.StatusBadRequest, "state.used")
		if carried.Encode() != first.Encode() {
			t.Errorf("%s: the page leads to %v, the sign-in ended with %v", person, carried, first)
		}
	}
	untouched(t, w, before)
	if n := w.calls().Code; n != codes {
		t.Errorf("the provider saw %d codes more", n-codes)
	}
	if again := w.redeemedAccount(first); again.AccountID != c.AccountID {
		t.Errorf("account %d, was %d", again.AccountID, c.AccountID)
	}

	// A refusal is an answer, too: allowing it afterwards needs a new sign-in.
	page = b.authorize(hinted("bob+deny@sandbox.test"))
	wantFailed(t, b.get(b.leaveProvider(page)), "access_denied")
	before = w.heldAccounts()
	if carried := wantPage(t, b.get(b.backAs(page, bob), "Accept", asPage), http.StatusBadRequest, "state.used"); carried.Get("status") != "error" {
		t.Errorf("the page leads to %v", carried)
	}
	untouched(t, w, before)
	w.redeemedAccount(b.follow(b.authorize(hinted(bob))).result(t))
}

// backAs is the provider's page once more, where that person decides this time.
func (b *browser) backAs(page answer, person string) string {
	b.w.t.Helper()
	address := withQuery(b.w.t, page.location(), url.Values{"login_hint": {person}})
	return b.leaveProvider(answer{header: http.Header{"Location": {address}}})
}
