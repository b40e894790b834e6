package transfer

import (
	"context"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/store"
)

// Store is what imports and exports read and write. *store.Store implements it. Absence is
// store.ErrNotFound, a clash store.ErrConflict.
type Store interface {
	ApplicationByClientID(ctx context.Context, clientID string) (store.Application, error)
	Applications(ctx context.Context) ([]store.Application, error)
	Registrations(ctx context.Context, applicationID string) ([]store.Registration, error)
	Account(ctx context.Context, id account.ID) (account.Account, error)
	AccountByIdentity(ctx context.Context, applicationID string, t account.ServiceType, subject, clientOrgID string) (account.Account, error)
	AccountForUser(ctx context.Context, applicationID string, t account.ServiceType, subject, clientOrgID, userID string) (account.Account, error)
	AccountsBehind(ctx context.Context, f store.AccountFilter, at store.AccountPosition, limit int) ([]account.Account, error)
	User(ctx context.Context, applicationID, id string) (store.User, error)
	Tokens(ctx context.Context, id account.ID) ([]store.Token, error)
	SaveConnections(ctx context.Context, all []store.Connection) error
	AppendAudit(ctx context.Context, e store.AuditEvent) error
}

// Config is what the service is made of.
type Config struct {
	Store       Store
	Credentials *credential.Service
	Providers   provider.Registry
	Now         func() time.Time
}

// Service brings accounts in and out. It keeps no state.
type Service struct{ Config }

// New makes the service.
func New(cfg Config) *Service { return &Service{Config: cfg} }

// audit notes what an operator does.
func (s *Service) audit(ctx context.Context, kind, applicationID, detail string) error {
	return s.Store.AppendAudit(context.WithoutCancel(ctx), store.AuditEvent{
		At: s.Now(), Kind: kind, ApplicationID: applicationID, Detail: "operator: " + detail,
	})
}
