package connect

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// An application can bring an account instead of sending somebody to sign in: a password that
// its own page has asked for, or tokens that it has from elsewhere. It is proven as a sign-in
// is, with the same guards, and saved in the same way; what is missing is the attempt, the
// browser and the code.

// Brought is an account as an application describes it.
type Brought struct {
	Application account.Application
	ServiceType account.ServiceType
	// OAuthClient is the client id, at the provider, of the registration; "" is the current one.
	OAuthClient string

	Login    provider.Known
	Password secret.Text // of services with a sign-in page of ours
	Refresh  secret.Text // of the others: at least one of the two
	Access   secret.Text

	Scopes      []scope.Scope // what the login must be good for; nil: those of the registration
	ClientOrgID string
	UserID      string           // whose account it is; "" for nobody's
	UserRole    account.UserRole // with a UserID
	Recycle     []Key            // what tells an account that is there already; nil: see match
	// EnsureAccess: one call for each area that the scopes ask for.
	EnsureAccess bool

	RequestID string
	// Admit is asked before a password is tried, and AdmitSearch before the way to its
	// server is looked for; both may refuse.
	Admit       func(mailboxes []string) error
	AdmitSearch func() error
}

// Taken is the account, and an access token of it.
type Taken struct {
	Redeemed
	UserID string
}

// Bring proves what is brought, and saves it as a new account or in place of what an
// existing one has.
func (s *Service) Bring(ctx context.Context, b Brought) (Taken, error) {
	// What the provider has confirmed, or given, is carried out even if the caller goes away.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.ExchangeTimeout)
	defer cancel()
	f, err := s.bringing(ctx, b)
	if err != nil {
		return Taken{}, err
	}
	byTokens := b.Password.IsZero()
	if byTokens {
		f.SignIn, err = s.Credentials.Adopt(ctx, f.reg, b.tokens(f))
	} else {
		f, err = s.proveBrought(ctx, b, f)
	}
	if err != nil {
		return Taken{}, err
	}
	if err := f.check(); err != nil {
		return Taken{}, err
	}
	if err := s.probe(ctx, f); err != nil {
		return Taken{}, err
	}
	done, err := s.turns.take(ctx, identityKey{b.Application.ID, b.ServiceType, f.Identity.Subject})
	if err != nil {
		return Taken{}, fault.Wrap(fault.StoreUnavailable, fmt.Errorf("wait for another sign-in of the same person: %w", err))
	}
	defer done()
	for range rounds {
		taken, err := s.takeIn(ctx, b, f)
		if errors.Is(err, store.ErrConflict) {
			continue
		}
		if err == nil && byTokens {
			s.Credentials.Adopted(f.reg, b.tokens(f))
		}
		return taken, err
	}
	return Taken{}, fmt.Errorf("the account changed %d times while it was being saved", rounds)
}

// Try proves what is brought, and keeps nothing.
func (s *Service) Try(ctx context.Context, b Brought) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.ExchangeTimeout)
	defer cancel()
	f, err := s.bringing(ctx, b)
	if err != nil {
		return err
	}
	if b.Password.IsZero() {
		return s.Credentials.Try(ctx, f.reg, b.tokens(f))
	}
	if _, trades := f.provider.(provider.Granter); trades {
		return fault.New(fault.ServiceTypeUnavailable, "A password is traded for tokens there, which nobody would hold: POST /v1/am/accounts.")
	}
	_, err = s.proveBrought(ctx, b, f)
	return err
}

