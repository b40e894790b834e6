package credential_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/credential/rota"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// replica is another process on the same store, with the same provider.
func (b *bench) replica() *bench {
	cfg := b.Config
	other := &bench{TB: b.TB, store: b.store, vendor: b.vendor, id: b.id, now: b.clock()}
	cfg.Now = other.clock
	other.Service = credential.New(cfg)
	return other
}

// abandon claims the refresh as a process does that is gone before it tells the outcome.
func (b *bench) abandon(length time.Duration) {
	b.Helper()
	generation := b.stored().CredentialGeneration
	_, err := b.store.ClaimRefresh(b.Context(), store.ClaimRequest{AccountID: b.id, Generation: generation, Holder: "gone", For: length, DoubtFor: 30 * time.Second})
	b.ok(err)
}

func TestReplicasShareOneRefresh(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.advance(2 * time.Hour)
	replicas := []*bench{b, b.replica(), b.replica()}
	tokens, errs := make([]string, 60), make([]error, 60)
	var group sync.WaitGroup
	for i := range tokens {
		group.Go(func() { tokens[i], errs[i] = replicas[i%3].call(t.Context()) })
	}
	group.Wait()
	for i := range tokens {
		if errs[i] != nil || tokens[i] != "access-1" {
			t.Errorf("caller %d: %q, %v", i, tokens[i], errs[i])
		}
	}
	if n := b.vendor.refreshes(); n != 1 {
		t.Errorf("%d refreshes by three replicas", n)
	}
}

// A grant that one replica finds dead is not asked for again by those that waited.
func TestReplicasShareARefusal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.advance(2 * time.Hour)
	asked, release := make(chan struct{}), make(chan struct{})
	b.vendor.plays(func(int, provider.Tokens) (provider.Tokens, error) {
		close(asked)
		<-release
		return provider.Tokens{}, &provider.Error{Class: provider.Dead, Code: "invalid_grant", Cause: "it was removed"}
	})
	errs := make([]error, 2)
	waiting := make(chan struct{})
	other := b.replica()
	cfg := other.Config
	cfg.Store = lookout{b.store, new(sync.Once), waiting}
	other.Service = credential.New(cfg)
	var group sync.WaitGroup
	group.Go(func() { _, errs[0] = b.call(t.Context()) })
	<-asked
	group.Go(func() { _, errs[1] = other.call(t.Context()) })
	<-waiting
	close(release)
	group.Wait()
	for i, err := range errs {
		if !fault.Is(err, fault.TokenDead) {
			t.Errorf("caller %d: %v", i, err)
		}
	}
	if n := b.vendor.refreshes(); n != 1 {
		t.Errorf("%d refreshes of a dead grant", n)
	}
}

// lookout tells when somebody was refused a claim.
type lookout struct {
	credential.Store
	once    *sync.Once
	waiting chan struct{}
}

func (l lookout) ClaimRefresh(ctx context.Context, r store.ClaimRequest) (store.Claim, error) {
	claim, err := l.Store.ClaimRefresh(ctx, r)
	if err != nil {
		l.once.Do(func() { close(l.waiting) })
	}
	return claim, err
}

