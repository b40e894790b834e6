package credential

import (
	"context"
	"errors"
	"fmt"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/store"
)

// Revocation tells what became of the grant at the provider.
type Revocation string

// The outcomes.
const (
	Revoked       Revocation = "revoked"       // the provider ended it
	Kept          Revocation = "kept"          // another live account rests on the same grant
	Unsupported   Revocation = "unsupported"   // the provider has no way to end it
	NothingToEnd  Revocation = "none"          // there was no credential
	RevokeRefused Revocation = "not-confirmed" // the provider did not confirm; our copy is gone all the same
)

// wipeTries is how often a credential that changes while it is being wiped is
// read anew.
const wipeTries = 4

// Revoke wipes our copy of the account's credential, and then ends the grant at
// the provider where no other live account rests on it. Our copy goes first and
// in any case: what a caller asked us to forget is forgotten even while the
// provider is down, or where the copy does not open any more.
func (s *Service) Revoke(ctx context.Context, acct account.Account) (Revocation, error) {
	return s.revoke(ctx, acct, false)
}

// revoke is Revoke; where the account is deleted next, nobody is told that its credential
// has ended, let alone asked to sign in again.
func (s *Service) revoke(ctx context.Context, acct account.Account, deleting bool) (Revocation, error) {
	ctx = context.WithoutCancel(ctx)
	state := store.TokenState{Status: account.TokenDead, Error: "the credential was removed on request", Quiet: deleting}
	_ = s.replayOf(ctx, acct.ID) // the newest tokens are those that the provider is to end
	for range wipeTries {
		record, err := s.Store.Credential(ctx, acct.ID)
		if errors.Is(err, store.ErrNotFound) || err == nil && record.Sealed == nil {
			return NothingToEnd, nil
		}
		if err != nil {
			return "", fault.Wrap(fault.StoreUnavailable, err)
		}
		shared, err := s.Store.WipeCredential(ctx, acct.ID, record.Generation, state)
		if errors.Is(err, store.ErrConflict) {
			continue // renewed or connected again meanwhile: that one is to go too
		}
		if err != nil {
			return "", fault.Wrap(fault.StoreUnavailable, err)
		}
		s.remembered.credentials.Remove(acct.ID)
		if _, ok := s.signer(acct.ServiceType); ok {
			return Unsupported, nil // a password is not a grant: each account has its own copy
		}
		if shared {
			return Kept, nil
		}
		return s.revokeAtProvider(ctx, acct, record), nil
	}
	return "", fault.Wrap(fault.StoreUnavailable, fmt.Errorf("the credential of account %s changed %d times while it was being wiped", acct.ID, wipeTries))
}

func (s *Service) revokeAtProvider(ctx context.Context, acct account.Account, record store.Credential) Revocation {
	p, _ := s.Providers.Of(acct.ServiceType)
	revoker, ok := p.(provider.Revoker)
	if !ok {
		return Unsupported
	}
	wiped, err := s.unseal(record)
	if err == nil {
		var reg Registered
		if reg, err = s.Registration(ctx, acct.RegistrationID); err == nil {
			err = revoker.Revoke(ctx, reg.Registration, wiped.tokens)
		}
	}
	if err != nil {
		s.Logger.WarnContext(ctx, "the revocation is not confirmed by the provider", "account", acct.ID, "error", err)
		return RevokeRefused
	}
	return Revoked
}
