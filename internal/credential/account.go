package credential

import (
	"context"
	"errors"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// Account reads an account as it stands now.
func (s *Service) Account(ctx context.Context, id account.ID) (account.Account, error) {
	acct, err := s.Store.Account(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return account.Account{}, fault.New(fault.AccountUnknown, "")
	}
	if err != nil {
		return account.Account{}, fault.Wrap(fault.StoreUnavailable, err)
	}
	return acct, nil
}

// Delete ends the account: its grant, where no other live account shares it, its
// credential, its codes and its bearers.
func (s *Service) Delete(ctx context.Context, acct account.Account) (Revocation, error) {
	outcome, err := s.revoke(ctx, acct, true)
	if err != nil {
		return "", err
	}
	err = s.Store.DeleteAccount(context.WithoutCancel(ctx), acct.ID, s.Now())
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", fault.Wrap(fault.StoreUnavailable, err)
	}
	return outcome, nil
}

// Ping makes one small call to the provider. What it learns stands on the account
// afterwards; the error is for what is nobody's credential's fault.
func (s *Service) Ping(ctx context.Context, acct account.Account) error {
	if signer, ok := s.signer(acct.ServiceType); ok {
		return s.verify(ctx, acct, signer)
	}
	p, _ := s.Providers.Of(acct.ServiceType)
	pinger, ok := p.(provider.Pinger)
	if !ok {
		return nil
	}
	reg, err := s.Registration(ctx, acct.RegistrationID)
	if err != nil {
		return err
	}
	live, err := s.live(ctx, acct)
	if err != nil {
		return err
	}
	err = pinger.Ping(ctx, reg.Registration, live.tokens)
	if refusesToken(err) && !live.tokens.Refresh.IsZero() && !s.refusedLately(acct, live) {
		if live, err = s.refresh(ctx, acct.ID, live); err != nil {
			return err
		}
		err = pinger.Ping(ctx, reg.Registration, live.tokens)
	}
	marker := authenticated{service: s, provider: p, account: acct, held: live}
	switch {
	case err == nil:
		marker.mark(ctx, live, account.TokenActive)
		return nil
	case refusesToken(err):
		marker.mark(ctx, live, account.TokenInvalid)
		return nil
	}
	return Fault(err)
}

func refusesToken(err error) bool {
	var e *provider.Error
	return errors.As(err, &e) && e.Code == provider.CodeUnauthorized
}

// ProviderToken hands the provider's access token out. That it does is written
// down first; whether the caller may is the caller's to have checked.
func (s *Service) ProviderToken(ctx context.Context, acct account.Account, requestID string) (secret.Text, time.Time, error) {
	if _, ok := s.signer(acct.ServiceType); ok {
		return secret.Text{}, time.Time{}, fault.New(fault.ProviderAuthDenied, "This account has a password in place of a token, and passwords are never handed out.")
	}
	live, err := s.live(ctx, acct)
	if err != nil {
		return secret.Text{}, time.Time{}, err
	}
	err = s.Store.AppendAudit(ctx, store.AuditEvent{
		At: s.Now(), Kind: "providerauth.revealed", ApplicationID: acct.ApplicationID, AccountID: acct.ID, RequestID: requestID,
		Detail: "the provider's access token was handed to the application",
	})
	if err != nil {
		return secret.Text{}, time.Time{}, fault.Wrap(fault.StoreUnavailable, err)
	}
	return live.tokens.Access, live.expires, nil
}