// bringing is the sign-in that takes the place of an attempt's.
func (s *Service) bringing(ctx context.Context, b Brought) (finishing, error) {
	reg, err := s.Credentials.RegistrationOf(ctx, b.Application.ID, b.ServiceType, b.OAuthClient)
	if fault.Is(err, fault.ServiceTypeUnavailable) && b.OAuthClient != "" {
		err = fault.New(fault.ServiceTypeUnavailable, "It is oauthClientId: no registration of the application has it.")
	}
	if err != nil {
		return finishing{}, err
	}
	p, ok := s.Providers.Of(b.ServiceType)
	if !ok {
		return finishing{}, fault.New(fault.ServiceTypeUnavailable, "")
	}
	if b.Scopes == nil {
		b.Scopes = reg.Scopes
	}
	f := finishing{run: run{app: b.Application, reg: reg, provider: p, info: p.Info(), attempt: store.Attempt{
		ApplicationID: b.Application.ID, RegistrationID: reg.ID, ServiceType: b.ServiceType, ClientOrgID: b.ClientOrgID,
		Scopes: b.Scopes, EnsureAccess: b.EnsureAccess, PartialGrant: account.AcceptPartial,
	}}}
	f.ask = f.info.Scopes.Ask(f.attempt.Scopes, reg.NativeScopes)
	return f, nil
}

func (b Brought) tokens(f finishing) credential.Brought {
	return credential.Brought{
		Refresh: b.Refresh, Access: b.Access, NativeScopes: f.ask, Server: b.Login.ServerURL, RequestID: b.RequestID,
	}
}

// takeIn saves it, once.
func (s *Service) takeIn(ctx context.Context, b Brought, f finishing) (Taken, error) {
	existing, beside, err := s.match(ctx, b, f)
	if err != nil {
		return Taken{}, err
	}
	user, err := s.broughtUser(ctx, b, existing)
	if err != nil {
		return Taken{}, err
	}
	plan, err := s.plan(ctx, existing, f)
	if err != nil {
		return Taken{}, err
	}
	acct, err := s.accountOf(existing, f, plan)
	if err != nil {
		return Taken{}, err
	}
	if b.ClientOrgID != "" {
		acct.ClientOrgID = b.ClientOrgID
	}
	if b.UserID != "" {
		acct.UserID, acct.UserRole = b.UserID, b.UserRole
	}
	ceiling := scope.Intersect(f.attempt.Scopes, acct.Scopes)
	token, record := access.Grant(b.Application.ID, acct.ID, ceiling, false, s.Now())
	err = s.Store.SaveConnection(ctx, store.Connection{
		Account: acct, New: existing == nil, Fresh: existing == nil && beside,
		Credential: plan.Credential, ExpectGeneration: plan.ExpectGeneration, Token: &record,
		ForUser: b.UserID != "", User: user,
	})
	switch {
	case errors.Is(err, store.ErrConflict):
		return Taken{}, err
	case err != nil:
		return Taken{}, fault.Wrap(fault.StoreUnavailable, err)
	}
	return Taken{Redeemed{AccountID: acct.ID, AccessToken: token}, acct.UserID}, nil
}

// broughtUser is the user to be made with the account; nil where there is none, or is one
// already. An account never changes hands, and a primary one alone makes a user.
func (s *Service) broughtUser(ctx context.Context, b Brought, existing *account.Account) (*store.User, error) {
	if b.UserID == "" {
		return nil, nil
	}
	if existing != nil && existing.UserID != "" && (existing.UserID != b.UserID || existing.UserRole != b.UserRole) {
		return nil, fault.Newf(fault.AccountConflict, "Account %s belongs to another user, or is another userAccount.", existing.ID)
	}
	_, err := s.Store.User(ctx, b.Application.ID, b.UserID)
	switch {
	case errors.Is(err, store.ErrNotFound) && b.UserRole == account.UserPrimary:
		return &store.User{ID: b.UserID, ApplicationID: b.Application.ID, CreatedAt: s.Now(), ActiveAt: s.Now()}, nil
	case errors.Is(err, store.ErrNotFound):
		return nil, fault.New(fault.ParameterInvalid, "It is userId; there is no such user. A user begins with the primary account.")
	case err != nil:
		return nil, fault.Wrap(fault.StoreUnavailable, err)
	case b.UserRole == account.UserPrimary && (existing == nil || existing.UserID == ""):
		return nil, fault.New(fault.AccountConflict, "The user has a primary account, and no second one: it is userAccount; secondary.")
	}
	return nil, nil
}

