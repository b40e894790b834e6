package credential_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
)

const outlook = "https://outlook.office.com"

// RefreshFor makes the vendor one with several APIs. Like Refresh, it takes the
// newest refresh token only, and replaces it.
func (v *vendor) RefreshFor(ctx context.Context, reg account.Registration, held provider.Tokens, resource string) (provider.Tokens, error) {
	answer, err := v.Refresh(ctx, reg, held)
	answer.NativeScopes = nil
	if err == nil {
		answer.Access = secret.New(resource + "#" + answer.Access.Reveal())
	}
	return answer, err
}

// strict refuses every refresh token but the newest.
func strict() func(n int, held provider.Tokens) (provider.Tokens, error) {
	return func(n int, held provider.Tokens) (provider.Tokens, error) {
		if want := fmt.Sprintf("refresh-%d", n-1); held.Refresh.Reveal() != want {
			return provider.Tokens{}, &provider.Error{Class: provider.Dead, Code: "invalid_grant", Cause: "an old token was used"}
		}
		return next(n), nil
	}
}

func (b *bench) accessTo(resource, want string) {
	b.Helper()
	got, err := b.AccessTo(b.Context(), b.stored(), resource)
	if err != nil || got.Reveal() != want {
		b.Errorf("the token for %s is %q, %v; want %q", resource, got.Reveal(), err, want)
	}
}

// One refresh token, one access token for each resource, each kept until its end.
func TestEachResourceHasItsAccessToken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.vendor.plays(strict())
	b.accessTo(outlook, outlook+"#access-1")
	b.gets("access-0") // the main one is untouched
	b.accessTo(outlook, outlook+"#access-1")
	b.accessTo("https://other.example", "https://other.example#access-2")
	if n := b.vendor.refreshes(); n != 2 {
		t.Fatalf("%d refreshes for two resources", n)
	}
	stored := b.stored()
	if !stored.TokenIssuedAt.Equal(noon) || !stored.AuthExpiresAt.Equal(noon.Add(time.Hour)) {
		t.Errorf("another resource's token changed the account: %+v", stored)
	}

	b.advance(time.Hour) // all end; the main one is renewed with the rotated token
	b.gets("access-3")
	b.accessTo(outlook, outlook+"#access-4")
	b.gets("access-3")
}

// A refresh of the main token leaves the others alone.
func TestTheOthersOutliveTheMainToken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.vendor.plays(strict())
	b.advance(30 * time.Minute)
	b.accessTo(outlook, outlook+"#access-1")
	b.advance(45 * time.Minute)
	b.gets("access-2")
	b.accessTo(outlook, outlook+"#access-1")
}

func TestResourcesShareOneRefreshAtATime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.vendor.plays(strict())
	b.advance(time.Hour)
	var group sync.WaitGroup
	for i := range 12 {
		group.Go(func() {
			var err error
			if i%3 == 0 {
				_, err = b.call(t.Context())
			} else {
				_, err = b.AccessTo(t.Context(), b.stored(), fmt.Sprintf("https://%d.example", i%3))
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := b.vendor.refreshes(); n != 3 {
		t.Errorf("%d refreshes for three resources", n)
	}
}

func TestARefusedResourceLeavesTheAccount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.vendor.refusing(provider.Error{Class: provider.User, Code: "interaction_required", Cause: "no consent for it"})
	if _, err := b.AccessTo(t.Context(), b.stored(), outlook); !fault.Is(err, fault.ProviderRefused) {
		t.Errorf("the caller gets %v", err)
	}
	if s := b.stored().TokenStatus; s != account.TokenActive {
		t.Errorf("the account is %s", s)
	}
	b.gets("access-0")

	b.vendor.refusing(provider.Error{Class: provider.Dead, Code: "invalid_grant", Cause: "revoked"})
	if _, err := b.AccessTo(t.Context(), b.stored(), outlook); !fault.Is(err, fault.TokenDead) {
		t.Errorf("the caller gets %v", err)
	}
	before := b.vendor.refreshes()
	if _, err := b.AccessTo(t.Context(), b.stored(), outlook); !fault.Is(err, fault.TokenDead) || b.vendor.refreshes() != before {
		t.Errorf("a dead grant: %v", err)
	}
}

// What proves nothing for the main resource proves nothing for another one.
func TestARefusalForAnotherResourceIsDoubtfulToo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.abandon(45 * time.Second)
	b.advance(45 * time.Second)
	b.vendor.refusing(provider.Error{Class: provider.Dead, Code: "invalid_grant"})
	if _, err := b.AccessTo(t.Context(), b.stored(), outlook); !fault.Is(err, fault.ProviderUnavailable) {
		t.Errorf("a doubtful refusal is told as %v", err)
	}
	if a := b.stored(); a.TokenStatus != account.TokenActive {
		t.Errorf("after a doubtful refusal the account is %s", a.TokenStatus)
	}
}

// The provider may have given a new refresh token with it, which nobody has got.
func TestALostAnswerForAnotherResourceLeavesADoubt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.vendor.refusing(provider.Error{Class: provider.Later, Code: provider.CodeTimeout})
	if _, err := b.AccessTo(t.Context(), b.stored(), outlook); !fault.Is(err, fault.ProviderTimeout) {
		t.Errorf("a timeout is told as %v", err)
	}
	b.wantLost(func() { _, _ = b.AccessTo(t.Context(), b.stored(), outlook) })
}
