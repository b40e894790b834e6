package credential_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/storetest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// bench is a service on a real store, with a provider that the test plays.
type bench struct {
	testing.TB
	*credential.Service
	store  *shaky
	vendor *vendor
	id     account.ID

	mu  sync.Mutex
	now time.Time
	log bytes.Buffer
	// chance is what Config.Random returns, of what it is given; nil is nothing of it.
	chance func(below time.Duration) time.Duration
}

func (b *bench) random(below time.Duration) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.chance == nil {
		return 0
	}
	return b.chance(below)
}

// draws sets what chance gives.
func (b *bench) draws(chance func(below time.Duration) time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.chance = chance
}

// setup connects one account, whose first credential lives until noon + 1 h.
func setup(t testing.TB) *bench {
	t.Helper()
	return setupOn(t, storetest.Open(t))
}

// setupOn is setup on that store.
func setupOn(t testing.TB, on *store.Store) *bench {
	t.Helper()
	b := &bench{TB: t, now: noon, vendor: &vendor{}}
	b.store = &shaky{Store: on.At(b.clock)}
	ring, err := seal.NewRing()
	if err != nil {
		t.Fatal(err)
	}
	b.Service = credential.New(credential.Config{
		Store: b.store, Ring: ring, Providers: provider.NewRegistry(b.vendor), Transport: b.vendor,
		Now: b.clock, Logger: slog.New(slog.NewTextHandler(b, nil)),
		SaveAgainAfter: []time.Duration{time.Millisecond}, Random: b.random,
	})
	b.connect()
	return b
}

func (b *bench) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bench) advance(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

// Write takes the log.
func (b *bench) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.Write(p)
}

func (b *bench) ok(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// firstTokens are what the sign-in gave.
func firstTokens() provider.Tokens {
	return provider.Tokens{
		Access: secret.New("access-0"), Refresh: secret.New("refresh-0"), Life: time.Hour, NativeScopes: []string{"mail", "calendar"},
	}
}

func (b *bench) connect() { b.connectAs(7, firstTokens()) }

// connectWith connects one account more, which the bench is about from now on.
func (b *bench) connectWith(tokens provider.Tokens) { b.connectAs(b.id+7, tokens) }

// connectAs connects one more account, at an application of its own.
func (b *bench) connectAs(id account.ID, tokens provider.Tokens) {
	b.Helper()
	ctx := b.Context()
	app := account.Application{ID: account.NewRecordID(), ClientID: account.NewClientID(), Name: "Test", CreatedAt: noon, UpdatedAt: noon}
	b.ok(b.store.CreateApplication(ctx, store.Application{Application: app, DataKey: []byte("unused")}))
	reg, err := credential.SealRegistration(b.Ring, account.Registration{
		ID: account.NewRecordID(), ApplicationID: app.ID, ServiceType: account.Google, ClientID: "client",
		Secrets: []secret.Text{secret.New("provider-secret")}, Current: true, CreatedAt: noon, UpdatedAt: noon,
	}, nil)
	b.ok(err)
	b.ok(b.store.SaveRegistration(ctx, reg))
	b.connectTo(reg.Registration, id, tokens)
}

// connectTo connects one more account by that registration.
func (b *bench) connectTo(reg account.Registration, id account.ID, tokens provider.Tokens) {
	b.Helper()
	ctx := b.Context()
	plan, err := b.Plan(ctx, nil, reg, tokens)
	b.ok(err)
	b.id = id
	b.ok(b.store.SaveConnection(ctx, store.Connection{New: true, Credential: plan.Credential, Account: account.Account{
		ID: b.id, ApplicationID: reg.ApplicationID, RegistrationID: reg.ID, ServiceType: account.Google, Kind: account.KindPersonal,
		Identity: account.Identity{Subject: "ada-" + id.String()}, TokenStatus: account.TokenActive,
		TokenIssuedAt: noon, AuthObtainedAt: noon, AuthExpiresAt: plan.ExpiresAt, CreatedAt: noon, UpdatedAt: noon,
	}}))
}

// stored is the account as it stands now.
func (b *bench) stored() account.Account {
	b.Helper()
	acct, err := b.store.Account(context.Background(), b.id)
	b.ok(err)
	return acct
}

// call opens a session and makes one request with it. It returns the access token
// that the provider's API got, "" where no request was made.
func (b *bench) call(ctx context.Context) (token string, err error) {
	session, err := b.Use(ctx, b.stored(), "anything")
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, session.Endpoint.String(), nil)
	if err != nil {
		return "", err
	}
	res, err := session.Client.Do(req)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(res.Body)
	return string(body), errors.Join(err, res.Body.Close())
}

