package credential

import (
	"context"
	"errors"

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

// Revoke ends the account's grant at the provider, where no other live account
// shares it, and wipes our copy in any case: what a caller asked us to forget is
// forgotten even while the provider is down.
func (s *Service) Revoke(ctx context.Context, acct account.Account) (Revocation, error) {
	ctx = context.WithoutCancel(ctx)
	outcome, err := s.revokeAtProvider(ctx, acct)
	if err != nil {
		return "", err
	}
	s.remembered.credentials.Remove(acct.ID)
	state := store.TokenState{
		Status: account.TokenDead, Error: "the credential was removed on request", IssuedAt: acct.TokenIssuedAt,
	}
	if err := s.Store.WipeCredential(ctx, acct.ID, state); err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", fault.Wrap(fault.StoreUnavailable, err)
	}
	return outcome, nil
}

func (s *Service) revokeAtProvider(ctx context.Context, acct account.Account) (Revocation, error) {
	current, err := s.open(ctx, acct.ID)
	if fault.Is(err, fault.TokenDead) {
		return NothingToEnd, nil
	}
	if err != nil {
		return "", err
	}
	shared, err := s.Store.SharesGrant(ctx, acct.RegistrationID, acct.Identity.Subject, acct.ID)
	if err != nil {
		return "", fault.Wrap(fault.StoreUnavailable, err)
	}
	if shared {
		return Kept, nil
	}
	p, _ := s.Providers.Of(acct.ServiceType)
	revoker, ok := p.(provider.Revoker)
	if !ok {
		return Unsupported, nil
	}
	reg, err := s.Registration(ctx, acct.RegistrationID)
	if err != nil {
		return "", err
	}
	if err := revoker.Revoke(ctx, reg.Registration, current.tokens); err != nil {
		s.Logger.WarnContext(ctx, "the provider did not confirm the revocation", "account", acct.ID, "error", err)
		return RevokeRefused, nil
	}
	return Revoked, nil
}
