package providertest

import (
	"errors"
	"slices"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
)

func (s Subject) prober(t *testing.T) provider.Prober {
	t.Helper()
	p, ok := s.Provider.(provider.Prober)
	if !ok {
		t.Fatal("the provider proves no access")
	}
	return p
}

// areasOf lists the areas that those native scopes can prove.
func areasOf(p provider.Prober, reg account.Registration, native []string) []provider.Area {
	proofs := p.Proofs(reg)
	return slices.DeleteFunc(provider.Areas(), func(a provider.Area) bool {
		return !slices.ContainsFunc(proofs[a], func(scope string) bool { return slices.Contains(native, scope) })
	})
}

// asking is the subject with other scopes to sign in for.
func (s Subject) asking(native []string) Subject {
	s.NativeScopes = append(slices.Clone(s.Provider.Info().Scopes.Always), native...)
	return s
}

// one probes and sees that this takes one call.
func (s Subject) one(t *testing.T, held provider.Tokens, area provider.Area) error {
	t.Helper()
	before := s.Calls()
	err := s.prober(t).Probe(t.Context(), s.Registration, held, area)
	if n := s.Calls() - before; n != 1 {
		t.Errorf("the probe of %s took %d calls", area, n)
	}
	return err
}

// Each scope of the list opens its area by itself.
func testProbe(t *testing.T, s Subject) {
	proofs := s.prober(t).Proofs(s.Registration)
	if len(proofs) == 0 {
		t.Fatal("a prober that proves nothing")
	}
	for area, scopes := range proofs {
		if !slices.Contains(provider.Areas(), area) || len(scopes) == 0 {
			t.Errorf("area %q is proven by %v", area, scopes)
		}
		for _, scope := range scopes {
			s.Withdraw()
			held, _ := s.asking([]string{scope}).signIn(t)
			if err := s.one(t, held, area); err != nil {
				t.Errorf("%s with %s alone: %v", area, scope, err)
			}
		}
	}
}

// Without the area's own scope a probe is refused, whatever else was granted; and
// so is an access token that has ended.
func testProbeRefused(t *testing.T, s Subject) {
	proofs := s.prober(t).Proofs(s.Registration)
	for area := range proofs {
		var others []string
		for other, scopes := range proofs {
			if other != area {
				others = append(others, scopes[0])
			}
		}
		s.Withdraw()
		held, _ := s.asking(others).signIn(t)
		is(t, s.one(t, held, area), provider.User, provider.CodeAccessRefused)
		s.Expire()
		is(t, s.one(t, held, area), provider.User, provider.CodeAccessRefused)
		before := s.Calls()
		if s.prober(t).Probe(t.Context(), s.Registration, held, "Weather") == nil || s.Calls() != before {
			t.Error("an area that there is not was proven, or called")
		}
	}
}

// The scope is granted and the mailbox is not there: only a call can tell.
func testProbeOff(t *testing.T, s Subject) {
	proofs := s.prober(t).Proofs(s.Registration)[provider.Email]
	if len(proofs) == 0 {
		t.Fatal("the provider has no mail, and its subject does not say so")
	}
	held := s.asking(proofs[:1]).signInAs(t, WithoutMail)
	// Who can switch it on, the person or an administrator, is the provider's affair.
	var e *provider.Error
	err := s.one(t, held, provider.Email)
	if !errors.As(err, &e) || e.Code != provider.CodeAccessRefused || e.Class != provider.User && e.Class != provider.Admin {
		t.Errorf("without a mailbox: %v", err)
	}
}
