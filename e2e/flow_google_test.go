package e2e_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
)

// Google unites a new grant with older ones where it is asked to: for a renewal
// alone, or one application would inherit another's access.
func TestGoogleGetsBothPromptsAndUnitesGrantsOnRenewalAlone(t *testing.T) {
	t.Parallel()
	w := start(t)
	if q := w.asked(url.Values{"prompt": {"select_account  login"}}); q.Get("prompt") != "select_account login" || q.Has("include_granted_scopes") {
		t.Errorf("a sign-in asks %v", q)
	}
	if q := w.asked(url.Values{"accountId": {"1"}}); q.Get("include_granted_scopes") != "true" {
		t.Errorf("a renewal asks %v", q)
	}
}

// An identity without a subject is nobody's, whatever address stands in it.
func TestAnIdentityWithoutASubject(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.connect(nil)
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(res http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(res, body) }))
	t.Cleanup(server.Close)
	w.setRegistration(func(in *operator.SetRegistration) {
		e := w.endpoints()
		e.Userinfo = server.URL
		in.Endpoints = &e
	})
	before := w.heldAccounts()
	for _, body = range []string{
		`{}`, `{"email": "ada@sandbox.test", "email_verified": true}`, `{"sub": "", "email": "ada@sandbox.test"}`, `{"sub": null}`, `{"sub": ["a"]}`, `[]`, `null`,
	} {
		b := w.browser()
		if wantFailed(t, b.follow(b.authorize(nil)), "provider.malformed"); t.Failed() {
			t.Fatalf("for %s", body)
		}
	}
	untouched(t, w, before)
	if a := w.as(c, http.MethodGet, w.service.direct()); a.status != http.StatusOK {
		t.Errorf("the account that was there: %d %s", a.status, a.body)
	}
}

// Google gives a refresh token with a consent only, and asks nobody twice.
func TestConsentIsForcedOnlyWhereNoRefreshTokenIsHeld(t *testing.T) {
	t.Parallel()
	w := start(t)
	first := w.connect(nil)
	if n := w.calledSoFar().Authorize; n != 1 {
		t.Fatalf("a first sign-in asks %d times", n)
	}
	// The account holds a refresh token: Google's silence is no reason to ask again.
	w.connect(nil)
	if n := w.calledSoFar().Authorize; n != 2 {
		t.Errorf("a second sign-in asks %d times", n-1)
	}
	// The next account has none, and Google has given it to the first one.
	b := w.browser()
	provider := b.get(b.authorize(url.Values{"recycle": {"false"}, "prompt": {"select_account"}}).location())
	forced := b.get(provider.location())
	to, err := url.Parse(forced.location())
	if err != nil || !strings.HasPrefix(forced.location(), w.boxURL) {
		t.Fatalf("no consent is forced: %d %q", forced.status, forced.location())
	}
	q := to.Query()
	if q.Get("prompt") != "consent select_account" || q.Get("login_hint") != ada || q.Get("code_challenge") == "" {
		t.Errorf("the second round asks %v", q)
	}
	asked, err := url.Parse(provider.location())
	if err != nil || q.Get("state") == asked.Query().Get("state") {
		t.Error("the second round has the state of the first")
	}
	fresh := w.redeemedAccount(b.follow(forced).result(t))
	if n := w.calledSoFar().Authorize; n != 4 || fresh.AccountID == first.AccountID {
		t.Errorf("asked %d times in all; account %d", n, fresh.AccountID)
	}
	wantShown(t, b.get(provider.location()), http.StatusBadRequest, "state.used")
	refreshes(t, w, fresh)
	refreshes(t, w, first)
}

// Where the application named nobody, the second round names who signed in, and a
// prompt of none, which would make consent impossible, gives way.
func TestTheForcedRoundNamesWhoSignedIn(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.connect(nil)
	b := w.browser()
	// Without a hint the provider shows its page; the test answers in its place.
	first := b.authorize(url.Values{"loginHint": nil, "recycle": {"false"}, "prompt": {"none"}})
	forced := b.get(b.leaveProvider(answer{header: http.Header{"Location": {withQuery(t, first.location(), url.Values{"login_hint": {ada}})}}}))
	to, err := url.Parse(forced.location())
	if err != nil || to.Query().Get("login_hint") != "ada@sandbox.test" || to.Query().Get("prompt") != "consent" {
		t.Errorf("the second round is %q", forced.location())
	}
}

// refreshes checks that the account outlives its first access token.
func refreshes(t *testing.T, w *world, c connected) {
	t.Helper()
	w.box.Expire()
	got := w.call(http.MethodGet, w.service.direct(), nil, "Authorization", c.bearer())
	if got.status != http.StatusOK {
		t.Errorf("account %d cannot be renewed: %d %s", c.AccountID, got.status, got.body)
	}
}

