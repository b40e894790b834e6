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

// Plan says how a finished sign-in changes what is stored.
type Plan struct {
	// Credential is the record to store; nil keeps the stored one untouched.
	Credential *store.Credential
	// ExpectGeneration is what Credential replaces, or what is kept; 0 for a first one.
	ExpectGeneration int64
	// NativeScopes are those that the account holds afterwards.
	NativeScopes []string
	ExpiresAt    time.Time
	// Renewable: a refresh token is held afterwards that stands for all of them.
	Renewable bool
}

// Plan decides. acct is nil for a new account. A working credential is never
// replaced by one that reaches less far, and never loses its refresh token.
func (s *Service) Plan(ctx context.Context, acct *account.Account, reg account.Registration, answer provider.Tokens) (Plan, error) {
	p, ok := s.Providers.Of(reg.ServiceType)
	if !ok {
		return Plan{}, fault.New(fault.ServiceTypeUnavailable, "")
	}
	info := p.Info()
	fresh := held{tokens: answer, expires: s.expiry(answer.Life, info, answer), refreshScopes: answer.NativeScopes}
	fresh.sooner = s.sooner(fresh.expires)
	if acct == nil {
		return s.replace(info, fresh)
	}
	if err := s.replayOf(ctx, acct.ID); err != nil {
		return Plan{}, err
	}
	record, err := s.Store.Credential(ctx, acct.ID)
	if errors.Is(err, store.ErrNotFound) {
		return Plan{}, store.ErrConflict // deleted under our hands: the caller decides anew
	}
	if err != nil {
		return Plan{}, fault.Wrap(fault.StoreUnavailable, err)
	}
	fresh.record = record
	if record.Sealed == nil || acct.TokenStatus == account.TokenDead {
		return s.replace(info, fresh) // nothing to keep
	}
	stored, err := s.unseal(record)
	if err != nil {
		return Plan{}, err
	}
	working := acct.TokenStatus == account.TokenActive
	narrower := !info.Scopes.Wider(answer.NativeScopes, stored.tokens.NativeScopes)
	if working && narrower && !stored.tokens.Refresh.IsZero() {
		// A refresh token that comes unasked may mean that the old grant is gone.
		if !answer.Refresh.IsZero() {
			if stored, working, err = s.proven(ctx, *acct, stored); err != nil {
				return Plan{}, err
			}
		}
		if working {
			return Plan{
				ExpectGeneration: stored.record.Generation, NativeScopes: stored.tokens.NativeScopes, ExpiresAt: stored.expires, Renewable: true,
			}, nil
		}
	}
	// A refresh token is of use to the registration alone that it was issued to.
	if answer.Refresh.IsZero() && acct.RegistrationID == reg.ID {
		fresh.tokens, fresh.previous = stored.tokens.Merge(answer), stored.previous
		fresh.expires = s.expiry(answer.Life, info, fresh.tokens)
		fresh.refreshScopes = nil
		if working {
			fresh.refreshScopes = stored.refreshScopes
		}
	}
	return s.replace(info, fresh)
}

// proven asks the provider whether the stored credential still works, and returns
// it as it stands then. Passing trouble, the provider's or the store's, proves
// nothing against it.
func (s *Service) proven(ctx context.Context, acct account.Account, stored held) (held, bool, error) {
	_ = s.Ping(ctx, acct) // what it learns stands on the account
	now, err := s.Account(ctx, acct.ID)
	if err != nil || now.TokenStatus != account.TokenActive {
		return stored, false, err
	}
	current, err := s.current(ctx, now)
	return current, true, err
}

func (s *Service) replace(info provider.Info, h held) (Plan, error) {
	sealed, err := s.sealed(h)
	if err != nil {
		return Plan{}, err
	}
	sealed.Due = s.due(info, h)
	return Plan{
		Credential: &sealed, ExpectGeneration: h.record.Generation,
		NativeScopes: h.tokens.NativeScopes, ExpiresAt: h.expires,
		Renewable: !h.tokens.Refresh.IsZero() && info.Scopes.Wider(h.refreshScopes, h.tokens.NativeScopes),
	}, nil
}
