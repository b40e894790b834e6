package credential_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

func TestRefreshComesAMinuteBeforeTheEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.gets("access-0")
	b.advance(59*time.Minute - time.Nanosecond)
	b.gets("access-0")
	if n := b.vendor.refreshes(); n != 0 {
		t.Errorf("%d refreshes before one was due", n)
	}
	b.advance(time.Nanosecond)
	b.gets("access-1")
	b.gets("access-1")
	if n := b.vendor.refreshes(); n != 1 {
		t.Errorf("%d refreshes, want 1", n)
	}
}

func TestManyCallersShareOneFlight(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.advance(2 * time.Hour)
	const callers = 50
	started := make(chan struct{}, callers)
	b.vendor.plays(func(n int, _ provider.Tokens) (provider.Tokens, error) {
		for range callers {
			<-started
		}
		return next(n), nil
	})
	tokens, errs := make([]string, callers), make([]error, callers)
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() {
			started <- struct{}{}
			tokens[i], errs[i] = b.call(t.Context())
		})
	}
	group.Wait()
	for i := range callers {
		if errs[i] != nil || tokens[i] != "access-1" {
			t.Errorf("caller %d: %q, %v", i, tokens[i], errs[i])
		}
	}
	if n := b.vendor.refreshes(); n != 1 {
		t.Errorf("%d refreshes for %d callers", n, callers)
	}
}

func TestACallerThatLeavesTakesNobodyAlong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.advance(2 * time.Hour)
	entered, release := make(chan struct{}), make(chan struct{})
	b.vendor.plays(func(n int, _ provider.Tokens) (provider.Tokens, error) {
		close(entered)
		<-release
		return next(n), nil
	})
	leaving, leave := context.WithCancel(t.Context())
	left, stayed := make(chan error, 1), make(chan error, 1)
	go func() { _, err := b.call(leaving); left <- err }()
	<-entered
	go func() {
		token, err := b.call(t.Context())
		if err == nil && token != "access-1" {
			err = errors.New("got " + token)
		}
		stayed <- err
	}()
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("who leaves gets %v", err)
	}
	close(release)
	if err := <-stayed; err != nil {
		t.Errorf("who stays gets %v", err)
	}
	if n := b.vendor.refreshes(); n != 1 {
		t.Errorf("%d refreshes", n)
	}
	b.gets("access-1")
}

// A refresh that the provider has seen is kept, though nobody waits any more.
func TestARefreshIsKeptWhenEverybodyHasLeft(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.advance(2 * time.Hour)
	entered, release := make(chan struct{}), make(chan struct{})
	b.vendor.plays(func(n int, _ provider.Tokens) (provider.Tokens, error) {
		if n > 1 {
			return provider.Tokens{}, &provider.Error{Class: provider.Dead, Code: "invalid_grant"}
		}
		close(entered)
		<-release
		return next(n), nil
	})
	leaving, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { _, err := b.call(leaving); left <- err }()
	<-entered
	leave()
	<-left
	close(release)
	b.gets("access-1") // joins the flight, or finds what it stored
}

// A flight runs beside the requests, where net/http catches nothing.
func TestAPanicInADriverEndsItsRefreshOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.advance(2 * time.Hour)
	b.vendor.plays(func(int, provider.Tokens) (provider.Tokens, error) { panic("a driver's mistake") })
	if got, err := b.call(t.Context()); err == nil || !fault.Is(fault.From(err), fault.Internal) {
		t.Errorf("%q, %v", got, err)
	}
	b.vendor.plays(nil)
	b.gets("access-2")
}

// Whoever broke in the middle of asking may have been given new tokens.
func TestAPanicLeavesADoubt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.advance(2 * time.Hour)
	b.vendor.plays(func(int, provider.Tokens) (provider.Tokens, error) { panic("a driver's mistake") })
	_, _ = b.call(t.Context())
	b.wantLost(func() { b.fails(fault.TokenDead) })
}

// wantLost has the provider refuse the grant, and checks that the account says why.
func (b *bench) wantLost(call func()) {
	b.Helper()
	b.vendor.refusing(provider.Error{Class: provider.Dead, Code: "invalid_grant"})
	call()
	if a := b.stored(); a.TokenStatus != account.TokenDead || !strings.Contains(a.TokenError, "was lost") {
		b.Errorf("the account is %s: %q", a.TokenStatus, a.TokenError)
	}
}

func TestNothingIsUsedBeforeItIsStored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.advance(2 * time.Hour)
	b.store.breakDown(errors.New("the disk is full"))
	b.fails(fault.StoreUnavailable)
	b.fails(fault.StoreUnavailable)
	b.store.breakDown(nil)
	b.gets("access-1")
	if n := b.vendor.refreshes(); n != 1 {
		t.Errorf("%d refreshes", n)
	}
	if strings.Contains(b.log.String(), "access-") || strings.Contains(b.log.String(), "refresh-") {
		t.Errorf("the log holds tokens: %s", &b.log)
	}
}

