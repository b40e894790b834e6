package credential_test

import (
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/store"
)

// A provider that limits refreshes and names an end is left alone until then, unless
// the person signs in anew.
func TestALimitIsWaitedOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.vendor.refusing(provider.Error{Class: provider.Later, Code: provider.CodeLimited, RetryAfter: 10 * time.Minute})
	b.advance(2 * time.Hour)
	b.fails(fault.ProviderLimited)
	b.advance(9*time.Minute + 500*time.Millisecond)
	b.vendor.plays(nil)
	if f := b.fails(fault.ProviderLimited); f.RetryAfter != time.Minute || b.vendor.refreshes() != 1 {
		t.Errorf("Retry-After %s, %d refreshes", f.RetryAfter, b.vendor.refreshes())
	}
	b.advance(time.Minute)
	b.gets("access-2")

	b.vendor.refusing(provider.Error{Class: provider.Later, Code: provider.CodeLimited})
	b.advance(2 * time.Hour)
	b.fails(fault.ProviderLimited)
	b.vendor.plays(nil)
	b.gets("access-4") // no end was named

	// A new sign-in is another credential.
	b.vendor.refusing(provider.Error{Class: provider.Later, Code: provider.CodeLimited, RetryAfter: 10 * time.Minute})
	b.advance(2 * time.Hour)
	b.fails(fault.ProviderLimited)
	acct := b.stored()
	plan, err := b.Plan(b.Context(), &acct, account.Registration{ID: acct.RegistrationID, ServiceType: account.Google}, firstTokens())
	b.ok(err)
	b.ok(b.store.SaveConnection(b.Context(), store.Connection{Account: acct, Credential: plan.Credential, ExpectGeneration: plan.ExpectGeneration}))
	b.vendor.plays(nil)
	b.advance(2 * time.Minute)
	b.gets("access-0")
	b.ok(b.Renew(b.Context(), b.stored()))
}
