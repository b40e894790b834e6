package credential

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/store"
)

// due is how long after it is stored a credential has to be renewed, so that the provider
// does not take the grant for abandoned: spread, since many people sign in on one
// morning. 0 is never.
func due(info provider.Info, h held) time.Duration {
	if info.KeepAlive == 0 || h.tokens.Refresh.IsZero() {
		return 0
	}
	return info.KeepAlive - rand.N(info.KeepAlive/5)
}

// Bounds of the work in the background.
const (
	// dueBatch is how many accounts are claimed at a time, and all asked for at once: a
	// claim that waited behind others would end before its turn.
	dueBatch = 32
	// putOff is when a refresh is due again that failed for a reason which does not pass by itself.
	putOff = 6 * time.Hour
	// putOffBriefly is the same for one that does.
	putOffBriefly = time.Minute
)

// RenewDue renews what is due, and returns how many accounts it has looked at. It may run
// in several processes at once: each account is claimed by one of them. What fails is
// noted on the account as ever.
func (s *Service) RenewDue(ctx context.Context) (int, error) {
	looked := 0
	for ctx.Err() == nil {
		began := time.Now()
		claims, err := s.Store.ClaimDue(ctx, account.NewRecordID(), dueBatch, s.RefreshTimeout+claimMargin, s.RefreshTimeout)
		if err != nil {
			return looked, err
		}
		var group sync.WaitGroup
		for _, claim := range claims {
			claim.Since = began
			group.Go(func() { s.renewDue(context.WithoutCancel(ctx), claim) })
		}
		group.Wait()
		if looked += len(claims); len(claims) < dueBatch {
			return looked, nil
		}
	}
	return looked, ctx.Err()
}

// renewDue renews one claimed account.
func (s *Service) renewDue(ctx context.Context, claim store.Claim) {
	current, err := held{}, s.replayOf(ctx, claim.AccountID)
	if err == nil {
		current, err = s.open(ctx, claim.AccountID)
	}
	switch {
	case err != nil:
		s.release(ctx, claim, store.Release{Due: putOff})
	case current.record.Generation != claim.Generation, current.tokens.Refresh.IsZero():
		s.release(ctx, claim, store.Release{Due: store.Never})
	default:
		_, err = s.renewClaimed(ctx, claim, current, mainResource)
	}
	if err != nil {
		s.Logger.InfoContext(ctx, "could not renew the account in the background", "account", claim.AccountID, "error", err)
	}
}
