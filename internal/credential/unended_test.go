package credential_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/store"
)

var errLeft = errors.New("the store has gone")

// A claim is made and the store goes away before anybody is asked: once it is back, the
// claim ends, and nobody waits until its time is up.
func TestAClaimThatTheStoreLeftBehindIsEnded(t *testing.T) {
	t.Parallel()
	for name, leaving := range map[string]*leaving{
		"the claim is made and nobody is told":        {claimLost: true},
		"the claim is made and cannot be worked with": {readLost: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.advance(2 * time.Hour)
			other := b.replica()
			leaving.Store = b.store
			cfg := other.Config
			cfg.Store = leaving
			other.Service = credential.New(cfg)
			other.fails(fault.StoreUnavailable)
			if err := other.EndClaims(t.Context()); err == nil {
				t.Error("a claim ended without a store")
			}
			if held := b.held(); !held {
				t.Fatal("there was no claim")
			}
			leaving.claimLost, leaving.readLost, leaving.away = false, false, false
			b.ok(other.EndClaims(t.Context()))
			if b.held() {
				t.Fatal("the claim outlives the outage")
			}
			b.gets("access-1")
			b.ok(other.EndClaims(t.Context())) // of what is over, nothing is left
		})
	}
}

// held tells whether somebody holds the claim.
func (b *bench) held() bool {
	b.Helper()
	claim, err := b.store.ClaimRefresh(b.Context(), store.ClaimRequest{
		AccountID: b.id, Generation: b.stored().CredentialGeneration, Holder: "looks", For: time.Second, DoubtFor: time.Second,
	})
	var wait *store.WaitError
	if errors.As(err, &wait) {
		return wait.Held
	}
	b.ok(err)
	b.ok(b.store.ReleaseRefresh(b.Context(), claim, store.Release{}))
	return false
}

// leaving is a store that goes away in the middle of a claim.
type leaving struct {
	credential.Store
	claimLost, readLost bool
	away                bool
}

func (l *leaving) ClaimRefresh(ctx context.Context, r store.ClaimRequest) (store.Claim, error) {
	claim, err := l.Store.ClaimRefresh(ctx, r)
	l.away = true
	if l.claimLost {
		return store.Claim{}, errLeft
	}
	return claim, err
}

func (l *leaving) Credential(ctx context.Context, id account.ID) (store.Credential, error) {
	if l.readLost && l.away {
		return store.Credential{}, errLeft
	}
	return l.Store.Credential(ctx, id)
}

func (l *leaving) ReleaseRefresh(ctx context.Context, c store.Claim, r store.Release) error {
	if l.away {
		return errLeft
	}
	return l.Store.ReleaseRefresh(ctx, c, r)
}
