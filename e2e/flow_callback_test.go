package e2e_test

import (
	"html"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/sandbox"

	"github.com/avain-project/avain/internal/app"
)

// asPage is how a browser asks.
const asPage = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"

func TestCallbackWithoutAUsableState(t *testing.T) {
	t.Parallel()
	onEachService(t, callbackWithoutAUsableState)
}

func callbackWithoutAUsableState(t *testing.T, s service) {
	w := startAt(t, s)
	b := w.browser()
	back := b.toCallback(nil)
	for _, c := range []struct {
		code    string
		changes url.Values
	}{
		{"state.missing", url.Values{"state": nil}},
		{"state.missing", url.Values{"state": {""}}},
		{"state.unknown", url.Values{"state": {"never-made"}}},
		{"parameter.tooLong", url.Values{"state": {strings.Repeat("s", 4097)}}},
		{"parameter.tooLong", url.Values{"code": {strings.Repeat("c", 4097)}}},
		{"parameter.repeated", url.Values{"code": {"a", "b"}}},
		{"parameter.repeated", url.Values{"error": {"a", "b"}}},
		{"parameter.repeated", url.Values{"iss": {"a", "b"}}},
	} {
		wantShown(t, b.get(withQuery(t, back, c.changes)), http.StatusBadRequest, c.code)
	}
	wantShown(t, b.get(back+"&state=another"), http.StatusBadRequest, "parameter.repeated")
	wantShown(t, b.get(back+"&x=%zz"), http.StatusBadRequest, "parameter.invalid")
	if n := w.calledSoFar().Code; n != 0 {
		t.Errorf("the provider's code was sent %d times", n)
	}
	// None of them has consumed the attempt.
	w.redeemedAccount(b.get(back).result(t))
}

func TestCallbackTakesGetAlone(t *testing.T) {
	t.Parallel()
	onEachService(t, callbackTakesGetAlone)
}

func callbackTakesGetAlone(t *testing.T, s service) {
	w := startAt(t, s)
	b := w.browser()
	back := b.toCallback(nil)
	for _, method := range []string{http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
		got := w.send(b.client, method, back, nil)
		if got.status != http.StatusMethodNotAllowed || got.header.Get("Allow") != http.MethodGet {
			t.Errorf("%s: %d, Allow %q", method, got.status, got.header.Get("Allow"))
		}
		if method != http.MethodHead && got.code() != "method.notAllowed" {
			t.Errorf("%s: %s", method, got.body)
		}
	}
	// A provider that was told to post (response_mode=form_post), seen by a person.
	bare, query, _ := strings.Cut(back, "?")
	for _, address := range []string{bare, back} {
		got := w.send(b.client, http.MethodPost, address, strings.NewReader(query), "Content-Type", "application/x-www-form-urlencoded", "Accept", asPage)
		if got.status != http.StatusMethodNotAllowed || got.header.Get("Allow") != http.MethodGet || got.location() != "" || got.header.Get("Set-Cookie") != "" ||
			!strings.HasPrefix(got.header.Get("Content-Type"), "text/html") || !strings.Contains(got.body, "method.notAllowed") {
			t.Errorf("a posted form: %d %v %s", got.status, got.header, got.body)
		}
	}
	if n := w.calls().Code; n != 0 {
		t.Errorf("the provider's code was sent %d times", n)
	}
	if got := w.send(b.client, http.MethodHead, w.url+"/v1/auth/authorize?"+url.Values{"clientId": {w.client.ClientID}}.Encode(), nil); got.status != http.StatusMethodNotAllowed {
		t.Errorf("HEAD of authorize: %d", got.status)
	}
	w.redeemedAccount(b.get(back).result(t))
}

func TestAnAttemptEndsAfterAQuarterOfAnHour(t *testing.T) {
	t.Parallel()
	onEachService(t, anAttemptEndsAfterAQuarterOfAnHour)
}

func anAttemptEndsAfterAQuarterOfAnHour(t *testing.T, s service) {
	w := startAt(t, s)
	late, inTime := w.browser(), w.browser()
	first, second := late.authorize(nil), inTime.authorize(url.Values{"loginHint": {bob}})
	w.clock.advance(15*time.Minute - time.Second)
	lateBack := late.leaveProvider(first)
	w.redeemedAccount(inTime.get(inTime.leaveProvider(second)).result(t))
	calls := w.calledSoFar().Code

	w.clock.advance(time.Second)
	wantShown(t, late.get(lateBack), http.StatusBadRequest, "state.expired")
	page := late.get(lateBack, "Accept", asPage)
	if page.status != http.StatusBadRequest || !strings.Contains(html.UnescapeString(page.body), returnURL+"?details=") {
		t.Errorf("the page has no way back: %d %s", page.status, page.body)
	}
	if w.calledSoFar().Code != calls {
		t.Error("the provider's code of an expired attempt was sent")
	}
}

