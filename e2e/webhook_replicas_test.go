package e2e_test

import (
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
)

// Two servers on one database change accounts and deliver side by side; the receiver is away
// for an hour of it. Each event arrives once, and those of an account in their order.
func TestTwoServersTellEachEventOnce(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	one, other, _ := replicas(t, r.trusts)
	one.tells(r)
	accounts := []connected{one.connect(nil), one.connect(url.Values{"loginHint": {bob}})}
	people := []string{ada, bob}
	// each changes every account at once, by one server or the other.
	each := func(change func(w *world, c connected)) {
		var group sync.WaitGroup
		for i, c := range accounts {
			group.Go(func() { change([]*world{one, other}[i%2], c) })
		}
		group.Wait()
	}
	r.told(len(accounts))
	// The other server looks for something to deliver while the receiver is at it.
	r.mu.Lock()
	r.takes = 1500 * time.Millisecond
	r.mu.Unlock()
	each(func(w *world, c connected) {
		if _, err := w.ops.RevokeAccount(t.Context(), account.ID(c.AccountID)); err != nil {
			t.Error(err)
		}
	})
	r.told(2 * len(accounts))
	eventually(t, "no delivery under way", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.takes = 0
		return r.busy == 0
	})

	r.isDown(true)
	for i, c := range accounts {
		b := one.browser()
		if result := b.follow(b.open(r.link(c), people[i])).result(t); result.Get("status") != "success" {
			t.Fatalf("repaired: %v", result)
		}
	}
	for began := one.clock.Now(); one.clock.Now().Before(began.Add(time.Hour)); one.clock.advance(10 * time.Minute) {
		before := r.tried()
		eventually(t, "another try", func() bool { one.clock.advance(time.Second); return r.tried() > before })
	}
	each(func(w *world, c connected) {
		if a := w.as(c, http.MethodDelete, "/v1/account"); a.status != http.StatusOK {
			t.Errorf("delete: %d %s", a.status, a.body)
		}
	})
	r.isDown(false)
	eventually(t, "all events", func() bool { one.clock.advance(time.Minute); return len(r.events()) >= 4*len(accounts) })

	// Whatever would come twice comes before what happens now.
	last := one.connect(nil)
	eventually(t, "the last event", func() bool {
		return slices.ContainsFunc(r.events(), func(e event) bool { return e.AccountID == last.AccountID })
	})
	lives, ids := map[int64][]string{}, map[string]bool{}
	for _, e := range r.events() {
		lives[e.AccountID] = append(lives[e.AccountID], e.Type)
		if ids[e.ID] {
			t.Errorf("%s arrived twice", e.raw)
		}
		ids[e.ID] = true
	}
	for _, c := range accounts {
		if got := lives[c.AccountID]; !slices.Equal(got, []string{"account.created", "token.expired", "token.recovered", "account.deleted"}) {
			t.Errorf("of account %d was told %v", c.AccountID, got)
		}
	}
}

// link is the link to sign in again that was told of an account.
func (r *receiver) link(c connected) string {
	for _, e := range r.events() {
		if e.AccountID == c.AccountID && e.Reauthorization.URL != "" {
			return e.Reauthorization.URL
		}
	}
	r.t.Fatalf("no link of account %d came", c.AccountID)
	return ""
}
