package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
)

// Wider access must not be narrow again once its first access token has ended.
func TestWiderAccessOutlastsTheFirstRefresh(t *testing.T) {
	t.Parallel()
	onEachService(t, widerAccessOutlastsTheFirstRefresh)
}

func widerAccessOutlastsTheFirstRefresh(t *testing.T, s service) {
	w := startAt(t, s)
	w.connect(url.Values{"scopes": {"Calendar.Read"}})
	c := w.connect(url.Values{"scopes": {"Mail.Read Calendar.Read"}})
	for _, when := range []string{"at once", "after two hours", "after four"} {
		if a := w.as(c, http.MethodGet, s.direct()); a.status != http.StatusOK {
			t.Errorf("the mail %s: %d %s", when, a.status, a.body)
		}
		w.clock.advance(2 * time.Hour)
	}
	if n := w.calls().Authorize; n != 2 {
		t.Errorf("%d visits to the consent page for two sign-ins", n)
	}
}

// Sign-ins of one person at the same time wait for each other and all succeed.
func TestManySignInsOfOnePersonAtOnce(t *testing.T) {
	t.Parallel()
	onEachService(t, manySignInsOfOnePersonAtOnce)
}

func manySignInsOfOnePersonAtOnce(t *testing.T, s service) {
	w := startAt(t, s)
	outcomes := make([]string, 60)
	var group sync.WaitGroup
	for i := range outcomes {
		group.Go(func() {
			b := w.browser()
			outcomes[i] = b.follow(b.authorize(nil)).location()
		})
	}
	group.Wait()
	for _, o := range outcomes {
		if !strings.Contains(o, "status=success") {
			t.Errorf("one ended at %s", o)
		}
	}
	if n := len(w.heldAccounts()); n != 1 {
		t.Errorf("%d accounts of one person", n)
	}
}

// A person who took the access back at Google and comes again with a box fewer
// ticked brings a credential that works: it takes the dead one's place.
func TestANarrowerSignInReplacesWhatTheProviderHasEnded(t *testing.T) {
	t.Parallel()
	onEachService(t, aNarrowerSignInReplacesWhatTheProviderHasEnded)
}

func aNarrowerSignInReplacesWhatTheProviderHasEnded(t *testing.T, s service) {
	w := startAt(t, s)
	w.takesPartial(account.AcceptPartial)
	scopes := url.Values{"scopes": {"Mail.Read Calendar.Read"}}
	w.connect(scopes)
	w.box.Reset() // the grant is gone, and nobody has told us
	narrow := w.connect(url.Values{"scopes": scopes["scopes"], "loginHint": {"ada+auto+untick@sandbox.test"}})
	if mail := w.as(narrow, http.MethodGet, s.direct()); mail.status != http.StatusOK {
		t.Errorf("the newly granted mail: %d %s", mail.status, mail.body)
	}
}

// Two accounts of one person rest on one grant: whichever goes last ends it.
func TestAccountsDeletedAtOnceEndTheirGrant(t *testing.T) {
	t.Parallel()
	onEachService(t, accountsDeletedAtOnceEndTheirGrant)
}

func accountsDeletedAtOnceEndTheirGrant(t *testing.T, s service) {
	w := startAt(t, s)
	accounts := []connected{w.connect(nil), w.connect(url.Values{"recycle": {"false"}})}
	bodies := make([]string, len(accounts))
	var group sync.WaitGroup
	for i, c := range accounts {
		group.Go(func() {
			bodies[i] = w.call(http.MethodDelete, "/v1/account", nil, "Authorization", c.bearer()).body
		})
	}
	group.Wait()
	if all := strings.Join(bodies, " "); strings.Count(all, `"kept"`) != 1 || strings.Count(all, `"`+s.ended+`"`) != 1 {
		t.Errorf("the grant: %s", all)
	}
	if n := w.calls().Revoke; s.revokes() != (n == 1) {
		t.Errorf("%d revocations at the provider", n)
	}
}

// A verifier without a challenge means that somebody took the challenge away
// (RFC 9700 §2.1.1).
func TestVerifierWithoutChallengeIsRefused(t *testing.T) {
	t.Parallel()
	onEachService(t, verifierWithoutChallengeIsRefused)
}

func verifierWithoutChallengeIsRefused(t *testing.T, s service) {
	w := startAt(t, s)
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
