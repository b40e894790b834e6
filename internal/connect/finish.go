package connect

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/user"
)

// finishing is a sign-in that the provider has confirmed.
type finishing struct {
	run
	credential.SignIn
	// login is what a form has proven, in place of tokens; nil for tokens.
	login *provider.Login
	// chosen: the person has been asked about a partial grant, and goes on with it.
	chosen bool
}

// rounds is how often a lost race is decided anew: each round means that another
// sign-in of the same person was saved in between.
const rounds = 8

// finish checks the sign-in against what was asked for, saves account, credential
// and code in one write, and returns where the browser goes.
func (s *Service) finish(ctx context.Context, f finishing) (_ arrival, err error) {
	if f.Identity, err = believable(f.Identity); err != nil {
		return arrival{}, err
	}
	if err := f.check(); err != nil {
		return arrival{}, err
	}
	if f.asks() {
		location, err := s.question(ctx, f)
		return arrival{location: location}, err
	}
	if err := s.probe(ctx, f); err != nil {
		return arrival{}, err
	}
	// The rounds are for other processes.
	done, err := s.turns.take(ctx, identityKey{f.attempt.ApplicationID, f.attempt.ServiceType, f.Identity.Subject})
	if err != nil {
		return arrival{}, fault.Wrap(fault.StoreUnavailable, fmt.Errorf("wait for another sign-in of the same person: %w", err))
	}
	defer done()
	for range rounds {
		to, err := s.tryFinish(ctx, f)
		if !errors.Is(err, store.ErrConflict) {
			return to, err
		}
	}
	return arrival{}, fmt.Errorf("the account changed %d times while it was being saved", rounds)
}

// asks tells whether the person is asked about a partial grant before anything is saved.
func (f finishing) asks() bool {
	return f.attempt.PartialGrant == account.AskPartial && !f.chosen && len(f.missing()) > 0
}

// check compares the sign-in with what the application insists on. It runs before
// any account is looked at.
func (f finishing) check() error {
	if f.attempt.AuthEmail != "" {
		vouched := f.Identity.EmailVerified && strings.EqualFold(f.Identity.Email, f.attempt.AuthEmail)
		if !vouched {
			return fault.New(fault.EmailMismatch, "")
		}
	}
	if err := f.checkAreas(); err != nil {
		return err
	}
	if f.attempt.PartialGrant == account.RefusePartial && (len(f.missing()) > 0 || len(f.supported()) < len(f.attempt.Scopes)) {
		return fault.New(fault.ScopesMissing, "Missing: "+strings.Join(f.missingNames(), ", ")+".")
	}
	return nil
}

// missing are the native scopes that were asked for and not granted.
func (f finishing) missing() []string {
	return f.info.Scopes.Missing(f.wanted(), f.Tokens.NativeScopes)
}

// supported are the scopes asked for that the provider has. A person is told of no
// others, since nobody can give them: whether their lack is an error is between the
// application and us, by ensureScopes.
func (r run) supported() (scopes []scope.Scope) {
	for _, s := range r.attempt.Scopes {
		if r.info.Scopes.Supports(s) {
			scopes = append(scopes, s)
		}
	}
	return scopes
}

// missingNames speaks in the application's words: unified scopes where it used them.
func (f finishing) missingNames() []string {
	granted := f.info.Scopes.Unified(f.Tokens.NativeScopes)
	names := strings.Fields(scope.Join(scope.Missing(granted, f.attempt.Scopes)))
	names = append(names, f.info.Scopes.Missing(f.attempt.NativeScopes, f.Tokens.NativeScopes)...)
	if len(names) == 0 {
		return f.missing()
	}
	return names
}

func (s *Service) tryFinish(ctx context.Context, f finishing) (arrival, error) {
	existing, err := s.target(ctx, f)
	if err != nil {
		return arrival{}, err
	}
	plan, err := s.plan(ctx, existing, f)
	if err != nil {
		return arrival{}, err
	}
	if err := checkLink(f.attempt, plan); err != nil {
		return arrival{}, err
	}
	if f.info.WithholdsRefresh && !plan.Renewable && !f.attempt.ConsentForced {
		location, err := s.forceConsent(ctx, f)
		return arrival{location: location}, err
	}
	acct, err := s.accountOf(existing, f, plan)
	if err != nil {
		return arrival{}, err
	}
	connection := store.Connection{
		Account: acct, New: existing == nil, Fresh: f.attempt.Fresh,
		Credential: plan.Credential, ExpectGeneration: plan.ExpectGeneration,
	}
	if err := s.belongs(ctx, f, &connection); err != nil {
		return arrival{}, err
	}
	if connection.Credential != nil {
		connection.Credential.AccountID = acct.ID
	}
	return s.issue(ctx, f, connection)
}

func (s *Service) plan(ctx context.Context, existing *account.Account, f finishing) (credential.Plan, error) {
	if f.login != nil {
		return s.Credentials.PlanLogin(ctx, existing, f.reg.Registration, *f.login, f.Tokens.NativeScopes)
	}
	return s.Credentials.Plan(ctx, existing, f.reg.Registration, f.Tokens)
}

