package credential

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/store"
)

// How far what a provider says of an access token's life is believed.
const (
	// early is how long before its end an access token is renewed, so that it does not end
	// on the way to the provider.
	early = 60 * time.Second
	// over is a life that has passed before the token can be used.
	over = 2 * time.Second
	// longestBelieved is after how long a token is renewed that is said to live longer. An
	// application that calls the provider itself would have no other way to learn that it
	// has ended.
	longestBelieved = 24 * time.Hour
)

// expiry is when an access token of that life, issued just now, ends; zero where neither
// the provider nor its table says. held are the tokens as they are from now on.
func (s *Service) expiry(life time.Duration, info provider.Info, held provider.Tokens) time.Time {
	life = cmp.Or(life, info.AssumedLife)
	if life == 0 {
		return time.Time{}
	}
	if !held.Refresh.IsZero() {
		life = min(life, longestBelieved)
	}
	return s.Now().Add(life)
}

// fresh tells whether an access token of h that ends then still reaches the provider, and need
// not be renewed so much sooner. One that lives for less than two minutes is used for half of its life: each call would renew
// it else.
func (s *Service) fresh(h held, expires time.Time) bool {
	if expires.IsZero() {
		return true
	}
	life := expires.Sub(h.record.UpdatedAt)
	return life > over && s.Now().Before(expires.Add(-min(early, life/2)-h.sooner))
}

// owned asks, and returns nothing of an answer that says it is for somebody else than the
// account's person: their mail would be shown to another.
func (s *Service) owned(ctx context.Context, acct account.Account, ask func() (provider.Tokens, error)) (provider.Tokens, error) {
	answer, err := ask()
	if err != nil || answer.Owner.Is(acct.Identity) {
		return answer, err
	}
	s.Logger.ErrorContext(ctx, "the provider answered a refresh with somebody else's tokens: they are dropped", "account", acct.ID)
	if err := s.Store.AppendAudit(context.WithoutCancel(ctx), store.AuditEvent{
		At: s.Now(), Kind: "credential.stranger", ApplicationID: acct.ApplicationID, AccountID: acct.ID,
		Detail: "the provider answered a refresh with tokens of another account; they were dropped",
	}); err != nil {
		s.Logger.ErrorContext(ctx, "could not write the audit event", "kind", "credential.stranger", "account", acct.ID, "error", err)
	}
	return provider.Tokens{}, &provider.Error{
		Class: provider.Later, Code: provider.CodeStranger, Cause: "the provider's answer is for somebody else", Cure: "try again later",
		Err: errors.New("the owner in the answer is not the account's"),
	}
}
