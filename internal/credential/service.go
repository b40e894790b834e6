package credential

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential/journal"
	"github.com/avain-project/avain/internal/credential/rota"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// Store is what credential reads and writes. *store.Store implements it. Reads
// answer store.ErrNotFound; writes that lose a race answer store.ErrConflict and
// change nothing.
type Store interface {
	Account(ctx context.Context, id account.ID) (account.Account, error)
	Registration(ctx context.Context, id string) (store.Registration, error)
	CurrentRegistration(ctx context.Context, applicationID string, t account.ServiceType) (store.Registration, error)
	RegistrationByClientID(ctx context.Context, applicationID string, t account.ServiceType, clientID string) (store.Registration, error)
	Credential(ctx context.Context, id account.ID) (store.Credential, error)
	SaveCredential(ctx context.Context, c store.Credential, expect int64, state store.TokenState) error
	ClaimRefresh(ctx context.Context, r store.ClaimRequest) (store.Claim, error)
	ReleaseRefresh(ctx context.Context, c store.Claim, r store.Release) error
	DueRegistrations(ctx context.Context) ([]store.DueRegistration, error)
	ClaimDue(ctx context.Context, r store.DueRequest) ([]store.Claim, error)
	EndDue(ctx context.Context, turn string) error
	Health(ctx context.Context, registrationID, place string) (store.Health, error)
	FailingRegistrations(ctx context.Context) ([]store.Health, error)
	RegistrationAccounts(ctx context.Context, registrationID string, n int) ([]account.ID, error)
	ClaimProbe(ctx context.Context, h store.Health, probe string, length time.Duration) (bool, error)
	FailRegistration(ctx context.Context, f store.RegistrationFailure) (bool, error)
	ClearRegistration(ctx context.Context, h store.Health, secret int) (bool, error)
	MarkToken(ctx context.Context, id account.ID, generation int64, state store.TokenState) (bool, error)
	WipeCredential(ctx context.Context, id account.ID, generation int64, state store.TokenState) (shared bool, err error)
	DeleteAccount(ctx context.Context, id account.ID, now time.Time) error
	AppendAudit(ctx context.Context, e store.AuditEvent) error
}

// Config is what the service is made of.
type Config struct {
	Store     Store
	Ring      *seal.Ring
	Providers provider.Registry
	// Journal keeps new tokens that the store does not take; default: one in memory.
	Journal *journal.Journal
	// Transport carries the calls made with a session.
	Transport http.RoundTripper
	Now       func() time.Time
	Logger    *slog.Logger
	// RefreshTimeout bounds one call to a provider, waiting callers or not; default 30 s.
	RefreshTimeout time.Duration
	// SaveAgainAfter are the waits between tries to save: the provider has given a token away
	// by now, and will not give it twice. Default: 50 ms, 200 ms, 1 s.
	SaveAgainAfter []time.Duration
	// Renewing limits what is renewed in the background of one registration; of one provider
	// it is twice as much. Default: 100 at once, 600 a second.
	Renewing rota.Limit
	// Random is a duration of chance, from zero to below the one given, so that not all is
	// renewed or tried again at once. Default: of math/rand/v2.
	Random func(below time.Duration) time.Duration
}

// Service keeps live credentials. It is safe for concurrent use.
type Service struct {
	Config
	flights    singleflight.Group
	waiting    sync.WaitGroup // callers of flights, gone or not
	turns      *turns
	remembered remembered
	rota       *rota.Rota
	unended    unended
	adopted    adopted
	refusals   atomic.Uint64 // of entries of the journal, by the store
}

// New makes the service.
func New(cfg Config) *Service {
	if cfg.RefreshTimeout == 0 {
		cfg.RefreshTimeout = 30 * time.Second
	}
	if cfg.SaveAgainAfter == nil {
		cfg.SaveAgainAfter = []time.Duration{50 * time.Millisecond, 200 * time.Millisecond, time.Second}
	}
	if cfg.Journal == nil {
		cfg.Journal = journal.New(journal.Config{Logger: cfg.Logger})
	}
	if cfg.Random == nil {
		cfg.Random = func(below time.Duration) time.Duration { return rand.N(max(below, 1)) }
	}
	if cfg.Renewing == (rota.Limit{}) {
		cfg.Renewing = defaultRenewing()
	}
	return &Service{Config: cfg, turns: newTurns(), remembered: newRemembered(), adopted: newAdopted(), rota: rota.New(cfg.Renewing, time.Now)}
}

// Wait returns when no refresh is on its way any more. A refresh that the provider
// has seen must be stored before the store is closed, even if its callers are gone.
func (s *Service) Wait() { s.waiting.Wait() }

// soonest is how much sooner an access token may be renewed at random: a twelfth of its
// life, of an hour's five minutes. Accounts that were connected in one second, or renewed
// after an outage, are else renewed in one second for ever.
const soonest = 5 * time.Minute

// sooner is by how much an access token that is issued now is to be renewed sooner than need
// be. It is stored with the token, so that all processes go by the same.
func (s *Service) sooner(expires time.Time) time.Duration {
	if expires.IsZero() {
		return 0
	}
	return s.Random(max(0, min(soonest, expires.Sub(s.Now())/12)))
}

