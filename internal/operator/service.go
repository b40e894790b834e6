package operator

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/brand"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/store"
)

// Store is what operators read and write. *store.Store implements it. Absence is
// store.ErrNotFound, a clash store.ErrConflict; every write is atomic.
type Store interface {
	applicationStore
	registrationStore
	accountStore
	installationStore
}

type applicationStore interface {
	CreateApplication(ctx context.Context, app store.Application, secrets ...store.ApplicationSecret) error
	Application(ctx context.Context, id string) (store.Application, error)
	ApplicationByClientID(ctx context.Context, clientID string) (store.Application, error)
	Applications(ctx context.Context) ([]store.Application, error)
	UpdateApplication(ctx context.Context, id string, change func(*account.Application) error, logos ...brand.Logo) error
	DeleteApplication(ctx context.Context, id string, now time.Time) error
	ApplicationSecrets(ctx context.Context, applicationID string) ([]store.ApplicationSecret, error)
	AddApplicationSecret(ctx context.Context, secret store.ApplicationSecret, keep int) error
	SigningSecret(ctx context.Context, applicationID string) (store.SigningSecret, error)
	SetSigningSecret(ctx context.Context, v store.SigningSecret, replace bool) error
	Deliveries(ctx context.Context, f store.DeliveryFilter) ([]store.Delivery, error)
	Redeliver(ctx context.Context, f store.DeliveryFilter) (int, error)
}

type registrationStore interface {
	SaveRegistration(ctx context.Context, r store.Registration) error
	RegistrationByClientID(ctx context.Context, applicationID string, t account.ServiceType, clientID string) (store.Registration, error)
	Registrations(ctx context.Context, applicationID string) ([]store.Registration, error)
	DeleteRegistration(ctx context.Context, id string) error
	FailingRegistrations(ctx context.Context) ([]store.Health, error)
}

type accountStore interface {
	Account(ctx context.Context, id account.ID) (account.Account, error)
	Accounts(ctx context.Context, f store.AccountFilter) (page []account.Account, total int, err error)
	Tokens(ctx context.Context, id account.ID) ([]store.Token, error)
	RevokeToken(ctx context.Context, id string, now time.Time) error
	RevokeTokens(ctx context.Context, id account.ID, now time.Time) (revoked int, err error)
}

type installationStore interface {
	Meta(ctx context.Context, key string) ([]byte, error)
	AddMeta(ctx context.Context, key string, value []byte) error
	ReplaceMeta(ctx context.Context, key string, from, to []byte) error
	EachSealed(ctx context.Context, fn func(store.Sealed) error) error
	CountDataKeys(ctx context.Context, of store.KeyHolder) (int, error)
	DataKeys(ctx context.Context, of store.KeyHolder, after string, n int) ([]store.WrappedKey, error)
	Rewrap(ctx context.Context, of store.KeyHolder, batch []store.Rewrapped) (changed int, err error)
	MigrationStatus(ctx context.Context) (store.MigrationReport, error)
	AppendAudit(ctx context.Context, e store.AuditEvent) error
	AuditEvents(ctx context.Context, limit int) ([]store.AuditEvent, error)
}

// Config is what the service is made of.
type Config struct {
	Store       Store
	Ring        *seal.Ring
	Providers   provider.Registry
	Credentials *credential.Service
	// PublicURL is the address that providers send browsers back to; nil where it
	// is not known, as in a command that runs beside no server.
	PublicURL *url.URL
	// Typed is looked at by Doctor alone.
	Typed TypedHosts
	Now   func() time.Time
}

// Service does what operators ask for. It keeps no state.
type Service struct{ Config }

// New makes the service.
func New(cfg Config) *Service { return &Service{Config: cfg} }

// UsageError says that the request is wrong as it stands: trying again as it is
// cannot help.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *UsageError) Unwrap() error { return e.Err }

func usagef(format string, args ...any) error {
	return &UsageError{Err: fmt.Errorf(format, args...)}
}

// Action tells what became of something that was to be brought to a state.
type Action string

// The actions.
const (
	Created   Action = "created"
	Updated   Action = "updated"
	Unchanged Action = "unchanged"
)

// The kinds of audit events that operators cause.
const (
	auditApplicationCreated  = "application.created"
	auditApplicationUpdated  = "application.updated"
	auditApplicationDeleted  = "application.deleted"
	auditSecretAdded         = "application.secret.added"
	auditSigningSecretSet    = "application.signing.set"
	auditEventsRedelivered   = "webhook.replayed"
	auditRegistrationSaved   = "registration.saved"
	auditRegistrationRemoved = "registration.removed"
	auditAccountRefreshed    = "account.refreshed"
	auditAccountRevoked      = "account.revoked"
	auditAccountDeleted      = "account.deleted"
	auditTokensRevoked       = "account.tokens.revoked"
	auditKeyAdded            = "key.added"
	auditKeyPromoted         = "key.promoted"
	auditKeyRotated          = "key.rotated"
	auditKeyDropped          = "key.dropped"
)

// audit notes what an operator did, right after it was done.
func (s *Service) audit(ctx context.Context, kind, applicationID string, id account.ID, detail string) error {
	err := s.Store.AppendAudit(context.WithoutCancel(ctx), store.AuditEvent{
		At: s.Now(), Kind: kind, ApplicationID: applicationID, AccountID: id, Detail: "operator: " + detail,
	})
	if err != nil {
		return fmt.Errorf("%s is done, but not in the audit trail: %w", kind, err)
	}
	return nil
}

// AuditEvent is one line of the audit trail.
type AuditEvent = store.AuditEvent

// AuditEvents lists the newest, newest first.
func (s *Service) AuditEvents(ctx context.Context, limit int) ([]AuditEvent, error) {
	return s.Store.AuditEvents(ctx, limit)
}

func absent(err error) bool { return errors.Is(err, store.ErrNotFound) }
