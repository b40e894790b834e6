package connect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"golang.org/x/oauth2"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// Authorize begins an attempt for the browser that carries that cookie value, at the
// origin at, or sends it to the one where the application's sign-ins run.
// Until the return URL is proven, a failure is the Outcome's Fault without a
// Location; after that, everything goes back to the application. admit is asked
// once the application is known, and may refuse another attempt of it.
func (s *Service) Authorize(ctx context.Context, at *url.URL, rawQuery string, browser secret.Text, admit func(applicationID string) error) Outcome {
	return s.authorize(ctx, at, rawQuery, 0, browser, admit)
}

// authorize is also where a link leads that was made for a credential's generation.
func (s *Service) authorize(ctx context.Context, at *url.URL, rawQuery string, generation int64, browser secret.Text, admit func(applicationID string) error) Outcome {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return shown(malformed())
	}
	return s.open(ctx, at, asked{path: AuthorizePath, rawQuery: rawQuery, query: query, generation: generation}, browser, admit)
}

// asked is what the browser brings to authorize, on either face.
type asked struct {
	path, rawQuery string     // as the browser has them
	query          url.Values // in the contract's words
	generation     int64      // of the credential that a link was made for; 0 without a link
	standard       *standard  // nil on the contract's face
	loggedIn       LoggedIn   // nil where the sign-in is no user's
}

func malformed() error {
	return fault.New(fault.ParameterInvalid, "The query is malformed: check its percent signs.")
}

// open begins the attempt.
func (s *Service) open(ctx context.Context, at *url.URL, q asked, browser secret.Text, admit func(applicationID string) error) Outcome {
	p := parameters{q.query}
	record, returnURL, err := s.prove(ctx, p, q)
	app := record.Application
	if err == nil {
		err = q.standard.prove(app, returnURL)
	}
	if err != nil {
		return repeatable(err)
	}
	if out, away := s.hop(at, q.path, q.rawQuery, p, app); away {
		return out
	}
	if err := cmp.Or(admit(app.ID), s.room(ctx, app.ID)); err != nil {
		return repeatable(err)
	}
	reply := reply{returnURL: returnURL, application: app.Name, brand: app.Brand, issuer: q.standard.iss()}
	r, err := readRequest(p, s.Providers, app, q, &reply)
	if err == nil {
		err = cmp.Or(q.standard.check(), s.identify(ctx, q, record, &r.user))
	}
	if err != nil {
		return reply.unbegun(err)
	}
	choices, err := s.chooseService(ctx, q, app, &r)
	if err != nil {
		return reply.unbegun(err)
	}
	if len(choices) > 0 {
		return reply.choosing(choices)
	}
	attempt, reg, err := s.prepare(ctx, r, app, reply)
	if err != nil {
		return reply.unbegun(err)
	}
	attempt.BrowserHash, attempt.LinkGeneration, attempt.Issuer = access.Hash(browser), q.generation, reply.issuer
	attempt.RedirectURI = CallbackURL(s.PublicURL, app, reg.Registration)
	location, err := s.begin(ctx, attempt, app, reg)
	if err != nil {
		return reply.unbegun(err)
	}
	return Outcome{Location: location, ApplicationName: app.Name, Brand: app.Brand}
}

// room refuses another attempt of an application that has too many open ones: each
// is a row, kept for whoever asked.
func (s *Service) room(ctx context.Context, applicationID string) error {
	open, err := s.Store.OpenAttempts(ctx, applicationID, s.Now(), s.MaxOpenAttempts)
	if err != nil {
		return fault.Wrap(fault.StoreUnavailable, err)
	}
	if open >= s.MaxOpenAttempts {
		return &fault.Error{Code: fault.RateLimited, RetryAfter: time.Minute}
	}
	return nil
}

