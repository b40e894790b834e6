package providertest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
)

func (s Subject) refresher(t *testing.T) provider.Refresher {
	t.Helper()
	p, ok := s.Provider.(provider.Refresher)
	if !ok {
		t.Fatal("the provider renews nothing")
	}
	return p
}

func testRefresh(t *testing.T, s Subject) {
	held, _ := s.signIn(t)
	answer, err := s.refresher(t).Refresh(t.Context(), s.Registration, held)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Access.IsZero() || answer.Access.Equal(held.Access) {
		t.Error("no new access token")
	}
	// The caller merges: an old token that is handed back as if it were new would
	// undo a rotation.
	if answer.Refresh.Equal(held.Refresh) {
		t.Error("the refresh token that was held is in the answer")
	}
	s.Expire()
	if _, err := s.refresher(t).Refresh(t.Context(), s.Registration, held.Merge(answer)); err != nil {
		t.Errorf("after an access token has ended: %v", err)
	}
}

func testRefreshGone(t *testing.T, s Subject) {
	held, _ := s.signIn(t)
	s.Withdraw()
	_, err := s.refresher(t).Refresh(t.Context(), s.Registration, held)
	is(t, err, provider.Dead, "")
}

func testNoRefreshToken(t *testing.T, s Subject) {
	held, _ := s.signIn(t)
	held.Refresh = secret.Text{}
	before := s.Calls()
	_, err := s.refresher(t).Refresh(t.Context(), s.Registration, held)
	is(t, err, provider.Dead, provider.CodeNoRefresh)
	if s.Calls() != before {
		t.Error("the provider was called")
	}
}

// A provider that rotates ends the old token: the new one is handed on, and works.
func testRotation(t *testing.T, s Subject) {
	held := s.signInAs(t, Rotating)
	answer, err := s.refresher(t).Refresh(t.Context(), s.Registration, held)
	if err != nil || answer.Refresh.IsZero() || answer.Refresh.Equal(held.Refresh) {
		t.Fatalf("no new refresh token: %v", err)
	}
	if _, err := s.refresher(t).Refresh(t.Context(), s.Registration, held.Merge(answer)); err != nil {
		t.Errorf("with the new refresh token: %v", err)
	}
	_, err = s.refresher(t).Refresh(t.Context(), s.Registration, held)
	is(t, err, provider.Dead, "")
}

// A sign-in that brings no refresh token is told as it is: the flow asks again.
func testSignInWithoutRefresh(t *testing.T, s Subject) {
	if held := s.signInAs(t, WithoutRefresh); held.Access.IsZero() || !held.Refresh.IsZero() {
		t.Errorf("access token missing: %t, refresh token missing: %t", held.Access.IsZero(), held.Refresh.IsZero())
	}
}

// While a secret is being replaced two are live, and nobody knows which of them
// the provider takes already.
func testSecrets(t *testing.T, s Subject) {
	held, _ := s.signIn(t)
	right := s.Registration.Secrets[0]
	for name, tt := range map[string]struct {
		secrets []secret.Text
		works   bool
	}{
		"wrong":       {[]secret.Text{secret.New("wrong")}, false},
		"both wrong":  {[]secret.Text{secret.New("wrong"), secret.New("too")}, false},
		"right first": {[]secret.Text{right, secret.New("wrong")}, true},
		"right last":  {[]secret.Text{secret.New("wrong"), right}, true},
	} {
		reg := s.Registration
		reg.Secrets = tt.secrets
		_, err := s.refresher(t).Refresh(t.Context(), reg, held)
		switch {
		case tt.works && err != nil:
			t.Errorf("%s: %v", name, err)
		case !tt.works:
			is(t, err, provider.Config, "")
		}
	}
}

// expected is what each failure means, wherever it happens.
func expected() map[Failure]struct {
	class provider.Class
	code  string
} {
	type meaning = struct {
		class provider.Class
		code  string
	}
	return map[Failure]meaning{
		TooMany: {provider.Later, ""}, Trouble: {provider.Later, ""}, BadClient: {provider.Config, ""},
		Page: {provider.Later, provider.CodeMalformed}, HalfJSON: {provider.Later, provider.CodeMalformed},
		Nothing: {provider.Later, provider.CodeMalformed}, TooLarge: {provider.Later, provider.CodeMalformed},
		Hanging: {provider.Later, provider.CodeTimeout},
	}
}

