package credential

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/store"
)

// Use opens a session for one operation. resource is the provider path that the
// operation is for; it picks the host. A dead account answers fault.TokenDead
// without a call to the provider.
func (s *Service) Use(ctx context.Context, acct account.Account, resource string) (provider.Session, error) {
	p, ok := s.Providers.Of(acct.ServiceType)
	if !ok {
		return provider.Session{}, fault.New(fault.ServiceTypeUnavailable, "")
	}
	switch p := p.(type) {
	case provider.Caller:
		return s.byLogin(ctx, acct, p, resource)
	case provider.Signer:
		return provider.Session{}, fault.New(fault.DirectUnavailable, "")
	}
	live, err := s.live(ctx, acct)
	if err != nil {
		return provider.Session{}, err
	}
	reg, err := s.shape(ctx, acct)
	if err != nil {
		return provider.Session{}, err
	}
	endpoint, err := p.Info().Direct.Endpoint(reg, live.tokens.Place, resource)
	var strange *provider.Error
	switch {
	case errors.As(err, &strange):
		return provider.Session{}, Fault(err)
	case err != nil:
		return provider.Session{}, &fault.Error{Code: fault.PathInvalid, Detail: "No host of the provider serves it.", Err: err}
	}
	return provider.Session{
		Endpoint: endpoint,
		Client: &http.Client{
			Transport:     &authenticated{service: s, provider: p, account: acct, held: live, endpoint: endpoint},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Renew refreshes now, whether it is due or not. A login has nothing to renew, and is
// proven instead.
func (s *Service) Renew(ctx context.Context, acct account.Account) error {
	if signer, ok := s.signer(acct.ServiceType); ok {
		return s.verify(ctx, acct, signer)
	}
	current, err := s.open(ctx, acct.ID)
	if err != nil {
		return err
	}
	_, err = s.refresh(ctx, acct.ID, current)
	return err
}

// live opens the credential and renews it where its time is up.
func (s *Service) live(ctx context.Context, acct account.Account) (held, error) {
	if acct.TokenStatus == account.TokenDead {
		return held{}, fault.New(fault.TokenDead, "")
	}
	current, err := s.current(ctx, acct)
	if err != nil {
		return held{}, err
	}
	now := s.Now()
	if !current.tokens.Access.IsZero() && s.fresh(current, current.expires) {
		return current, nil
	}
	if current.tokens.Refresh.IsZero() {
		if now.Before(current.expires) {
			return current, nil // nothing better will come
		}
		return held{}, s.ended(ctx, acct, current)
	}
	renewed, err := s.refresh(ctx, acct.ID, current)
	if err != nil && passing(err) && now.Before(current.expires) {
		return current, nil // good for its last seconds yet
	}
	return renewed, err
}

// passing tells trouble that is nobody's grant's fault.
func passing(err error) bool {
	return fault.Is(err, fault.ProviderUnavailable) || fault.Is(err, fault.ProviderLimited) || fault.Is(err, fault.ProviderTimeout) ||
		fault.Is(err, fault.ProviderMalformed) || fault.Is(err, fault.ProviderConfig) || fault.Is(err, fault.StoreUnavailable)
}

// ended shows on the account that its access token is over and cannot be renewed.
func (s *Service) ended(ctx context.Context, acct account.Account, current held) error {
	if acct.TokenStatus != account.TokenInvalid {
		state := store.TokenState{Status: account.TokenInvalid, Error: "the access token has ended, and the provider gave no refresh token"}
		if _, err := s.Store.MarkToken(ctx, acct.ID, current.record.Generation, state); err != nil {
			s.Logger.ErrorContext(ctx, "could not mark the account", "account", acct.ID, "error", err)
		}
	}
	return fault.New(fault.RefreshFailed, "")
}

// authenticated sets the credential on each request of one session.
type authenticated struct {
	service  *Service
	provider provider.Provider
	account  account.Account
	held     held
	endpoint *url.URL // the only scheme and host that may see the credential
}

// RoundTrip implements http.RoundTripper: once, where the provider answers 401
// and the body can be sent again, it renews the credential and tries again.
func (a *authenticated) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := a.send(req, a.held)
	if err != nil || res.StatusCode != http.StatusUnauthorized {
		a.recovered(req.Context(), res)
		return res, err
	}
	if a.held.tokens.Refresh.IsZero() {
		_ = res.Body.Close()
		return nil, a.service.ended(req.Context(), a.account, a.held)
	}
	if a.service.refusedLately(a.account, a.held) {
		a.mark(req.Context(), a.held, account.TokenInvalid)
		return res, nil
	}
	again, ok := replay(req)
	renewed, err := a.service.refresh(req.Context(), a.account.ID, a.held)
	if err == nil && !ok {
		return res, nil // the caller sends it again, and finds a renewed credential
	}
	_ = res.Body.Close()
	if err != nil {
		return nil, err
	}
	res, err = a.send(again, renewed)
	if err == nil && res.StatusCode == http.StatusUnauthorized {
		a.mark(req.Context(), renewed, account.TokenInvalid)
	}
	return res, err
}

func (a *authenticated) send(req *http.Request, h held) (*http.Response, error) {
	if req.URL.Scheme != a.endpoint.Scheme || req.URL.Host != a.endpoint.Host {
		return nil, fmt.Errorf("the credential is for %s and does not go to %s", a.endpoint.Host, req.URL.Host)
	}
	req = req.Clone(req.Context())
	if custom, ok := a.provider.(provider.Authorizer); ok {
		custom.Authorize(req, h.tokens)
	} else {
		req.Header.Set("Authorization", "Bearer "+h.tokens.Access.Reveal())
	}
	transport := a.service.Transport
	if own, ok := a.provider.(provider.Carrier); ok {
		transport = own.Carry()
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("call the provider: %w", err)
	}
	return res, nil
}

// replay returns the request anew where its body, if any, can be had again.
func replay(req *http.Request) (*http.Request, bool) {
	if req.Body == nil || req.Body == http.NoBody {
		return req, true
	}
	if req.GetBody == nil {
		return nil, false
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, false
	}
	again := req.Clone(req.Context())
	again.Body = body
	return again, true
}

// recovered clears the mark of an account that the provider accepts again.
func (a *authenticated) recovered(ctx context.Context, res *http.Response) {
	if res != nil && res.StatusCode < 400 && a.account.TokenStatus == account.TokenInvalid {
		a.mark(ctx, a.held, account.TokenActive)
	}
}

func (a *authenticated) mark(ctx context.Context, h held, status account.TokenStatus) {
	if a.account.TokenStatus == status && a.account.CredentialGeneration == h.record.Generation {
		return
	}
	state := store.TokenState{Status: status}
	if status == account.TokenInvalid {
		state.Error = "the provider answers 401 to a fresh access token"
	}
	if _, err := a.service.Store.MarkToken(context.WithoutCancel(ctx), a.account.ID, h.record.Generation, state); err != nil {
		a.service.Logger.ErrorContext(ctx, "could not mark the account", "account", a.account.ID, "error", err)
	}
}

// settle is how long a renewed token that the provider refused too is not renewed
// again: where a 401 lasts, each call would else cost a refresh.
const settle = time.Minute

func (s *Service) refusedLately(acct account.Account, h held) bool {
	return acct.TokenStatus == account.TokenInvalid && acct.CredentialGeneration == h.record.Generation &&
		s.Now().Sub(h.record.UpdatedAt) < settle
}
