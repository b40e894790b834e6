package credential_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// takes judges a client secret as the vendor does.
func (v *vendor) takes(bare string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.tried = append(v.tried, bare)
	right := v.secret
	if right == "" {
		right = "provider-secret"
	}
	if bare != right {
		return &wrongSecret
	}
	return nil
}

// wants makes the vendor take that client secret alone.
func (v *vendor) wants(bare string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.secret, v.tried = bare, nil
}

func (v *vendor) secrets() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return strings.Join(v.tried, " ")
}

var wrongSecret = provider.Error{Class: provider.Config, Code: "invalid_client", Cause: "the secret is wrong", Cure: "enter it again"}

// of is the bench for another account of the same registration, connected at the place.
func (b *bench) of(id account.ID, place ...string) *bench {
	b.Helper()
	ctx := b.Context()
	first := b.stored()
	reg, err := b.Registration(ctx, first.RegistrationID)
	b.ok(err)
	tokens := firstTokens()
	if len(place) > 0 {
		tokens.Place.Accounts = place[0]
	}
	plan, err := b.Plan(ctx, nil, reg.Registration, tokens)
	b.ok(err)
	acct := first
	acct.ID, acct.Identity.Subject, acct.AuthExpiresAt = id, fmt.Sprint("person-", id), plan.ExpiresAt
	acct.TokenStatus, acct.TokenError = account.TokenActive, ""
	b.ok(b.store.SaveConnection(ctx, store.Connection{New: true, Credential: plan.Credential, Account: acct}))
	return b.at(id)
}

// at is the same process for another account.
func (b *bench) at(id account.ID) *bench {
	return &bench{TB: b.TB, Service: b.Service, store: b.store, vendor: b.vendor, id: id, now: b.clock()}
}

// setSecrets changes the registration, as its operator does.
func (b *bench) setSecrets(bare ...string) {
	b.Helper()
	record, err := b.store.Registration(b.Context(), b.stored().RegistrationID)
	b.ok(err)
	reg, err := credential.OpenRegistration(b.Ring, record)
	b.ok(err)
	reg.Secrets = nil
	for _, one := range bare {
		reg.Secrets = append(reg.Secrets, secret.New(one))
	}
	sealed, err := credential.SealRegistration(b.Ring, reg.Registration, record.DataKey)
	b.ok(err)
	b.ok(b.store.SaveRegistration(b.Context(), sealed))
}

func (b *bench) health(place string) store.Health {
	b.Helper()
	h, err := b.store.Health(b.Context(), b.stored().RegistrationID, place)
	b.ok(err)
	return h
}

// events lists what stands in the audit trail, the oldest first.
func (b *bench) events() string {
	b.Helper()
	events, err := b.store.AuditEvents(b.Context(), 100)
	b.ok(err)
	var kinds []string
	for _, e := range events {
		kinds = append([]string{e.Kind}, kinds...)
	}
	return strings.Join(kinds, " ")
}

func TestAWrongSecretStopsTheRegistrationForAllReplicas(t *testing.T) {
	t.Parallel()
	b := setup(t)
	second := b.of(8)
	b.advance(2 * time.Hour)
	b.vendor.wants("another")
	f := b.fails(fault.ProviderConfig)
	if f.RetryAfter < time.Second || f.RetryAfter > 5*time.Second || !strings.Contains(f.Detail, "the secret is wrong") {
		t.Errorf("the one who asked is told %s, %q", f.RetryAfter, f.Detail)
	}
	other := second.replica()
	other.now = b.clock()
	for range 3 {
		b.fails(fault.ProviderConfig)
		if f := other.fails(fault.ProviderConfig); f.RetryAfter < time.Second || f.RetryAfter > 5*time.Second || !strings.Contains(f.Detail, "enter it again") {
			t.Errorf("another replica is told %s, %q", f.RetryAfter, f.Detail)
		}
	}
	if n := b.vendor.refreshes(); n != 1 {
		t.Errorf("the provider was asked %d times", n)
	}
	for _, one := range []*bench{b, other} {
		if a := one.stored(); a.TokenStatus != account.TokenActive || a.TokenError != "" || a.CredentialGeneration != 1 {
			t.Errorf("account %s is %s: %q", a.ID, a.TokenStatus, a.TokenError)
		}
	}

	// It is asked again after ever longer pauses, by one at a time, and recovers by itself.
	longest := time.Duration(0)
	for n := 2; n < 12; n++ {
		pause := other.fails(fault.ProviderConfig).RetryAfter
		longest = max(longest, pause)
		b.advance(pause)
		b.fails(fault.ProviderConfig)
		if got := b.vendor.refreshes(); got != n {
			t.Fatalf("after pause %d of %s the provider was asked %d times", n, pause, got)
		}
	}
	if longest < 150*time.Second || longest > 5*time.Minute {
		t.Errorf("the longest pause is %s", longest)
	}
	b.vendor.wants("")
	b.advance(5 * time.Minute)
	other.advance(b.clock().Sub(other.clock()))
	other.gets(fmt.Sprintf("access-%d", b.vendor.refreshes()+1))
	b.gets(fmt.Sprintf("access-%d", b.vendor.refreshes()+1))
	if got := b.events(); got != "registration.failing registration.recovered" {
		t.Errorf("told: %s", got)
	}
}

