package credential

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/store"
)

// Portable is a credential on its way from another system, or to one. Nobody asks a provider
// with it on the way.
type Portable struct {
	Tokens provider.Tokens // Life, Owner and Others are not looked at
	// Expires is when Tokens.Access ends; zero where nobody knows.
	Expires time.Time
	// RefreshScopes are what Tokens.Refresh stands for; nil for Tokens.NativeScopes.
	RefreshScopes []string
	Login         *provider.Login // in place of tokens, of which then only NativeScopes are set
}

// empty tells whether there is no secret at all.
func (p Portable) empty() bool {
	return p.Login == nil && p.Tokens.Access.IsZero() && p.Tokens.Refresh.IsZero()
}

// ImportPlan is what an import changes of an account's credential.
type ImportPlan struct {
	Plan
	// Kept: the account has a credential that works and that Avain has got itself since. An
	// import never replaces such a one: the other system's is older, and may be used up.
	Kept bool
}

// PlanImport decides; acct is nil for a new account. A plan without a Credential changes
// nothing: what is stored is the same already, or is Kept.
//
// What tells an imported credential from one that Avain has got is account.TokenIssuedAt: an
// import leaves it empty, and each sign-in and each refresh sets it.
func (s *Service) PlanImport(ctx context.Context, acct *account.Account, info provider.Info, in Portable) (ImportPlan, error) {
	fresh := s.imported(in)
	if acct == nil {
		return s.planned(info, fresh)
	}
	record, err := s.Store.Credential(ctx, acct.ID)
	if errors.Is(err, store.ErrNotFound) {
		return ImportPlan{}, store.ErrConflict // deleted under our hands: the caller decides anew
	}
	if err != nil {
		return ImportPlan{}, fault.Wrap(fault.StoreUnavailable, err)
	}
	same := ImportPlan{Plan: Plan{ExpectGeneration: record.Generation, NativeScopes: acct.NativeScopes}}
	if in.empty() {
		return same, nil
	}
	fresh.record = record
	if record.Sealed == nil {
		return s.planned(info, fresh)
	}
	stored, err := s.unseal(record)
	if err != nil {
		return ImportPlan{}, err
	}
	if stored.brought(in) {
		return same, nil
	}
	if acct.TokenStatus == account.TokenActive && !acct.TokenIssuedAt.IsZero() {
		same.Kept = true
		return same, nil
	}
	return s.planned(info, fresh)
}

func (s *Service) planned(info provider.Info, h held) (ImportPlan, error) {
	plan, err := s.replace(info, h)
	return ImportPlan{Plan: plan}, err
}

// imported is in, to be sealed. An access token of which nobody knows when it ends is over
// where another one can be got: the first use then renews it.
func (s *Service) imported(in Portable) held {
	h := held{tokens: in.Tokens, expires: in.Expires, login: in.Login, refreshScopes: in.RefreshScopes}
	h.tokens.Life, h.tokens.Owner, h.tokens.Others = 0, provider.Owner{}, nil
	if h.refreshScopes == nil {
		h.refreshScopes = in.Tokens.NativeScopes
	}
	if h.expires.IsZero() && !in.Tokens.Refresh.IsZero() {
		h.expires = s.Now()
	}
	h.sooner = s.sooner(h.expires)
	return h
}

// brought tells whether h is what in brings, as far as in says it. An access token alone tells
// nothing apart where there is a refresh token.
func (h held) brought(in Portable) bool {
	if (h.login == nil) != (in.Login == nil) {
		return false
	}
	if h.login != nil {
		return h.login.Username == in.Login.Username && h.login.Password.Equal(in.Login.Password) && slices.Equal(h.login.Servers, in.Login.Servers)
	}
	if !h.tokens.Refresh.IsZero() || !in.Tokens.Refresh.IsZero() {
		return h.tokens.Refresh.Equal(in.Tokens.Refresh) || !in.Tokens.Refresh.IsZero() && h.previous.Equal(in.Tokens.Refresh)
	}
	return h.tokens.Access.Equal(in.Tokens.Access)
}

// Export opens the account's credential as it stands, asking nobody; empty where it is wiped.
func (s *Service) Export(ctx context.Context, acct account.Account) (Portable, error) {
	record, err := s.Store.Credential(ctx, acct.ID)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && record.Sealed == nil:
		return Portable{Tokens: provider.Tokens{NativeScopes: acct.NativeScopes}}, nil
	case err != nil:
		return Portable{}, fault.Wrap(fault.StoreUnavailable, err)
	}
	h, err := s.unseal(record)
	if err != nil {
		return Portable{}, err
	}
	out := Portable{Tokens: h.tokens, Expires: h.expires, RefreshScopes: h.refreshScopes, Login: h.login}
	out.Tokens.Others = nil
	if out.Tokens.Access.IsZero() {
		out.Expires = time.Time{}
	}
	return out, nil
}
