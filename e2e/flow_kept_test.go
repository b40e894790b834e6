package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

const calendarPath = "/v1/direct/calendar/v3/calendars/primary/events"

// A wider sign-in without a refresh token of its own would be narrow again after
// an hour: consent is forced, once, so that it lasts.
func TestWiderAccessOutlastsTheFirstRefresh(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.connect(nil)
	c := w.connect(url.Values{"scopes": {"Mail.Read Calendar.Read"}})
	for _, when := range []string{"at once", "after two hours", "after four"} {
		if a := w.call(http.MethodGet, calendarPath, nil, "Authorization", c.bearer()); a.status != http.StatusOK {
			t.Errorf("the calendar %s: %d %s", when, a.status, a.body)
		}
		w.clock.advance(2 * time.Hour)
	}
	if n := w.box.Stats()["Google"].Authorize; n != 3 {
		t.Errorf("%d visits to the consent page, want 3: one, and two for the wider access", n)
	}
	w.connect(url.Values{"scopes": {"Mail.Read Calendar.Read"}})
	if n := w.box.Stats()["Google"].Authorize; n != 4 {
		t.Errorf("the same access again took %d visits, want one more", n)
	}
}

// Two accounts of one person rest on one grant: whichever goes last ends it.
func TestAccountsDeletedAtOnceEndTheirGrant(t *testing.T) {
	t.Parallel()
	w := start(t)
	accounts := []connected{w.connect(nil), w.connect(url.Values{"recycle": {"false"}})}
	bodies := make([]string, len(accounts))
	var group sync.WaitGroup
	for i, c := range accounts {
		group.Go(func() {
			bodies[i] = w.call(http.MethodDelete, "/v1/account", nil, "Authorization", c.bearer()).body
		})
	}
	group.Wait()
	if all := strings.Join(bodies, " "); strings.Count(all, `"kept"`) != 1 || strings.Count(all, `"revoked"`) != 1 {
		t.Errorf("the grant: %s", all)
	}
	if n := w.box.Stats()["Google"].Revoke; n != 1 {
		t.Errorf("%d revocations at the provider", n)
	}
}

// A verifier without a challenge means that somebody took the challenge away
// (RFC 9700 §2.1.1).
func TestVerifierWithoutChallengeIsRefused(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.browser()
	code := b.follow(b.authorize(nil)).result(t).Get("code")
	downgraded := w.call(http.MethodPost, "/v1/auth/token/"+code, strings.NewReader(`{"codeVerifier":"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}`),
		"Authorization", basic(w.client.ClientID, w.password), "Content-Type", "application/json")
	if downgraded.status != http.StatusBadRequest || downgraded.code() != "verifier.mismatch" {
		t.Errorf("%d %s", downgraded.status, downgraded.body)
	}
	if plain := w.redeem(code); plain.status != http.StatusOK {
		t.Errorf("the code is spent: %d %s", plain.status, plain.body)
	}
}
