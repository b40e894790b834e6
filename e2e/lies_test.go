package e2e_test

import (
	"cmp"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/store/storetest"
)

// What a provider, a store and a clock can get wrong about a refresh, and where it is tried:
//
//	200 with an error body, expires_in in all its forms, 20 KB of token,
//	another person's tokens, fewer scopes, a rotated token that is refused,
//	and whatever else is no token                  TestAProviderThatLies
//	half a JSON, HTML with 200 and 400, nothing, too much, cut off, another client
//	secret than ours                               TestPassingTroubleCondemnsNobody
//	an answer after our deadline                   TestAnAnswerAfterTheDeadline
//	what refusals mean, in a provider's own words  TestOfficeRefusesARefresh and each driver's table_test and troubles_test
//	the same answers to a sign-in                  TestAProviderThatFailsInASignIn, TestAnIdentityWithControlCharacters
//	a full disk                                    TestAFullDisk
//	a read-only store                              TestAReadOnlyDatabase, TestAFullDisk
//	a store that vanishes before the save          TestAStoreThatGoesAwayInTheMiddleOfARefresh
//	two clocks an hour apart                       TestTwoClocksAnHourApart, credential: TestNoInterleavingLosesAToken
//	a lease holder paused for a minute             credential: TestALateSuccessRevivesTheAccount, TestWhoComesLateWithAClaimDoesNotAsk
//	a client secret that is changed meanwhile      TestAWrongClientSecretStopsTheRegistrationAlone, credential: TestAChangedSecretEndsTheStop
//
// A lie is one answer to a refresh, and what it has to lead to. The zero value of each
// expectation is the good case: the caller is served, the account is active, and the next
// refresh works with the refresh token that was given last.
type lie struct {
	name    string
	hint    string                           // whose grant; of one whose refresh token rotates by default
	says    func(w *world, c connected) liar // or, where it needs to know neither:
	said    liar
	prepare func(w *world, c connected) // before it
	only    func(s service) bool

	code string // that the caller gets; "": 200
	// What is then stored and shown.
	status string        // tokenStatus; "": active
	life   time.Duration // of the access token; 0: what the provider's documents say
	token  string        // the access token; "": whichever
	fewer  bool          // gone is of the account's scopes no more
	event  string        // in the audit trail; "": none
	// The next call, with the provider well again and all pauses over.
	then  string // its code; "": 200
	marks string // tokenStatus after that; "": active
	tells string // events after that; "": as before
}

const (
	steady  = "ada+auto@sandbox.test" // keeps its refresh token
	century = `3155760000`
)

var accessToken = regexp.MustCompile(`"access_token": ?"`)

