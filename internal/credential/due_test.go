package credential_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/credential/rota"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/storetest"
)

// keepAlive is after how long the accounts of these tests are due.
const keepAlive = time.Hour

// dueBench is a bench in a bubble, with so many accounts of two registrations that are due.
// Their refresh tokens begin with "big" and "small".
func dueBench(t *testing.T, limit rota.Limit, big, small int) *bench {
	b := inBubble(t)
	b.vendor.keepAlive = keepAlive
	cfg := b.Config
	cfg.Renewing = limit
	b.Service = credential.New(cfg)
	for name, n := range map[string]int{"big": big, "small": small} {
		for i := range n {
			id := account.ID(1000*len(name) + i)
			tokens := firstTokens()
			tokens.Refresh = secret.New(name + id.String())
			if i == 0 {
				b.connectAs(id, tokens)
				continue
			}
			reg, err := b.store.Registration(t.Context(), b.stored().RegistrationID)
			b.ok(err)
			b.connectTo(reg.Registration, id, tokens)
		}
	}
	time.Sleep(keepAlive)
	return b
}

// watched is what the provider sees.
type watched struct {
	mu        sync.Mutex
	began     time.Time
	now, most map[string]int
	last      map[string]time.Duration // of the answers
}

// watch plays a provider that takes so long.
func (b *bench) watch(takes time.Duration) *watched {
	w := &watched{began: time.Now(), now: map[string]int{}, most: map[string]int{}, last: map[string]time.Duration{}}
	b.vendor.plays(func(n int, held provider.Tokens) (provider.Tokens, error) {
		name := strings.TrimRight(held.Refresh.Reveal(), "0123456789")
		w.mu.Lock()
		w.now[name]++
		w.most[name] = max(w.most[name], w.now[name])
		w.mu.Unlock()
		time.Sleep(takes)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.now[name]--
		w.last[name] = time.Since(w.began)
		return next(n), nil
	})
	return w
}

// One registration with many accounts due has as many under way as it may, in all processes
// together, and no other one waits for it.
func TestARegistrationWithManyDueKeepsToItsShare(t *testing.T) {
	t.Parallel()
	storetest.OpenSQLite(t)
	synctest.Test(t, func(t *testing.T) {
		b := dueBench(t, rota.Limit{AtOnce: 4, PerSecond: 1000}, 60, 3)
		other := credential.New(b.Config)
		w := b.watch(time.Second)
		var looked [2]int
		var both sync.WaitGroup
		for i, s := range []*credential.Service{b.Service, other} {
			both.Go(func() { looked[i], _ = s.RenewDue(context.Background()) })
		}
		both.Wait()
		if looked[0]+looked[1] != 63 || looked[0] > 0 && looked[1] > 0 {
			t.Errorf("%v were renewed, want 63 by one of two", looked)
		}
		if w.most["big"] != 4 {
			t.Errorf("%d of one registration at once, want 4", w.most["big"])
		}
		if w.last["small"] > 1500*time.Millisecond {
			t.Errorf("three accounts waited %v for sixty of another registration", w.last["small"])
		}
		if n, err := other.RenewDue(t.Context()); n != 0 || err != nil { // the turn has been given back
			t.Errorf("%d, %v", n, err)
		}
	})
}

func TestDueRefreshesAreSpreadOverTime(t *testing.T) {
	t.Parallel()
	storetest.OpenSQLite(t)
	synctest.Test(t, func(t *testing.T) {
		b := dueBench(t, rota.Limit{AtOnce: 100, PerSecond: 4}, 41, 0)
		w := b.watch(time.Millisecond)
		if n, err := b.RenewDue(t.Context()); n != 41 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		if took := w.last["big"]; took < 10*time.Second || took > 11*time.Second {
			t.Errorf("41 at 4 a second took %v", took)
		}
	})
}

// Who is killed in its turn leaves it to the others when its claims are over.
func TestATurnEnds(t *testing.T) {
	t.Parallel()
	storetest.OpenSQLite(t)
	synctest.Test(t, func(t *testing.T) {
		b := dueBench(t, rota.Limit{}, 3, 0)
		_, err := b.store.ClaimDue(t.Context(), store.DueRequest{Turn: "killed", For: 45 * time.Second})
		b.ok(err)
		if n, err := b.RenewDue(t.Context()); n != 0 || err != nil {
			t.Errorf("%d in another's turn, %v", n, err)
		}
		time.Sleep(45 * time.Second)
		if n, err := b.RenewDue(t.Context()); n != 3 || err != nil {
			t.Errorf("%d afterwards, %v", n, err)
		}
	})
}

// What cannot be renewed for a reason of ours is not tried over and over.
func TestADueAccountThatFailsForUsIsPutOff(t *testing.T) {
	t.Parallel()
	storetest.OpenSQLite(t)
	synctest.Test(t, func(t *testing.T) {
		b := dueBench(t, rota.Limit{AtOnce: 1, PerSecond: 1000}, 2, 0)
		cfg := b.Config
		cfg.Providers = provider.NewRegistry(bare{b.vendor})
		s := credential.New(cfg)
		if n, err := s.RenewDue(t.Context()); n != 2 || err != nil {
			t.Errorf("%d were looked at, %v; want each once", n, err)
		}
	})
}

// A driver that breaks in the background takes neither the process along nor the others' turns.
func TestAPanicInTheBackgroundEndsItsRefreshOnly(t *testing.T) {
	t.Parallel()
	storetest.OpenSQLite(t)
	synctest.Test(t, func(t *testing.T) {
		b := dueBench(t, rota.Limit{AtOnce: 1, PerSecond: 1000}, 3, 0)
		b.vendor.plays(func(n int, _ provider.Tokens) (provider.Tokens, error) {
			if n == 1 {
				panic("the driver is broken")
			}
			return next(n), nil
		})
		if n, err := b.RenewDue(t.Context()); n != 3 || err != nil {
			t.Errorf("%d were looked at, %v", n, err)
		}
		if n := b.vendor.refreshes(); n != 3 {
			t.Errorf("%d were asked for", n)
		}
	})
}

// What could not be read because the store was away is due again soon.
func TestADueAccountThatTheStoreDidNotShowIsNotPutOffForLong(t *testing.T) {
	t.Parallel()
	storetest.OpenSQLite(t)
	synctest.Test(t, func(t *testing.T) {
		b := dueBench(t, rota.Limit{}, 1, 0)
		cfg := b.Config
		cfg.Store = &unread{Store: b.store}
		s := credential.New(cfg)
		if n, err := s.RenewDue(t.Context()); n != 1 || err != nil {
			t.Fatalf("%d were looked at, %v", n, err)
		}
		time.Sleep(2 * time.Minute)
		if n, err := b.RenewDue(t.Context()); n != 1 || err != nil {
			t.Errorf("%d were renewed two minutes later, %v", n, err)
		}
	})
}

// unread is a store that shows no credential.
type unread struct{ credential.Store }

func (unread) Credential(context.Context, account.ID) (store.Credential, error) {
	return store.Credential{}, store.ErrUnavailable
}

// bare is a provider that cannot renew.
type bare struct{ provider.Provider }
