package credential_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/storetest"
)

// A process that was stopped for longer than its claim lasts, before it has asked, must
// not: somebody else may have asked with that refresh token by then.
func TestWhoComesLateWithAClaimDoesNotAsk(t *testing.T) {
	t.Parallel()
	storetest.OpenSQLite(t)
	synctest.Test(t, func(t *testing.T) {
		m := newModel(t, scenario{}, storetest.OpenSQLite)
		late, other := m.process("late", 0), m.process("other", 0)
		late.start("renews", late.renew)
		m.upTo(late, "claims")
		m.tell(m.before(late), goOn)
		time.Sleep(46 * time.Second)
		other.start("renews", other.renew)
		m.upTo(other, "saves")
		m.tell(m.before(late), goOn) // reads what it is to renew
		if s := m.before(late); s == nil || s.what != "releases" {
			t.Errorf("with a claim that is over it goes on to %+v", s)
		}
		m.calmDown([]*process{late, other})
		m.judge()
		if len(m.wrong) > 0 {
			t.Errorf("%s\n%s", strings.Join(m.wrong, "\n"), strings.Join(m.trace, "\n"))
		}
	})
}

// Accounts are claimed by the hundred, and asked for by fewer at a time: where the provider
// hangs, the rest must not be asked for when their claims are nearly over.
func TestADueAccountThatWaitedForItsTurnIsLeftForTheNext(t *testing.T) {
	t.Parallel()
	storetest.OpenSQLite(t)
	synctest.Test(t, func(t *testing.T) {
		b := inBubble(t)
		b.vendor.keepAlive = 5 * time.Minute
		const accounts = 40
		for range accounts {
			b.connectWith(firstTokens())
		}
		time.Sleep(5 * time.Minute)
		var mu sync.Mutex
		claimed := &claimTimes{Store: b.store}
		cfg := b.Config
		cfg.Store = claimed
		b.Service = credential.New(cfg)
		asked := 0
		b.vendor.plays(func(int, provider.Tokens) (provider.Tokens, error) {
			mu.Lock()
			asked++
			if late := time.Since(claimed.last()); late > 10*time.Second {
				t.Errorf("asked %v after the claim", late)
			}
			mu.Unlock()
			time.Sleep(30 * time.Second)
			return provider.Tokens{}, &provider.Error{Class: provider.Later, Code: provider.CodeTimeout}
		})
		for range 2 {
			if _, err := b.RenewDue(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if asked != accounts {
			t.Errorf("%d of %d accounts were asked for in two rounds", asked, accounts)
		}
	})
}

// claimTimes notes when due refreshes were claimed last.
type claimTimes struct {
	credential.Store
	mu sync.Mutex
	at time.Time
}

func (c *claimTimes) ClaimDue(ctx context.Context, r store.DueRequest) ([]store.Claim, error) {
	c.mu.Lock()
	c.at = time.Now()
	c.mu.Unlock()
	return c.Store.ClaimDue(ctx, r)
}

func (c *claimTimes) last() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// upTo lets a process go on until it stands before a step.
func (m *model) upTo(p *process, what string) {
	synctest.Wait()
	for s := m.before(p); s.what != what; s = m.before(p) {
		m.tell(s, goOn)
	}
}

// before is where a process stands; nil where it is not stopped.
func (m *model) before(p *process) *stop {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.waiting {
		if s.process == p {
			return s
		}
	}
	return nil
}
