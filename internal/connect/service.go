package connect

import (
	"context"
	"net/url"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/brand"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/user"
)

// AttemptLifetime is how long a person may take at the provider.
const AttemptLifetime = 15 * time.Minute

// The paths of the flow, at the public URL or an alias. Applications send the browser
// to AuthorizePath, providers back to CallbackPath; PartialPath is our own page, and the
// choices on it; FormPath is the page that asks for a login, and takes it. Behind
// LogoPath stands the hash of an application's logo.
const (
	AuthorizePath = "/v1/auth/authorize"
	CallbackPath  = "/v1/auth/callback"
	PartialPath   = "/v1/auth/partial"
	FormPath      = "/v1/auth/form"
	LogoPath      = "/v1/auth/logo/"
)

// Store is what the flow reads and writes. *store.Store implements it. Absence
// is store.ErrNotFound, a lost race store.ErrConflict; every write is atomic.
type Store interface {
	ApplicationByClientID(ctx context.Context, clientID string) (store.Application, error)
	Application(ctx context.Context, id string) (store.Application, error)
	OpenAttempts(ctx context.Context, applicationID string, now time.Time, limit int) (int, error)
	CreateAttempt(ctx context.Context, a store.Attempt) error
	Attempt(ctx context.Context, stateHash []byte) (store.Attempt, error)
	ConsumeAttempt(ctx context.Context, stateHash, browserHash []byte, now time.Time) (store.Attempt, error)
	Registrations(ctx context.Context, applicationID string) ([]store.Registration, error)
	Account(ctx context.Context, id account.ID) (account.Account, error)
	AccountByIdentity(ctx context.Context, applicationID string, t account.ServiceType, subject, clientOrgID string) (account.Account, error)
	MatchAccounts(ctx context.Context, m store.AccountMatch, limit int) ([]account.Account, error)
	SaveConnection(ctx context.Context, c store.Connection) error
	Code(ctx context.Context, hash []byte) (store.Code, error)
	RedeemCode(ctx context.Context, hash []byte, applicationID string, now time.Time, t store.Token, sessions ...store.Session) error
	RevokeToken(ctx context.Context, id string, now time.Time) error
	EndSession(ctx context.Context, hash []byte) error
	User(ctx context.Context, applicationID, id string) (store.User, error)
	AccountForUser(ctx context.Context, applicationID string, t account.ServiceType, subject, clientOrgID, userID string) (account.Account, error)
	AppendAudit(ctx context.Context, e store.AuditEvent) error

	// A partial grant waits for the person's choice.
	HoldAttempt(ctx context.Context, h store.Hold) error
	AttemptByChoice(ctx context.Context, choiceHash []byte) (store.Attempt, error)
	AskRest(ctx context.Context, choiceHash []byte, next store.Attempt) error
	ContinueAttempt(ctx context.Context, choiceHash []byte, next store.Attempt) error
	ReleaseAttempt(ctx context.Context, choiceHash []byte) error
}

// Credentials is what the flow needs of internal/credential.
type Credentials interface {
	Registration(ctx context.Context, id string) (credential.Registered, error)
	CurrentRegistration(ctx context.Context, applicationID string, t account.ServiceType) (credential.Registered, error)
	RegistrationOf(ctx context.Context, applicationID string, t account.ServiceType, clientID string) (credential.Registered, error)
	Adopt(ctx context.Context, reg credential.Registered, b credential.Brought) (credential.SignIn, error)
	Adopted(reg credential.Registered, b credential.Brought)
	Try(ctx context.Context, reg credential.Registered, b credential.Brought) error
	SealSignIn(reg credential.Registered, attemptID string, in credential.SignIn) ([]byte, error)
	OpenSignIn(reg credential.Registered, attemptID string, sealed []byte) (credential.SignIn, error)
	Plan(ctx context.Context, acct *account.Account, reg account.Registration, answer provider.Tokens) (credential.Plan, error)
	PlanLogin(ctx context.Context, acct *account.Account, reg account.Registration, login provider.Login, native []string) (credential.Plan, error)
}

// Users checks the signatures by which applications name their users. *user.Service does.
type Users interface {
	Prove(ctx context.Context, app store.Application, p user.Proof) (*store.UsedSignature, error)
}

// Config is what the service is made of.
type Config struct {
	Store       Store
	Credentials Credentials
	Users       Users
	Providers   provider.Registry
	PublicURL   *url.URL
	Now         func() time.Time
	// ExchangeTimeout bounds the calls of one callback; default 30 s.
	ExchangeTimeout time.Duration
	// MaxOpenAttempts bounds how many attempts of one application may wait for their
	// callback, since anybody can begin them; default 10,000.
	MaxOpenAttempts int
}

// Service runs the flow. All that lasts is in the store.
type Service struct {
	Config
	turns turns
	forms singleflight.Group // by attempt and what was typed
}

// New makes the service.
func New(cfg Config) *Service {
	if cfg.ExchangeTimeout == 0 {
		cfg.ExchangeTimeout = 30 * time.Second
	}
	if cfg.MaxOpenAttempts == 0 {
		cfg.MaxOpenAttempts = 10_000
	}
	return &Service{Config: cfg}
}

// Page is one of our own pages.
type Page int

// The pages. PageFault is the one for every fault that has no other.
const (
	PageFault     Page = iota
	PageTryAgain       // a fault after which TryAgain may help
	PageAdmin          // an administrator must approve first
	PagePartial        // the person chooses what becomes of a partial grant
	PageAdminDone      // an administrator has approved
	PageForm           // the person signs in here
	PageDone           // of a form that was sent: leads on to Location, done
	PageFound          // of a search: Location is the form's next step, on this host
	PageOnward         // … and not done: to another service's sign-in, or to a question
)

// Outcome is where a step of the flow sends the browser.
type Outcome struct {
	// Page is shown to people in place of the redirect, unless it is PageFault.
	Page Page
	// Location is where to redirect to; empty where Fault is shown on our own page.
	Location string
	// Hop says that Location is the same step at another host of ours: nothing has
	// been made for the browser yet.
	Hop bool
	// Session is the browser's from now on, in place of one that it may have; zero for none.
	Session Session
	// Fault is what went wrong, if anything: told to the application by way of
	// Location, or shown.
	Fault *fault.Error
	// Choices are the services to choose from, on our own page: then there is neither
	// Location nor Fault, and no attempt.
	Choices []Choice
	// Back is a link for our own page: the way back to the application, where it
	// is proven.
	Back string
	// ApplicationName, Brand and the service are for our own pages.
	ApplicationName string
	Brand           brand.Brand
	ServiceType     account.ServiceType // of PageForm
	ServiceTitle    string
	OnwardToForm    bool     // of PageOnward: the other service is signed in to on a page of ours, too
	Reload          bool     // of PageTryAgain: the same request may come again
	TryAgain        string   // of PageTryAgain: starts the sign-in anew; may be empty
	AdminURL        string   // of PageAdmin: for an administrator; may be empty
	AdminSteps      []string // of PageAdmin: what the administrator does, where no page does it
	Partial         Partial  // of PagePartial
	Source          string   // where the way of a form was found; for the log
	Form            Form     // of PageForm; its Fault is FormPage where nothing is wrong yet
}