// prove finds the application and makes sure that the return URL is one of its
// own. Nothing may be sent anywhere before that. Only a user's sign-in may have none.
func (s *Service) prove(ctx context.Context, p parameters, q asked) (store.Application, string, error) {
	clientID, err := p.one("clientId")
	if err != nil {
		return store.Application{}, "", err
	}
	if clientID == "" {
		return store.Application{}, "", fault.New(fault.ParameterMissing, "It is clientId.")
	}
	app, err := s.Store.ApplicationByClientID(ctx, clientID)
	if errors.Is(err, store.ErrNotFound) {
		return store.Application{}, "", fault.New(fault.ClientUnknown, "")
	}
	if err != nil {
		return store.Application{}, "", fault.Wrap(fault.StoreUnavailable, err)
	}
	returnURL, err := p.one("returnUrl")
	if err != nil {
		return store.Application{}, "", err
	}
	if none := returnURL == "" && q.loggedIn != nil; !none && !MatchReturnURL(app.ReturnURLs, returnURL) {
		return store.Application{}, "", fault.New(fault.ReturnURLInvalid, "")
	}
	return app, returnURL, nil
}

// readRequest checks everything else. It fills in how the application wants its
// answer as soon as that is known.
func readRequest(p parameters, providers provider.Registry, app account.Application, q asked, reply *reply) (request, error) {
	state, stateErr := p.one("state")
	if stateErr == nil {
		reply.state = state
	}
	var u asUser
	var err error
	if q.loggedIn != nil {
		u, err = p.readUser()
	} else {
		reply.tokenMode, err = readResponseType(p, app)
	}
	if err = cmp.Or(stateErr, err); err != nil {
		return request{}, err
	}
	r, err := p.request(providers)
	if err != nil {
		return request{}, err
	}
	byCode := u.answer == store.AnswerCode && !reply.tokenMode
	switch r.user = u; {
	case app.Settings.Public && byCode && r.challenge == "":
		return request{}, fault.New(fault.ChallengeRequired, "")
	case byCode && reply.returnURL == "":
		return request{}, fault.New(fault.ParameterMissing, "It is returnUrl, where the code goes.")
	}
	switch u.role {
	case account.UserPrimary:
		r.accountID, r.recycle = 0, true // there is one of the identity
	case account.UserSecondary:
		r.recycle = true
	}
	return r, nil
}

// prepare makes the attempt, not stored yet.
func (s *Service) prepare(ctx context.Context, r request, app account.Application, reply reply) (store.Attempt, credential.Registered, error) {
	reg, err := s.Credentials.CurrentRegistration(ctx, app.ID, r.serviceType)
	if err != nil {
		return store.Attempt{}, credential.Registered{}, err
	}
	if !r.scopesGiven {
		r.scopes, r.nativeScopes = reg.Scopes, reg.NativeScopes
	}
	return store.Attempt{
		ApplicationID: app.ID, RegistrationID: reg.ID, ServiceType: r.serviceType, Unbound: reg.UnboundBrowser,
		ReturnURL: reply.returnURL, State: reply.state, TokenMode: reply.tokenMode,
		Scopes: r.scopes, NativeScopes: r.nativeScopes,
		AccountID: r.accountID, ClientOrgID: r.clientOrgID, LoginHint: r.loginHint, ServerURL: r.serverURL, Prompt: r.prompt,
		AuthEmail: r.authEmail, Challenge: r.challenge, Fresh: !r.recycle,
		PartialGrant: app.Settings.Partial(r.ensureScopes), EnsureAccess: r.ensureAccess,
		UserRole: r.user.role, UserID: r.user.id, Answer: r.user.answer, MailboxInfo: r.user.mailboxInfo, Signature: r.user.signature,
	}, reg, nil
}