// target finds the account that this sign-in renews; nil for a new one.
func (s *Service) target(ctx context.Context, f finishing) (*account.Account, error) {
	a := f.attempt
	if a.UserRole != "" {
		return s.userTarget(ctx, f)
	}
	if a.AccountID != 0 {
		acct, err := s.Store.Account(ctx, a.AccountID)
		// An unknown account, a foreign one and another person all look the same.
		if errors.Is(err, store.ErrNotFound) || err == nil && (acct.ApplicationID != a.ApplicationID ||
			acct.ServiceType != a.ServiceType || acct.Identity.Subject != f.Identity.Subject) {
			return nil, fault.New(fault.AccountMismatch, "")
		}
		if err != nil {
			return nil, fault.Wrap(fault.StoreUnavailable, err)
		}
		return &acct, nil
	}
	if a.Fresh {
		return nil, nil
	}
	acct, err := s.Store.AccountByIdentity(ctx, a.ApplicationID, a.ServiceType, f.Identity.Subject, a.ClientOrgID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Wrap(fault.StoreUnavailable, err)
	}
	return &acct, nil
}

// forceConsent sends the browser to the provider once more, since a refresh token
// comes only with a new consent and none is held.
func (s *Service) forceConsent(ctx context.Context, f finishing) (string, error) {
	again := f.attempt
	again.ConsentForced = true
	// The person who has just signed in, unless the application named somebody.
	if again.LoginHint == "" {
		again.LoginHint = f.Identity.Email
	}
	if !f.chosen {
		return s.begin(ctx, again, f.app, f.reg)
	}
	again, location, err := s.visit(ctx, again, f.app, f.reg)
	if err != nil {
		return "", err
	}
	return location, chosenOnce(s.Store.ContinueAttempt(ctx, f.attempt.ChoiceHash, again))
}

// accountOf is the account's row as it shall be after the sign-in.
func (s *Service) accountOf(existing *account.Account, f finishing, plan credential.Plan) (account.Account, error) {
	now := s.Now()
	acct := account.Account{
		ApplicationID: f.attempt.ApplicationID, ServiceType: f.attempt.ServiceType,
		Kind: account.KindPersonal, ClientOrgID: f.attempt.ClientOrgID, CreatedAt: now,
	}
	if existing != nil {
		acct = *existing
	} else {
		id, err := account.NewID(rand.Reader)
		if err != nil {
			return account.Account{}, err
		}
		acct.ID = id
	}
	acct.Identity, acct.LoginString = f.Identity, f.Identity.Email
	if f.login != nil {
		acct.LoginString = f.login.Username
	}
	acct.AuthObtainedAt, acct.UpdatedAt = now, now
	if plan.Credential != nil {
		acct.RegistrationID = f.reg.ID
		acct.TokenStatus, acct.TokenError = account.TokenActive, ""
		acct.TokenIssuedAt, acct.AuthExpiresAt = now, plan.ExpiresAt
		acct.NativeScopes = plan.NativeScopes
		acct.Scopes = f.info.Scopes.Unified(plan.NativeScopes)
	}
	return acct, nil
}

// issue adds what the application or the browser gets, and saves everything in one write.
func (s *Service) issue(ctx context.Context, f finishing, c store.Connection) (arrival, error) {
	to, err := s.answer(f, &c)
	if err != nil {
		return arrival{}, err
	}
	switch {
	case f.chosen:
		c.ChoiceHash = f.attempt.ChoiceHash
	case f.attempt.Held != nil: // the rest was granted: its question is over
		c.AttemptID = f.attempt.ID
	}
	err = s.Store.SaveConnection(ctx, c)
	switch {
	case errors.Is(err, store.ErrConflict):
		return arrival{}, err
	case f.chosen:
		return to, chosenOnce(err)
	case errors.Is(err, store.ErrNotFound):
		return arrival{}, fault.Wrap(fault.StateExpired, err) // swept away meanwhile
	case err != nil:
		return arrival{}, fault.Wrap(fault.StoreUnavailable, err)
	}
	return to, nil
}

// answer makes what is handed out, a code, a token or a session, and puts it into c.
func (s *Service) answer(f finishing, c *store.Connection) (to arrival, err error) {
	now, reply := s.Now(), replyTo(f.attempt)
	ceiling := scope.Intersect(f.attempt.Scopes, f.info.Scopes.Unified(f.Tokens.NativeScopes))
	switch {
	case f.attempt.TokenMode:
		token, record := access.Grant(f.attempt.ApplicationID, c.Account.ID, ceiling, true, now)
		c.Token = &record
		to.location = reply.token(token, c.Account.ID)
		return to, nil // it stands there whole, and is kept nowhere
	case f.attempt.Answer == store.AnswerCode:
		code := access.NewCode()
		c.Code = &store.Code{
			Hash: access.Hash(code), ApplicationID: f.app.ID, AccountID: c.Account.ID, AttemptID: f.attempt.ID,
			Ceiling: ceiling, Challenge: f.attempt.Challenge, CreatedAt: now, ExpiresAt: now.Add(f.app.Settings.CodeLife()),
		}
		if f.attempt.Issuer != "" {
			c.Code.RedirectURI = f.attempt.ReturnURL
		}
		if f.attempt.UserRole == account.UserPrimary {
			c.Code.UserID = c.Account.UserID
		}
		to.location = reply.code(code)
	case f.attempt.Answer == store.AnswerCookie:
		token, record := user.Grant(f.app.ID, c.Account.UserID, true, now)
		c.Session = &record
		to.session = Session{Token: token, Application: f.app, MailboxInfo: f.attempt.MailboxInfo}
		fallthrough
	default:
		if to.location = reply.done(); to.location == "" {
			to.location = s.endURL(f.app)
		}
	}
	if c.Result, err = f.reg.Key.Seal([]byte(to.location), store.LabelResult, f.attempt.ID); err != nil {
		return to, fmt.Errorf("seal the result: %w", err)
	}
	c.StateHash = f.attempt.StateHash
	return to, nil
}