func TestOneProbesAtATime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	accounts := []*bench{b.of(8), b.of(9).replica(), b.of(10)}
	b.advance(2 * time.Hour)
	accounts[1].advance(2 * time.Hour)
	b.vendor.wants("another")
	b.advance(b.fails(fault.ProviderConfig).RetryAfter)
	b.vendor.wants("")
	asked, release := make(chan struct{}), make(chan struct{})
	b.vendor.plays(func(n int, _ provider.Tokens) (provider.Tokens, error) {
		close(asked)
		<-release
		return next(n), nil
	})
	probe := make(chan string, 1)
	go func() {
		token, err := b.call(t.Context())
		probe <- fmt.Sprint(token, err)
	}()
	<-asked
	for _, one := range accounts {
		if f := one.fails(fault.ProviderConfig); f.RetryAfter < time.Second {
			t.Errorf("beside the probe, account %d is told %s", one.id, f.RetryAfter)
		}
	}
	close(release)
	if got := <-probe; got != "access-2<nil>" {
		t.Errorf("the probe got %s", got)
	}
	b.vendor.plays(nil)
	for i, one := range accounts {
		one.gets(fmt.Sprintf("access-%d", i+3))
	}
}

// What is on its way when the registration is stopped must not be taken for a probe.
func TestWhatIsOnItsWayMakesThePauseNoLonger(t *testing.T) {
	t.Parallel()
	b := setup(t)
	accounts := []*bench{b, b.of(8), b.of(9), b.of(10)} // one process
	b.advance(2 * time.Hour)
	var asked, group sync.WaitGroup
	asked.Add(len(accounts))
	b.vendor.plays(func(int, provider.Tokens) (provider.Tokens, error) {
		asked.Done()
		asked.Wait()
		return provider.Tokens{}, &wrongSecret
	})
	for _, one := range accounts {
		group.Go(func() { one.fails(fault.ProviderConfig) })
	}
	group.Wait()
	if h := b.health(""); h.Failures != 1 || h.Wait > 5*time.Second {
		t.Errorf("%+v", h)
	}
}

func TestAChangedSecretEndsTheStop(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.advance(2 * time.Hour)
	b.vendor.wants("new")
	for range 8 {
		b.advance(b.fails(fault.ProviderConfig).RetryAfter)
	}
	other := b.replica()
	b.setSecrets("wrong too")
	if f := b.fails(fault.ProviderConfig); f.RetryAfter > 5*time.Second {
		t.Errorf("another wrong secret is waited out for %s", f.RetryAfter)
	}
	b.setSecrets("new")
	other.gets(fmt.Sprintf("access-%d", b.vendor.refreshes()+1))
	if got := b.events(); got != "registration.failing registration.recovered" {
		t.Errorf("told: %s", got)
	}
}

