package credential

import (
	"context"
	"errors"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// A login is sealed where tokens are: in the same record, under the same label, by the
// account's own data key.

// sealedLogin is the sealed form of provider.Login.
type sealedLogin struct {
	Username string         `json:"username"`
	Password string         `json:"password"`
	Servers  []sealedServer `json:"servers"`
}

// sealedServer is provider.Server as JSON: same fields, so that the two convert.
type sealedServer struct {
	Protocol string            `json:"protocol"`
	Host     string            `json:"host"`
	Port     int               `json:"port"`
	Security provider.Security `json:"security"`
	Path     string            `json:"path,omitempty"`
}

func bareLogin(l *provider.Login) *sealedLogin {
	if l == nil {
		return nil
	}
	bare := &sealedLogin{Username: l.Username, Password: l.Password.Reveal()}
	for _, s := range l.Servers {
		bare.Servers = append(bare.Servers, sealedServer(s))
	}
	return bare
}

func (bare *sealedLogin) login() *provider.Login {
	if bare == nil {
		return nil
	}
	l := &provider.Login{Username: bare.Username, Password: secret.New(bare.Password)}
	for _, s := range bare.Servers {
		l.Servers = append(l.Servers, provider.Server(s))
	}
	return l
}

// PlanLogin is Plan for a login that has just been proven, good for those native
// scopes. It always replaces what is stored, since passwords change; with the same
// password, what was proven with it before stays.
func (s *Service) PlanLogin(ctx context.Context, acct *account.Account, reg account.Registration, login provider.Login, native []string) (Plan, error) {
	p, ok := s.Providers.Of(reg.ServiceType)
	if !ok {
		return Plan{}, fault.New(fault.ServiceTypeUnavailable, "")
	}
	fresh := held{login: &login, tokens: provider.Tokens{NativeScopes: native}}
	if acct == nil {
		return s.replace(p.Info(), fresh)
	}
	record, err := s.Store.Credential(ctx, acct.ID)
	if errors.Is(err, store.ErrNotFound) {
		return Plan{}, store.ErrConflict // deleted under our hands: the caller decides anew
	}
	if err != nil {
		return Plan{}, fault.Wrap(fault.StoreUnavailable, err)
	}
	fresh.record = record
	if record.Sealed != nil && acct.TokenStatus == account.TokenActive {
		stored, err := s.unseal(record)
		if err != nil {
			return Plan{}, err
		}
		if old := stored.login; old != nil && old.Username == login.Username && old.Password.Equal(login.Password) {
			extended := login.Extend(*old)
			fresh.login = &extended
			fresh.tokens.NativeScopes = p.Info().Scopes.Normalize(append(append([]string(nil), native...), stored.tokens.NativeScopes...))
		}
	}
	return s.replace(p.Info(), fresh)
}

// signer is the driver that proves the logins of a service, if it has such.
func (s *Service) signer(t account.ServiceType) (provider.Signer, bool) {
	p, _ := s.Providers.Of(t)
	signer, ok := p.(provider.Signer)
	return signer, ok
}

// verify is Ping for a login: one attempt. A refused password ends the login, so that
// nothing that comes here again and again can lock the person out of the mailbox.
func (s *Service) verify(ctx context.Context, acct account.Account, signer provider.Signer) error {
	// One at a time, and of an account as it is by then: else each caller that comes
	// before the refusal would try the password once more.
	_, err, _ := s.flights.Do("login "+acct.ID.String(), func() (any, error) {
		own, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.RefreshTimeout)
		defer cancel()
		return nil, s.verifyOnce(own, acct.ID, signer)
	})
	return err
}

func (s *Service) verifyOnce(ctx context.Context, id account.ID, signer provider.Signer) error {
	done, err := s.turns.take(ctx, id)
	if err != nil {
		return fault.Wrap(fault.ProviderTimeout, err)
	}
	defer done()
	acct, reg, current, err := s.usable(ctx, id)
	if err != nil {
		return err
	}
	return s.learned(ctx, acct, current, signer.Verify(ctx, reg.Registration, *current.login))
}

// usable is an account with a login that may be tried, as it stands by now.
func (s *Service) usable(ctx context.Context, id account.ID) (account.Account, Registered, held, error) {
	acct, err := s.Account(ctx, id)
	if err != nil {
		return acct, Registered{}, held{}, err
	}
	reg, err := s.Registration(ctx, acct.RegistrationID)
	if err != nil {
		return acct, reg, held{}, err
	}
	if acct.TokenStatus == account.TokenDead {
		return acct, reg, held{}, fault.New(fault.TokenDead, "")
	}
	current, err := s.current(ctx, acct)
	if err == nil && current.login == nil {
		err = fault.New(fault.TokenDead, "")
	}
	return acct, reg, current, err
}

// learned notes on the account what an attempt with its login has shown. The error is
// for what is nobody's credential's fault.
func (s *Service) learned(ctx context.Context, acct account.Account, current held, outcome error) error {
	state := store.TokenState{Status: account.TokenActive}
	var e *provider.Error
	switch {
	case outcome == nil:
	case !errors.As(outcome, &e), e.Class == provider.Config:
		return Fault(outcome)
	case e.Class == provider.Later:
		return &fault.Error{Code: fault.ProviderUnavailable, RetryAfter: e.RetryAfter, Err: outcome} // there is no form to correct
	case e.Class == provider.Dead, e.Code == provider.CodeLoginRefused:
		state = store.TokenState{Status: account.TokenDead, Error: "the server does not take the password any more"}
	default:
		state = store.TokenState{Status: account.TokenInvalid, Error: e.Cause}
	}
	if state.Status == acct.TokenStatus && state.Error == acct.TokenError {
		return nil
	}
	if _, err := s.Store.MarkToken(context.WithoutCancel(ctx), acct.ID, current.record.Generation, state); err != nil {
		s.Logger.ErrorContext(ctx, "could not mark the account", "account", acct.ID, "error", err)
	}
	return nil
}
