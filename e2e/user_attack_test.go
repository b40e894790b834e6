package e2e_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
)

// plant gives the browser a cookie of this server.
func (b *browser) plant(name, value string) {
	b.w.t.Helper()
	at, err := url.Parse(b.w.url)
	if err != nil {
		b.w.t.Fatal(err)
	}
	b.client.Jar.SetCookies(at, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}

// sessionCookie is the cookie by which the browser is logged in.
func (b *browser) sessionCookie() *http.Cookie {
	b.w.t.Helper()
	at, err := url.Parse(b.w.url)
	if err != nil {
		b.w.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(at) {
		if strings.HasPrefix(c.Name, "AUR") {
			return c
		}
	}
	return &http.Cookie{}
}

func TestAttacksOnUsersSessions(t *testing.T) {
	t.Parallel()
	w := start(t)
	other, _ := w.secondApplication()
	const evil = "https://evil.example"

	t.Run("session fixation", func(t *testing.T) {
		attacker, victim := w.loggedIn(bob), w.browser()
		fixed := attacker.sessionCookie()
		victim.plant(fixed.Name, fixed.Value)
		victim.signInUser(nil).result(t)
		if got := victim.sessionCookie(); got.Value == fixed.Value || victim.user().Email != "ada@sandbox.test" {
			t.Error("the session from before the login is the one after it")
		}
		w.refuses(attacker.asks(http.MethodGet, "/v1/user"), http.StatusUnauthorized, "unauthorized") // it ended with the login
	})
	t.Run("login CSRF", func(t *testing.T) {
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
	})
	t.Run("another application", func(t *testing.T) {
		mine := w.loggedIn(ada)
		c := mine.sessionCookie()
		stolen := w.browser()
		stolen.plant("AUR"+strconv.FormatInt(other.client.Number(), 10), c.Value)
		stolen.w = other
		w.refuses(stolen.asks(http.MethodGet, "/v1/user"), http.StatusUnauthorized, "unauthorized")
		mine.w = other
		w.refuses(mine.asks(http.MethodGet, "/v1/user"), http.StatusUnauthorized, "unauthorized")
		mine.w = w
		session := w.sessionOf(w.browser().signInUser(url.Values{"responseType": {"code"}}).result(t).Get("code"))
		for why, headers := range map[string][]string{
			"a session with another application's id":      {"X-Aurinko-Session", session, "X-Aurinko-Client-Id", other.client.ClientID},
			"in the old spelling":                          {"X-Aurinko-Session", session, "X-Aurinko-ClientId", other.client.ClientID},
			"two ids":                                      {"X-Aurinko-Session", session, "X-Aurinko-ClientId", other.client.ClientID, "X-Aurinko-Client-Id", w.client.ClientID},
			"an id that is none":                           {"X-Aurinko-Session", session, "X-Aurinko-Client-Id", "none"},
			"two sessions":                                 {"X-Aurinko-Session", session, "X-Aurinko-Session", session},
			"a cookie's session as a header":               {"X-Aurinko-Session", c.Value},
			"a header's session as a cookie":               {"Cookie", c.Name + "=" + session, "X-Aurinko-Client-Id", w.client.ClientID},
			"a cookie without the application's id":        {"Cookie", c.Name + "=" + c.Value},
			"two cookies of one name":                      {"Cookie", c.Name + "=" + session + "; " + c.Name + "=" + c.Value, "X-Aurinko-Client-Id", w.client.ClientID},
			"a bearer's header with a session that is one": {"Authorization", "Bearer " + session},
		} {
			if got := w.call(http.MethodGet, "/v1/user", nil, headers...); got.status != http.StatusUnauthorized {
				t.Errorf("%s: %d %s", why, got.status, got.body)
			}
		}
		w.refuses(w.call(http.MethodGet, "/v1/account?session="+session, nil), http.StatusUnauthorized, "token.inQuery")
		for _, id := range []string{"X-Aurinko-Client-Id", "X-Aurinko-ClientId"} {
			if got := w.call(http.MethodGet, "/v1/user", nil, "Cookie", c.Name+"="+c.Value, id, w.client.ClientID); got.status != http.StatusOK {
				t.Errorf("by %s: %d %s", id, got.status, got.body)
			}
		}
	})
	t.Run("logout CSRF", func(t *testing.T) {
		b := w.loggedIn(ada)
		c := b.sessionCookie()
		cookie, id := []string{"Cookie", c.Name + "=" + c.Value}, []string{"X-Aurinko-Client-Id", w.client.ClientID}
		w.refuses(w.call(http.MethodPost, "/v1/user/logout", nil, append(cookie, "Origin", w.url)...), http.StatusUnauthorized, "unauthorized")
		for _, from := range [][]string{{"Origin", evil}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "null"}, nil} {
			headers := append(append(append([]string{}, cookie...), id...), from...)
			w.refuses(w.call(http.MethodPost, "/v1/user/logout", nil, headers...), http.StatusForbidden, "origin.foreign")
		}
		_ = b.user()
	})
	t.Run("reading from other origins", func(t *testing.T) {
		b := w.loggedIn(ada)
		const own = "https://app.example" // of the return URL
		got := b.asks(http.MethodGet, "/v1/user", "Origin", own)
		if got.status != http.StatusOK || got.header.Get("Access-Control-Allow-Origin") != own || got.header.Get("Access-Control-Allow-Credentials") != "true" {
			t.Errorf("an own page: %d %v", got.status, got.header)
		}
		asked := w.call(http.MethodOptions, "/v1/user", nil, "Origin", own, "Access-Control-Request-Method", http.MethodGet,
			"Access-Control-Request-Headers", "content-type, x-aurinko-client-id")
		if asked.status != http.StatusNoContent || asked.header.Get("Access-Control-Allow-Credentials") != "true" {
			t.Errorf("an own page that asks first: %d %v", asked.status, asked.header)
		}
		for _, from := range []string{evil, "https://second.example"} { // registered, by the other application
			got := b.asks(http.MethodGet, "/v1/user", "Origin", from)
			w.refuses(got, http.StatusForbidden, "origin.foreign")
			if got.header.Get("Access-Control-Allow-Origin") != "" || got.header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s may read: %v", from, got.header)
			}
		}
		bearer := w.call(http.MethodGet, "/v1/account", nil, "Origin", own, "Authorization", w.connect(nil).bearer())
		if bearer.status != http.StatusOK || bearer.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("a bearer's answer allows credentials: %v", bearer.header)
		}
	})
	t.Run("mailboxes of one browser", func(t *testing.T) {
		b := w.loggedIn(ada)
		b.signInUser(url.Values{"loginHint": {bob}, "mailboxInfo": {"bob's"}}).result(t)
		if got := b.user().Email; got != "ada@sandbox.test" {
			t.Errorf("without mailboxInfo it is %s", got)
		}
		if got := w.personOf(b.asks(http.MethodGet, "/v1/user", "X-Aurinko-Mailbox-Info", "bob's")).Email; got != "bob@sandbox.test" {
			t.Errorf("with it, %s", got)
		}
		w.refuses(b.asks(http.MethodGet, "/v1/user", "X-Aurinko-Mailbox-Info", "eve's"), http.StatusUnauthorized, "unauthorized")
	})
	t.Run("a code that is replayed ends the session where the application says so", func(t *testing.T) {
		strict := w.asApplication(account.Settings{RevokeOnReplay: true})
		code := strict.browser().signInUser(url.Values{"responseType": {"code"}}).result(t).Get("code")
		session := strict.sessionOf(code)
		strict.refuses(strict.redeem(code), http.StatusBadRequest, "code.used")
		strict.refuses(strict.call(http.MethodGet, "/v1/user", nil, "X-Aurinko-Session", session), http.StatusUnauthorized, "unauthorized")
	})
}

