package access

import (
	"context"
	"errors"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// Introspect tells an application what one of its access tokens is worth (RFC 7662).
// One that has ended, was never made or belongs to another application is not active,
// and nothing else is told of it.
func (s *Service) Introspect(ctx context.Context, app account.Application, token secret.Text) (t store.Token, acct account.Account, active bool, err error) {
	t, acct, err = s.issued(ctx, token)
	if err != nil || t.ApplicationID != app.ID || !t.RevokedAt.IsZero() || acct.ID == 0 {
		return store.Token{}, account.Account{}, false, err
	}
	return t, acct, true, nil
}

// Revoke ends one of an application's access tokens (RFC 7009). One that was never made,
// or has ended, is none to complain of; another application's answers
// fault.TokenForeign.
func (s *Service) Revoke(ctx context.Context, app account.Application, token secret.Text, now time.Time) error {
	t, _, err := s.issued(ctx, token)
	switch {
	case err != nil:
		return err
	case t.ID == "" || !t.RevokedAt.IsZero():
		return nil
	case t.ApplicationID != app.ID:
		return fault.New(fault.TokenForeign, "")
	}
	if err := s.store.RevokeToken(ctx, t.ID, now); err != nil && !errors.Is(err, store.ErrNotFound) {
		return storeFault("revoke the access token", err)
	}
	return nil
}

// issued finds a token that was made here, and its account where that still is; the zero
// one for any other text.
func (s *Service) issued(ctx context.Context, token secret.Text) (store.Token, account.Account, error) {
	if !wellFormed(token.Reveal(), TokenPrefix) {
		return store.Token{}, account.Account{}, nil
	}
	t, acct, err := s.bearers.get(ctx, Hash(token))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return store.Token{}, account.Account{}, nil
	case err != nil:
		return store.Token{}, account.Account{}, storeFault("read the access token", err)
	}
	return t, acct, nil
}
