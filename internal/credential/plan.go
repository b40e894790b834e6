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
	// ExpectGeneration is what Credential replaces; 0 for a first one.
	ExpectGeneration int64
	// NativeScopes are those that the account holds afterwards.
	NativeScopes []string
	ExpiresAt    time.Time
	// Renewable: a refresh token is held afterwards.
	Renewable bool
}

// Plan decides. acct is nil for a new account. A live credential is never
// replaced by one that reaches less far, and never loses its refresh token.
func (s *Service) Plan(ctx context.Context, acct *account.Account, reg account.Registration, answer provider.Tokens) (Plan, error) {
	p, ok := s.Providers.Of(reg.ServiceType)
	if !ok {
		return Plan{}, fault.New(fault.ServiceTypeUnavailable, "")
	}
	info := p.Info()
	expires := s.expiry(answer, info)
	if acct == nil {
		return s.replace(store.Credential{}, answer, expires)
	}
	record, err := s.Store.Credential(ctx, acct.ID)
	if errors.Is(err, store.ErrNotFound) {
		return Plan{}, store.ErrConflict // deleted under our hands: the caller decides anew
	}
	if err != nil {
		return Plan{}, fault.Wrap(fault.StoreUnavailable, err)
	}
	// A dead, wiped or foreign credential has nothing to keep. Another
	// registration's refresh token is of no use to this one.
	if record.Sealed == nil || acct.TokenStatus == account.TokenDead || acct.RegistrationID != reg.ID {
		return s.replace(record, answer, expires)
	}
	stored, err := s.unseal(record)
	if err != nil {
		return Plan{}, err
	}
	narrower := !info.Scopes.Wider(answer.NativeScopes, stored.tokens.NativeScopes)
	if narrower && !stored.tokens.Refresh.IsZero() {
		return Plan{NativeScopes: stored.tokens.NativeScopes, ExpiresAt: stored.expires, Renewable: true}, nil
	}
	return s.replace(record, stored.tokens.Merge(answer), expires)
}

func (s *Service) replace(record store.Credential, t provider.Tokens, expires time.Time) (Plan, error) {
	expect := record.Generation
	sealed, err := s.sealed(record, t, expires)
	if err != nil {
		return Plan{}, err
	}
	return Plan{
		Credential: &sealed, ExpectGeneration: expect,
		NativeScopes: t.NativeScopes, ExpiresAt: expires, Renewable: !t.Refresh.IsZero(),
	}, nil
}
