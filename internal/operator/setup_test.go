package operator_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/imap"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/storetest"
)

// vendor is a provider that needs no network and counts its calls.
type vendor struct{ refreshes, revocations atomic.Int32 }

func (v *vendor) Info() provider.Info {
	return provider.Info{
		ServiceType: account.Google, Title: "Google",
		Scopes: provider.ScopeMap{Native: map[scope.Scope][]string{scope.MailRead: {"mail"}, scope.CalendarRead: {"calendar"}}},
	}
}

func (v *vendor) Refresh(context.Context, account.Registration, provider.Tokens) (provider.Tokens, error) {
	v.refreshes.Add(1)
	return provider.Tokens{Access: secret.New("renewed")}, nil
}

func (v *vendor) Revoke(context.Context, account.Registration, provider.Tokens) error {
	v.revocations.Add(1)
	return nil
}

// bench is an operator's desk: a store of its own, a key, a provider, a clock that
// moves a second with each look.
type bench struct {
	*operator.Service
	store       *store.Store
	credentials *credential.Service
	vendor      *vendor
}

func setup(t *testing.T) *bench {
	t.Helper()
	ring, err := seal.NewRing()
	if err != nil {
		t.Fatal(err)
	}
	return deskOn(storetest.Open(t), ring)
}

func deskOn(s *store.Store, ring *seal.Ring) *bench {
	var ticks atomic.Int64
	now := func() time.Time {
		return time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC).Add(time.Duration(ticks.Add(1)) * time.Second)
	}
	v := &vendor{}
	providers := provider.NewRegistry(v, tenanted{}, centred{}, checked{}, imap.New(outbound.New(outbound.Config{}).Typed))
	credentials := credential.New(credential.Config{
		Store: s, Ring: ring, Providers: providers, Transport: http.DefaultTransport, Now: now, Logger: slog.New(slog.DiscardHandler),
	})
	return &bench{store: s, credentials: credentials, vendor: v, Service: operator.New(operator.Config{
		Store: s, Ring: ring, Providers: providers, Credentials: credentials,
		PublicURL: &url.URL{Scheme: "https", Host: "avain.example"}, Now: now,
	})}
}

// application makes one with that name and fails the test where it cannot.
func (b *bench) application(t *testing.T, name string) account.Application {
	t.Helper()
	app, _, err := b.CreateApplication(t.Context(), operator.CreateApplication{Name: name, ReturnURLs: []string{"https://app.example/back"}})
	if err != nil {
		t.Fatal(err)
	}
	return app
}

// registration makes one with a secret.
func (b *bench) registration(t *testing.T, app account.Application) operator.Registration {
	t.Helper()
	reg, _, err := b.SetRegistration(t.Context(), app.ClientID, operator.SetRegistration{
		ServiceType: "google", ClientID: "client.apps.example", Secrets: []secret.Text{secret.New("first")}, Scopes: []string{"Mail.Read"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return reg
}

// connect saves an account of that subject with a live credential and one token.
func (b *bench) connect(t *testing.T, reg operator.Registration, subject string, id account.ID) account.Account {
	t.Helper()
	tokens := provider.Tokens{Access: secret.New("access"), Refresh: secret.New("refresh")}
	plan, err := b.credentials.Plan(t.Context(), nil, reg.Registration, tokens)
	if err != nil {
		t.Fatal(err)
	}
	now := b.Now()
	acct := account.Account{
		ID: id, ApplicationID: reg.ApplicationID, RegistrationID: reg.ID, ServiceType: account.Google, Kind: account.KindPersonal,
		Identity: account.Identity{Subject: subject}, LoginString: subject + "@example", TokenStatus: account.TokenActive,
		TokenIssuedAt: now, CreatedAt: now, UpdatedAt: now,
	}
	plan.Credential.AccountID = id
	err = b.store.SaveConnection(t.Context(), store.Connection{
		Account: acct, New: true, Fresh: true, Credential: plan.Credential,
		Token: &store.Token{ID: account.NewRecordID(), Hash: []byte(id.String()), ApplicationID: reg.ApplicationID, AccountID: id, CreatedAt: now},
	})
	if err != nil {
		t.Fatal(err)
	}
	return acct
}

// wantUsage fails the test unless err is a UsageError.
func wantUsage(t *testing.T, what string, err error) {
	t.Helper()
	var usage *operator.UsageError
	if !errors.As(err, &usage) {
		t.Errorf("%s: got %v, want a UsageError", what, err)
	}
}
