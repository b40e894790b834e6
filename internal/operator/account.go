package operator

import (
	"context"
	"fmt"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/store"
)

// AccountFilter narrows [Service.Accounts]; zero fields narrow nothing.
type AccountFilter struct {
	Application string // client id or name
	ServiceType string // any spelling of it
	Limit       int    // 0 is no limit
	Offset      int
}

// Accounts lists a page, oldest first, and counts all that the filter lets pass.
func (s *Service) Accounts(ctx context.Context, f AccountFilter) ([]account.Account, int, error) {
	narrowed := store.AccountFilter{Limit: f.Limit, Offset: f.Offset}
	if f.ServiceType != "" {
		t, ok := s.Providers.Parse(f.ServiceType)
		if !ok {
			return nil, 0, usagef("there is no service type %q; known are %s", f.ServiceType, joined(s.Providers.ServiceTypes()))
		}
		narrowed.ServiceType = t
	}
	if f.Application != "" {
		app, err := s.Application(ctx, f.Application)
		if err != nil {
			return nil, 0, err
		}
		narrowed.ApplicationID = app.ID
	}
	return s.Store.Accounts(ctx, narrowed)
}

// Account reads one.
func (s *Service) Account(ctx context.Context, id account.ID) (account.Account, error) {
	acct, err := s.Store.Account(ctx, id)
	if absent(err) {
		return account.Account{}, fmt.Errorf("there is no account %s: see avain account list: %w", id, err)
	}
	return acct, err
}

// Token is one of our access tokens for an account. The token itself is not kept.
type Token struct {
	ID        string
	Ceiling   []scope.Scope // unified endpoints let it reach this far
	Limited   bool          // issued to a browser
	CreatedAt time.Time
	RevokedAt time.Time // zero while it lives
}

// Tokens lists those of an account, revoked ones too, newest first.
func (s *Service) Tokens(ctx context.Context, id account.ID) ([]Token, error) {
	if _, err := s.Account(ctx, id); err != nil {
		return nil, err
	}
	records, err := s.Store.Tokens(ctx, id)
	tokens := make([]Token, len(records))
	for i, r := range records {
		tokens[i] = Token{ID: r.ID, Ceiling: r.Ceiling, Limited: r.Limited, CreatedAt: r.CreatedAt, RevokedAt: r.RevokedAt}
	}
	return tokens, err
}

// RevokeToken ends one of the account's access tokens.
func (s *Service) RevokeToken(ctx context.Context, id account.ID, tokenID string) error {
	acct, err := s.Account(ctx, id)
	if err != nil {
		return err
	}
	tokens, err := s.Tokens(ctx, id)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		if t.ID != tokenID {
			continue
		}
		if err := s.Store.RevokeToken(ctx, tokenID, s.Now()); err != nil {
			return err
		}
		return s.audit(ctx, auditTokensRevoked, acct.ApplicationID, id, "token "+tokenID)
	}
	return fmt.Errorf("account %s has no token %q: see avain account tokens %s", id, tokenID, id)
}

// RevokeTokens ends all of the account's access tokens and counts them. The
// account stays connected.
func (s *Service) RevokeTokens(ctx context.Context, id account.ID) (int, error) {
	acct, err := s.Account(ctx, id)
	if err != nil {
		return 0, err
	}
	n, err := s.Store.RevokeTokens(ctx, id, s.Now())
	if err != nil {
		return n, err
	}
	return n, s.audit(ctx, auditTokensRevoked, acct.ApplicationID, id, fmt.Sprintf("%d tokens", n))
}

// RefreshAccount renews the provider's credential now, due or not.
func (s *Service) RefreshAccount(ctx context.Context, id account.ID) (account.Account, error) {
	acct, err := s.Account(ctx, id)
	if err != nil {
		return account.Account{}, err
	}
	if err := s.Credentials.Renew(ctx, acct); err != nil {
		return account.Account{}, fmt.Errorf("refresh account %s: %w", id, err)
	}
	if err := s.audit(ctx, auditAccountRefreshed, acct.ApplicationID, id, "on request"); err != nil {
		return account.Account{}, err
	}
	return s.Account(ctx, id)
}

// RevokeAccount ends the grant at the provider, unless another live account rests
// on it, and forgets our copy. The account stays, to be connected again.
func (s *Service) RevokeAccount(ctx context.Context, id account.ID) (credential.Revocation, error) {
	acct, err := s.Account(ctx, id)
	if err != nil {
		return "", err
	}
	outcome, err := s.Credentials.Revoke(ctx, acct)
	if err != nil {
		return "", fmt.Errorf("revoke account %s: %w", id, err)
	}
	return outcome, s.audit(ctx, auditAccountRevoked, acct.ApplicationID, id, "grant "+string(outcome))
}

// DeleteAccount ends the grant as [Service.RevokeAccount] does, then deletes the
// account; its access tokens end too.
func (s *Service) DeleteAccount(ctx context.Context, id account.ID) (DeletedAccount, error) {
	acct, err := s.Account(ctx, id)
	if err != nil {
		return DeletedAccount{}, err
	}
	return s.deleteAccount(ctx, acct)
}

func (s *Service) deleteAccount(ctx context.Context, acct account.Account) (DeletedAccount, error) {
	outcome, err := s.Credentials.Delete(ctx, acct)
	if err != nil {
		return DeletedAccount{}, fmt.Errorf("delete account %s: %w", acct.ID, err)
	}
	deleted := DeletedAccount{ID: acct.ID, Grant: outcome}
	return deleted, s.audit(ctx, auditAccountDeleted, acct.ApplicationID, acct.ID, "grant "+string(outcome))
}
