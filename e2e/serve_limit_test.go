package e2e_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/api"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/connect"
)

func TestEachApplicationHasItsOwnLimit(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *app.Config) { c.Limits = api.Limits{Application: 5} })
	c := w.connect(nil)
	other, theirs := w.secondApplication()
	w.clock.advance(time.Minute)
	const burst = 20 // four seconds' worth
	byApplication := func() answer {
		return w.call(http.MethodGet, "/v1/account", nil, "Authorization", basic(w.client.ClientID, w.password), accountHeader, strconv.FormatInt(c.AccountID, 10))
	}
	for n := range burst {
		call := byApplication // bearers and the secret draw from one bucket
		if n%2 == 0 {
			call = func() answer { return w.as(c, http.MethodGet, "/v1/account") }
		}
		if a := call(); a.status != http.StatusOK {
			t.Fatalf("call %d: %d %s", n, a.status, a.body)
		}
	}
	limited := w.as(c, http.MethodGet, "/v1/direct/echo/x")
	refused(t, limited, http.StatusTooManyRequests, "rate.limited")
	refused(t, byApplication(), http.StatusTooManyRequests, "rate.limited")
	if w.calls().API != 0 {
		t.Error("a limited call reached the provider")
	}
	if a := other.as(theirs, http.MethodGet, "/v1/account"); a.status != http.StatusOK {
		t.Errorf("another application: %d %s", a.status, a.body)
	}
	wait, err := strconv.Atoi(limited.header.Get("Retry-After"))
	if err != nil || wait < 1 {
		t.Fatalf("Retry-After %q", limited.header.Get("Retry-After"))
	}
	w.clock.advance(time.Duration(wait) * time.Second)
	if a := w.as(c, http.MethodGet, "/v1/account"); a.status != http.StatusOK {
		t.Errorf("after Retry-After: %d %s", a.status, a.body)
	}
}

func TestWhoIsUnknownHasALimitByAddress(t *testing.T) {
	t.Parallel()
	always := func(call func(*world) answer) func(*world) func() answer {
		return func(w *world) func() answer { return func() answer { return call(w) } }
	}
	for name, prepare := range map[string]func(*world) func() answer{
		"authorize":     always(func(w *world) answer { return w.browser().authorize(nil) }),
		"callback":      always(func(w *world) answer { return w.call(http.MethodGet, "/v1/auth/callback?state=x", nil) }),
		"wrong bearers": always(func(w *world) answer { return w.call(http.MethodGet, "/v1/account", nil, "Authorization", "Bearer x") }),
		"wrong secrets": always(func(w *world) answer {
			return w.call(http.MethodPost, "/v1/auth/token/x", nil, "Authorization", basic(w.client.ClientID, "x"))
		}),
		"direct": always(func(w *world) answer {
			return w.call(http.MethodGet, "/v1/direct/echo/x", nil, "Authorization", "Bearer x")
		}),
		"codes that do not exist": always(func(w *world) answer { return w.redeem("x") }),
		"the client id of a public application": func(w *world) func() answer {
			public := w.asApplication(account.Settings{Public: true})
			return func() answer {
				return w.call(http.MethodPost, "/v1/auth/token/x", nil, "Authorization", basic(public.client.ClientID, ""))
			}
		},
		"a bearer for other accounts": func(w *world) func() answer {
			c := w.connect(nil)
			return func() answer { return w.as(c, http.MethodGet, "/v1/account", accountHeader, "42") }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, func(c *app.Config) { c.Limits = api.Limits{Address: 1} })
			call := prepare(w)
			w.clock.advance(time.Minute)
			for n := range 4 {
				if a := call(); a.status == http.StatusTooManyRequests {
					t.Fatalf("call %d: %s", n, a.body)
				}
			}
			a := call()
			if a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") != "1" {
				t.Fatalf("%d %s, Retry-After %q", a.status, a.body, a.header.Get("Retry-After"))
			}
			w.clock.advance(time.Second)
			if a := call(); a.status == http.StatusTooManyRequests {
				t.Errorf("a second later: %s", a.body)
			}
		})
	}
}

