package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/app"
)

// The provider does what it was asked for and takes longer than we wait: passing trouble,
// and where it rotates, the loss is said.
func TestAnAnswerAfterTheDeadline(t *testing.T) {
	t.Parallel()
	onEachService(t, func(t *testing.T, s service) {
		w := startAt(t, s, func(c *app.Config) { c.ProviderTimeout = time.Second })
		for hint, then := range map[string]string{"bob+auto@sandbox.test": "", rotating: "token.dead"} {
			c := w.connect(hinted(hint))
			w.clock.advance(2 * time.Hour)
			told := make(chan struct{})
			w.front.lies(func(ask func() said) said {
				late := ask()
				<-told
				return late
			})
			a := w.as(c, http.MethodGet, s.direct())
			close(told)
			refused(t, a, http.StatusGatewayTimeout, "provider.timeout")
			w.stands(t, c, "active", "", time.Time{})
			w.front.lies(nil)
			w.clock.advance(5 * time.Minute)
			if a := w.as(c, http.MethodGet, s.direct()); a.code() != then {
				t.Errorf("%s, afterwards: %d %s", hint, a.status, a.body)
			}
			if then == "" {
				w.stands(t, c, "active", "", time.Time{})
			} else {
				w.stands(t, c, "dead", "credential.lost", time.Time{})
			}
		}
	})
}

// One server's clock is an hour ahead: it takes the other's tokens for ended and renews them
// early, and both serve. Nothing is lost, and they do not outbid each other.
func TestTwoClocksAnHourApart(t *testing.T) {
	t.Parallel()
	one, ahead, host := unlikeReplicas(t, func(c *app.Config) {
		right := c.Now
		c.Now = func() time.Time { return right().Add(time.Hour) }
	})
	c := one.connect(hinted(rotating))
	const rounds = 12
	for round := range rounds {
		for _, w := range []*world{one, ahead, ahead, one} {
			if a := w.as(c, http.MethodGet, w.service.direct()); a.status != http.StatusOK {
				t.Fatalf("round %d: %d %s", round, a.status, a.body)
			}
		}
		one.clock.advance(20 * time.Minute)
	}
	if n := one.calls().Refresh; n > 8 {
		t.Errorf("%d refreshes in four hours", n)
	}
	// A sign-in that one begins has run out for the other: it is said, and costs a second try.
	b := one.browser()
	wantShown(t, b.get(strings.Replace(b.toCallback(nil), one.url, ahead.url, 1), "Host", host), http.StatusBadRequest, "state.expired")
	for _, w := range []*world{one, ahead} {
		w.stands(t, c, "active", "", time.Time{})
	}
}
