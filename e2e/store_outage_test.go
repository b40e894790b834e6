package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestAStoreThatIsAway(t *testing.T) {
	t.Parallel()
	onEachService(t, func(t *testing.T, s service) {
		onEachOutage(t, func(t *testing.T, f frail) { aStoreThatIsAway(t, startFrail(t, s, f)) })
	})
}

func aStoreThatIsAway(t *testing.T, w *world) {
	c := w.connect(nil)
	b := w.browser()
	back := b.toCallback(hinted(bob))
	w.loseStore()

	refused(t, w.call(http.MethodGet, "/readyz", nil), http.StatusServiceUnavailable, "store.unavailable")
	if a := w.call(http.MethodGet, "/healthz", nil); a.status != http.StatusOK {
		t.Errorf("the process runs, but healthz answers %d", a.status)
	}
	wantShown(t, b.authorize(nil), http.StatusServiceUnavailable, "store.unavailable")
	wantShown(t, b.get(back), http.StatusServiceUnavailable, "store.unavailable")
	page := b.get(back, "Accept", asPage)
	if page.status != http.StatusServiceUnavailable || !strings.Contains(page.header.Get("Content-Type"), "text/html") ||
		!strings.Contains(page.body, "Try again in a minute.") {
		t.Errorf("the person sees %d %s", page.status, page.body)
	}
	refused(t, w.as(c, http.MethodGet, "/v1/account"), http.StatusServiceUnavailable, "store.unavailable")
	noneIn(t, page.body+w.log.String(), []string{"code=" + w.service.codePrefix, c.AccessToken})

	w.restoreStore()
	if a := w.call(http.MethodGet, "/readyz", nil); a.status != http.StatusOK {
		t.Errorf("it is back, but readyz answers %d %s", a.status, a.body)
	}
	// The attempt was not consumed: the same callback, tried again, goes on.
	w.redeemedAccount(b.get(back).result(t))
	if got := w.status(c); got != "active" {
		t.Errorf("the account that was there is %q", got)
	}
}

// The provider has confirmed, and then there is no store to keep it in.
func TestAStoreThatGoesAwayInTheMiddleOfACallback(t *testing.T) {
	t.Parallel()
	onEachService(t, func(t *testing.T, s service) {
		onEachOutage(t, func(t *testing.T, f frail) { aStoreThatGoesAwayInTheMiddle(t, startFrail(t, s, f)) })
	})
}

func aStoreThatGoesAwayInTheMiddle(t *testing.T, w *world) {
	held := w.connect(hinted(bob))
	before := w.heldAccounts()
	for _, moment := range []func(func()){w.whileExchanging, w.whileIdentifying} {
		for _, person := range []string{ada, bob} { // a new account, and a renewal
			b := w.browser()
			back := b.toCallback(hinted(person))
			moment(w.loseStore)
			wantFailed(t, b.get(back), "store.unavailable") // to a program
			w.restoreStore()
			untouched(t, w, before)
			wantShown(t, b.get(back), http.StatusBadRequest, "state.used")
		}
	}
	if a := w.as(held, http.MethodGet, "/v1/direct/echo/x"); a.status != http.StatusOK {
		t.Errorf("the account that was there: %d %s", a.status, a.body)
	}
	w.connect(nil) // and nothing stands in the way afterwards
}

// To a person: a page from which the same sign-in can be started again.
func TestAPersonTriesAgainAfterAnOutage(t *testing.T) {
	t.Parallel()
	onEachService(t, func(t *testing.T, s service) {
		onEachOutage(t, func(t *testing.T, f frail) { aPersonTriesAgain(t, startFrail(t, s, f)) })
	})
}

func aPersonTriesAgain(t *testing.T, w *world) {
	b := w.browser()
	asked := url.Values{"loginHint": {ada}, "scopes": {"Mail.Read Calendar.Read"}, "clientOrgId": {"a&b"}, "ensureScopes": {"true"}}
	back := b.toCallback(asked)
	w.whileExchanging(w.loseStore)
	page := b.get(back, "Accept", asPage)
	result := wantPage(t, page, http.StatusServiceUnavailable, "store.unavailable")
	if result.Get("error") != "store.unavailable" || result.Get("state") != "app-state" {
		t.Errorf("the way back carries %v", result)
	}
	again := page.links()["try-again"]
	if !strings.HasPrefix(again, "/v1/auth/authorize?clientId="+w.client.ClientID) {
		t.Fatalf("the person may try again at %q", again)
	}
	if soon := b.get(w.url+again, "Accept", asPage); soon.status != http.StatusServiceUnavailable || !soon.reloads() {
		t.Errorf("too soon: %d %s", soon.status, soon.body)
	}
	w.restoreStore()
	untouched(t, w, nil)
	c := w.redeemedAccount(b.follow(b.get(w.url + again)).result(t))
	if who := w.accountOf(c); who["clientOrgId"] != "a&b" || len(words(who["authScopes"])) != 2 {
		t.Errorf("the second try connects %v", who)
	}

	// Away before anything was spent: the same request may come again.
	back = b.toCallback(nil)
	w.loseStore()
	if page := b.get(back, "Accept", asPage); page.status != http.StatusServiceUnavailable || !page.reloads() {
		t.Errorf("before the callback: %d %s", page.status, page.body)
	}
	w.restoreStore()
	w.redeemedAccount(b.follow(b.get(back)).result(t))
}