// held is a credential, opened.
type held struct {
	record store.Credential
	// key is the data key of record, opened before a provider is asked: what the provider
	// answers can then be sealed whatever has become of the operator's key meanwhile. Nil in
	// what is remembered.
	key     *seal.DataKey
	tokens  provider.Tokens
	expires time.Time // as the provider said, or as is assumed
	sooner  time.Duration
	// login stands in place of tokens, of which then only NativeScopes are set; nil
	// where the credential is tokens.
	login *provider.Login
	// refreshScopes are what the refresh token stands for. An access token of the
	// same sign-in may reach further, where it came without a refresh token of its
	// own.
	refreshScopes []string
	// previous is the refresh token before this one, where the provider still takes it.
	previous secret.Text
}

// sealedTokens is the sealed form of provider.Tokens. The access token's end is
// kept with it, since the account's column is for show.
type sealedTokens struct {
	Access       string    `json:"access"`
	Refresh      string    `json:"refresh,omitempty"`
	ExpiresAt    time.Time `json:"expiresAt"`
	Sooner       int64     `json:"sooner,omitempty"` // seconds
	NativeScopes []string  `json:"nativeScopes"`
	// RefreshScopes differ from NativeScopes only where the two tokens come from
	// different answers.
	RefreshScopes []string `json:"refreshScopes"`
	Previous      string   `json:"previous,omitempty"`
	Tenant        string   `json:"tenant,omitempty"`
	// Accounts and API are the place.
	Accounts string `json:"accounts,omitempty"`
	API      string `json:"api,omitempty"`

	Others map[string]sealedResource `json:"others,omitempty"` // by resource
	Login  *sealedLogin              `json:"login,omitempty"`
}

// sealedResource is the sealed form of provider.ResourceToken.
type sealedResource struct {
	Access    string    `json:"access"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// open reads and unseals the account's credential.
func (s *Service) open(ctx context.Context, id account.ID) (held, error) {
	record, err := s.Store.Credential(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return held{}, fault.New(fault.TokenDead, "")
	}
	if err != nil {
		return held{}, fault.Wrap(fault.StoreUnavailable, err)
	}
	return s.unseal(record)
}

func (s *Service) unseal(record store.Credential) (held, error) {
	if record.Sealed == nil {
		return held{record: record}, fault.New(fault.TokenDead, "")
	}
	key, err := s.Ring.OpenDataKey(record.DataKey, record.RecordID)
	if err != nil {
		return held{}, fmt.Errorf("open the data key of account %s: %w", record.AccountID, err)
	}
	plain, err := key.Open(record.Sealed, store.LabelCredential, record.RecordID)
	if err != nil {
		return held{}, fmt.Errorf("open the credential of account %s: %w", record.AccountID, err)
	}
	var t sealedTokens
	if err := json.Unmarshal(plain, &t); err != nil {
		// The text of a JSON error may quote the plain value.
		return held{}, fmt.Errorf("the credential of account %s is damaged", record.AccountID)
	}
	return held{
		record: record, key: key, expires: t.ExpiresAt, sooner: time.Duration(t.Sooner) * time.Second, refreshScopes: t.RefreshScopes, tokens: t.tokens(), login: t.Login.login(),
		previous: secret.New(t.Previous),
	}, nil
}

// tokens is t without the ends of the access tokens but the resources'.
func (t sealedTokens) tokens() provider.Tokens {
	tokens := provider.Tokens{
		Access: secret.New(t.Access), Refresh: secret.New(t.Refresh), NativeScopes: t.NativeScopes, Tenant: t.Tenant,
		Place: provider.Place{Accounts: t.Accounts, API: t.API},
	}
	for resource, other := range t.Others {
		tokens.Others = with(tokens.Others, resource, provider.ResourceToken{Access: secret.New(other.Access), Expires: other.ExpiresAt})
	}
	return tokens
}

// bared is the way back.
func bared(t provider.Tokens) sealedTokens {
	bare := sealedTokens{
		Access: t.Access.Reveal(), Refresh: t.Refresh.Reveal(), NativeScopes: t.NativeScopes, Tenant: t.Tenant,
		Accounts: t.Place.Accounts, API: t.Place.API,
	}
	for resource, other := range t.Others {
		bare.Others = with(bare.Others, resource, sealedResource{Access: other.Access.Reveal(), ExpiresAt: other.Expires})
	}
	return bare
}

// sealed makes the record that holds what h holds. An existing record keeps its id
// and data key; otherwise both are made.
func (s *Service) sealed(h held) (store.Credential, error) {
	record, bare := h.record, bared(h.tokens)
	bare.ExpiresAt, bare.RefreshScopes, bare.Login = h.expires, h.refreshScopes, bareLogin(h.login)
	bare.Previous, bare.Sooner = h.previous.Reveal(), int64(h.sooner/time.Second)
	plain, err := json.Marshal(bare)
	if err != nil {
		return store.Credential{}, errors.New("encode the credential")
	}
	key := h.key
	switch {
	case record.RecordID == "":
		record.RecordID = account.NewRecordID()
		key, record.DataKey, err = s.Ring.NewDataKey(record.RecordID)
	case key == nil:
		key, err = s.Ring.OpenDataKey(record.DataKey, record.RecordID)
	}
	if err != nil {
		return store.Credential{}, fmt.Errorf("data key of the credential: %w", err)
	}
	record.UpdatedAt = s.Now()
	record.Sealed, err = key.Seal(plain, store.LabelCredential, record.RecordID)
	return record, err
}