// Somebody who asked and was never heard of again may have spent the refresh token: a
// refusal proves nothing until no answer can come any more.
func TestARefusalAfterAnAbandonedClaimIsDoubtful(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.advance(2 * time.Hour)
	b.abandon(45 * time.Second)
	b.advance(45 * time.Second)
	b.vendor.refusing(provider.Error{Class: provider.Dead, Code: "invalid_grant"})
	if f := b.fails(fault.ProviderUnavailable); f.RetryAfter == 0 {
		t.Error("it does not say when to try again")
	}
	if a := b.stored(); a.TokenStatus != account.TokenActive {
		t.Fatalf("after a doubtful refusal the account is %s", a.TokenStatus)
	}
	b.advance(30 * time.Second)
	b.fails(fault.TokenDead)
	if a := b.stored(); a.TokenStatus != account.TokenDead || !strings.Contains(a.TokenError, "lost") {
		t.Errorf("after the doubt it is %s: %q", a.TokenStatus, a.TokenError)
	}
	events, err := b.store.AuditEvents(t.Context(), 10)
	b.ok(err)
	if len(events) != 1 || events[0].Kind != "credential.lost" || events[0].AccountID != b.id || events[0].ApplicationID == "" {
		t.Errorf("a lost credential is told by %+v", events)
	}
	if err := b.Renew(t.Context(), b.stored()); !fault.Is(err, fault.TokenDead) { // asks once more
		t.Error(err)
	}
	if again, err := b.store.AuditEvents(t.Context(), 10); err != nil || len(again) != 1 {
		t.Errorf("it is told again: %+v, %v", again, err)
	}
}

// An answer that comes while the provider refuses who asked after it: nothing is lost, and
// nothing says so.
func TestWhatWasSavedMeanwhileIsNotLost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.advance(2 * time.Hour)
	b.abandon(45 * time.Second)
	b.advance(2 * time.Minute)
	b.vendor.refusing(provider.Error{Class: provider.Dead, Code: "invalid_grant"})
	b.fails(fault.ProviderUnavailable) // from now on no answer can come any more
	b.advance(2 * time.Minute)
	late, err := b.store.Credential(t.Context(), b.id)
	b.ok(err)
	b.vendor.plays(func(int, provider.Tokens) (provider.Tokens, error) {
		b.ok(b.store.SaveCredential(t.Context(), late, late.Generation, store.TokenState{Status: account.TokenActive, IssuedAt: b.clock()}))
		return provider.Tokens{}, &provider.Error{Class: provider.Dead, Code: "invalid_grant"}
	})
	b.ok(b.Renew(t.Context(), b.stored()))
	events, err := b.store.AuditEvents(t.Context(), 10)
	b.ok(err)
	if a := b.stored(); a.TokenStatus != account.TokenActive || len(events) > 0 {
		t.Errorf("the account is %s, and the audit trail says %+v", a.TokenStatus, events)
	}
}

// The answer that comes after the claim was taken over, and even after the account was
// found dead by it, is a success all the same.
func TestALateSuccessRevivesTheAccount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.advance(2 * time.Hour)
	asked, release := make(chan struct{}), make(chan struct{})
	b.vendor.plays(func(n int, _ provider.Tokens) (provider.Tokens, error) {
		if n > 1 {
			return provider.Tokens{}, &provider.Error{Class: provider.Dead, Code: "invalid_grant"}
		}
		close(asked)
		<-release
		return next(n), nil
	})
	late := make(chan string, 1)
	go func() {
		token, err := b.call(context.Background())
		if err != nil {
			token = err.Error()
		}
		late <- token
	}()
	<-asked // and is stopped for a minute
	other := b.replica()
	b.advance(time.Minute)
	other.advance(time.Minute)
	other.fails(fault.ProviderUnavailable)
	b.advance(time.Minute)
	other.advance(time.Minute)
	other.fails(fault.TokenDead)
	close(release)
	if token := <-late; token != "access-1" {
		t.Errorf("who was late got %q", token)
	}
	other.gets("access-1")
	if a := b.stored(); a.TokenStatus != account.TokenActive || a.TokenError != "" {
		t.Errorf("the account is %s: %q", a.TokenStatus, a.TokenError)
	}
}

