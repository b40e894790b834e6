package credential_test

import (
	"errors"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/storetest"
)

// The power goes while the provider is asked, and again when the caller has the access token:
// the claim is found after the first, the new tokens after the second.
func TestNothingIsSpentOrUsedBeforeItOutlivesAPowerLoss(t *testing.T) {
	t.Parallel()
	real, power := storetest.OpenPowered(t)
	b := setupOn(t, real)
	b.advance(2 * time.Hour)
	for round := 1; round <= 3; round++ {
		generation := b.stored().CredentialGeneration
		b.vendor.plays(func(n int, _ provider.Tokens) (provider.Tokens, error) {
			found := power.Cut(t).At(b.clock)
			_, err := found.ClaimRefresh(t.Context(), store.ClaimRequest{
				AccountID: b.id, Generation: generation, Holder: "after the power loss", For: time.Minute,
			})
			var held *store.WaitError
			if !errors.As(err, &held) || !held.Held {
				t.Errorf("round %d: the provider is asked, and after a power loss its claim is gone: %v", round, err)
			}
			return next(n), nil
		})
		want := next(round).Access.Reveal()
		b.gets(want)
		cfg := b.Config
		cfg.Store = power.Cut(t)
		after := &bench{TB: t, Service: credential.New(cfg), store: b.store, vendor: b.vendor, id: b.id, now: b.clock()}
		acct, err := after.Store.Account(t.Context(), b.id)
		b.ok(err)
		token, _, err := after.ProviderToken(t.Context(), acct, "after the power loss")
		if err != nil || token.Reveal() != want || b.vendor.refreshes() != round {
			t.Errorf("round %d: the caller has %s, and after a power loss there is %q, %v", round, want, token.Reveal(), err)
		}
		b.advance(2 * time.Hour)
	}
	if power.Syncs() == 0 {
		t.Error("nothing was ever synced: the test looks at another file")
	}
}
