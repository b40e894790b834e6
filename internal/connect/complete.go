package connect

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// run is a consumed attempt with all that serves it.
type run struct {
	attempt  store.Attempt
	at       *url.URL // the origin that the callback came to
	app      account.Application
	reg      credential.Registered
	provider provider.Provider
	info     provider.Info
	ask      []string // native scopes: what the provider is asked for
	// native are the attempt's native scopes while it waits for a form, where no password
	// could prove them: they are for the provider's own page, if the form leads there.
	native []string
}

// load reads what serves the attempt. What it has read stays where it fails.
func (s *Service) load(ctx context.Context, r *run) error {
	app, err := s.Store.Application(ctx, r.attempt.ApplicationID)
	if err != nil {
		return fault.Wrap(fault.StoreUnavailable, err)
	}
	r.app = app.Application
	if r.reg, err = s.Credentials.Registration(ctx, r.attempt.RegistrationID); err != nil {
		return err
	}
	p, ok := s.Providers.Of(r.attempt.ServiceType)
	if !ok {
		return fault.New(fault.ServiceTypeUnavailable, "")
	}
	r.provider, r.info = p, p.Info()
	if len(r.attempt.Verifier) == 0 {
		r.native, r.attempt.NativeScopes = r.attempt.NativeScopes, nil
	}
	r.ask, err = s.ask(ctx, r.attempt, r.info)
	return err
}

// ask are the native scopes of a visit to the provider: those of the attempt and, where
// it renews an account, those that the account holds. Not every provider unites grants,
// so that asking for more alone would be a grant beside the old one, with which neither
// is whole. A foreign account adds nothing.
func (s *Service) ask(ctx context.Context, a store.Attempt, info provider.Info) ([]string, error) {
	asked := info.Scopes.Ask(a.Scopes, a.NativeScopes)
	if a.AccountID == 0 {
		return asked, nil
	}
	acct, err := s.Store.Account(ctx, a.AccountID)
	switch {
	case errors.Is(err, store.ErrNotFound) || err == nil && (acct.ApplicationID != a.ApplicationID || acct.ServiceType != a.ServiceType):
		return asked, nil
	case err != nil:
		return nil, fault.Wrap(fault.StoreUnavailable, err)
	}
	return info.Scopes.Ask(nil, append(info.Scopes.Missing(acct.NativeScopes, asked), asked...)), nil
}

// wanted are the native scopes that the application wants of this attempt.
func (r run) wanted() []string { return r.info.Scopes.Ask(r.attempt.Scopes, r.attempt.NativeScopes) }

// complete exchanges the provider's code and finishes the attempt.
func (s *Service) complete(ctx context.Context, r *run, query url.Values) (arrival, error) {
	if err := s.load(ctx, r); err != nil {
		return arrival{}, err
	}
	redirector, can := r.provider.(provider.Redirector)
	if !can || len(r.attempt.Verifier) == 0 { // nobody was sent to a provider's page with it
		return arrival{}, fault.New(fault.ServiceTypeUnavailable, "")
	}
	if err := checkIssuer(r.info, r.reg.Registration, query.Get("iss")); err != nil {
		return arrival{}, err
	}
	verifier, err := r.reg.Key.Open(r.attempt.Verifier, store.LabelVerifier, r.attempt.ID)
	if err != nil {
		return arrival{}, fmt.Errorf("open the verifier: %w", err)
	}
	tokens, identity, err := redirector.Exchange(ctx, r.reg.Registration, provider.Callback{
		Params: query, Verifier: secret.New(string(verifier)), RedirectURI: s.redirectURI(r.attempt, r.reg.Registration),
		NativeScopes: r.ask, Place: placeOf(r.attempt),
	})
	if err != nil {
		return arrival{}, signInFault(err)
	}
	f := finishing{run: *r, SignIn: credential.SignIn{Tokens: tokens, Identity: identity}}
	if f, err = s.withHeld(f); err != nil {
		return arrival{}, err
	}
	return s.finish(ctx, f)
}

// failed is what becomes of a consumed attempt that did not finish.
func (s *Service) failed(ctx context.Context, r run, err error) Outcome {
	out := replyTo(r.attempt).failure(err)
	out.ApplicationName, out.Brand = r.app.Name, r.app.Brand
	switch {
	case out.Fault.Code == fault.StoreUnavailable:
		out.Page, out.Back = PageTryAgain, out.Location
		if r.app.ID != "" {
			out.TryAgain = r.authorizeURL()
		}
	case r.attempt.Held != nil && r.reg.Key != nil:
		// The first sign-in is still there to go on with.
		if page, err := s.hold(ctx, r, r.attempt.Held); err == nil {
			out.Location = page
		}
	case out.Fault.Code == fault.ProviderAdmin && r.provider != nil:
		out.Page, out.Back = PageAdmin, out.Location
		out.AdminURL, out.ServiceTitle = s.adminConsentURL(r), r.info.Title
		var refused *provider.Error
		if errors.As(err, &refused) {
			out.AdminSteps = refused.Steps
		}
	}
	return out
}

// signInFault is credential.Fault, except that during a sign-in a dead grant is
// the provider's refusal of the code.
func signInFault(err error) error {
	told := credential.Fault(err)
	if fault.Is(told, fault.TokenDead) {
		// The causes in the provider's table are those of a grant that ended.
		return &fault.Error{Code: fault.ProviderRefused, Detail: "It did not accept the sign-in's code.", Err: err}
	}
	return told
}

// checkIssuer defends against mix-up where the provider says who it is
// (RFC 9207). A registration that replaces the authorize page may name its own.
func checkIssuer(info provider.Info, reg account.Registration, got string) error {
	want := reg.Endpoints.Issuer
	if want == "" && reg.Endpoints.Authorize == "" {
		want = info.Issuer
	}
	if got == "" || want == "" || strings.TrimSuffix(got, "/") == strings.TrimSuffix(want, "/") {
		return nil
	}
	return fault.New(fault.IssuerMismatch, "")
}
