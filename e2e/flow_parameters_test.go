package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
)

const googleAPI = "https://www.googleapis.com/auth/"

func readConnected(t testing.TB, a answer) connected {
	t.Helper()
	var c connected
	if err := json.Unmarshal([]byte(a.body), &c); err != nil || a.status != http.StatusOK || c.AccountID < 1 || c.AccessToken == "" {
		t.Fatalf("redeem: %d %s", a.status, a.body)
	}
	return c
}

// Before the return URL is proven to be the application's, nothing redirects.
func TestAuthorizeRedirectsNowhereBeforeTheReturnURLIsProven(t *testing.T) {
	t.Parallel()
	onEachService(t, authorizeRedirectsNowhereBeforeTheReturnURLIsProven)
}

func authorizeRedirectsNowhereBeforeTheReturnURLIsProven(t *testing.T, s service) {
	w := startAt(t, s)
	b := w.browser()
	for _, c := range []struct {
		code    string
		changes url.Values
	}{
		{"parameter.missing", url.Values{"clientId": nil}},
		{"parameter.missing", url.Values{"clientId": {""}}},
		{"client.unknown", url.Values{"clientId": {strings.Repeat("0", 32)}}},
		{"client.unknown", url.Values{"clientId": {strings.ToUpper(w.client.ClientID)}}},
		{"parameter.repeated", url.Values{"clientId": {w.client.ClientID, w.client.ClientID}}},
		{"parameter.tooLong", url.Values{"clientId": {strings.Repeat("a", 65)}}},
		{"parameter.invalid", url.Values{"clientId": {w.client.ClientID + "\x00"}}},
		{"returnurl.invalid", url.Values{"returnUrl": nil}},
		{"returnurl.invalid", url.Values{"returnUrl": {""}}},
		{"returnurl.invalid", url.Values{"returnUrl": {"https://app.example.evil.example/connected"}}},
		{"returnurl.invalid", url.Values{"returnUrl": {"https://app.example@evil.example/connected"}}},
		{"returnurl.invalid", url.Values{"returnUrl": {"https://app.example./connected"}}},
		{"returnurl.invalid", url.Values{"returnUrl": {"https://app.example:8443/connected"}}},
		{"returnurl.invalid", url.Values{"returnUrl": {"//app.example/connected"}}},
		{"returnurl.invalid", url.Values{"returnUrl": {`https://app.example\connected`}}},
		{"returnurl.invalid", url.Values{"returnUrl": {"https://app.example/connected%2f"}}},
		{"returnurl.invalid", url.Values{"returnUrl": {returnURL + "#x"}}},
		{"returnurl.invalid", url.Values{"returnUrl": {returnURL + "?CODE=1"}}},
		{"parameter.repeated", url.Values{"returnUrl": {returnURL, returnURL}}},
		{"parameter.tooLong", url.Values{"returnUrl": {returnURL + "?x=" + strings.Repeat("a", 2048)}}},
		{"parameter.invalid", url.Values{"returnUrl": {returnURL + "\n"}}},
	} {
		got := b.authorize(c.changes)
		if wantShown(t, got, http.StatusBadRequest, c.code); t.Failed() {
			t.Fatalf("for %v", c.changes)
		}
		if got.header.Get("Set-Cookie") != "" {
			t.Errorf("%v sets a cookie", c.changes)
		}
	}
	wantShown(t, b.get(w.url+"/v1/auth/authorize?clientId="+w.client.ClientID+"&returnUrl=%zz"), http.StatusBadRequest, "parameter.invalid")
	wantShown(t, b.get(w.url+"/v1/auth/authorize"), http.StatusBadRequest, "parameter.missing")
	if n := w.calledSoFar().Authorize; n != 0 {
		t.Errorf("the provider was asked %d times", n)
	}
}

// Once it is proven, everything goes back to the application, which can read it.
func TestAuthorizeTellsTheApplicationWhatIsWrong(t *testing.T) {
	t.Parallel()
	onEachService(t, authorizeTellsTheApplicationWhatIsWrong)
}