// The store goes away while an attempt is being begun, behind all that proves it: the
// same request may come again, and the way back is known.
func TestAStoreThatGoesAwayAsASignInBegins(t *testing.T) {
	t.Parallel()
	onEachService(t, func(t *testing.T, s service) {
		onEachOutage(t, func(t *testing.T, f frail) {
			w := startFrail(t, s, f)
			b := w.browser()
			w.loseStoreAfter("INSERT INTO attempts")
			page := b.authorize(nil, "Accept", asPage)
			back := wantPage(t, page, http.StatusServiceUnavailable, "store.unavailable")
			if back.Get("error") != "store.unavailable" || back.Get("state") != "app-state" || !page.reloads() {
				t.Errorf("the way back carries %v: %s", back, page.body)
			}
			w.restoreStore()
			w.loseStoreAfter("INSERT INTO attempts")
			wantFailed(t, b.authorize(nil), "store.unavailable") // to a program
			w.restoreStore()
			w.connect(nil)
		})
	})
}

// reloads tells whether a page offers to ask for itself again.
func (a answer) reloads() bool {
	return strings.Contains(a.body, `<a id="try-again" class="button" href=""`)
}

// Everything is stored, and the connection breaks before anybody is told: the account
// is whole, and the person goes on with the code that waits.
func TestAStoreThatGoesAwayAfterTheSignInIsStored(t *testing.T) {
	t.Parallel()
	onEachService(t, func(t *testing.T, s service) {
		onEachOutage(t, func(t *testing.T, f frail) { aStoreThatGoesAwayAfterTheCommit(t, startFrail(t, s, f)) })
	})
}

func aStoreThatGoesAwayAfterTheCommit(t *testing.T, w *world) {
	b := w.browser()
	back := b.toCallback(nil)
	w.loseStoreAfter("INSERT INTO codes")
	wantFailed(t, b.get(back), "store.unavailable")
	w.restoreStore()
	if n := len(w.heldAccounts()); n != 1 {
		t.Fatalf("%d accounts", n)
	}
	c := w.redeemedAccount(wantPage(t, b.get(back, "Accept", asPage), http.StatusBadRequest, "state.used"))
	if a := w.as(c, http.MethodGet, w.service.direct()); a.status != http.StatusOK {
		t.Errorf("the account: %d %s", a.status, a.body)
	}
	if again := w.connect(nil); again.AccountID != c.AccountID {
		t.Errorf("the next sign-in gives account %d, was %d", again.AccountID, c.AccountID)
	}
}

// The attempt is consumed, and the connection breaks before we know: nothing was asked
// of the provider, and the person finds the way back.
func TestAStoreThatGoesAwayAfterTheAttemptIsConsumed(t *testing.T) {
	t.Parallel()
	onEachService(t, func(t *testing.T, s service) {
		onEachOutage(t, func(t *testing.T, f frail) { aStoreThatGoesAwayAfterConsuming(t, startFrail(t, s, f)) })
	})
}

func aStoreThatGoesAwayAfterConsuming(t *testing.T, w *world) {
	b := w.browser()
	back := b.toCallback(nil)
	w.loseStoreAfter("UPDATE attempts SET consumed_at")
	wantShown(t, b.get(back), http.StatusServiceUnavailable, "store.unavailable")
	w.restoreStore()
	if carried := wantPage(t, b.get(back, "Accept", asPage), http.StatusBadRequest, "state.used"); carried.Get("status") != "error" || carried.Get("state") != "app-state" {
		t.Errorf("the page leads to %v", carried)
	}
	if n := w.calls().Code; n != 0 {
		t.Errorf("the provider saw %d codes", n)
	}
	untouched(t, w, nil)
	w.connect(nil)
}

// At an alias the host itself is looked up: the person can ask for the same again, as at
// the public URL.
func TestAStoreThatGoesAwayAtAnAlias(t *testing.T) {
	t.Parallel()
	onEachOutage(t, func(t *testing.T, f frail) {
		w := startFrail(t, google(), f)
		at := w.withAlias()
		b := at.browser()
		back := b.toCallback(nil)
		w.loseStore()
		for _, address := range []string{back, at.url + "/v1/auth/authorize?" + w.plainQuery()} {
			if page := b.get(address, "Accept", asPage); page.status != http.StatusServiceUnavailable || !page.reloads() {
				t.Errorf("without a store: %d %s", page.status, page.body)
			}
		}
		w.restoreStore()
		at.redeemedAccount(b.get(back).result(t))
	})
}

// An administrator who comes back then learns it by asking again.
func TestAStoreThatGoesAwayFromAnAdministrator(t *testing.T) {
	t.Parallel()
	onEachOutage(t, func(t *testing.T, f frail) {
		w := startFrail(t, office(), f)
		admin := w.browser()
		approved := admin.decides(admin.get(admin.needsAdmin(), "Accept", asPage).adminLink(), "allow")
		w.loseStore()
		if page := admin.get(approved, "Accept", asPage); page.status != http.StatusServiceUnavailable || !page.reloads() {
			t.Errorf("without a store: %d %s", page.status, page.body)
		}
		w.restoreStore()
		if page := admin.get(approved, "Accept", asPage); page.status != http.StatusOK {
			t.Errorf("approved: %d %s", page.status, page.body)
		}
	})
}