func TestASignInWithoutAReturnURL(t *testing.T) {
	t.Parallel()
	w := start(t)
	b, none := w.browser(), url.Values{"returnUrl": nil}
	done := b.signInUser(none, "Accept", "text/html")
	if done.status != http.StatusOK || done.body != `{"status":"Ok"}` || !strings.HasPrefix(done.asked, w.url+"/v1/auth/done?clientId=") {
		t.Errorf("it ends at %s: %d %s", done.asked, done.status, done.body)
	}
	_ = b.user()
	page := b.get(done.asked, "Accept", "text/html")
	if !strings.Contains(page.body, `data-origins="`+w.url+` https://app.example"`) || !strings.Contains(page.header.Get("Content-Security-Policy"), "script-src 'sha256-") {
		t.Errorf("the page is %s under %v", page.body, page.header)
	}
	w.refuses(b.get(w.url+"/v1/auth/done?clientId=none"), http.StatusBadRequest, "client.unknown")
	for why, c := range map[string]struct {
		changes url.Values
		status  int
		code    string
	}{
		"a code has nowhere to go":    {url.Values{"responseType": {"code"}}, http.StatusBadRequest, "parameter.missing"},
		"a person who says no":        {url.Values{"loginHint": {"ada+deny@sandbox.test"}}, http.StatusForbidden, "access_denied"},
		"nobody's secondary account":  {url.Values{"accountRole": {"secondary"}}, http.StatusUnauthorized, "user.missing"},
		"a return URL that is no one": {url.Values{"returnUrl": {"https://evil.example/"}}, http.StatusBadRequest, "returnurl.invalid"},
		"no role":                     {url.Values{"accountRole": nil}, http.StatusBadRequest, "parameter.missing"},
		"a role that is none":         {url.Values{"accountRole": {"tertiary"}}, http.StatusBadRequest, "parameter.invalid"},
		"a token":                     {url.Values{"responseType": {"token"}}, http.StatusBadRequest, "responsetype.unknown"},
		"nothing, for a primary one":  {url.Values{"responseType": {"none"}}, http.StatusBadRequest, "responsetype.unknown"},
	} {
		changes := altered(none)
		for name, values := range c.changes {
			changes[name] = values
		}
		if got := w.browser().signInUser(changes); got.status != c.status || got.code() != c.code || got.location() != "" {
			t.Errorf("%s: %d %s to %q", why, got.status, got.body, got.location())
		}
	}
	// The account flow keeps its return URL.
	w.refuses(b.authorize(none), http.StatusBadRequest, "returnurl.invalid")

	const week = `{"daySchedules":[{"dayOfWeek":"monday","workingIntervals":[{"start":"09:00","end":"17:30"}]}],"timezone":"Europe/Berlin"}`
	for _, body := range []string{week, `{"workHours":` + week + `}`} {
		got := w.send(b.client, http.MethodPatch, w.url+"/v1/user/settings", strings.NewReader(body),
			"X-Aurinko-Client-Id", w.client.ClientID, "Origin", w.url, "Content-Type", "application/json")
		if hours := w.personOf(got).WorkHours; string(hours) != week {
			t.Errorf("%s is kept as %s", body, hours)
		}
	}
	if got := b.asks(http.MethodGet, "/v1/user/accounts"); got.status != http.StatusOK || !strings.HasPrefix(got.body, `{"length":1,"records":[{"id":`) {
		t.Errorf("the accounts: %d %s", got.status, got.body)
	}
	w.refuses(b.asks(http.MethodGet, "/v1/user/accounts?pageToken=x"), http.StatusBadRequest, "token.notValid")
	id := strconv.FormatInt(b.user().Accounts[0].ID, 10)
	w.refuses(b.asks(http.MethodPost, "/v1/user/accounts/"+id+"/managed"), http.StatusBadRequest, "account.unmanaged")
}

// sessionOf redeems a code of a user's sign-in.
func (w *world) sessionOf(code string) string {
	w.t.Helper()
	_, session, _ := strings.Cut(w.redeem(code).body, `"userSession":"`)
	session, _, _ = strings.Cut(session, `"`)
	if session == "" {
		w.t.Fatal("no session for the code")
	}
	return session
}
