package credential_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// answered is a sign-in's answer with these scopes; refresh may be empty.
func answered(refresh string, scopes ...string) provider.Tokens {
	return provider.Tokens{Access: secret.New("signed-in"), Refresh: secret.New(refresh), Life: time.Hour, NativeScopes: scopes}
}

// The bench's account holds "mail calendar", with a refresh token.
func TestPlanForARenewedSignIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status    account.TokenStatus
		elsewhere bool // through another registration
		answer    provider.Tokens
		replaces  bool
		scopes    []string
		renewable bool
	}{
		"the same, with a refresh token": {answer: answered("r", "mail", "calendar"), replaces: true, scopes: []string{"mail", "calendar"}, renewable: true},
		"the same, without":              {answer: answered("", "mail", "calendar"), replaces: true, scopes: []string{"mail", "calendar"}, renewable: true},
		"narrower":                       {answer: answered("r", "mail"), scopes: []string{"mail", "calendar"}, renewable: true},
		"wider, with a refresh token":    {answer: answered("r", "mail", "calendar", "tasks"), replaces: true, scopes: []string{"mail", "calendar", "tasks"}, renewable: true},
		// The held refresh token does not stand for tasks: consent must be forced.
		"wider, without": {answer: answered("", "mail", "calendar", "tasks"), replaces: true, scopes: []string{"mail", "calendar", "tasks"}},

		"invalid, narrower":        {status: account.TokenInvalid, answer: answered("r", "mail"), replaces: true, scopes: []string{"mail"}, renewable: true},
		"invalid, without refresh": {status: account.TokenInvalid, answer: answered("", "mail", "calendar"), replaces: true, scopes: []string{"mail", "calendar"}},
		"dead, without refresh":    {status: account.TokenDead, answer: answered("", "mail"), replaces: true, scopes: []string{"mail"}},

		"elsewhere, narrower":              {elsewhere: true, answer: answered("", "mail"), scopes: []string{"mail", "calendar"}, renewable: true},
		"elsewhere, without refresh":       {elsewhere: true, answer: answered("", "mail", "calendar"), replaces: true, scopes: []string{"mail", "calendar"}},
		"elsewhere, with a refresh token":  {elsewhere: true, answer: answered("r", "mail", "calendar"), replaces: true, scopes: []string{"mail", "calendar"}, renewable: true},
		"elsewhere, dead, narrower, fresh": {elsewhere: true, status: account.TokenDead, answer: answered("r", "mail"), replaces: true, scopes: []string{"mail"}, renewable: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			acct := b.stored()
			if c.status != "" {
				acct.TokenStatus = c.status
			}
			reg := account.Registration{ID: acct.RegistrationID, ServiceType: account.Google}
			if c.elsewhere {
				reg.ID = "another registration"
			}
			plan, err := b.Plan(t.Context(), &acct, reg, c.answer)
			b.ok(err)
			if got := plan.Credential != nil; got != c.replaces {
				t.Errorf("replaces the credential: %v, want %v", got, c.replaces)
			}
			if !slices.Equal(plan.NativeScopes, c.scopes) || plan.Renewable != c.renewable || plan.ExpectGeneration != acct.CredentialGeneration {
				t.Errorf("plan %+v, want scopes %v, renewable %v, generation %d", plan, c.scopes, c.renewable, acct.CredentialGeneration)
			}
		})
	}
}

// What a plan keeps must still be there when the sign-in is saved.
func TestKeptCredentialWipedMeanwhileIsAConflict(t *testing.T) {
	t.Parallel()
	b := setup(t)
	acct := b.stored()
	plan, err := b.Plan(t.Context(), &acct, account.Registration{ID: acct.RegistrationID, ServiceType: account.Google}, answered("r", "mail"))
	b.ok(err)
	_, err = b.store.WipeCredential(t.Context(), acct.ID, acct.CredentialGeneration, store.TokenState{Status: account.TokenDead})
	b.ok(err)
	err = b.store.SaveConnection(t.Context(), store.Connection{Account: acct, Credential: plan.Credential, ExpectGeneration: plan.ExpectGeneration})
	if !errors.Is(err, store.ErrConflict) {
		t.Errorf("saved over a wiped credential: %v", err)
	}
}

