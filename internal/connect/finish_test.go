package connect

import (
	"errors"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/scope"
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

// A scope that the provider does not have cannot be granted, and an application that
// insists on it must not hear of success.
func TestEnsureScopesKnowsWhatTheProviderLacks(t *testing.T) {
	t.Parallel()
	info := provider.Info{Scopes: provider.ScopeMap{Native: map[scope.Scope][]string{scope.ContactsRead: {"contacts"}}}}
	for _, c := range []struct {
		partial account.PartialGrant
		asked   []scope.Scope
		refused bool
	}{
		{account.RefusePartial, []scope.Scope{scope.ContactsRead}, false},
		{account.RefusePartial, []scope.Scope{scope.ContactsRead, scope.MailRead}, true},
		{account.RefusePartial, []scope.Scope{scope.MailRead}, true},
		{account.AskPartial, []scope.Scope{scope.ContactsRead, scope.MailRead}, false},
		{account.AcceptPartial, []scope.Scope{scope.MailRead}, false},
	} {
		f := finishing{
			run:    run{info: info, attempt: store.Attempt{Scopes: c.asked, PartialGrant: c.partial}},
			SignIn: credential.SignIn{Tokens: provider.Tokens{NativeScopes: []string{"contacts"}}},
		}
		err := f.check()
		if c.refused != fault.Is(err, fault.ScopesMissing) || err != nil && !strings.Contains(err.Error()+detail(err), "Mail.Read") {
			t.Errorf("%s with %v: %v", c.partial, c.asked, err)
		}
	}
}

func detail(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Detail
	}
	return ""
}