func TestManyAccountsThatFailAlikeStopTheRegistration(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		refusal provider.Error
		code    fault.Code
	}{
		"passing trouble":        {provider.Error{Class: provider.Later, Code: "http_503"}, fault.ProviderUnavailable},
		"our registration":       {provider.Error{Class: provider.Config, Code: "unauthorized_client"}, fault.ProviderConfig},
		"too many calls":         {provider.Error{Class: provider.Later, Code: provider.CodeLimited, RetryAfter: 90 * time.Second}, fault.ProviderLimited},
		"what nobody ever heard": {provider.Error{Class: provider.Later, Code: "project_disabled"}, fault.ProviderUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			accounts := []*bench{b}
			for id := range 6 {
				accounts = append(accounts, b.of(account.ID(id+8)))
			}
			b.advance(2 * time.Hour)
			b.vendor.refusing(tt.refusal)
			for range 10 { // one account's failures
				b.fails(tt.code)
			}
			for _, one := range accounts[1:4] {
				one.fails(tt.code)
			}
			if b.health("").Stopped {
				t.Fatal("four accounts stop it")
			}
			accounts[4].fails(tt.code)
			asked := b.vendor.refreshes()
			f := accounts[5].fails(tt.code)
			if b.vendor.refreshes() != asked || f.RetryAfter < time.Second || f.RetryAfter < tt.refusal.RetryAfter {
				t.Errorf("%d more refreshes, Retry-After %s", b.vendor.refreshes()-asked, f.RetryAfter)
			}
			b.vendor.plays(nil)
			b.advance(f.RetryAfter)
			accounts[6].gets(fmt.Sprintf("access-%d", b.vendor.refreshes()+1))
			accounts[5].gets(fmt.Sprintf("access-%d", b.vendor.refreshes()+1))
		})
	}
}

// What the provider says about grants says nothing against the client.
func TestDeadGrantsDoNotStopTheRegistration(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var accounts []*bench
	for id := range 8 {
		accounts = append(accounts, b.of(account.ID(id+8)))
	}
	b.advance(2 * time.Hour)
	b.vendor.refusing(provider.Error{Class: provider.Dead, Code: "invalid_grant"})
	for _, one := range accounts {
		one.fails(fault.TokenDead)
		if a := one.stored(); a.TokenStatus != account.TokenDead {
			t.Errorf("account %d is %s", one.id, a.TokenStatus)
		}
	}
	b.vendor.plays(nil)
	b.gets("access-9")
}

// Failures far apart, and failures with an answer in between, are not alike.
func TestAnAnswerInBetweenForgetsTheFailures(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var accounts []*bench
	for id := range 13 {
		accounts = append(accounts, b.of(account.ID(id+8)))
	}
	b.advance(2 * time.Hour)
	trouble := provider.Error{Class: provider.Later, Code: "http_503"}
	fail := func(some []*bench) {
		t.Helper()
		b.vendor.refusing(trouble)
		for _, one := range some {
			one.fails(fault.ProviderUnavailable)
		}
	}
	fail(accounts[:4])
	b.vendor.plays(nil)
	b.gets("access-5")
	fail(accounts[4:8])
	b.advance(time.Minute)
	fail(accounts[8:12])
	if b.health("").Stopped {
		t.Error("it is stopped")
	}
	fail(accounts[12:])
	if !b.health("").Stopped {
		t.Error("it is not stopped")
	}
}

// Each authorization server of a provider judges for itself.
func TestAPlaceIsStoppedAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	europe := b.of(8, "https://accounts.vendor.eu")
	b.advance(2 * time.Hour)
	b.vendor.refusing(wrongSecret)
	europe.fails(fault.ProviderConfig)
	b.vendor.plays(nil)
	europe.fails(fault.ProviderConfig)
	b.gets("access-2")
	if h := b.health("https://accounts.vendor.eu"); !h.Stopped {
		t.Errorf("%+v", h)
	}
}

