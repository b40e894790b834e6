package webhook_test

import (
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/store"
)

// What a delivery costs but for the receiver's time, from the claim to the note.
func BenchmarkDeliver(t *testing.B) {
	b := setup(t)
	for range t.N {
		b.connect()
	}
	t.ResetTimer()
	b.deliver()
	t.StopTimer()
	if n := b.tries(); n != t.N {
		t.Fatalf("%d deliveries of %d", n, t.N)
	}
}

// What a look costs that finds nothing, with deliveries of the past beside it.
func BenchmarkNothingToDeliver(t *testing.B) {
	b := setup(t)
	for range 1000 {
		b.connect()
	}
	b.deliver()
	for t.Loop() {
		b.deliver()
	}
}

// What the outbox adds to a change of state, and what the question costs where nobody
// listens.
func BenchmarkMark(t *testing.B) {
	for name, urls := range map[string][]string{"told": {hook}, "nobody listens": nil} {
		t.Run(name, func(t *testing.B) {
			b := setup(t)
			if err := b.store.UpdateApplication(t.Context(), "app", func(a *account.Application) error {
				a.Settings.Webhooks, a.UpdatedAt = urls, time.Now()
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			id := b.connect()
			states := []store.TokenState{{Status: account.TokenInvalid}, {Status: account.TokenActive}}
			i := 0
			for t.Loop() {
				if _, err := b.store.MarkToken(t.Context(), id, 1, states[i%2]); err != nil {
					t.Fatal(err)
				}
				i++
			}
		})
	}
}