// Who was stopped while another did it has no answer, and its caller none to complain of.
func TestAFailureThatAnotherHasMadeGoodIsNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.advance(2 * time.Hour)
	asked, release := make(chan struct{}), make(chan struct{})
	b.vendor.plays(func(n int, _ provider.Tokens) (provider.Tokens, error) {
		if n > 1 {
			return next(n), nil
		}
		close(asked)
		<-release
		return provider.Tokens{}, &provider.Error{Class: provider.Later, Code: provider.CodeUnreachable}
	})
	late := make(chan string, 1)
	go func() {
		token, err := b.call(context.Background())
		if err != nil {
			token = err.Error()
		}
		late <- token
	}()
	<-asked // and is stopped for a minute
	other := b.replica()
	b.advance(time.Minute)
	other.advance(time.Minute)
	other.gets("access-2")
	close(release)
	if token := <-late; token != "access-2" {
		t.Errorf("who was late got %q", token)
	}
}

func TestFailuresInARowAreLeftAloneForEverLonger(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.advance(2 * time.Hour)
	b.vendor.refusing(provider.Error{Class: provider.Later, Code: "http_503"})
	var pauses []time.Duration
	for range 16 {
		before := b.vendor.refreshes()
		f := b.fails(fault.ProviderUnavailable)
		pauses = append(pauses, f.RetryAfter)
		if b.vendor.refreshes() == before {
			b.advance(f.RetryAfter)
		}
	}
	longest := time.Duration(0)
	for _, p := range pauses {
		longest = max(longest, p)
	}
	if pauses[0] != 0 || pauses[1] != 0 || longest < 4*time.Second || longest > 5*time.Minute {
		t.Errorf("the pauses are %v", pauses)
	}
	b.vendor.plays(nil)
	b.advance(5 * time.Minute)
	b.gets(fmt.Sprintf("access-%d", b.vendor.refreshes()+1))
}