func TestAnAnswerIsMergedOverWhatIsHeld(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var held []provider.Tokens
	b.vendor.plays(func(n int, h provider.Tokens) (provider.Tokens, error) {
		held = append(held, h)
		return provider.Tokens{Access: next(n).Access}, nil // no refresh token, no end, no scopes
	})
	for round := range 3 {
		b.advance(2 * time.Hour) // AssumedLife is one
		b.gets([]string{"access-1", "access-2", "access-3"}[round])
		if h := held[round]; h.Refresh.Reveal() != "refresh-0" || len(h.NativeScopes) != 2 {
			t.Errorf("round %d: the refresh token is %q, the scopes %v", round, h.Refresh.Reveal(), h.NativeScopes)
		}
	}
}

func TestRotationSurvivesManyRounds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	valid := "refresh-0"
	b.vendor.plays(func(n int, held provider.Tokens) (provider.Tokens, error) {
		if held.Refresh.Reveal() != valid {
			return provider.Tokens{}, &provider.Error{Class: provider.Dead, Code: "invalid_grant", Cause: held.Refresh.Reveal() + " was used twice"}
		}
		answer := next(n)
		valid = answer.Refresh.Reveal()
		return answer, nil
	})
	for round := 1; round <= 6; round++ {
		b.advance(2 * time.Hour)
		b.gets(next(round).Access.Reveal())
	}
}

func TestADeadGrantIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.advance(2 * time.Hour)
	b.vendor.refusing(provider.Error{Class: provider.Dead, Code: "invalid_grant", Cause: "it was removed"})
	for range 3 {
		f := b.fails(fault.TokenDead)
		if n := b.vendor.refreshes(); n != 1 {
			t.Fatalf("%d refreshes of a dead grant, told as %v", n, f)
		}
	}
	if a := b.stored(); a.TokenStatus != account.TokenDead || a.TokenError != "it was removed" {
		t.Errorf("the account is %s: %q", a.TokenStatus, a.TokenError)
	}
}

// While one refresh is refused, the person has connected again: the newer
// credential is not to blame, and serves the caller as well.
func TestARefusalCondemnsOnlyWhatWasRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.advance(2 * time.Hour)
	b.vendor.plays(func(int, provider.Tokens) (provider.Tokens, error) {
		b.reconnect(next(9))
		return provider.Tokens{}, &provider.Error{Class: provider.Dead, Code: "invalid_grant"}
	})
	b.gets("access-9")
	if a := b.stored(); a.TokenStatus != account.TokenActive {
		t.Errorf("the account is %s: %q", a.TokenStatus, a.TokenError)
	}
}

// A refresh that was overtaken hands out the winner's credential and throws its
// own away.
func TestWhoLosesTheRaceTakesTheWinnersCredential(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.advance(2 * time.Hour)
	b.vendor.plays(func(n int, _ provider.Tokens) (provider.Tokens, error) {
		b.reconnect(next(9))
		return next(n), nil
	})
	b.gets("access-9")
	b.gets("access-9")
	if n := b.vendor.refreshes(); n != 1 {
		t.Errorf("%d refreshes", n)
	}
}

// A sign-in that brings no refresh token keeps the one that is held. Where a refresh is just
// replacing that at the provider, the new one is the only one that is good any more.
func TestASignInDoesNotLoseTheRefreshTokenThatComesAtTheSameTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.advance(2 * time.Hour)
	b.vendor.plays(func(n int, held provider.Tokens) (provider.Tokens, error) {
		if n == 1 {
			b.reconnect(provider.Tokens{Access: secret.New("signed-in"), Life: time.Hour, NativeScopes: held.NativeScopes})
		} else if got := held.Refresh.Reveal(); got != "refresh-1" {
			t.Errorf("asked with %s, which the provider has replaced", got)
		}
		return next(n), nil
	})
	b.gets("signed-in")
	b.advance(2 * time.Hour)
	b.gets("access-2")
}

// reconnect stores a newer credential, as a sign-in does.
func (b *bench) reconnect(t provider.Tokens) {
	ctx := context.Background()
	acct := b.stored()
	reg, err := b.Registration(ctx, acct.RegistrationID)
	if err != nil {
		b.Error(err)
		return
	}
	plan, err := b.Plan(ctx, &acct, reg.Registration, t)
	if err != nil || plan.Credential == nil {
		b.Errorf("plan %+v: %v", plan, err)
		return
	}
	acct.TokenStatus, acct.TokenError, acct.AuthExpiresAt = account.TokenActive, "", plan.ExpiresAt
	plan.Credential.AccountID = acct.ID
	if err := b.store.SaveConnection(ctx, store.Connection{Account: acct, Credential: plan.Credential, ExpectGeneration: plan.ExpectGeneration}); err != nil {
		b.Error(err)
	}
}

