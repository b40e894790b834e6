package credential

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential/journal"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// refresh renews the main access token of what the caller holds, unless that was
// done already, and returns it. Callers at the same time share one call to the
// provider.
func (s *Service) refresh(ctx context.Context, id account.ID, old held) (held, error) {
	return s.renew(ctx, id, old, mainResource)
}

// flown is what a flight brings: which question it was for, and how it ended.
type flown struct {
	resource   string
	generation int64 // of the credential that whoever asked had found wanting
	held       held
	err        error
}

// flights is how often a caller lets callers with other questions go first.
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
		case done.err == nil && done.held.renewed(old, resource),
			done.resource == resource && done.generation >= old.record.Generation:
			return done.held, done.err
		case done.err == nil:
			old.record = done.held.record
		}
	}
	return held{}, fmt.Errorf("account %s: refreshes for others do not end", id)
}

func (s *Service) fly(ctx context.Context, id account.ID, old held, resource string) (flown, error) {
	// One flight an account, whatever the question: two at a time would use one refresh
	// token twice. The flight itself looks again before it asks the provider.
	flight := s.flights.DoChan(id.String(), func() (_ any, err error) {
		// A flight is nobody's request: a panic in it would end the process.
		defer func() {
			if broken := recover(); broken != nil {
				err = fmt.Errorf("panic in the refresh of account %s: %v", id, broken)
			}
		}()
		// No caller's end may break off a refresh that the provider has seen.
		own, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*(s.RefreshTimeout+claimMargin))
		defer cancel()
		got, err := s.refreshOnce(own, id, old, resource)
		return flown{resource, old.record.Generation, got, err}, nil
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
	current, claim, err := s.claim(ctx, id, func(h held) bool { // somebody was quicker
		return h.record.Generation > old.record.Generation && h.renewed(old, resource)
	})
	if err != nil || claim == nil {
		return current, err
	}
	renewed, err := s.renewClaimed(ctx, *claim, current, resource)
	if err != nil {
		// Who was stopped for longer than its claim has perhaps been replaced meanwhile.
		if newer, unread := s.open(ctx, id); unread == nil && newer.record.Generation > claim.Generation && newer.renewed(old, resource) {
			return newer, nil
		}
	}
	return renewed, err
}

// renewClaimed asks the provider, once, and stores its answer or what its refusal means.
func (s *Service) renewClaimed(ctx context.Context, claim store.Claim, current held, resource string) (held, error) {
	settled := false // by a save or a mark, or as an abandoned claim whose time will tell
	doubt := false   // whether the provider may have seen the question, and nobody its answer
	defer func() {
		if !settled {
			s.release(ctx, claim, store.Release{Doubt: doubt, Due: putOffBriefly}) // not at once again, in the background
		}
	}()
	acct, err := s.Account(ctx, claim.AccountID)
	if err != nil {
		return held{}, err
	}
	gate, err := s.gate(ctx, acct, current) // before the registration is read: it may be changed meanwhile
	if err != nil {
		settled = true
		s.release(ctx, claim, store.Release{Due: putOffStopped})
		return held{}, err
	}
	reg, err := s.Registration(ctx, acct.RegistrationID)
	if err != nil {
		return held{}, err
	}
	if time.Since(claim.Since) > askWithin {
		return held{}, Fault(&provider.Error{Class: provider.Later, Code: codeLate, RetryAfter: time.Second})
	}
	p, _ := s.Providers.Of(acct.ServiceType)
	if resource != mainResource {
		doubt = true // of a panic, too
		renewed, err := s.refreshOther(ctx, acct, gate.sorted(reg.Registration), p, current, resource)
		if dead(err) {
			settled = true
			return s.turnedDown(ctx, acct, claim, current, err)
		}
		err = gate.toldOf(ctx, err)
		var e *provider.Error
		doubt = !errors.As(err, &e) || answerLost(e)
		settled = err == nil || s.releasedKept(ctx, claim, err)
		return renewed, err
	}
	refresher, can := p.(provider.Refresher)
	if !can {
		return held{}, fault.New(fault.RefreshFailed, "")
	}
	doubt = true
	asking, cancel := context.WithTimeout(ctx, s.RefreshTimeout)
	current, answer, err := askAgain(current, func(tokens provider.Tokens) (provider.Tokens, error) {
		return s.owned(ctx, acct, func() (provider.Tokens, error) { return gate.ask(asking, refresher, reg.Registration, tokens) })
	})
	cancel()
	if err = gate.told(ctx, err); err != nil {
		settled = true
		return s.turnedDown(ctx, acct, claim, current, err)
	}
	renewed := held{
		record: current.record, key: current.key, tokens: current.tokens.Merge(answer), refreshScopes: current.refreshScopes,
	}
	renewed.expires = s.expiry(answer.Life, p.Info(), renewed.tokens)
	renewed.sooner = s.sooner(renewed.expires)
	renewed.previous = before(p.Info(), current, renewed)
	state := store.TokenState{Status: account.TokenActive, IssuedAt: s.Now(), ExpiresAt: renewed.expires}
	if answer.NativeScopes != nil {
		// The provider says what is left: people may take access away in parts.
		renewed.refreshScopes = answer.NativeScopes
		state.NativeScopes = answer.NativeScopes
		state.Scopes = p.Info().Scopes.Unified(answer.NativeScopes)
	}
	settled = true
	renewed, err = s.save(ctx, p.Info(), acct, renewed, current.tokens.Refresh, state)
	if err != nil && !s.releasedKept(ctx, claim, err) {
		s.release(ctx, claim, store.Release{Doubt: true})
	}
	return renewed, err
}

// releasedKept ends the claim, where err says that its answer could not be saved: who asks next
// in this process has it saved first, and others leave the account alone for a while.
func (s *Service) releasedKept(ctx context.Context, claim store.Claim, err error) bool {
	if !errors.Is(err, errUnsaved) {
		return false
	}
	s.release(ctx, claim, store.Release{Failure: codeKept, Wait: keptPause, Doubt: true, DoubtFor: keptDoubt, Due: putOffBriefly})
	return true
}

// save persists what was renewed before anyone uses it; its record is still that of
// what it replaces, and asked is the refresh token that it was got with. Whoever stored a
// newer credential meanwhile has won, and theirs is returned.
func (s *Service) save(ctx context.Context, info provider.Info, acct account.Account, renewed held, asked secret.Text, state store.TokenState) (held, error) {
	// A process that was stopped for minutes saves its answer all the same: the store has time
	// limits of its own.
	ctx = context.WithoutCancel(ctx)
	before := renewed.record.Generation
	record, err := s.sealed(renewed)
	if err != nil {
		return held{}, err
	}
	record.Due = s.due(info, renewed)
	err = s.persist(ctx, record, before, state)
	switch {
	case errors.Is(err, store.ErrConflict):
		return s.rejoin(ctx, info, acct, renewed, asked)
	case err != nil:
		return held{}, fault.Wrap(fault.StoreUnavailable, fmt.Errorf("save the refreshed credential of account %s: %w: %w", acct.ID, errUnsaved, err))
	}
	record.Generation = before + 1
	renewed.record = record
	s.remembered.add(acct.ID, renewed)
	return renewed, nil
}

// rejoin returns the newer credential that somebody else has stored. Where that still holds the
// refresh token that was asked with, as after a sign-in that brought none, the token that came
// for it takes its place: the provider may take no other any more.
func (s *Service) rejoin(ctx context.Context, info provider.Info, acct account.Account, renewed held, asked secret.Text) (held, error) {
	stored, err := s.open(ctx, acct.ID)
	if err != nil || !stored.tokens.Refresh.Equal(asked) || renewed.tokens.Refresh.Equal(asked) {
		return stored, err
	}
	stored.tokens.Refresh, stored.previous = renewed.tokens.Refresh, renewed.previous
	return s.save(ctx, info, acct, stored, asked, store.TokenState{Status: account.TokenActive})
}

// persist saves; after an error that is no conflict the record is in the journal. It goes there
// before a second try, since the process may end meanwhile.
func (s *Service) persist(ctx context.Context, record store.Credential, expect int64, state store.TokenState) error {
	err := s.Store.SaveCredential(ctx, record, expect, state)
	if err == nil || errors.Is(err, store.ErrConflict) {
		return err
	}
	kept := s.keep(ctx, journal.Entry{Credential: record, Expect: expect, State: state}, err)
	for _, wait := range s.SaveAgainAfter {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
		err = s.Store.SaveCredential(ctx, record, expect, state)
		switch {
		case err == nil:
			s.Journal.Drop(ctx, kept, journal.Saved)
			return nil
		case errors.Is(err, store.ErrConflict): // perhaps our own save, told as a failure
			_ = s.replay(ctx, kept)
			return err
		}
	}
	return err
}

// refused notes on the account what the provider's refusal means for it. Passing
// trouble and a wrong registration leave no mark. Only while the generation that
// was refused is still the stored one: a newer credential is not to blame, and is
// what the caller gets. audit is the audit event that goes with the mark, if any.
func (s *Service) refused(ctx context.Context, acct account.Account, current held, refusal error, audit string) (held, error) {
	var e *provider.Error
	if !errors.As(refusal, &e) {
		return held{}, refusal
	}
	state := store.TokenState{Error: e.Cause, Audit: audit}
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
