package credential

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// An application brings tokens that it has got elsewhere. Asking with a refresh token may end
// it, and there is no account yet whose journal could keep the answer. So nothing is asked
// before the store has taken a write; and what was answered is kept in memory for a while, so
// that the same request, sent again after any later failure, goes on from there.

// Bounds of what is kept of adoptions.
const (
	adoptions   = 1024
	adoptionFor = 15 * time.Minute
)

// Brought is what an application has of a grant.
type Brought struct {
	Refresh, Access secret.Text // at least one
	// NativeScopes are believed where the provider does not say.
	NativeScopes []string
	// Server is where the grant belongs, as the application writes it; "" for none.
	Server    string
	RequestID string
}

// adoptionKey names one refresh token at one client.
type adoptionKey struct {
	registration string
	token        [sha256.Size]byte
}

// adopted is what providers have answered.
type adopted struct {
	*lru.Cache[adoptionKey, adoptedEntry]
}

type adoptedEntry struct {
	tokens provider.Tokens
	at     time.Time
}

func newAdopted() adopted {
	entries, err := lru.New[adoptionKey, adoptedEntry](adoptions)
	if err != nil {
		panic(err) // a size below one
	}
	return adopted{entries}
}

func (s *Service) keepAdopted(reg Registered, b Brought, tokens provider.Tokens) {
	s.adopted.Add(b.key(reg), adoptedEntry{tokens, s.Now()})
}

func (s *Service) adoptedBefore(reg Registered, b Brought) (provider.Tokens, bool) {
	known, ok := s.adopted.Get(b.key(reg))
	return known.tokens, ok && s.Now().Sub(known.at) < adoptionFor
}

func (b Brought) key(reg Registered) adoptionKey {
	return adoptionKey{reg.ID, sha256.Sum256([]byte(b.Refresh.Reveal()))}
}

// RegistrationOf opens an application's registration by its client id at the provider, or the
// current one where that is ""; fault.ServiceTypeUnavailable if there is none.
func (s *Service) RegistrationOf(ctx context.Context, applicationID string, t account.ServiceType, clientID string) (Registered, error) {
	if clientID == "" {
		return s.CurrentRegistration(ctx, applicationID, t)
	}
	record, err := s.Store.RegistrationByClientID(ctx, applicationID, t, clientID)
	return s.registered(record, err)
}

// Adopt proves the tokens and says whose they are, for a sign-in to be finished with. Callers
// with the same refresh token at the same time share one answer.
func (s *Service) Adopt(ctx context.Context, reg Registered, b Brought) (SignIn, error) {
	adopter, tokens, err := s.adopter(reg, b)
	if err != nil {
		return SignIn{}, err
	}
	if !b.Refresh.IsZero() {
		flight, err, _ := s.flights.Do(fmt.Sprintf("adopt %s %x", reg.ID, b.key(reg).token), func() (any, error) {
			return s.spend(ctx, adopter, reg, b, tokens)
		})
		if err != nil {
			return SignIn{}, err
		}
		tokens = flight.(provider.Tokens)
	}
	tokens, who, err := adopter.Identify(ctx, reg.Registration, tokens)
	if err != nil {
		return SignIn{}, adoptionFault(err)
	}
	if tokens.NativeScopes == nil {
		tokens.NativeScopes = b.NativeScopes
	}
	if !b.Refresh.IsZero() {
		s.keepAdopted(reg, b, tokens)
	}
	return SignIn{Tokens: tokens, Identity: who}, nil
}

// Adopted forgets what Adopt keeps: it is stored.
func (s *Service) Adopted(reg Registered, b Brought) { s.adopted.Remove(b.key(reg)) }

// spend asks with the brought refresh token, unless that was done before.
func (s *Service) spend(ctx context.Context, adopter provider.Adopter, reg Registered, b Brought, tokens provider.Tokens) (provider.Tokens, error) {
	if known, ok := s.adoptedBefore(reg, b); ok {
		return known, nil
	}
	unborn := account.Account{ApplicationID: reg.ApplicationID, RegistrationID: reg.ID, ServiceType: reg.ServiceType}
	gate, err := s.gate(ctx, unborn, held{tokens: tokens})
	if err != nil {
		return tokens, err
	}
	err = s.Store.AppendAudit(ctx, store.AuditEvent{
		At: s.Now(), Kind: "account.adopting", ApplicationID: reg.ApplicationID, RequestID: b.RequestID,
		Detail: "the application brings a refresh token of " + string(reg.ServiceType) + ", which is asked with now",
	})
	if err != nil {
		return tokens, fault.Wrap(fault.StoreUnavailable, fmt.Errorf("write before a refresh token is spent: %w", err))
	}
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.RefreshTimeout)
	defer cancel()
	answer, err := gate.ask(asking, adopter, reg.Registration, tokens)
	if err = gate.told(ctx, err); err != nil {
		return tokens, adoptionFault(err)
	}
	tokens = tokens.Merge(answer)
	s.keepAdopted(reg, b, tokens)
	return tokens, nil
}

// Try is Adopt without any effect: it asks with the access token, or with the refresh token
// where the provider lets that pass.
func (s *Service) Try(ctx context.Context, reg Registered, b Brought) error {
	adopter, tokens, err := s.adopter(reg, b)
	if err != nil {
		return err
	}
	info := adopter.Info()
	pinger, pings := adopter.(provider.Pinger)
	switch {
	case !b.Access.IsZero() && pings:
		err = pinger.Ping(ctx, reg.Registration, tokens)
	case b.Refresh.IsZero():
		_, _, err = adopter.Identify(ctx, reg.Registration, tokens)
	case info.HonoursReplaced || info.RefreshStays:
		_, err = adopter.Refresh(ctx, reg.Registration, tokens)
	default:
		return fault.New(fault.ParameterMissing, "It is authString2, an access token: asking with the refresh token would end it.")
	}
	return adoptionFault(err)
}

// adopter is the driver, and the tokens as they are brought.
func (s *Service) adopter(reg Registered, b Brought) (provider.Adopter, provider.Tokens, error) {
	p, _ := s.Providers.Of(reg.ServiceType)
	adopter, can := p.(provider.Adopter)
	if !can {
		return nil, provider.Tokens{}, fault.New(fault.ServiceTypeUnavailable, "No tokens can be brought for it.")
	}
	if b.Refresh.IsZero() && b.Access.IsZero() {
		return nil, provider.Tokens{}, fault.New(fault.ParameterMissing, "It is authString1, the refresh token.")
	}
	tokens := provider.Tokens{Access: b.Access, Refresh: b.Refresh}
	if locator, ok := adopter.(provider.Locator); ok {
		where, err := locator.Locate(reg.Registration, b.Server)
		if err != nil {
			return nil, tokens, &fault.Error{Code: fault.ParameterInvalid, Detail: "It is serverUrl; the provider's server for this account.", Err: err}
		}
		tokens.Place = where
	}
	return adopter, tokens, nil
}

// adoptionFault is Fault, but that what the provider refuses is what was brought: there is no
// account whose access has ended.
func adoptionFault(err error) error {
	var e *provider.Error
	if !errors.As(err, &e) {
		return err
	}
	if e.Class == provider.Dead || e.Code == provider.CodeUnauthorized || e.Code == provider.CodeNoRefresh {
		return &fault.Error{Code: fault.CredentialRefused, Detail: probably(e), Err: err}
	}
	return Fault(err)
}
