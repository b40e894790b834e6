package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/store/storetest"
)

func onDatabaseThatFails(t *testing.T) (*world, *storetest.Postgres) {
	t.Helper()
	database := storetest.NewPostgres(t)
	return start(t, func(c *app.Config) { c.Database = database.URL }), database
}

func TestAStoreThatIsAway(t *testing.T) {
	t.Parallel()
	w, database := onDatabaseThatFails(t)
	c := w.connect(nil)
	b := w.browser()
	back := b.toCallback(url.Values{"loginHint": {bob}})
	database.Stop()

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
	noneIn(t, page.body+w.log.String(), []string{"code=4/", c.AccessToken})

	database.Start()
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
	w, database := onDatabaseThatFails(t)
	held := w.connect(url.Values{"loginHint": {bob}})
	provider, err := url.Parse(w.boxURL)
	if err != nil {
		t.Fatal(err)
	}
	forward := httputil.NewSingleHostReverseProxy(provider)
	gate := httptest.NewServer(http.HandlerFunc(func(res http.ResponseWriter, req *http.Request) {
		database.Stop()
		forward.ServeHTTP(res, req)
	}))
	t.Cleanup(gate.Close)
	e := w.box.GoogleEndpoints(w.boxURL)
	_, _, err = w.ops.SetRegistration(t.Context(), w.client.ClientID, operator.SetRegistration{
		ServiceType: "Google", ClientID: providerID,
		Endpoints: &account.Endpoints{
			Authorize: e.Authorize, Token: strings.Replace(e.Token, w.boxURL, gate.URL, 1), Revoke: e.Revoke, Userinfo: e.Userinfo, API: e.API,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	before := w.heldAccounts()
	for _, person := range []string{ada, bob} { // a new account, and a renewal
		b := w.browser()
		back := b.toCallback(url.Values{"loginHint": {person}})
		wantFailed(t, b.get(back), "store.unavailable")
		database.Start()
		untouched(t, w, before)
		wantShown(t, b.get(back), http.StatusBadRequest, "state.used")
	}
	if a := w.as(held, http.MethodGet, "/v1/direct/echo/x"); a.status != http.StatusOK {
		t.Errorf("the account that was there: %d %s", a.status, a.body)
	}

	w.apiAt(e.API) // the provider's own endpoints again
	w.connect(nil)
}
