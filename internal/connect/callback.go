package connect

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// maxCallbackValue bounds each callback parameter, in bytes: providers' codes
// stay far below.
const maxCallbackValue = 4096

// Callback takes the browser back from the provider. The attempt is consumed by
// one atomic statement before anything else happens, so that two callbacks with
// one state can never both be served.
func (s *Service) Callback(ctx context.Context, rawQuery string, browser secret.Text) Outcome {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return shown(fault.New(fault.ParameterInvalid, "The query is malformed."))
	}
	if err := checkCallback(query); err != nil {
		return shown(err)
	}
	stateHash := access.Hash(secret.New(query.Get("state")))
	attempt, err := s.Store.ConsumeAttempt(ctx, stateHash, access.Hash(browser), s.Now())
	if errors.Is(err, store.ErrNotFound) {
		return s.unusable(ctx, stateHash, browser)
	}
	if err != nil {
		return shown(fault.Wrap(fault.StoreUnavailable, err))
	}
	// The provider's code is spent from here on: a browser that goes away must not
	// lose what the person has granted.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.ExchangeTimeout)
	defer cancel()
	location, err := s.complete(ctx, attempt, query)
	if err != nil {
		return replyTo(attempt).failure(err)
	}
	return Outcome{Location: location}
}

// checkCallback bounds what came; unknown parameters are none of our business.
func checkCallback(query url.Values) error {
	for _, name := range []string{"state", "code", "error", "error_description", "iss"} {
		if len(query[name]) > 1 {
			return fault.New(fault.ParameterRepeated, "It is "+name+".")
		}
		if len(query.Get(name)) > maxCallbackValue {
			return fault.Newf(fault.ParameterTooLong, "It is %s.", name)
		}
	}
	if query.Get("state") == "" {
		return fault.New(fault.StateMissing, "")
	}
	return nil
}

// unusable says why an attempt could not be consumed. Another browser learns
// nothing but that.
func (s *Service) unusable(ctx context.Context, stateHash []byte, browser secret.Text) Outcome {
	attempt, err := s.Store.Attempt(ctx, stateHash)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return shown(fault.New(fault.StateUnknown, ""))
	case err != nil:
		return shown(fault.Wrap(fault.StoreUnavailable, err))
	case !attempt.Unbound && string(attempt.BrowserHash) != string(access.Hash(browser)):
		return shown(fault.New(fault.StateBrowser, ""))
	}
	f := fault.New(fault.StateExpired, "")
	if !attempt.ConsumedAt.IsZero() {
		f = fault.New(fault.StateUsed, "")
	}
	out := shown(f)
	out.Back = replyTo(attempt).errorURL(f)
	if app, err := s.Store.Application(ctx, attempt.ApplicationID); err == nil {
		out.ApplicationName = app.Name
	}
	if result := s.unredeemed(ctx, attempt); result != "" {
		out.Back = result
	}
	return out
}

// unredeemed is where the attempt's first callback led, while its code still
// waits: a person whose connection broke off goes on there.
func (s *Service) unredeemed(ctx context.Context, attempt store.Attempt) string {
	if attempt.Result == nil || attempt.TokenMode || attempt.Unbound {
		return ""
	}
	reg, err := s.Credentials.Registration(ctx, attempt.RegistrationID)
	if err != nil {
		return ""
	}
	plain, err := reg.Key.Open(attempt.Result, store.LabelResult, attempt.ID)
	if err != nil {
		return ""
	}
	result, err := url.Parse(string(plain))
	if err != nil {
		return ""
	}
	code, err := s.Store.Code(ctx, access.Hash(secret.New(result.Query().Get("code"))))
	if err != nil || !code.UsedAt.IsZero() || !s.Now().Before(code.ExpiresAt) {
		return ""
	}
	return string(plain)
}

// complete exchanges the provider's code and finishes the attempt.
func (s *Service) complete(ctx context.Context, attempt store.Attempt, query url.Values) (string, error) {
	reg, err := s.Credentials.Registration(ctx, attempt.RegistrationID)
	if err != nil {
		return "", err
	}
	p, ok := s.Providers.Of(attempt.ServiceType)
	redirector, can := p.(provider.Redirector)
	if !ok || !can {
		return "", fault.New(fault.ServiceTypeUnavailable, "")
	}
	info := p.Info()
	if err := checkIssuer(info, reg.Registration, query.Get("iss")); err != nil {
		return "", err
	}
	verifier, err := reg.Key.Open(attempt.Verifier, store.LabelVerifier, attempt.ID)
	if err != nil {
		return "", fmt.Errorf("open the verifier: %w", err)
	}
	tokens, identity, err := redirector.Exchange(ctx, reg.Registration, provider.Callback{
		Params: query, Verifier: secret.New(string(verifier)), RedirectURI: CallbackURL(s.PublicURL, reg.Registration),
		NativeScopes: info.Scopes.Ask(attempt.Scopes, attempt.NativeScopes),
	})
	if err != nil {
		return "", signInFault(err)
	}
	return s.finish(ctx, finishing{attempt: attempt, reg: reg, info: info, tokens: tokens, identity: identity})
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