func TestACallbackWorksOnce(t *testing.T) {
	t.Parallel()
	onEachService(t, aCallbackWorksOnce)
}

func aCallbackWorksOnce(t *testing.T, s service) {
	w := startAt(t, s)
	b := w.browser()
	back := b.toCallback(nil)
	location := b.get(back).location()
	again := b.get(back)
	wantShown(t, again, http.StatusBadRequest, "state.used")
	if strings.Contains(again.body, "code=") {
		t.Errorf("the JSON carries the code: %s", again.body)
	}
	// The person whose connection broke off goes on where the first one led.
	page := b.get(back, "Accept", asPage)
	if page.status != http.StatusBadRequest || !strings.Contains(html.UnescapeString(page.body), `href="`+location+`"`) || !strings.Contains(page.body, "E2E") {
		t.Errorf("the page does not lead to %s: %d %s", location, page.status, page.body)
	}
	// Another browser with the same address learns nothing.
	stranger := w.browser().get(back, "Accept", asPage)
	if strings.Contains(stranger.body, "app.example") || !strings.Contains(stranger.body, "state.browser") {
		t.Errorf("another browser is shown %s", stranger.body)
	}
	code := answer{header: http.Header{"Location": {location}}}.result(t)
	w.redeemedAccount(code)
	// A spent code is not shown again.
	page = b.get(back, "Accept", asPage)
	if text := html.UnescapeString(page.body); strings.Contains(text, code.Get("code")) || !strings.Contains(text, returnURL+"?details=") {
		t.Errorf("after redeeming, the page shows %s", page.body)
	}
	if n := w.calledSoFar().Code; n != 1 {
		t.Errorf("the provider's code was sent %d times", n)
	}
}

func TestCallbackFromAnotherBrowserStaysOpen(t *testing.T) {
	t.Parallel()
	onEachService(t, callbackFromAnotherBrowserStaysOpen)
}

func callbackFromAnotherBrowserStaysOpen(t *testing.T, s service) {
	w := startAt(t, s)
	b := w.browser()
	back := b.toCallback(nil)

	wantShown(t, w.browser().get(back), http.StatusBadRequest, "state.browser") // no cookie at all
	wantShown(t, w.browser().get(back, "Cookie", "avain_browser="), http.StatusBadRequest, "state.browser")
	wantShown(t, w.browser().get(back, "Cookie", "avain_browser="+strings.Repeat("x", 100)), http.StatusBadRequest, "state.browser")
	other := w.browser()
	other.authorize(nil) // a cookie of its own
	wantShown(t, other.get(back), http.StatusBadRequest, "state.browser")
	if page := other.get(back, "Accept", asPage); strings.Contains(page.body, "app.example") {
		t.Errorf("the page leads to the application: %s", page.body)
	}
	if n := w.calledSoFar().Code; n != 0 {
		t.Errorf("the provider's code was sent %d times", n)
	}
	w.redeemedAccount(b.get(back).result(t))
}

func TestAnUnboundRegistrationTakesAnyBrowser(t *testing.T) {
	t.Parallel()
	onEachService(t, anUnboundRegistrationTakesAnyBrowser)
}

func anUnboundRegistrationTakesAnyBrowser(t *testing.T, s service) {
	w := startAt(t, s)
	unbound := true
	w.setRegistration(func(in *operator.SetRegistration) { in.UnboundBrowser = &unbound })
	back := w.browser().toCallback(nil)
	first := w.browser().get(back).result(t)
	// But it shows nobody where the first one led, though the code still waits there.
	if page := w.browser().get(back, "Accept", asPage); strings.Contains(page.body, "code=") {
		t.Errorf("a relay's page shows the code: %s", page.body)
	}
	w.redeemedAccount(first)
}

func TestRacingCallbacksMintOneCode(t *testing.T) {
	t.Parallel()
	onEachServiceAndEngine(t, racingCallbacksMintOneCode)
}

