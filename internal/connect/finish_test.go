package connect

import (
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/store"
)

// authEmail is about an address that the provider vouches for: one that a person
// has only typed there proves nothing, however well it matches.
func TestAuthEmailCountsOnlyWhereTheProviderVouches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why             string
		insisted, email string
		verified, holds bool
	}{
		{"the same address", "ada@example.org", "ada@example.org", true, true},
		{"letter case aside", "ada@example.org", "Ada@Example.ORG", true, true},
		{"nothing insisted on", "", "ada@example.org", false, true},
		{"an address nobody vouches for", "ada@example.org", "ada@example.org", false, false},
		{"somebody else", "ada@example.org", "bob@example.org", true, false},
		{"more than the address", "ada@example.org", "ada@example.org.test", true, false},
		{"less than the address", "ada@example.org", "ada@example", true, false},
		{"no address", "ada@example.org", "", true, false},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			f := finishing{
				run:    run{attempt: store.Attempt{AuthEmail: c.insisted}},
				SignIn: credential.SignIn{Identity: account.Identity{Subject: "1", Email: c.email, EmailVerified: c.verified}},
			}
			err := f.check()
			if c.holds && err != nil {
				t.Errorf("%q insisted on, %q signed in: %v", c.insisted, c.email, err)
			}
			if !c.holds && !fault.Is(err, fault.EmailMismatch) {
				t.Errorf("%q insisted on, %q (verified: %t) signed in: %v, want email.mismatch", c.insisted, c.email, c.verified, err)
			}
		})
	}
}