// gets checks that a call works, with that access token.
func (b *bench) gets(want string) {
	b.Helper()
	if got, err := b.call(b.Context()); err != nil || got != want {
		b.Fatalf("the API got %q, %v; want %q", got, err, want)
	}
}

// fails checks that a call ends with that fault and without a request.
func (b *bench) fails(code fault.Code) *fault.Error {
	b.Helper()
	before := b.vendor.requests()
	got, err := b.call(b.Context())
	if !fault.Is(err, code) || b.vendor.requests() != before {
		b.Fatalf("the API got %q, the caller %v; want %s and no request", got, err, code)
	}
	return fault.From(err)
}

// vendor is a provider whose answers the test chooses. Its API answers with the
// access token that it got.
type vendor struct {
	mu        sync.Mutex
	refreshed int
	sent      int
	// answer plays the nth refresh (from 1) of what was held. Nil: new tokens.
	answer func(n int, held provider.Tokens) (provider.Tokens, error)
	// refuses: the API takes no access token at all.
	refuses         bool
	keepAlive       time.Duration // Info.KeepAlive
	honoursReplaced bool          // Info.HonoursReplaced
	// secret is the client secret that it takes; "" is the first one.
	secret string
	tried  []string // the secrets that came, where several are known
	// direct replaces the one host that the API has.
	direct provider.Direct
}

func (v *vendor) Info() provider.Info {
	direct := v.direct
	if direct.Hosts == nil {
		direct.Hosts = []provider.DirectHost{{Base: "https://api.vendor.test/"}}
	}
	return provider.Info{ServiceType: account.Google, AssumedLife: time.Hour, KeepAlive: v.keepAlive, HonoursReplaced: v.honoursReplaced, Direct: direct}
}

// next are fresh tokens for an hour: access-n and refresh-n.
func next(n int) provider.Tokens {
	return provider.Tokens{
		Access: secret.New(fmt.Sprintf("access-%d", n)), Refresh: secret.New(fmt.Sprintf("refresh-%d", n)),
		Life: time.Hour, NativeScopes: []string{"mail", "calendar"},
	}
}

func (v *vendor) Refresh(_ context.Context, reg account.Registration, held provider.Tokens) (provider.Tokens, error) {
	v.mu.Lock()
	v.refreshed++
	n, answer := v.refreshed, v.answer
	v.mu.Unlock()
	if len(reg.Secrets) != 1 {
		return provider.Tokens{}, errors.New("not one secret of the registration arrived")
	}
	if err := v.takes(reg.Secrets[0].Reveal()); err != nil {
		return provider.Tokens{}, err
	}
	if answer == nil {
		return next(n), nil
	}
	return answer(n, held)
}

func (v *vendor) RoundTrip(r *http.Request) (*http.Response, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sent++
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	status := http.StatusOK
	if v.refuses {
		status = http.StatusUnauthorized
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(token)), Request: r}, nil
}

func (v *vendor) refreshes() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.refreshed
}

func (v *vendor) requests() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.sent
}

func (v *vendor) plays(answer func(n int, held provider.Tokens) (provider.Tokens, error)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.answer = answer
}

// refusing plays one refusal for ever.
func (v *vendor) refusing(e provider.Error) {
	v.plays(func(int, provider.Tokens) (provider.Tokens, error) { return provider.Tokens{}, &e })
}

func (v *vendor) refuse(all bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.refuses = all
}

// shaky is a store whose saves can be made to fail.
type shaky struct {
	*store.Store
	mu   sync.Mutex
	fail error
}

func (s *shaky) breakDown(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

func (s *shaky) SaveCredential(ctx context.Context, c store.Credential, expect int64, state store.TokenState) error {
	s.mu.Lock()
	err := s.fail
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.Store.SaveCredential(ctx, c, expect, state)
}