func TestWhatIsDueIsRenewedInTheBackground(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if n, err := b.RenewDue(t.Context()); n != 0 || err != nil {
		t.Fatalf("%d due at once, %v", n, err)
	}
	b.vendor.keepAlive = 60 * 24 * time.Hour
	b.reconnect(firstTokens())
	b.advance(47 * 24 * time.Hour) // a fifth earlier at most
	if n, err := b.RenewDue(t.Context()); n != 0 || err != nil {
		t.Fatalf("%d due too early, %v", n, err)
	}
	b.advance(13 * 24 * time.Hour)
	if n, err := b.RenewDue(t.Context()); n != 1 || err != nil || b.vendor.refreshes() != 1 {
		t.Fatalf("%d due, %d refreshes, %v", n, b.vendor.refreshes(), err)
	}
	if n, err := b.RenewDue(t.Context()); n != 0 || err != nil {
		t.Fatalf("%d due again at once, %v", n, err)
	}
	b.advance(30 * time.Minute)
	b.gets("access-1")

	b.vendor.refusing(provider.Error{Class: provider.Later, Code: "http_503"})
	b.advance(60 * 24 * time.Hour)
	for range 3 { // put off, each time
		if _, err := b.RenewDue(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.vendor.refreshes(); n != 2 {
		t.Errorf("%d refreshes, want one more", n)
	}
	b.vendor.refusing(provider.Error{Class: provider.Dead, Code: "invalid_grant"})
	b.advance(5 * time.Minute)
	for range 3 {
		if _, err := b.RenewDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.advance(24 * time.Hour)
	}
	if n, a := b.vendor.refreshes(), b.stored(); n != 3 || a.TokenStatus != account.TokenDead {
		t.Errorf("%d refreshes, and the account is %s", n, a.TokenStatus)
	}
}

// What is claimed in the background is asked for at once: behind servers that do not answer,
// a claim would end before its turn comes, and a refresh token would be spent twice.
func TestNoClaimWaitsBehindOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.vendor.keepAlive = 60 * 24 * time.Hour
	const atOnce = 16 // of one provider
	cfg := b.Config
	cfg.Renewing = rota.Limit{AtOnce: atOnce / 2, PerSecond: 1000}
	b.Service = credential.New(cfg)
	for id := account.ID(100); id < 100+atOnce+8; id++ {
		tokens := firstTokens()
		tokens.Refresh = secret.New(id.String())
		b.connectAs(id, tokens)
	}
	b.advance(60 * 24 * time.Hour)

	var mu sync.Mutex
	times := map[string]int{}
	asked, answer, answerLate := make(chan string, 100), make(chan struct{}), make(chan struct{})
	var late string
	b.vendor.plays(func(n int, held provider.Tokens) (provider.Tokens, error) {
		token := held.Refresh.Reveal()
		mu.Lock()
		times[token]++
		wait := answer
		if token == late && times[token] == 1 {
			wait = answerLate
		}
		mu.Unlock()
		asked <- token
		<-wait
		return next(n), nil
	})
	var background, caller sync.WaitGroup
	background.Go(func() { _, _ = b.RenewDue(context.Background()) })
	for range atOnce {
		<-asked
	}
	other := b.replica()
	mu.Lock()
	for id := account.ID(100); late == ""; id++ {
		if times[id.String()] == 0 {
			other.id, late = id, id.String()
		}
	}
	mu.Unlock()
	b.advance(time.Minute)
	other.advance(time.Minute)
	caller.Go(func() { _, _ = other.call(context.Background()) })
	if token := <-asked; token != late {
		t.Errorf("%s was asked for in place of %s", token, late)
	}
	close(answer)
	background.Wait()
	close(answerLate)
	caller.Wait()
	for token, n := range times {
		if n != 1 {
			t.Errorf("the refresh token %s was spent %d times", token, n)
		}
	}
}

// A store that takes no write is found out before the refresh token is spent.
func TestNothingIsSpentWhereTheStoreTakesNoWrite(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cfg := b.Config
	cfg.Store = readOnly{b.store}
	b.Service = credential.New(cfg)
	b.advance(time.Hour - 30*time.Second) // it is time, but what is held is good yet
	b.gets("access-0")
	b.advance(time.Hour)
	b.fails(fault.StoreUnavailable)
	if n := b.vendor.refreshes(); n != 0 {
		t.Errorf("%d refreshes whose outcome could not be stored", n)
	}
}

type readOnly struct{ credential.Store }

func (readOnly) ClaimRefresh(context.Context, store.ClaimRequest) (store.Claim, error) {
	return store.Claim{}, errors.Join(store.ErrUnavailable, errors.New("read-only file system"))
}

// The operator's key may be changed, and the old one dropped, while a provider is asked.
func TestARefreshOutlivesARotationOfTheKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.advance(2 * time.Hour)
	both, err := b.Ring.WithNewKey()
	b.ok(err)
	both, err = both.Promoted()
	b.ok(err)
	alone, err := both.WithoutOlder()
	b.ok(err)
	reg, err := b.store.Registrations(t.Context(), "")
	b.ok(err)
	b.vendor.plays(func(int, provider.Tokens) (provider.Tokens, error) {
		record, err := b.store.Credential(t.Context(), b.id)
		b.ok(err)
		b.rewrap(both, store.HolderCredentials, record.RecordID, record.DataKey)
		b.rewrap(both, store.HolderRegistrations, reg[0].ID, reg[0].DataKey)
		b.Ring.Adopt(alone)
		return provider.Tokens{Access: secret.New("access-1"), Refresh: secret.New("refresh-1"), Life: time.Hour}, nil
	})
	if token, err := b.call(t.Context()); token != "access-1" || err != nil {
		t.Fatalf("%q, %v\n%s", token, err, b.log.String())
	}
	if token, err := b.replica().call(t.Context()); token != "access-1" || err != nil {
		t.Errorf("what is stored: %q, %v", token, err)
	}
}

func (b *bench) rewrap(ring *seal.Ring, of store.KeyHolder, id string, wrapped []byte) {
	anew, err := ring.Rewrap(wrapped, id)
	b.ok(err)
	n, err := b.store.Rewrap(b.Context(), of, []store.Rewrapped{{RecordID: id, From: wrapped, To: anew}})
	if n != 1 || err != nil {
		b.Errorf("%d, %v", n, err)
	}
}