// readResponseType tells whether token mode is asked for. Once it is, errors go
// to the fragment too, even the one that says it is not allowed.
func readResponseType(p parameters, app account.Application) (tokenMode bool, err error) {
	value, err := p.one("responseType")
	if err != nil {
		return false, err
	}
	switch value {
	case "", "code":
		return false, nil
	case "token":
		if !app.Settings.TokenMode {
			return true, fault.New(fault.ResponseTypeDisabled, "")
		}
		return true, nil
	}
	return false, fault.New(fault.ResponseTypeUnknown, "")
}

// begin stores the attempt and returns the address of the sign-in page.
func (s *Service) begin(ctx context.Context, attempt store.Attempt, app account.Application, reg credential.Registered) (string, error) {
	attempt, location, err := s.visit(ctx, attempt, app, reg)
	if err != nil {
		return "", err
	}
	err = s.Store.CreateAttempt(ctx, attempt)
	switch {
	case attempt.Signature != nil && errors.Is(err, store.ErrConflict):
		return "", fault.Wrap(fault.SignatureUsed, err)
	case err != nil:
		return "", fault.Wrap(fault.StoreUnavailable, err)
	}
	return location, nil
}

// visit makes an attempt with the same aim and fresh secrets, not stored yet, and
// the address of the sign-in page for it: the provider's, or ours.
func (s *Service) visit(ctx context.Context, attempt store.Attempt, app account.Application, reg credential.Registered) (store.Attempt, string, error) {
	state := access.NewNonce()
	attempt.ID, attempt.StateHash = account.NewRecordID(), access.Hash(state)
	attempt.Held, attempt.ChoiceHash, attempt.Result, attempt.ConsumedAt = nil, nil, nil, time.Time{}
	if attempt.Answer == store.AnswerCookie { // it logs the browser in that comes back
		attempt.Unbound = false
	}
	attempt.CreatedAt = s.Now()
	attempt.ExpiresAt = attempt.CreatedAt.Add(AttemptLifetime)
	p, _ := s.Providers.Of(attempt.ServiceType)
	redirector, byRedirect := p.(provider.Redirector)
	switch _, byForm := p.(provider.Former); {
	case byRedirect && (!byForm || placeOf(attempt) != provider.Place{}):
		return s.visitProvider(ctx, attempt, reg, redirector, state)
	case byForm: // also where some of its people go on at the provider's own page
		attempt.Unbound = false // no relay is between
		if !byRedirect {
			attempt.NativeScopes = nil
		}
		return attempt, s.formURL(app, state), nil
	}
	return store.Attempt{}, "", fault.New(fault.ServiceTypeUnavailable, "")
}

func (s *Service) visitProvider(ctx context.Context, attempt store.Attempt, reg credential.Registered, p provider.Redirector, state secret.Text) (store.Attempt, string, error) {
	verifier := secret.New(oauth2.GenerateVerifier())
	ask, err := s.ask(ctx, attempt, p.Info())
	if err != nil {
		return store.Attempt{}, "", err
	}
	sealed, err := reg.Key.Seal([]byte(verifier.Reveal()), store.LabelVerifier, attempt.ID)
	if err != nil {
		return store.Attempt{}, "", fmt.Errorf("seal the verifier: %w", err)
	}
	attempt.Verifier = sealed

	location, err := p.AuthorizeURL(reg.Registration, provider.AuthRequest{
		State: state.Reveal(), Verifier: verifier, RedirectURI: s.redirectURI(attempt, reg.Registration),
		NativeScopes: ask,
		LoginHint:    attempt.LoginHint, Prompt: attempt.Prompt,
		ForceConsent: attempt.ConsentForced, Renewing: attempt.AccountID != 0 || attempt.RestAsked,
		Place: placeOf(attempt),
	})
	if err != nil {
		return store.Attempt{}, "", fmt.Errorf("build the provider's address: %w", err)
	}
	return attempt, location, nil
}

// placeOf is where the attempt has sent the person, of a provider with many places.
func placeOf(a store.Attempt) provider.Place {
	return provider.Place{Accounts: a.PlaceAccounts, API: a.PlaceAPI}
}
