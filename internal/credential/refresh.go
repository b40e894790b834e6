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
	s.waiting.Add(1)
	select {
	case <-ctx.Done():
		go func() {
			defer s.waiting.Done()
			<-flight
		}()
		return held{}, ctx.Err()
	case done := <-flight:
		s.waiting.Done()
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
	acct, err := s.Account(ctx, id)
	if err != nil {
		return held{}, err
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
	return s.save(ctx, acct, current, answer, p.Info())
}

// save persists the answer before anyone uses it. Whoever stored a newer
// credential meanwhile has won, and theirs is returned.
func (s *Service) save(ctx context.Context, acct account.Account, current held, answer provider.Tokens, info provider.Info) (held, error) {
	renewed := held{
		record: current.record, tokens: current.tokens.Merge(answer), expires: s.expiry(answer, info),
		refreshScopes: current.refreshScopes,
	}
	state := store.TokenState{Status: account.TokenActive, IssuedAt: s.Now(), ExpiresAt: renewed.expires}
	if answer.NativeScopes != nil {
		// The provider says what is left: people may take access away in parts.
		renewed.refreshScopes = answer.NativeScopes
		state.NativeScopes = answer.NativeScopes
		state.Scopes = info.Scopes.Unified(answer.NativeScopes)
	}
	record, err := s.sealed(renewed)
	if err != nil {
		return held{}, err
	}
	err = s.persist(ctx, record, current.record.Generation, state)
	switch {
	case errors.Is(err, store.ErrConflict):
		return s.open(ctx, acct.ID)
	case err != nil:
		// Callers may be gone, so this is told here: a rotated token may be lost.
		s.Logger.ErrorContext(ctx, "a refreshed credential could not be saved", "account", acct.ID, "error", err)
		return held{}, fault.Wrap(fault.StoreUnavailable, fmt.Errorf("save the refreshed credential of account %s: %w", acct.ID, err))
	}
	record.Generation = current.record.Generation + 1
	renewed.record = record
	s.remembered.credentials.Add(acct.ID, renewed)
	return renewed, nil
}

// saveAgainAfter are the waits between tries to save: the provider has given a
// token away by now, and will not give it twice.
var saveAgainAfter = [...]time.Duration{50 * time.Millisecond, 200 * time.Millisecond, time.Second}

func (s *Service) persist(ctx context.Context, record store.Credential, expect int64, state store.TokenState) error {
	for _, wait := range saveAgainAfter {
		err := s.Store.SaveCredential(ctx, record, expect, state)
		if err == nil || errors.Is(err, store.ErrConflict) {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
	}
	return s.Store.SaveCredential(ctx, record, expect, state)
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
	state := store.TokenState{Error: e.Cause}
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
		return held{}, &fault.Error{Code: fault.RefreshFailed, Detail: probably(e), Err: refusal}
	}
	return held{}, Fault(refusal)
}