// Anybody who knows a client id can begin sign-ins and, for a public application,
// try codes: that must not use up what the application's own calls have.
func TestStrangersDoNotUseUpAnApplicationsCalls(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *app.Config) { c.Limits = api.Limits{Application: 5} })
	c := w.connect(nil)
	w.clock.advance(time.Minute)
	const burst = 20 // four seconds' worth
	for n := range burst {
		if a := w.browser().authorize(nil); a.status != http.StatusSeeOther {
			t.Fatalf("sign-in %d: %d %s", n, a.status, a.body)
		}
	}
	refused(t, w.browser().authorize(nil), http.StatusTooManyRequests, "rate.limited")
	if a := w.as(c, http.MethodGet, "/v1/account"); a.status != http.StatusOK {
		t.Errorf("a call meanwhile: %d %s", a.status, a.body)
	}
	if a := w.redeem("x"); a.code() != "code.invalid" {
		t.Errorf("a redemption meanwhile: %d %s", a.status, a.body)
	}

	public := w.asApplication(account.Settings{Public: true, TokenMode: true})
	theirs := public.browserToken()
	w.clock.advance(time.Minute)
	for range burst + 1 {
		w.call(http.MethodPost, "/v1/auth/token/x", nil, "Authorization", basic(public.client.ClientID, ""))
	}
	if a := public.as(theirs, http.MethodGet, "/v1/account"); a.status != http.StatusOK {
		t.Errorf("a call of the public application: %d %s", a.status, a.body)
	}
}

// Each open attempt is a row that a stranger can make.
func TestOpenAttemptsAreBounded(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *app.Config) { c.MaxOpenAttempts = 3 })
	b := w.browser()
	first := b.authorize(nil)
	for range 2 {
		b.authorize(nil)
	}
	full := b.authorize(nil)
	refused(t, full, http.StatusTooManyRequests, "rate.limited")
	if full.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	if _, theirs := w.secondApplication(); theirs.AccountID == 0 {
		t.Error("another application cannot sign in")
	}
	if got := b.follow(first).result(t).Get("status"); got != "success" { // one less is open
		t.Errorf("an open one ends with %q", got)
	}
	if a := b.authorize(nil); a.status != http.StatusSeeOther {
		t.Errorf("after one has ended: %d %s", a.status, a.body)
	}
	refused(t, b.authorize(nil), http.StatusTooManyRequests, "rate.limited")
	w.clock.advance(connect.AttemptLifetime)
	if a := b.authorize(nil); a.status != http.StatusSeeOther {
		t.Errorf("after all have expired: %d %s", a.status, a.body)
	}
}

func TestForwardedAddressesCountFromTrustedProxiesOnly(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		trusted []string
		limited bool
	}{"no proxy": {nil, true}, "another proxy": {[]string{"10.0.0.0/8"}, true}, "a trusted proxy": {[]string{"127.0.0.1"}, false}} {
		w := start(t, func(c *app.Config) { c.Limits, c.TrustedProxies = api.Limits{Address: 1}, tt.trusted })
		limited := false
		for n := range 8 {
			forged := "198.51.100.9, 203.0.113." + strconv.Itoa(n) // the last one is who reached the proxy
			a := w.call(http.MethodGet, "/v1/account", nil, "Authorization", "Bearer x", "X-Forwarded-For", forged)
			limited = limited || a.status == http.StatusTooManyRequests
		}
		if limited != tt.limited {
			t.Errorf("%s: limited %t, want %t", name, limited, tt.limited)
		}
		if seen := strings.Contains(w.log.String(), "203.0.113.7"); seen == tt.limited {
			t.Errorf("%s: the log has the forwarded address: %t", name, seen)
		}
	}
}