func lies() []lie {
	long, tooLong := strings.Repeat("long-token.", 2000)[:20<<10], strings.Repeat("x", 64<<10+1)
	malformed := func(name string, said liar) lie {
		return lie{name: name, hint: steady, said: said, code: "provider.malformed"}
	}
	return []lie{
		{name: "the truth", said: rewrites(func(body string) string { return body })},

		// The life of the access token.
		{name: "expires_in is a text", said: with("expires_in", "1200"), life: 20 * time.Minute},
		{name: "expires_in has a fraction", said: with("expires_in", 1200.0001), life: 20 * time.Minute},
		{name: "expires_in has an exponent", said: written("expires_in", "12e2"), life: 20 * time.Minute},
		{name: "expires_in is zero", said: with("expires_in", 0)},
		{name: "expires_in is negative", said: with("expires_in", -3600)},
		{name: "expires_in is absent", said: with("expires_in", nil)},
		{name: "expires_in is null", said: written("expires_in", "null")},
		{name: "expires_in is empty", said: with("expires_in", "")},
		{name: "expires_in is a word", said: with("expires_in", "soon")},
		{name: "expires_in is an object", said: with("expires_in", map[string]any{"seconds": 60})},
		{name: "expires_in is a century", said: written("expires_in", century), life: 24 * time.Hour},
		{name: "expires_in is beyond all numbers", said: written("expires_in", "1e999"), life: 24 * time.Hour},
		{name: "expires_in is a second", said: with("expires_in", 1), life: 10 * time.Second},

		// The tokens.
		{name: "a token of 20 KB", said: with("access_token", long), token: long},
		{name: "another token type", said: with("token_type", "mac")},
		{name: "a member twice", said: rewrites(func(body string) string { return `{"access_token":"the-first",` + body[1:] })},
		{name: "an empty refresh token", hint: steady, said: with("refresh_token", "")},
		{name: "a refresh token that is a number", hint: steady, said: with("refresh_token", 42)},
		{name: "a refresh token of two lines", hint: steady, said: with("refresh_token", "one\r\ntwo")},
		{name: "a refresh token that is too long", hint: steady, said: with("refresh_token", tooLong)},
		malformed("no access token", with("access_token", nil)),
		malformed("an empty access token", with("access_token", "")),
		malformed("an access token that is a number", with("access_token", 42)),
		malformed("an access token with a line break", with("access_token", "one\nTwo: three")),
		malformed("an access token with a NUL", with("access_token", "one\x00")),
		malformed("an access token that is no text", rewrites(func(body string) string {
			return accessToken.ReplaceAllString(body, "${0}\xff\xfe")
		})),
		malformed("an access token that is too long", with("access_token", tooLong)),
		{
			name: "a rotated token that never came", said: with("access_token", ""), code: "provider.malformed",
			then: "token.dead", marks: "dead", tells: "credential.lost",
		},

		// Its form.
		{name: "JSON as text", said: typed("text/plain; charset=utf-8")},
		{name: "JSON as a form", said: typed("application/x-www-form-urlencoded")},
		{name: "JSON as a page", said: typed("text/html")},
		{name: "JSON behind a byte order mark", said: rewrites(func(body string) string { return "\xef\xbb\xbf" + body })},
		{name: "no UTF-8 elsewhere", said: rewrites(func(body string) string { return `{"note":"` + "\xff" + `",` + body[1:] })},
		malformed("null", says(http.StatusOK, "", "null")),
		malformed("a list", says(http.StatusOK, "", "[]")),
		malformed("a word", says(http.StatusOK, "", `"ok"`)),
		malformed("a form", says(http.StatusOK, "application/x-www-form-urlencoded", "access_token=one&expires_in=3600")),
		malformed("an error that is an object", says(http.StatusOK, "", `{"error":{"code":400,"status":"INVALID"}}`)),
		malformed("nothing of a refusal", says(http.StatusForbidden, "", "")),

		// Errors.
		{name: "200 with the end of the grant", says: ended(http.StatusOK), code: "token.dead", status: "dead", then: "token.dead", marks: "dead"},
		{name: "200 with passing trouble", hint: steady, said: says(http.StatusOK, "", `{"error":"temporarily_unavailable"}`), code: "provider.unavailable"},
		{name: "200 with an unknown error", hint: steady, said: says(http.StatusOK, "", `{"error":"nobody_knows"}`), code: "provider.unavailable"},
		{
			name: "a rotated token that is refused", prepare: renewedOnce, says: ended(http.StatusBadRequest),
			code: "token.dead", status: "dead", then: "token.dead", marks: "dead",
		},
		{name: "200 with the wrong client", hint: steady, said: says(http.StatusOK, "", `{"error":"invalid_client"}`), code: "provider.config"},

		// The scopes.
		{name: "fewer scopes", says: withScopes(func(scopes []string, gone string) []string {
			return slices.DeleteFunc(scopes, func(s string) bool { return strings.HasSuffix(s, gone) })
		}), fewer: true},
		{name: "no word of scopes", says: withScopes(nil)},
		{name: "an empty scope", said: with("scope", ""), only: func(s service) bool { return s.name != "Hubspot" }},
		{name: "scopes that cannot be", says: withScopes(func(scopes []string, _ string) []string {
			return append(scopes, "evil\x00scope", `other"scope`)
		})},

		// Somebody else's.
		{
			name: "another person's tokens", hint: steady, says: strangers, only: saysWhose,
			code: "provider.malformed", event: "credential.stranger", tells: "credential.stranger",
		},
		{
			name: "another person's tokens, and a rotated one", says: strangers, only: saysWhose, code: "provider.malformed", event: "credential.stranger",
			then: "token.dead", marks: "dead", tells: "credential.lost credential.stranger",
		},
		{name: "the same person's, and says so", says: theSame, only: saysWhose},
	}
}

