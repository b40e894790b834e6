package credential

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
)

// byLogin opens a session of an account whose credential is a login. Nothing is sent
// before the session is used; each request then has a connection of its own.
func (s *Service) byLogin(ctx context.Context, acct account.Account, caller provider.Caller, path string) (provider.Session, error) {
	_, reg, current, err := s.usable(ctx, acct.ID)
	if err != nil {
		return provider.Session{}, err
	}
	endpoint, err := caller.Endpoint(reg.Registration, *current.login, path)
	if err != nil {
		return provider.Session{}, &fault.Error{Code: fault.PathInvalid, Detail: err.Error() + ".", Err: err}
	}
	return provider.Session{Endpoint: endpoint, Whole: true, Client: &http.Client{
		Transport:     &loggedIn{service: s, caller: caller, id: acct.ID, endpoint: endpoint},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// loggedIn logs in anew for each request.
type loggedIn struct {
	service  *Service
	caller   provider.Caller
	id       account.ID
	endpoint *url.URL // the only one that the login is for
}

// RoundTrip implements http.RoundTripper. Nothing is tried twice: a refused password
// ends the account's login.
func (l *loggedIn) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != l.endpoint.Scheme || req.URL.Host != l.endpoint.Host || req.URL.Path != l.endpoint.Path {
		return nil, fmt.Errorf("the login is for %s and does not go to %s", l.endpoint.Host, req.URL.Host)
	}
	acct, current, call, err := l.dial(req.Context())
	if err != nil {
		return nil, err
	}
	res, err := call.RoundTrip(req)
	if err != nil {
		call.Close()
		return nil, l.service.passed(err)
	}
	if res.StatusCode == http.StatusUnauthorized {
		_ = res.Body.Close()
		call.Close()
		refused := &provider.Error{Class: provider.Dead, Code: provider.CodeLoginRefused, Err: errors.New("401 to a login that was good a moment ago")}
		if err := l.service.learned(req.Context(), acct, current, refused); err != nil {
			return nil, err
		}
		return nil, &fault.Error{Code: fault.TokenDead, Err: refused}
	}
	res.Body = &lastBody{res.Body, call}
	return res, nil
}

// dial logs in when it is this caller's turn. What it learns is carried out and noted
// even if the caller goes away: a refusal that nobody noted would be tried again.
func (l *loggedIn) dial(ctx context.Context) (account.Account, held, provider.Call, error) {
	s := l.service
	s.waiting.Add(1)
	defer s.waiting.Done()
	limited, cancel := context.WithTimeout(ctx, s.RefreshTimeout)
	defer cancel()
	done, err := s.turns.take(limited, l.id)
	if err != nil {
		return account.Account{}, held{}, nil, fault.Wrap(fault.ProviderTimeout, err)
	}
	defer done()
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.RefreshTimeout)
	defer cancel()
	acct, reg, current, err := s.usable(own, l.id)
	if err != nil {
		return acct, current, nil, err
	}
	call, refused := l.caller.Dial(own, reg.Registration, *current.login)
	if err := s.learned(own, acct, current, refused); err != nil {
		if call != nil {
			call.Close()
		}
		return acct, current, nil, err
	}
	return acct, current, call, s.passed(refused)
}

// passed is what a caller is told of a login that did not come about: dead, or trouble
// that no form is there to correct.
func (s *Service) passed(err error) error {
	var e *provider.Error
	switch {
	case !errors.As(err, &e):
		return err
	case e.Class == provider.Dead, e.Code == provider.CodeLoginRefused:
		return &fault.Error{Code: fault.TokenDead, Err: err}
	}
	return &fault.Error{Code: fault.ProviderUnavailable, Detail: probably(e), RetryAfter: e.RetryAfter, Err: err}
}

// lastBody ends the connection with the answer.
type lastBody struct {
	io.ReadCloser
	call provider.Call
}

func (b *lastBody) Close() error {
	err := b.ReadCloser.Close()
	b.call.Close()
	return err
}