func authorizeTellsTheApplicationWhatIsWrong(t *testing.T, s service) {
	w := startAt(t, s)
	b := w.browser()
	long := func(n int) []string { return []string{strings.Repeat("a", n)} }
	for _, c := range []struct {
		code, names string
		changes     url.Values
	}{
		{"servicetype.unknown", "Google", url.Values{"serviceType": {"Gogle"}}},
		{"servicetype.unavailable", "", url.Values{"serviceType": {"IMAP"}}},
		{"servicetype.unavailable", "", url.Values{"serviceType": {"sugarcrm"}}},
		{"parameter.repeated", "serviceType", url.Values{"serviceType": {"Google", "Google"}}},
		{"parameter.tooLong", "serviceType", url.Values{"serviceType": long(33)}},
		{"scope.unknown", "Mail.Raed", url.Values{"scopes": {"Mail.Read Mail.Raed"}}},
		{"parameter.tooLong", "scopes", url.Values{"scopes": long(2049)}},
		{"parameter.tooLong", "scopes", url.Values{"scopes": slices.Repeat([]string{"Mail.Read"}, 411)}},
		{"parameter.invalid", "nativeScopes", url.Values{"nativeScopes": {`a"b`}}},
		{"parameter.invalid", "nativeScopes", url.Values{"nativeScopes": {"ä"}}},
		{"responsetype.unknown", "", url.Values{"responseType": {"id_token"}}},
		{"responsetype.unknown", "", url.Values{"responseType": {"Code"}}},
		{"parameter.repeated", "responseType", url.Values{"responseType": {"code", "token"}}},
		{"parameter.invalid", "accountId", url.Values{"accountId": {"abc"}}},
		{"parameter.invalid", "accountId", url.Values{"accountId": {"0"}}},
		{"parameter.invalid", "accountId", url.Values{"accountId": {"-1"}}},
		{"parameter.invalid", "accountId", url.Values{"accountId": {"9007199254740992"}}},
		{"parameter.tooLong", "clientOrgId", url.Values{"clientOrgId": long(256)}},
		{"parameter.repeated", "clientOrgId", url.Values{"clientOrgId": {"a", "a"}}},
		{"parameter.invalid", "clientOrgId", url.Values{"clientOrgId": {"a\tb"}}},
		{"parameter.tooLong", "loginHint", url.Values{"loginHint": long(321)}},
		{"parameter.invalid", "loginHint", url.Values{"loginHint": {"ada\r\nx: y"}}},
		{"parameter.invalid", "loginHint", url.Values{"loginHint": {"\xff\xfe"}}},
		{"parameter.invalid", "prompt", url.Values{"prompt": {"create"}}},
		{"parameter.repeated", "prompt", url.Values{"prompt": {"login", "consent"}}},
		{"parameter.invalid", "ensureScopes", url.Values{"ensureScopes": {"yes"}}},
		{"parameter.tooLong", "recycle", url.Values{"recycle": {"falsefalse"}}},
		{"parameter.invalid", "recycle", url.Values{"recycle": {"no"}}},
		{"parameter.tooLong", "authEmail", url.Values{"authEmail": long(321)}},
		{"codechallenge.invalid", "", url.Values{"codeChallenge": {"short"}}},
		{"codechallenge.invalid", "", url.Values{"codeChallenge": {strings.Repeat("A", 42) + "="}}},
		{"codechallenge.invalid", "", url.Values{"codeChallenge": {strings.Repeat("A", 43)}, "codeChallengeMethod": {"plain"}}},
		{"codechallenge.invalid", "", url.Values{"codeChallengeMethod": {"S256"}}},
	} {
		result := wantFailed(t, b.authorize(c.changes), c.code)
		if !strings.Contains(result.Get("details"), c.names) {
			t.Errorf("%v: the details name no %q: %s", c.changes, c.names, result.Get("details"))
		}
		if t.Failed() {
			t.Fatalf("for %v", c.changes)
		}
	}
	// The state itself cannot be sent back where it cannot be used.
	for code, state := range map[string][]string{
		"parameter.tooLong": long(2049), "parameter.repeated": {"a", "b"}, "parameter.invalid": {"a\nb"},
	} {
		got := b.authorize(url.Values{"state": state}).result(t)
		if got.Get("error") != code || got.Has("state") {
			t.Errorf("a bad state: %v", got)
		}
	}
	if n := w.calledSoFar().Authorize; n != 0 {
		t.Errorf("the provider was asked %d times", n)
	}
}