func TestAProviderThatLies(t *testing.T) {
	t.Parallel()
	onEachService(t, func(t *testing.T, s service) {
		w := startAt(t, s).revealing()
		asked := url.Values{"scopes": {"Mail.Read Calendar.Read"}}
		if !s.hasScopes() {
			asked = url.Values{"scopes": nil}
		}
		w.isLiedTo(t, func(hint string) connected {
			asked.Set("loginHint", hint)
			return w.connect(asked)
		})
	})
	if storetest.OnPostgres() {
		return // as in services
	}
	t.Run("SugarCRM", func(t *testing.T) {
		t.Parallel()
		w := startSugar(t)
		w.service.always, w.service.mail = []string{"profile"}, "rest/v11/me"
		w.service.accessPrefix, w.service.refreshPrefix = "sandbox-", "sandbox-"
		w.revealing()
		w.isLiedTo(t, func(hint string) connected { return w.throughCloud("loginHint", hint) })
	})
}

// isLiedTo tries all lies on one server.
func (w *world) isLiedTo(t *testing.T, connect func(hint string) connected) {
	t.Helper()
	for _, l := range lies() {
		if l.only == nil || l.only(w.service) {
			t.Run(l.name, func(t *testing.T) { l.isMet(t, w, connect) })
		}
	}
	noneIn(t, w.log.String(), []string{w.service.accessPrefix, w.service.refreshPrefix, "long-token.", "Two: three"})
}

func (l lie) isMet(t *testing.T, w *world, connect func(hint string) connected) {
	w.clock.advance(time.Second) // what the row before has told is past
	c := connect(cmp.Or(l.hint, rotating))
	if l.prepare != nil {
		l.prepare(w, c)
	}
	before, began := w.details(c, ""), w.clock.Now()
	said := l.said
	if l.says != nil {
		said = l.says(w, c)
	}
	w.clock.advance(2 * time.Hour)
	w.front.lies(said)
	asked := 1
	if l.status == "dead" && l.prepare != nil && w.service.honoursReplaced {
		asked = 2 // with the token before as well
	}
	a, token, ends := w.provided(c)
	if l.code == "" || l.status == "dead" {
		w.provided(c) // which asks no more
	}
	if a.code() != l.code || (a.status == http.StatusOK) != (l.code == "") || l.token != "" && token != l.token {
		t.Errorf("the caller gets %d %.300s", a.status, a.body)
	}
	if n := w.front.lied(); n != asked {
		t.Errorf("the provider was asked %d times, want %d", n, asked)
	}
	w.stands(t, c, cmp.Or(l.status, "active"), l.event, began)
	if l.code == "" {
		if want := w.clock.Now().Add(cmp.Or(l.life, w.service.life())); !ends.Equal(want) {
			t.Errorf("the token ends in %s, want %s", ends.Sub(w.clock.Now()), want.Sub(w.clock.Now()))
		}
		wantScopes(t, w, before, w.details(c, ""), l.fewer)
	}

	w.front.lies(nil)
	w.clock.advance(49 * time.Hour)
	if a := w.as(c, http.MethodGet, w.service.direct()); a.code() != l.then || (a.status == http.StatusOK) != (l.then == "") {
		t.Errorf("afterwards: %d %s", a.status, a.body)
	}
	w.stands(t, c, cmp.Or(l.marks, "active"), cmp.Or(l.tells, l.event), began)
}

// stands checks an account's status and what the audit trail tells of its credential since
// then.
func (w *world) stands(t *testing.T, c connected, status, event string, since time.Time) {
	t.Helper()
	got := w.details(c, "")
	if _, wrong := got["tokenError"]; got["tokenStatus"] != status || wrong == (status == "active") {
		t.Errorf("the account is %v: %v", got["tokenStatus"], got["tokenError"])
	}
	if told := strings.Join(w.told(t, c, since), " "); told != event {
		t.Errorf("the audit trail tells %q, want %q", told, event)
	}
}

// wantScopes compares an account's scopes with those before.
func wantScopes(t *testing.T, w *world, before, after map[string]any, fewer bool) {
	t.Helper()
	native, unified := words(before["authNativeScopes"]), words(before["authScopes"])
	if fewer {
		native = slices.DeleteFunc(native, func(s string) bool { return s == w.service.gone() })
		unified = slices.DeleteFunc(unified, func(s string) bool { return s == w.service.says("Calendar.Read") })
	}
	if d := gocmp.Diff(native, words(after["authNativeScopes"])) + gocmp.Diff(unified, words(after["authScopes"])); d != "" {
		t.Errorf("the scopes: %s", d)
	}
}