// proveBrought tries the password, once, at the server that the application names or that
// can be found without doubt.
func (s *Service) proveBrought(ctx context.Context, b Brought, f finishing) (finishing, error) {
	filler, can := f.provider.(provider.Filler)
	if !can {
		return f, fault.New(fault.ParameterInvalid, "It is password; this service has none. Send authString1, the refresh token.")
	}
	v := &visited{run: f.run, former: filler}
	v.attempt.Scopes = v.supported()
	v.ask = v.info.Scopes.Ask(v.attempt.Scopes, nil)
	form := filler.Fill(b.Login)
	form.Password, form.Scopes = b.Password, v.scopes()
	for _, field := range filler.Fields(provider.Hint{}) {
		value := form.Values[field.Name]
		if field.Kind == provider.FieldPassword {
			value = form.Password.Reveal()
		}
		if err := checkField(field, value, 1); err != nil {
			return f, inWords(field.Name, err)
		}
	}
	finder, finds := filler.(provider.Finder)
	v.finder = finder
	if finds && b.Login.ServerURL == "" {
		if err := s.lookFor(ctx, b, v, form); err != nil {
			return f, err
		}
	}
	proven, err := s.tryBrought(ctx, b, v, form)
	var told *provider.Error
	if errors.As(err, &told) && told.Code == provider.CodeServerUnconfirmed && finds && b.Login.ServerURL != "" { // nothing was sent
		if s.lookFor(ctx, b, v, form) == nil {
			proven, err = s.tryBrought(ctx, b, v, form)
		}
	}
	if err != nil {
		return f, s.refusedBrought(err)
	}
	proven.run = f.run
	return proven, nil
}

func (s *Service) tryBrought(ctx context.Context, b Brought, v *visited, form provider.Form) (finishing, error) {
	if err := b.Admit(v.former.Mailboxes(form)); err != nil {
		return finishing{}, err
	}
	return v.prove(ctx, form)
}

// lookFor fills in the servers that are not named.
func (s *Service) lookFor(ctx context.Context, b Brought, v *visited, form provider.Form) error {
	if err := b.AdmitSearch(); err != nil {
		return err
	}
	way, err := v.search(ctx, form)
	if err != nil {
		return s.refusedBrought(err)
	}
	if way.Elsewhere != "" || way.Redirect != nil || way.Unsure != "" {
		return s.detoured(way)
	}
	for name, value := range way.Values {
		if form.Values[name] == "" {
			form.Values[name] = value
		}
	}
	return nil
}

// detoured tells the application what a person would be asked.
func (s *Service) detoured(way provider.Way) error {
	switch {
	case way.Elsewhere != "":
		return fault.Newf(fault.ServiceElsewhere, "It is with %s: serviceType %s.", s.title(way.Elsewhere), way.Elsewhere)
	case way.Redirect != nil:
		return fault.New(fault.ServiceElsewhere, "The person signs in on the provider's own page: /v1/auth/authorize.")
	}
	var hosts []string
	for name, value := range way.Values {
		if word := wordOf(name); word == "serverUrl" || word == "serverInfo" {
			hosts = append(hosts, word+"="+value)
		}
	}
	slices.Sort(hosts)
	return fault.Newf(fault.ServerUnconfirmed, "Found by %s: %v. %s If it is right, send it.", way.Source, hosts, way.Unsure)
}

// refusedBrought is the failure of a search or a login, in the application's words.
func (s *Service) refusedBrought(err error) error {
	var told *provider.Error
	if !errors.As(err, &told) {
		return err
	}
	if told.Way.Found() {
		return s.detoured(told.Way)
	}
	return inWords(told.Field, credential.Fault(err))
}