func TestServiceTypeIsReadWithoutRegardToCase(t *testing.T) {
	t.Parallel()
	onEachService(t, serviceTypeIsReadWithoutRegardToCase)
}

func serviceTypeIsReadWithoutRegardToCase(t *testing.T, s service) {
	w := startAt(t, s)
	for _, spelling := range []string{s.name, strings.ToLower(s.name), strings.ToUpper(s.name), strings.ToLower(s.name[:1]) + strings.ToUpper(s.name[1:])} {
		if to := w.browser().authorize(url.Values{"serviceType": {spelling}}).location(); !strings.HasPrefix(to, w.boxURL) {
			t.Errorf("serviceType=%s leads to %q", spelling, to)
		}
	}
}

func TestScopesInEverySpelling(t *testing.T) {
	t.Parallel()
	onEachServiceThat(t, service.hasMail, scopesInEverySpelling)
}

func scopesInEverySpelling(t *testing.T, s service) {
	w := startAt(t, s)
	w.setRegistration(func(in *operator.SetRegistration) {
		in.Scopes, in.NativeScopes = []string{"Contacts.Read"}, []string{s.native}
	})
	ofMail, ofCalendar := url.QueryEscape(strings.Join(s.scopes["Mail.Read"], " ")), url.QueryEscape(strings.Join(s.scopes["Calendar.Read"], " "))
	mailAndCalendar := slices.Concat(s.always, s.scopes["Mail.Read"], s.scopes["Calendar.Read"])
	byDefault := append(slices.Concat(s.always, s.scopes["Contacts.Read"]), s.native)
	for _, c := range []struct {
		query string // as it stands in the address
		want  []string
	}{
		{"scopes=Mail.Read%20Calendar.Read", mailAndCalendar},
		{"scopes=Mail.Read+Calendar.Read", mailAndCalendar},
		{"scopes=Mail.Read%2BCalendar.Read", mailAndCalendar},
		{"scopes=Mail.Read,Calendar.Read", mailAndCalendar},
		{"scopes=Mail.Read%2C%20Calendar.Read%20Mail.Read", mailAndCalendar},
		{"scopes=Mail.Read&scopes=Calendar.Read", mailAndCalendar},
		{"scopes=mail.readonly&scopes=CALENDAR.READ", mailAndCalendar},
		{"scopes=Mail.Read&nativeScopes=" + ofCalendar, mailAndCalendar},
		{"nativeScopes=" + ofMail + "+" + ofCalendar, mailAndCalendar},
		{"", byDefault},
		{"scopes=", byDefault},
		{"scopes=%20,", byDefault},
		// Parameters that mean nothing here are ignored, twice even.
		{"scopes=Mail.Read+Calendar.Read&webhook=1&webhook=2&redirect_uri=https://evil.example&Scopes=Mail.Send&code=x", mailAndCalendar},
	} {
		plain := url.Values{"clientId": {w.client.ClientID}, "serviceType": {s.name}, "returnUrl": {returnURL}}
		to := w.browser().get(w.url + "/v1/auth/authorize?" + plain.Encode() + "&" + c.query).location()
		asked, err := url.Parse(to)
		if err != nil || !strings.HasPrefix(to, w.boxURL) {
			t.Errorf("%s leads to %q", c.query, to)
			continue
		}
		if d := cmp.Diff(c.want, strings.FieldsFunc(asked.Query().Get("scope"), func(r rune) bool { return r == ' ' || r == ',' })); d != "" {
			t.Errorf("%s: the provider is asked for %s", c.query, d)
		}
	}
}

func TestHintsReachTheProvider(t *testing.T) {
	t.Parallel()
	onEachService(t, hintsReachTheProvider)
}

func hintsReachTheProvider(t *testing.T, s service) {
	w := startAt(t, s)
	q := w.asked(url.Values{"loginHint": {"ada+x@sandbox.test"}, "prompt": {" login "}, "state": {"app-secret-state"}})
	if q.Get("login_hint") != "ada+x@sandbox.test" || q.Get("prompt") != s.login && !s.unprompted {
		t.Errorf("the provider gets %v", q)
	}
	if all := q.Encode(); strings.Contains(all, "app-secret-state") || strings.Contains(all, "app.example") {
		t.Errorf("the provider learns what is the application's: %v", q)
	}
}

