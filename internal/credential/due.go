package credential

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential/rota"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/store"
)

// due is how long after it is stored a credential has to be renewed, so that the provider
// does not take the grant for abandoned: spread, since many people sign in on one
// morning. 0 is never.
func (s *Service) due(info provider.Info, h held) time.Duration {
	if info.KeepAlive == 0 || h.tokens.Refresh.IsZero() {
		return 0
	}
	return info.KeepAlive - s.Random(info.KeepAlive/5)
}

// Bounds of the work in the background.
const (
	// dueEvery is how often what may begin is claimed, all of it in one write: each claim is
	// asked with at once, since one that waited behind others would end before its turn.
	dueEvery = 25 * time.Millisecond
	// listEvery is how often it is looked who has something due.
	listEvery = time.Second
	// putOff is when a refresh is due again that failed for a reason which does not pass by itself.
	putOff = 6 * time.Hour
	// putOffBriefly is the same for one that does.
	putOffBriefly = time.Minute
)

// defaultRenewing lets one registration renew a million accounts in half an hour.
func defaultRenewing() rota.Limit { return rota.Limit{AtOnce: 100, PerSecond: 600} }

// RenewDue renews what is due, within the limits, and returns how many accounts it has looked
// at. One process at a time does it; in the others it returns at once. What fails is noted on
// the account as ever.
func (s *Service) RenewDue(ctx context.Context) (looked int, err error) {
	turn, mine := account.NewRecordID(), false
	var group sync.WaitGroup
	defer func() {
		group.Wait()
		if mine {
			err = errors.Join(err, s.Store.EndDue(context.WithoutCancel(ctx), turn))
		}
	}()
	for listed := (time.Time{}); ctx.Err() == nil; {
		if time.Since(listed) >= listEvery {
			listed = time.Now()
			if err := s.listDue(ctx); err != nil {
				return looked, err
			}
		}
		if !s.rota.Waiting() {
			return looked, nil
		}
		claims, err := s.claimDue(ctx, turn)
		if errors.Is(err, store.ErrConflict) {
			return looked, nil // another process does it
		}
		if err != nil {
			return looked, err
		}
		mine = true
		for _, claim := range claims {
			group.Go(func() {
				defer s.rota.Done(claim.RegistrationID)
				s.renewDue(context.WithoutCancel(ctx), claim)
			})
		}
		looked += len(claims)
		if s.rota.Waiting() {
			select {
			case <-time.After(dueEvery):
			case <-ctx.Done():
			}
		}
	}
	return looked, ctx.Err()
}

func (s *Service) listDue(ctx context.Context) error {
	list, err := s.Store.DueRegistrations(ctx)
	if err != nil {
		return err
	}
	lanes := make([]rota.Lane, len(list))
	for i, d := range list {
		lanes[i] = rota.Lane{Registration: d.ID, Provider: string(d.ServiceType)}
	}
	s.rota.Wait(lanes)
	return nil
}

// claimDue claims as much as may begin now.
func (s *Service) claimDue(ctx context.Context, turn string) ([]store.Claim, error) {
	shares := s.rota.Shares()
	if len(shares) == 0 {
		return nil, nil
	}
	request := store.DueRequest{Turn: turn, Holder: account.NewRecordID(), For: s.RefreshTimeout + claimMargin, DoubtFor: s.RefreshTimeout}
	for _, share := range shares {
		request.Shares = append(request.Shares, store.DueShare{RegistrationID: share.Registration, N: share.N})
	}
	began := time.Now()
	claims, err := s.Store.ClaimDue(ctx, request)
	used := map[string]int{}
	for i := range claims {
		claims[i].Since = began
		used[claims[i].RegistrationID]++
	}
	for _, share := range shares {
		s.rota.Used(share, used[share.Registration])
	}
	return claims, err
}

// renewDue renews one claimed account.
func (s *Service) renewDue(ctx context.Context, claim store.Claim) {
	defer func() {
		// Like a flight, it is nobody's request: a panic would end the process.
		if broken := recover(); broken != nil {
			s.Logger.ErrorContext(ctx, "panic in the refresh of an account", "account", claim.AccountID, "panic", broken)
		}
	}()
	current, err := held{}, s.replayOf(ctx, claim.AccountID)
	if err == nil {
		current, err = s.open(ctx, claim.AccountID)
	}
	switch {
	case fault.Is(err, fault.StoreUnavailable):
		s.release(ctx, claim, store.Release{Due: putOffBriefly})
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
