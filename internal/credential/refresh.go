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

// refresh renews the main access token of what the caller holds, unless that was
// done already, and returns it. Callers at the same time share one call to the
// provider.
func (s *Service) refresh(ctx context.Context, id account.ID, old held) (held, error) {
	return s.renew(ctx, id, old, mainResource)
}

// flown is what a flight brings: for which resource, and how it ended.
type flown struct {
	resource string
	held     held
	err      error
}

// flights is how often a caller lets callers for other resources go first.
const flights = 8

// renew is refresh for one resource. The call may replace the refresh token, so
// callers for another resource wait for it too; what came of it is not their
// answer, and they ask for their own with the credential that it left.
func (s *Service) renew(ctx context.Context, id account.ID, old held, resource string) (held, error) {
	for range flights {
		done, err := s.fly(ctx, id, old, resource)
		switch {
		case err != nil:
			return held{}, err
		case done.resource == resource, done.err == nil && done.held.renewed(old, resource):
			return done.held, done.err
		case done.err == nil:
			old.record = done.held.record
		}
	}
	return held{}, fmt.Errorf("account %s: refreshes for other resources do not end", id)
}

func (s *Service) fly(ctx context.Context, id account.ID, old held, resource string) (flown, error) {
	// Callers with another generation in hand have another question, so it is part
	// of the key; the flight itself looks again before it asks the provider.
	flight := s.flights.DoChan(fmt.Sprintf("%s/%d", id, old.record.Generation), func() (_ any, err error) {
		// A flight is nobody's request: a panic in it would end the process.
		defer func() {
			if broken := recover(); broken != nil {
				err = fmt.Errorf("panic in the refresh of account %s: %v", id, broken)
			}
		}()
		// No caller's end may break off a refresh that the provider has seen.
		own, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.RefreshTimeout)
		defer cancel()
		got, err := s.refreshOnce(own, id, old, resource)
		return flown{resource, got, err}, nil
	})
	s.waiting.Add(1)
	select {
	case <-ctx.Done():
		go func() {
			defer s.waiting.Done()
			<-flight
		}()
		return flown{}, ctx.Err()
	case done := <-flight:
		s.waiting.Done()
		if done.Err != nil {
			return flown{}, done.Err
		}
		return done.Val.(flown), nil
	}
}

// renewed tells whether h has an access token for the resource that old had not.
func (h held) renewed(old held, resource string) bool {
	return !h.access(resource).IsZero() && !h.access(resource).Equal(old.access(resource))
}

func (s *Service) refreshOnce(ctx context.Context, id account.ID, old held, resource string) (held, error) {
	current, err := s.open(ctx, id)
	if err != nil {
		return held{}, err
	}
	if current.record.Generation > old.record.Generation && current.renewed(old, resource) {
		return current, nil // somebody was quicker
	}
	if err := s.pausing(id, current.record.Generation); err != nil {
		return held{}, Fault(err)
	}
	acct, err := s.Account(ctx, id)
	if err != nil {
		return held{}, err
	}
	reg, err := s.Registration(ctx, acct.RegistrationID)
	if err != nil {
		return held{}, err
	}
	p, _ := s.Providers.Of(acct.ServiceType)
	if resource != mainResource {
		return s.refreshOther(ctx, acct, reg.Registration, p, current, resource)
	}
	refresher, can := p.(provider.Refresher)
	if !can {
		return held{}, fault.New(fault.RefreshFailed, "")
	}
	answer, err := refresher.Refresh(ctx, reg.Registration, current.tokens)
	if err != nil {
		s.notePause(id, current.record.Generation, err)
		return s.refused(ctx, acct, current, err)
	}
	renewed := held{
		record: current.record, tokens: current.tokens.Merge(answer), expires: s.expiry(answer, p.Info()),
		refreshScopes: current.refreshScopes,
	}
	state := store.TokenState{Status: account.TokenActive, IssuedAt: s.Now(), ExpiresAt: renewed.expires}
	if answer.NativeScopes != nil {
		// The provider says what is left: people may take access away in parts.
		renewed.refreshScopes = answer.NativeScopes
		state.NativeScopes = answer.NativeScopes
		state.Scopes = p.Info().Scopes.Unified(answer.NativeScopes)
	}
	return s.save(ctx, acct, renewed, state)
}

// save persists what was renewed before anyone uses it; its record is still that of
// what it replaces. Whoever stored a newer credential meanwhile has won, and theirs
// is returned.
func (s *Service) save(ctx context.Context, acct account.Account, renewed held, state store.TokenState) (held, error) {
	before := renewed.record.Generation
	record, err := s.sealed(renewed)
	if err != nil {
		return held{}, err
	}
	err = s.persist(ctx, record, before, state)
	switch {
	case errors.Is(err, store.ErrConflict):
		return s.open(ctx, acct.ID)
	case err != nil:
		// Callers may be gone, so this is told here: a rotated token may be lost.
		s.Logger.ErrorContext(ctx, "a refreshed credential could not be saved", "account", acct.ID, "error", err)
		return held{}, fault.Wrap(fault.StoreUnavailable, fmt.Errorf("save the refreshed credential of account %s: %w", acct.ID, err))
	}
	record.Generation = before + 1
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