// asked is what authorize asks of the provider.
func (w *world) asked(changes url.Values) url.Values {
	w.t.Helper()
	to, err := url.Parse(w.browser().authorize(changes).location())
	if err != nil || !strings.HasPrefix(to.String(), w.boxURL) {
		w.t.Fatalf("authorize leads to %q", to)
	}
	return to.Query()
}

func TestStateComesBackAsItWas(t *testing.T) {
	t.Parallel()
	onEachService(t, stateComesBackAsItWas)
}

func stateComesBackAsItWas(t *testing.T, s service) {
	w := startAt(t, s)
	for _, state := range []string{"", "a b&c=d#e%20", "ключ🔑", strings.Repeat("s", 2048)} {
		b := w.browser()
		result := b.follow(b.authorize(url.Values{"state": {state}})).result(t)
		if result.Get("status") != "success" || result.Get("state") != state || result.Has("state") != (state != "") {
			t.Errorf("state %.20q came back as %.20q (%s)", state, result.Get("state"), result.Get("error"))
		}
	}
}

func TestReturnURLKeepsItsOwnQuery(t *testing.T) {
	t.Parallel()
	onEachService(t, returnURLKeepsItsOwnQuery)
}

func returnURLKeepsItsOwnQuery(t *testing.T, s service) {
	w := startAt(t, s)
	b := w.browser()
	final := b.follow(b.authorize(url.Values{"returnUrl": {returnURL + "?tenant=%41&x=1"}}))
	if !strings.HasPrefix(final.location(), returnURL+"?tenant=%41&x=1&") || final.result(t).Get("status") != "success" {
		t.Errorf("the browser goes to %q", final.location())
	}
}

func TestTokenModeAnswersInTheFragment(t *testing.T) {
	t.Parallel()
	onEachService(t, tokenModeAnswersInTheFragment)
}

func tokenModeAnswersInTheFragment(t *testing.T, s service) {
	w := startAt(t, s)
	b := w.browser()
	final := b.follow(b.authorize(url.Values{"responseType": {"token"}}))
	bare, fragment, _ := strings.Cut(final.location(), "#")
	got, err := url.ParseQuery(fragment)
	if err != nil || bare != returnURL {
		t.Fatalf("the browser goes to %q", final.location())
	}
	if got.Get("status") != "success" || got.Get("state") != "app-state" || got.Has("code") || got.Get("accountId") == "" {
		t.Errorf("the application gets %v", got)
	}
	if a := w.call(http.MethodGet, "/v1/account", nil, "Authorization", "Bearer "+got.Get("accessToken")); a.status != http.StatusOK {
		t.Errorf("the token answers %d %s", a.status, a.body)
	}
	if a := w.call(http.MethodDelete, "/v1/account", nil, "Authorization", "Bearer "+got.Get("accessToken")); a.code() != "token.limited" {
		t.Errorf("a token of a browser deletes the account: %d %s", a.status, a.body)
	}
	// A single page reads the fragment, its server the query: errors are in both.
	for code, changes := range map[string]url.Values{
		"access_denied":     {"loginHint": {"ada+deny@sandbox.test"}},
		"scope.unknown":     {"scopes": {"x"}},
		"parameter.tooLong": {"state": {strings.Repeat("s", 2049)}},
	} {
		changes.Set("responseType", "token")
		wantInBoth(t, b.follow(b.authorize(changes)), code)
	}
	off := w.asApplication(account.Settings{})
	wantInBoth(t, off.browser().authorize(url.Values{"responseType": {"token"}}), "responsetype.disabled")
}

func wantInBoth(t *testing.T, a answer, code string) {
	t.Helper()
	u, err := url.Parse(a.location())
	if err != nil {
		t.Fatal(err)
	}
	fragment, err := url.ParseQuery(u.EscapedFragment())
	if err != nil || fragment.Get("error") != code || u.Query().Get("error") != code || fragment.Has("accessToken") {
		t.Errorf("want %s in the query and in the fragment: %q", code, a.location())
	}
}