func TestTwoSecretsAreTriedAndTheGoodOneIsRemembered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.setSecrets("new", "old", "older")
	renew := func(who *bench, want string) {
		t.Helper()
		who.ok(who.Renew(t.Context(), who.stored()))
		if got := b.vendor.secrets(); got != want {
			t.Errorf("tried %q, want %q", got, want)
		}
	}
	b.vendor.wants("old")
	renew(b, "new old")
	b.vendor.wants("old")
	renew(b.replica(), "old")
	b.vendor.wants("new") // the provider has changed over
	renew(b, "old new")
	b.vendor.wants("new")
	renew(b.of(8).replica(), "new")
	b.vendor.wants("older")
	renew(b, "new old older")
	b.setSecrets("newest", "new", "old")
	b.vendor.wants("newest")
	renew(b, "newest")
	b.vendor.wants("nobody's")
	b.advance(2 * time.Hour)
	b.fails(fault.ProviderConfig)
	if got := b.vendor.secrets(); got != "newest new old" {
		t.Errorf("tried %q", got)
	}
	if h := b.health(""); !h.Stopped {
		t.Errorf("%+v", h)
	}
}

// Where nobody calls, the registration recovers all the same.
func TestTheBackgroundProbes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	second := b.of(8)
	b.advance(2 * time.Hour)
	if n, err := b.ProbeStopped(t.Context()); n != 0 || err != nil {
		t.Fatalf("%d probes, %v", n, err)
	}
	b.vendor.wants("another")
	pause := second.fails(fault.ProviderConfig).RetryAfter
	if n, err := b.ProbeStopped(t.Context()); n != 0 || err != nil {
		t.Fatalf("%d probes too early, %v", n, err)
	}
	b.advance(pause)
	for range 2 {
		if _, err := b.ProbeStopped(t.Context()); err != nil || b.vendor.refreshes() != 2 {
			t.Fatalf("%d refreshes, %v", b.vendor.refreshes(), err)
		}
	}
	b.vendor.wants("")
	// The account that was refused is gone: another one will do.
	_, err := b.Delete(t.Context(), second.stored())
	b.ok(err)
	b.advance(time.Minute)
	if n, err := b.ProbeStopped(t.Context()); n != 1 || err != nil || b.health("").Failing() {
		t.Errorf("%d probes, %v, %+v", n, err, b.health(""))
	}
	b.gets("access-3")
}

// An access token is good while it lasts, whatever becomes of the client.
func TestAStopDoesNotEndWhatIsGood(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.vendor.wants("another")
	if err := b.Renew(t.Context(), b.stored()); !fault.Is(err, fault.ProviderConfig) {
		t.Fatalf("a renewal: %v", err)
	}
	b.gets("access-0")
	b.advance(time.Hour - 30*time.Second) // its last seconds
	b.gets("access-0")
}

// What a resource refuses says nothing about the client, unless it says so.
func TestAnotherResourceStopsTheRegistrationByNameAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	accounts := []*bench{b}
	for id := range 6 {
		accounts = append(accounts, b.of(account.ID(id+8)))
	}
	b.vendor.refusing(provider.Error{Class: provider.Config, Code: "invalid_resource"})
	for _, one := range accounts {
		if _, err := one.AccessTo(t.Context(), one.stored(), outlook); !fault.Is(err, fault.ProviderConfig) {
			t.Fatal(err)
		}
	}
	if h := b.health(""); h.Stopped || h.Suspect {
		t.Fatalf("%+v", h)
	}
	b.vendor.refusing(wrongSecret)
	_, err := b.AccessTo(t.Context(), b.stored(), outlook)
	if f := fault.From(err); f.Code != fault.ProviderConfig || f.RetryAfter < time.Second || !b.health("").Stopped {
		t.Fatalf("%v, Retry-After %s, %+v", err, f.RetryAfter, b.health(""))
	}
	b.vendor.plays(nil)
	b.advance(waitFor(t, accounts[1]))
	accounts[1].accessTo(outlook, outlook+"#access-9")
	if h := b.health(""); h.Failing() {
		t.Errorf("after an answer: %+v", h)
	}
}

// waitFor is how long a caller is told to wait for another resource.
func waitFor(t *testing.T, b *bench) time.Duration {
	t.Helper()
	_, err := b.AccessTo(t.Context(), b.stored(), outlook)
	return fault.From(err).RetryAfter
}

// However many call, a stop costs no write.
func TestAStopCostsNoWrite(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.advance(2 * time.Hour)
	b.vendor.refusing(wrongSecret)
	b.fails(fault.ProviderConfig)
	cfg := b.Config
	cfg.Store = readOnly{b.store}
	b.Service = credential.New(cfg)
	b.fails(fault.ProviderConfig)
}