// A refresh that answers with fewer scopes shows on the account.
func TestRefreshTellsWhatIsLeft(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.vendor.plays(func(n int, _ provider.Tokens) (provider.Tokens, error) {
		a := next(n)
		a.NativeScopes = []string{"mail"}
		return a, nil
	})
	b.advance(2 * time.Hour)
	if _, err := b.call(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := b.stored().NativeScopes; !slices.Equal(got, []string{"mail"}) {
		t.Errorf("the account claims %v", got)
	}
}

// A 401 that lasts is shown as such, and costs one refresh, not one a call.
func TestLastingRefusalSettles(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.vendor.refuse(true)
	for i := range 6 {
		_, _ = b.call(t.Context())
		if got := b.stored().TokenStatus; got != account.TokenInvalid {
			t.Errorf("after call %d the account is %s", i, got)
		}
	}
	if n := b.vendor.refreshes(); n != 1 {
		t.Errorf("%d refreshes for one lasting refusal", n)
	}
	issued := b.stored().TokenIssuedAt
	b.vendor.refuse(false)
	b.advance(2 * time.Hour)
	if _, err := b.call(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a := b.stored(); a.TokenStatus != account.TokenActive || !a.TokenIssuedAt.After(issued) {
		t.Errorf("recovered as %s, issued %s, before %s", a.TokenStatus, a.TokenIssuedAt, issued)
	}
}

func TestLastSecondsServeWhileTheProviderHasTrouble(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.vendor.refusing(provider.Error{Class: provider.Later, Code: "http_503"})
	b.advance(59*time.Minute + 10*time.Second)
	if got, err := b.call(t.Context()); err != nil || got != "access-0" {
		t.Errorf("with 50 seconds left: %q, %v", got, err)
	}
	b.advance(time.Minute)
	if _, err := b.call(t.Context()); err == nil {
		t.Error("an access token was used after its end")
	}
}

// damaged gives a credential that does not open any more.
type damaged struct{ *shaky }

func (d damaged) Credential(ctx context.Context, id account.ID) (store.Credential, error) {
	c, err := d.shaky.Credential(ctx, id)
	c.DataKey = []byte("damaged")
	return c, err
}

func TestWhatDoesNotOpenCanStillBeForgotten(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := credential.New(credential.Config{
		Store: damaged{b.store}, Ring: b.Ring, Providers: b.Providers, Transport: b.vendor, Now: b.clock, Logger: b.Logger,
	})
	if _, err := s.Delete(t.Context(), b.stored()); err != nil {
		t.Errorf("Delete: %v", err)
	}
	if _, err := b.store.Account(t.Context(), b.id); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the account is still there: %v", err)
	}
}

// A refresh under way when everybody has left is waited for.
func TestWaitOutlastsFlightsWithoutCallers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	begun, release := make(chan struct{}), make(chan struct{})
	b.vendor.plays(func(n int, _ provider.Tokens) (provider.Tokens, error) {
		close(begun)
		<-release
		return next(n), nil
	})
	b.advance(2 * time.Hour)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan struct{})
	go func() {
		defer close(left)
		_, _ = b.call(ctx)
	}()
	<-begun
	leave()
	<-left
	waited := make(chan struct{})
	go func() {
		defer close(waited)
		b.Wait()
	}()
	select {
	case <-waited:
		t.Error("Wait returned while a refresh was on its way")
	default:
	}
	close(release)
	<-waited
	if got := b.stored().CredentialGeneration; got != 2 {
		t.Errorf("generation %d: the refresh was not saved", got)
	}
}