func TestAProviderThatNeverGivesARefreshTokenIsAskedTwiceOnly(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.connect(url.Values{"loginHint": {"ada+auto+norefresh@sandbox.test"}})
	if n := w.calledSoFar(); n.Authorize != 2 || n.Code != 2 {
		t.Errorf("the provider was called %+v", n)
	}
	if got := w.call(http.MethodGet, w.service.direct(), nil, "Authorization", c.bearer()); got.status != http.StatusOK {
		t.Errorf("its access token answers %d %s", got.status, got.body)
	}
	if held := w.heldAccounts(); len(held) != 1 || held[0].TokenStatus != account.TokenActive {
		t.Errorf("the accounts are %+v", held)
	}
}

// The forced round keeps what the application asked for.
func TestTheForcedRoundChecksTheSame(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.connect(nil)
	b := w.browser()
	result := b.follow(b.authorize(url.Values{"recycle": {"false"}, "codeChallenge": {challengeOf(verifier)}, "clientOrgId": {"org"}})).result(t)
	if n := w.calledSoFar().Authorize; n != 3 || result.Get("state") != "app-state" {
		t.Fatalf("asked %d times: %v", n, result)
	}
	wantShown(t, w.redeem(result.Get("code")), http.StatusBadRequest, "verifier.missing")
	c := readConnected(t, w.redeemWith(result.Get("code"), "application/json", jsonVerifier(verifier)))
	if got := w.call(http.MethodGet, "/v1/account", nil, "Authorization", c.bearer()); !strings.Contains(got.body, `"clientOrgId":"org"`) {
		t.Errorf("the account is %s", got.body)
	}
}

func TestANarrowerConsentKeepsTheWiderCredential(t *testing.T) {
	t.Parallel()
	onEachService(t, aNarrowerConsentKeepsTheWiderCredential)
}

func aNarrowerConsentKeepsTheWiderCredential(t *testing.T, s service) {
	w := startAt(t, s)
	wide := w.connect(url.Values{"scopes": {"Mail.Read Calendar.Read"}})
	before := w.heldAccounts()
	w.clock.advance(time.Minute)
	narrow := w.connect(s.narrower())
	after := w.heldAccounts()
	if narrow.AccountID != wide.AccountID || len(after) != 1 || len(after[0].NativeScopes) != len(before[0].NativeScopes) {
		t.Errorf("%v became %v", before[0].NativeScopes, after[0].NativeScopes)
	}
	if !after[0].AuthObtainedAt.After(before[0].AuthObtainedAt) || !after[0].TokenIssuedAt.Equal(before[0].TokenIssuedAt) {
		t.Errorf("signed in at %s, token of %s", after[0].AuthObtainedAt, after[0].TokenIssuedAt)
	}
	if mail := w.as(wide, http.MethodGet, s.direct()); mail.status != http.StatusOK {
		t.Errorf("the mail is gone: %d %s", mail.status, mail.body)
	}
	refreshes(t, w, wide)
	// A wider one takes its place, with the refresh token that comes with it.
	w.connect(url.Values{"scopes": {"Mail.Read Calendar.Read"}, "nativeScopes": {s.native}})
	if n := w.calledSoFar().Authorize; n != 3 {
		t.Errorf("consent was forced though a refresh token came: %d", n)
	}
	if wider := w.heldAccounts()[0]; len(wider.NativeScopes) != len(before[0].NativeScopes)+1 {
		t.Errorf("the wider grant shows as %v", wider.NativeScopes)
	}
	refreshes(t, w, wide)
}

// An account whose access has ended takes whatever the person grants now.
func TestADeadAccountIsRevivedByAnySignIn(t *testing.T) {
	t.Parallel()
	onEachService(t, aDeadAccountIsRevivedByAnySignIn)
}

func aDeadAccountIsRevivedByAnySignIn(t *testing.T, s service) {
	w := startAt(t, s)
	wide := w.connect(url.Values{"scopes": {"Mail.Read Calendar.Read"}})
	if got := w.call(http.MethodDelete, "/v1/account/token", nil, "Authorization", wide.bearer()); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if w.heldAccounts()[0].TokenStatus != account.TokenDead {
		t.Fatalf("the account is %+v", w.heldAccounts()[0])
	}
	again := w.connect(url.Values{"scopes": {"Mail.Read"}})
	held := w.heldAccounts()
	if again.AccountID != wide.AccountID || held[0].TokenStatus != account.TokenActive || len(held[0].Scopes) != 1 {
		t.Errorf("the account is now %+v", held)
	}
	refreshes(t, w, again)
}
