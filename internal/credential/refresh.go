package credential

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/store"
)

// refresh renews the credential unless it is newer than generation already, and
// returns it. Callers at the same time share one call to the provider.
func (s *Service) refresh(ctx context.Context, id account.ID, generation int64) (held, error) {
	// Callers with another generation in hand have another question, so it is part
	// of the key; the flight itself looks again before it asks the provider.
	flight := s.flights.DoChan(fmt.Sprintf("%s/%d", id, generation), func() (_ any, err error) {
		// A flight is nobody's request: a panic in it would end the process.
		defer func() {
			if broken := recover(); broken != nil {
				err = fmt.Errorf("panic in the refresh of account %s: %v", id, broken)
			}
		}()
		// No caller's end may break off a refresh that the provider has seen.
		own, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.RefreshTimeout)
		defer cancel()
		return s.refreshOnce(own, id, generation)
	})
	select {
	case <-ctx.Done():
		return held{}, ctx.Err()
	case done := <-flight:
		if done.Err != nil {
			return held{}, done.Err
		}
		return done.Val.(held), nil
	}
}

func (s *Service) refreshOnce(ctx context.Context, id account.ID, generation int64) (held, error) {
	current, err := s.open(ctx, id)
	if err != nil {
		return held{}, err
	}
	if current.record.Generation > generation {
		return current, nil // somebody was quicker
	}
	acct, err := s.Store.Account(ctx, id)
	if err != nil {
		return held{}, fault.Wrap(fault.StoreUnavailable, err)
	}
	reg, err := s.Registration(ctx, acct.RegistrationID)
	if err != nil {
		return held{}, err
	}
	p, ok := s.Providers.Of(acct.ServiceType)
	refresher, can := p.(provider.Refresher)
	if !ok || !can {
		return held{}, fault.New(fault.RefreshFailed, "")
	}
	answer, err := refresher.Refresh(ctx, reg.Registration, current.tokens)
	if err != nil {
		return s.refused(ctx, acct, current, err)
	}
	return s.save(ctx, acct, current, answer, s.expiry(answer, p.Info()))
}

// save persists the answer before anyone uses it. Whoever stored a newer
// credential meanwhile has won, and theirs is returned.
func (s *Service) save(ctx context.Context, acct account.Account, current held, answer provider.Tokens, expires time.Time) (held, error) {
	merged := current.tokens.Merge(answer)
	record, err := s.sealed(current.record, merged, expires)
	if err != nil {
		return held{}, err
	}
	state := store.TokenState{Status: account.TokenActive, IssuedAt: s.Now(), ExpiresAt: expires}
	err = s.Store.SaveCredential(ctx, record, current.record.Generation, state)
	switch {
	case errors.Is(err, store.ErrConflict):
		return s.open(ctx, acct.ID)
	case err != nil:
		return held{}, fault.Wrap(fault.StoreUnavailable, fmt.Errorf("save the refreshed credential of account %s: %w", acct.ID, err))
	}
	record.Generation = current.record.Generation + 1
	renewed := held{record: record, tokens: merged, expires: expires}
	s.remembered.credentials.Add(acct.ID, renewed)
	return renewed, nil
}

// refused notes on the account what the provider's refusal means for it. Passing
// trouble and a wrong registration leave no mark. Only while the generation that
// was refused is still the stored one: a newer credential is not to blame, and is
// what the caller gets.
func (s *Service) refused(ctx context.Context, acct account.Account, current held, refusal error) (held, error) {
	var e *provider.Error
	if !errors.As(refusal, &e) {
		return held{}, refusal
	}
	state := store.TokenState{Error: e.Cause, IssuedAt: acct.TokenIssuedAt, ExpiresAt: acct.AuthExpiresAt}
	switch e.Class {
	case provider.Dead:
		state.Status = account.TokenDead
	case provider.User, provider.Admin:
		state.Status = account.TokenInvalid
	default:
		return held{}, Fault(refusal)
	}
	changed, err := s.Store.MarkToken(ctx, acct.ID, current.record.Generation, state)
	switch {
	case err != nil:
		s.Logger.ErrorContext(ctx, "could not mark the account", "account", acct.ID, "error", err)
	case !changed:
		return s.open(ctx, acct.ID)
	}
	if e.Class == provider.User {
		return held{}, &fault.Error{Code: fault.RefreshFailed, Detail: "Probable cause: " + e.Cause + ".", Err: refusal}
	}
	return held{}, Fault(refusal)
}