func racingCallbacksMintOneCode(t *testing.T, s service, on func(*app.Config)) {
	w := startAt(t, s, on)
	b := w.browser()
	back := b.toCallback(nil)
	const racers = 8
	answers := make(chan answer, racers)
	for range racers {
		go func() { answers <- b.get(back) }()
	}
	won := 0
	for range racers {
		if a := <-answers; a.location() != "" {
			won++
			w.redeemedAccount(a.result(t))
		} else {
			wantShown(t, a, http.StatusBadRequest, "state.used")
		}
	}
	if won != 1 || w.calledSoFar().Code != 1 || len(w.heldAccounts()) != 1 {
		t.Errorf("%d callbacks won, the provider saw %d codes, %d accounts", won, w.calledSoFar().Code, len(w.heldAccounts()))
	}
}

func TestTheProvidersErrorComesBack(t *testing.T) {
	t.Parallel()
	onEachService(t, theProvidersErrorComesBack)
}

func theProvidersErrorComesBack(t *testing.T, s service) {
	w := startAt(t, s)
	refusals := map[string]string{
		"access_denied":           "access_denied",
		"invalid_scope":           "provider.config",
		"interaction_required":    "provider.refused",
		"server_error":            "provider.unavailable",
		"temporarily_unavailable": "provider.unavailable",
		"<script>alert(1)</script>" + strings.Repeat("x", 3000): "provider.unavailable",
	}
	maps.Copy(refusals, s.atAuthorize)
	for told, want := range refusals {
		code, description, _ := strings.Cut(told, " ")
		w.failAt(sandbox.Fault{Endpoint: "authorize", Kind: "error", Error: code, Description: description + " told-in-the-description"})
		b := w.browser()
		back := b.toCallback(nil)
		result := wantFailed(t, b.get(back), want)
		if details := result.Get("details"); strings.Contains(details, "script") || strings.Contains(details, "told-in-the-description") || strings.Contains(details, "AADSTS") {
			t.Errorf("%s: the provider's words are passed on: %s", told, details)
		}
		// It was an answer: the attempt is over.
		wantShown(t, b.get(back), http.StatusBadRequest, "state.used")
	}
	w.faults()
	b := w.browser()
	wantFailed(t, b.follow(b.authorize(url.Values{"loginHint": {"ada+deny@sandbox.test"}})), "access_denied")
	codes := w.calls().Code
	for _, c := range []struct {
		changes url.Values
		code    string
	}{
		{url.Values{"code": nil}, "provider.malformed"},
		{url.Values{"code": {""}}, "provider.malformed"},
		{url.Values{"code": {""}, "error": {""}}, "provider.malformed"},
		{url.Values{"error": {"access_denied"}}, "access_denied"}, // beside a code
	} {
		wantFailed(t, b.get(withQuery(t, b.toCallback(nil), c.changes)), c.code)
	}
	if n := w.calls().Code - codes; n != 0 {
		t.Errorf("the provider saw %d codes", n)
	}
	wantFailed(t, b.get(withQuery(t, b.toCallback(nil), url.Values{"code": {"forged"}})), "provider.refused")
	if n := len(w.heldAccounts()); n != 0 {
		t.Errorf("%d accounts remain", n)
	}
}

func TestTheIssuerMustBeTheOneThatWasAsked(t *testing.T) {
	t.Parallel()
	onEachService(t, theIssuerMustBeTheOneThatWasAsked)
}

func theIssuerMustBeTheOneThatWasAsked(t *testing.T, s service) {
	w := startAt(t, s)
	issuer := w.boxURL + s.issuer
	w.setRegistration(func(in *operator.SetRegistration) {
		e := w.endpoints()
		e.Issuer = issuer
		in.Endpoints = &e
	})
	for _, iss := range []string{"https://evil.example", issuer + ".evil.example", strings.Replace(issuer, "http:", "https:", 1), "https://accounts.google.com"} {
		b := w.browser()
		wantFailed(t, b.get(withQuery(t, b.toCallback(nil), url.Values{"iss": {iss}})), "issuer.mismatch")
	}
	if n := w.calledSoFar().Code; n != 0 || len(w.heldAccounts()) != 0 {
		t.Errorf("the code of another issuer was sent %d times", n)
	}
	for _, iss := range [][]string{nil, {issuer}, {issuer + "/"}} {
		b := w.browser()
		// The provider has given a refresh token that was refused above, so that a
		// second round follows.
		w.redeemedAccount(b.follow(b.get(withQuery(t, b.toCallback(nil), url.Values{"iss": iss}))).result(t))
	}
}
