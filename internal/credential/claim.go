package credential

import (
	"context"
	"errors"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/store"
)

// One refresh an account, over all processes: who asks the provider holds a claim, by
// the database's clock. The claim only limits who asks; what is stored goes by the
// credential's generation, so that a late success is never thrown away. See
// docs/refresh.md.

// claimMargin is how much longer a claim lasts than the call it is for: for the save,
// and for clocks that do not run alike.
const claimMargin = 15 * time.Second

// askWithin is how long after a claim was begun its holder may begin to ask. One that was
// stopped for longer, or had to wait for its turn, gives the claim up: before the call and
// the save are over, somebody else may hold it.
const askWithin = claimMargin / 2

// codeLate is the failure of a refresh that was given up for that.
const codeLate = "claim_over"

// How often somebody who waits for another's claim looks again.
const (
	firstLook   = 20 * time.Millisecond
	longestLook = 500 * time.Millisecond
)

// claim gets the right to renew the account's credential, or waits for whoever has it.
// Once done says that the stored credential will do, that is returned, and no claim.
func (s *Service) claim(ctx context.Context, id account.ID, done func(held) bool) (held, *store.Claim, error) {
	waited := false
	for look := firstLook; ; look = min(2*look, longestLook) {
		if err := s.replayOf(ctx, id); err != nil {
			return held{}, nil, err
		}
		current, err := s.open(ctx, id)
		if err != nil || done(current) {
			return current, nil, err
		}
		if err := s.mayAsk(ctx, id, current, waited); err != nil {
			return held{}, nil, err
		}
		began, holder := time.Now(), account.NewRecordID()
		claim, err := s.Store.ClaimRefresh(ctx, store.ClaimRequest{
			AccountID: id, Generation: current.record.Generation, Holder: holder,
			For: s.RefreshTimeout + claimMargin, DoubtFor: s.RefreshTimeout,
		})
		var wait *store.WaitError
		switch {
		case err == nil:
			claim.Since = began
			// A save that came just before the claim may not have been seen yet.
			current, err = s.open(ctx, id)
			if err == nil && waited { // nor a mark
				err = s.mayAsk(ctx, id, current, waited)
			}
			if err == nil && current.record.Generation == claim.Generation {
				return current, &claim, nil
			}
			s.release(ctx, claim, store.Release{})
			if err != nil {
				return held{}, nil, err
			}
		case errors.Is(err, store.ErrConflict): // read it anew
		case !errors.As(err, &wait): // it may have been made, and the answer lost
			s.endLater(store.Claim{AccountID: id, Holder: holder}, store.Release{})
			return held{}, nil, fault.Wrap(fault.StoreUnavailable, err)
		case !wait.Held:
			return held{}, nil, Fault(pausedFor(wait))
		default:
			waited = true
			select {
			case <-ctx.Done():
				return held{}, nil, fault.Wrap(fault.ProviderTimeout, ctx.Err())
			case <-time.After(min(look, wait.For)):
			}
		}
	}
}

// mayAsk is what a caller gets whose registration is stopped, or that has waited for somebody
// who found the grant dead: the provider is not asked again.
func (s *Service) mayAsk(ctx context.Context, id account.ID, current held, waited bool) error {
	acct, err := s.Account(ctx, id)
	switch {
	case err != nil:
		return err
	case waited && acct.TokenStatus == account.TokenDead:
		return fault.New(fault.TokenDead, "")
	}
	return s.stopped(ctx, acct, current)
}

// pausedFor is the failure that is still waited out.
func pausedFor(wait *store.WaitError) *provider.Error {
	return &provider.Error{Class: provider.Later, Code: wait.Failure, RetryAfter: (wait.For + time.Second - 1).Truncate(time.Second)}
}

// turnedDown is the end of a claim that brought no new credential.
func (s *Service) turnedDown(ctx context.Context, acct account.Account, claim store.Claim, current held, refusal error) (held, error) {
	var e *provider.Error
	audit := ""
	if !errors.As(refusal, &e) { // our own mistake
		s.release(ctx, claim, store.Release{Doubt: true, Due: putOff})
		return held{}, refusal
	}
	switch {
	case e.Class == provider.Later:
		wait := s.pauseAfter(claim.Failures+1, e.RetryAfter)
		s.release(ctx, claim, store.Release{Failure: e.Code, Wait: wait, Doubt: answerLost(e), Due: max(wait, putOffBriefly)})
	case e.Class == provider.Dead && claim.Doubt == store.InDoubt:
		// Whoever asked before may have got the new tokens, and be about to store them.
		s.release(ctx, claim, store.Release{Failure: codeInDoubt, Wait: doubtPause, Due: putOffBriefly})
		return held{}, Fault(&provider.Error{Class: provider.Later, Code: codeInDoubt, RetryAfter: doubtPause, Err: refusal})
	case e.Class == provider.Dead && claim.Doubt == store.LostDoubt:
		told := *e
		told.Cause = "an answer of the provider with new tokens was lost, by a crash or on the way, and it does not take the old ones any more"
		refusal, audit = &told, auditLost
	}
	if e.Class != provider.Later {
		// The mark first: whoever waits for the claim looks at it.
		defer s.release(ctx, claim, store.Release{Due: putOff})
	}
	return s.refused(ctx, acct, current, refusal, audit)
}

// auditLost is the audit event of an account whose new tokens are lost.
const auditLost = "credential.lost"

// codeInDoubt is the failure of a refresh that was refused while an earlier one's answer
// may still come.
const codeInDoubt = "outcome_unknown"

// doubtPause is how long a doubtful refusal is waited out before the provider is asked again.
const doubtPause = 10 * time.Second

// answerLost tells whether the provider may have done what it was asked for.
func answerLost(e *provider.Error) bool {
	switch e.Code {
	case provider.CodeTimeout, provider.CodeUnreachable, provider.CodeMalformed, provider.CodeStranger, "http_502", "http_504":
		return true
	}
	return false
}

// Bounds of the pauses between failed refreshes.
const (
	quickRetries = 2 // passing troubles often are over at once
	firstPause   = time.Second
	longestPause = 5 * time.Minute
	longestTold  = time.Hour // of those that the provider asks for
)

// pauseAfter is how long to leave the provider alone after the nth failure in a row: as
// long as it asks for, else ever longer, and not for all accounts alike.
func (s *Service) pauseAfter(n int, told time.Duration) time.Duration {
	if told > 0 {
		return min(told, longestTold)
	}
	if n <= quickRetries {
		return 0
	}
	pause := longestPause
	if shift := n - quickRetries - 1; shift < 9 {
		pause = min(firstPause<<shift, longestPause)
	}
	return pause/2 + s.Random(pause/2)
}

// release ends a claim. One that cannot be ended is ended when the store is back; where this
// process is gone by then, it ends by its time, and leaves a doubt.
func (s *Service) release(ctx context.Context, claim store.Claim, r store.Release) {
	if err := s.Store.ReleaseRefresh(context.WithoutCancel(ctx), claim, r); err != nil {
		s.endLater(claim, r)
		s.Logger.ErrorContext(ctx, "could not release the refresh; it is tried again", "account", claim.AccountID, "error", err)
	}
}