func TestWhatARefusalMeansForTheAccount(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		refusal provider.Error
		code    fault.Code
		status  account.TokenStatus
	}{
		"a wrong client secret":  {provider.Error{Class: provider.Config, Code: "invalid_client"}, fault.ProviderConfig, account.TokenActive},
		"trouble at the vendor":  {provider.Error{Class: provider.Later, Code: "http_503", RetryAfter: 7 * time.Second}, fault.ProviderUnavailable, account.TokenActive},
		"no answer in time":      {provider.Error{Class: provider.Later, Code: provider.CodeTimeout}, fault.ProviderTimeout, account.TokenActive},
		"an unreadable answer":   {provider.Error{Class: provider.Later, Code: provider.CodeMalformed}, fault.ProviderMalformed, account.TokenActive},
		"the person must act":    {provider.Error{Class: provider.User, Code: "invalid_rapt"}, fault.RefreshFailed, account.TokenInvalid},
		"an administrator must":  {provider.Error{Class: provider.Admin, Code: "admin_policy_enforced"}, fault.ProviderAdmin, account.TokenInvalid},
		"the grant is gone":      {provider.Error{Class: provider.Dead, Code: "invalid_grant"}, fault.TokenDead, account.TokenDead},
		"no refresh token there": {provider.Error{Class: provider.Dead, Code: provider.CodeNoRefresh}, fault.RefreshFailed, account.TokenDead},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.advance(2 * time.Hour)
			b.vendor.refusing(tt.refusal)
			f := b.fails(tt.code)
			if stops := tt.refusal.Class == provider.Config; f.RetryAfter != tt.refusal.RetryAfter && !stops || stops && f.RetryAfter == 0 {
				t.Errorf("Retry-After %s", f.RetryAfter)
			}
			a := b.stored()
			if a.TokenStatus != tt.status || !a.AuthExpiresAt.Equal(noon.Add(time.Hour)) || !a.TokenIssuedAt.Equal(noon) {
				t.Errorf("the account is %s: %q, issued %s, ends %s", a.TokenStatus, a.TokenError, a.TokenIssuedAt, a.AuthExpiresAt)
			}
			if tt.status == account.TokenDead {
				return
			}
			b.vendor.plays(nil) // it passes, and is tried again without anybody's help
			b.advance(f.RetryAfter)
			b.gets("access-2")
			if a := b.stored(); a.TokenStatus != account.TokenActive || a.TokenError != "" {
				t.Errorf("afterwards it is %s: %q", a.TokenStatus, a.TokenError)
			}
		})
	}
}

func TestA401IsAnsweredWithOneRenewal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.vendor.refuse(true)
	b.gets("access-1") // refused as well: what the API says goes to the caller
	if refreshes, requests := b.vendor.refreshes(), b.vendor.requests(); refreshes != 1 || requests != 2 {
		t.Errorf("%d refreshes and %d requests", refreshes, requests)
	}
	if a := b.stored(); a.TokenStatus != account.TokenInvalid || a.TokenError == "" {
		t.Errorf("the account is %s: %q", a.TokenStatus, a.TokenError)
	}
	b.vendor.refuse(false)
	b.gets("access-1")
	if a := b.stored(); a.TokenStatus != account.TokenActive || a.TokenError != "" {
		t.Errorf("when the API takes it again, the account is %s: %q", a.TokenStatus, a.TokenError)
	}
}

func TestACredentialIsBoundToItsRecord(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	c, err := b.store.Credential(ctx, b.id)
	b.ok(err)
	moved := c
	moved.RecordID = account.NewRecordID() // as if copied to another row
	b.ok(b.store.SaveCredential(ctx, moved, c.Generation, store.TokenState{Status: account.TokenActive}))
	if _, err := b.call(ctx); err == nil || strings.Contains(err.Error(), "access-0") {
		t.Errorf("a credential in another's place: %v", err)
	}
}

func TestAnApplicationsTokenIsAuditedFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token, ends, err := b.ProviderToken(t.Context(), b.stored(), "request-1")
	if err != nil || !token.Equal(secret.New("access-0")) || !ends.Equal(noon.Add(time.Hour)) {
		t.Fatalf("%q until %s, %v", token.Reveal(), ends, err)
	}
	events, err := b.store.AuditEvents(t.Context(), 10)
	b.ok(err)
	if len(events) != 1 || events[0].RequestID != "request-1" || events[0].AccountID != b.id || strings.Contains(events[0].Detail, "access-0") {
		t.Errorf("the audit trail has %+v", events)
	}
}