func testFailures(t *testing.T, s Subject) {
	held, _ := s.signIn(t)
	for failure, want := range expected() {
		for endpoint, call := range s.endpoints(t, held) {
			if (endpoint == Identity || endpoint == Data) && failure == BadClient || endpoint == Revoke && failure != Trouble && failure != TooMany && failure != Hanging {
				continue // identity and data have no client; a revocation's answer has nothing to be read
			}
			run := call() // the person consents before anything fails
			s.Fail(t, endpoint, failure)
			begun := time.Now()
			err := run()
			s.Fail(t, endpoint, "")
			is(t, err, want.class, want.code)
			var e *provider.Error
			if errors.As(err, &e) && failure == TooMany && e.RetryAfter != 7*time.Second {
				t.Errorf("Retry-After %s", e.RetryAfter)
			}
			if time.Since(begun) > soon {
				t.Errorf("it took %s", time.Since(begun))
			}
			if t.Failed() {
				t.Fatalf("%s at %s", failure, endpoint)
			}
		}
	}
}

// endpoints prepares one call that reaches each endpoint.
func (s Subject) endpoints(t *testing.T, held provider.Tokens) map[Endpoint]func() func() error {
	exchange := func() func() error {
		callback := s.callback(t, true)
		return func() error {
			_, _, err := s.redirector(t).Exchange(t.Context(), s.Registration, callback)
			return err
		}
	}
	calls := map[Endpoint]func() func() error{Exchange: exchange, Identity: exchange}
	for what, call := range s.calls(held) {
		if what != "Ping" {
			calls[map[string]Endpoint{"Refresh": Refresh, "Revoke": Revoke, "Probe": Data}[what]] = func() func() error {
				return func() error { return call(t.Context()) }
			}
		}
	}
	return calls
}

func testRevoke(t *testing.T, s Subject) {
	p := s.Provider.(provider.Revoker) // Revokes is kept
	held, _ := s.signIn(t)
	for n := range 2 {
		if err := p.Revoke(t.Context(), s.Registration, held); err != nil {
			t.Errorf("revocation %d: %v", n+1, err)
		}
	}
	if r, ok := s.Provider.(provider.Refresher); ok {
		_, err := r.Refresh(t.Context(), s.Registration, held)
		is(t, err, provider.Dead, "")
	}
	if err := p.Revoke(t.Context(), s.Registration, provider.Tokens{}); err != nil {
		t.Errorf("with nothing to revoke: %v", err)
	}
}

func testPing(t *testing.T, s Subject) {
	p := s.Provider.(provider.Pinger) // Pings is kept
	held, _ := s.signIn(t)
	if err := p.Ping(t.Context(), s.Registration, held); err != nil {
		t.Errorf("a live token: %v", err)
	}
	s.Expire()
	is(t, p.Ping(t.Context(), s.Registration, held), provider.User, provider.CodeUnauthorized)
	s.Fail(t, Identity, Trouble)
	if err := p.Ping(t.Context(), s.Registration, held); err != nil {
		is(t, err, provider.Later, "")
	}
}

// Errors go into logs.
func testNoSecretsInErrors(t *testing.T, s Subject) {
	held, _ := s.signIn(t)
	callback := s.callback(t, true)
	planted := map[string]string{
		"access token": held.Access.Reveal(), "refresh token": held.Refresh.Reveal(), "code": callback.Params.Get("code"),
		"client secret": s.Registration.Secrets[0].Reveal(), "verifier": verifier,
	}
	look := func(failure Failure, err error) {
		for what, value := range planted {
			if err != nil && value != "" && strings.Contains(err.Error(), value) {
				t.Errorf("%s: the error holds the %s: %v", failure, what, err)
			}
		}
	}
	for _, failure := range []Failure{BadClient, Page, HalfJSON, Nothing, TooLarge, Trouble} {
		for _, endpoint := range []Endpoint{Exchange, Refresh, Identity, Revoke, Data} {
			s.Fail(t, endpoint, failure)
			_, _, err := s.redirector(t).Exchange(t.Context(), s.Registration, callback)
			look(failure, err)
			for _, call := range s.calls(held) {
				look(failure, call(t.Context()))
			}
			s.Fail(t, endpoint, "")
		}
	}
	// Nobody listens: the address in the error must not carry anything either.
	away := s
	away.Registration.Endpoints = account.Endpoints{
		Authorize: "http://127.0.0.1:1/a", Token: "http://127.0.0.1:1/t", Revoke: "http://127.0.0.1:1/r", Userinfo: "http://127.0.0.1:1/u",
		API: "http://127.0.0.1:1/d",
	}
	for what, call := range away.calls(held) {
		ctx, cancel := context.WithTimeout(t.Context(), soon)
		err := call(ctx)
		cancel()
		if err == nil {
			t.Errorf("%s works with nobody", what)
		}
		look("nobody listens", err)
	}
}
