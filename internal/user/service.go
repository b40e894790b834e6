package user

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/store"
)

// Store is what the service reads and writes. *store.Store implements it; absence is
// store.ErrNotFound.
type Store interface {
	ApplicationByClientID(ctx context.Context, clientID string) (store.Application, error)
	ApplicationSecrets(ctx context.Context, applicationID string) ([]store.ApplicationSecret, error)
	Account(ctx context.Context, id account.ID) (account.Account, error)
	User(ctx context.Context, applicationID, id string) (store.User, error)
	UserAccounts(ctx context.Context, applicationID, userID string, after account.Account, n int) ([]account.Account, error)
	SetWorkHours(ctx context.Context, applicationID, userID, hours string) error
	Session(ctx context.Context, hash []byte) (store.Session, store.User, error)
	SeeSession(ctx context.Context, hash []byte, now time.Time) error
	EndSession(ctx context.Context, hash []byte) error
	SignatureUsed(ctx context.Context, hash []byte) (bool, error)
}

// Service answers for users. It is safe for concurrent use.
type Service struct {
	store Store
	ring  *seal.Ring
	now   func() time.Time
}

// New makes the service.
func New(s Store, ring *seal.Ring, now func() time.Time) *Service {
	return &Service{store: s, ring: ring, now: now}
}

// User is a person whom an application knows by a primary account.
type User struct {
	ID            string
	ApplicationID string
	WorkHours     string // JSON as the wire has it; empty for none
	CreatedAt     time.Time
	ActiveAt      time.Time
}

// Application finds the one of a client id: fault.NotAuthenticated where there is none.
func (s *Service) Application(ctx context.Context, clientID string) (account.Application, error) {
	app, err := s.store.ApplicationByClientID(ctx, clientID)
	if errors.Is(err, store.ErrNotFound) {
		return account.Application{}, fault.New(fault.NotAuthenticated, "")
	}
	return app.Application, storeFault("read the application", err)
}

// Accounts lists at most n of a user's accounts, the primary one first, from behind that
// one; the zero one is for the beginning.
func (s *Service) Accounts(ctx context.Context, u User, after account.Account, n int) ([]account.Account, error) {
	list, err := s.store.UserAccounts(ctx, u.ApplicationID, u.ID, after, n)
	return list, storeFault("list the user's accounts", err)
}

// Account is one of a user's. Another one answers fault.AccountUnknown, as one that does
// not exist.
func (s *Service) Account(ctx context.Context, u User, id account.ID) (account.Account, error) {
	acct, err := s.store.Account(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && (acct.ApplicationID != u.ApplicationID || acct.UserID != u.ID) {
		return account.Account{}, fault.New(fault.AccountUnknown, "")
	}
	return acct, storeFault("read the account", err)
}

// SetWorkHours writes the user's working hours, and returns the user with them.
func (s *Service) SetWorkHours(ctx context.Context, u User, hours string) (User, error) {
	u.WorkHours = hours
	return u, storeFault("write the working hours", s.store.SetWorkHours(ctx, u.ApplicationID, u.ID, hours))
}

// storeFault is nil for nil.
func storeFault(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fault.Wrap(fault.StoreUnavailable, fmt.Errorf("%s: %w", doing, err))
}
