package access

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// Store is what access reads, and the one thing it ends. *store.Store implements it; each method answers
// store.ErrNotFound for what does not exist.
type Store interface {
	Application(ctx context.Context, id string) (store.Application, error)
	ApplicationByClientID(ctx context.Context, clientID string) (store.Application, error)
	ApplicationSecrets(ctx context.Context, applicationID string) ([]store.ApplicationSecret, error)
	Account(ctx context.Context, id account.ID) (account.Account, error)
	Bearer(ctx context.Context, hash []byte) (store.Token, account.Account, error)
	// RevokeToken ends a token by its record's id.
	RevokeToken(ctx context.Context, id string, now time.Time) error
	// Changes answers the same number as before while nothing has changed.
	Changes() uint64
}

// Service checks credentials. It is safe for concurrent use.
type Service struct {
	store   Store
	bearers *bearers
}

// New makes the service.
func New(s Store) *Service { return &Service{store: s, bearers: newBearers(s)} }

// Caller is who calls, on behalf of which account.
type Caller struct {
	ApplicationID string
	Account       account.Account
	// ByApplication: the application's own credentials, rather than a bearer.
	ByApplication bool
	// ByUser: a user's session.
	ByUser bool
	// Limited: a bearer that was issued to a browser.
	Limited bool
	// Ceiling is what a bearer may do at the unified APIs: what its sign-in asked for and
	// got. The application itself, and the user's session, may do what the account was granted.
	Ceiling []scope.Scope
}

// Need answers fault.ScopeInsufficient where the caller lacks one of the scopes, at a unified
// API. The pass-through has no part in this: see docs/decisions/0040.
func (c Caller) Need(scopes ...scope.Scope) error {
	have := c.Ceiling
	if c.ByApplication || c.ByUser {
		have = c.Account.Scopes
	}
	missing := scope.Missing(have, scopes)
	if len(missing) == 0 {
		return nil
	}
	names := scope.Join(missing)
	return &fault.Error{Code: fault.ScopeInsufficient, Scope: names, Detail: "Missing: " + names + "."}
}

// Application checks an application's client id and secret. Which of the two was
// wrong is not told: fault.ClientUnauthorized for both.
func (s *Service) Application(ctx context.Context, clientID string, clientSecret secret.Text) (account.Application, error) {
	app, err := s.store.ApplicationByClientID(ctx, clientID)
	if errors.Is(err, store.ErrNotFound) {
		return account.Application{}, fault.New(fault.ClientUnauthorized, "")
	}
	if err != nil {
		return account.Application{}, storeFault("read the application", err)
	}
	secrets, err := s.store.ApplicationSecrets(ctx, app.ID)
	if err != nil {
		return account.Application{}, storeFault("read the application's secrets", err)
	}
	presented, match := Hash(clientSecret), 0
	for _, live := range secrets {
		match |= subtle.ConstantTimeCompare(live.Hash, presented)
	}
	if match == 0 {
		return account.Application{}, fault.New(fault.ClientUnauthorized, "")
	}
	return app.Application, nil
}

// PublicApplication finds an application that has no secret; any other answers
// fault.ClientUnauthorized.
func (s *Service) PublicApplication(ctx context.Context, clientID string) (account.Application, error) {
	app, err := s.store.ApplicationByClientID(ctx, clientID)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && !app.Settings.Public:
		return account.Application{}, fault.New(fault.ClientUnauthorized, "")
	case err != nil:
		return account.Application{}, storeFault("read the application", err)
	}
	return app.Application, nil
}

// ForAccount lets an application act for one of its accounts; any other account
// answers fault.AccountUnknown.
func (s *Service) ForAccount(ctx context.Context, app account.Application, id account.ID) (Caller, error) {
	acct, err := s.store.Account(ctx, id)
	if errors.Is(err, store.ErrNotFound) || (err == nil && acct.ApplicationID != app.ID) {
		return Caller{}, fault.New(fault.AccountUnknown, "")
	}
	if err != nil {
		return Caller{}, storeFault("read the account", err)
	}
	return Caller{ApplicationID: app.ID, Account: acct, ByApplication: true}, nil
}

// Bearer checks an access token: fault.NotAuthenticated for one that never
// existed, fault.TokenRevoked for one that did.
func (s *Service) Bearer(ctx context.Context, token secret.Text) (Caller, error) {
	if !wellFormed(token.Reveal(), TokenPrefix) {
		return Caller{}, fault.New(fault.NotAuthenticated, "")
	}
	held, acct, err := s.bearers.get(ctx, Hash(token))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Caller{}, fault.New(fault.NotAuthenticated, "")
	case err != nil:
		return Caller{}, storeFault("read the access token", err)
	case !held.RevokedAt.IsZero() || acct.ID == 0:
		return Caller{}, fault.New(fault.TokenRevoked, "")
	}
	return Caller{
		ApplicationID: held.ApplicationID, Account: acct, Limited: held.Limited, Ceiling: held.Ceiling,
	}, nil
}

// Settings reads the application behind a caller.
func (s *Service) Settings(ctx context.Context, applicationID string) (account.Application, error) {
	app, err := s.store.Application(ctx, applicationID)
	if err != nil {
		return account.Application{}, storeFault("read the application", err)
	}
	return app.Application, nil
}

// Grant is a new access token and the record to store of it.
func Grant(app string, id account.ID, ceiling []scope.Scope, limited bool, now time.Time) (secret.Text, store.Token) {
	token := NewToken()
	return token, store.Token{
		ID: account.NewRecordID(), Hash: Hash(token), ApplicationID: app, AccountID: id,
		Ceiling: ceiling, Limited: limited, CreatedAt: now,
	}
}

func storeFault(doing string, err error) error {
	return fault.Wrap(fault.StoreUnavailable, fmt.Errorf("%s: %w", doing, err))
}
