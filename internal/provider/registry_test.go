package provider_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
)

type named account.ServiceType

func (n named) Info() provider.Info { return provider.Info{ServiceType: account.ServiceType(n)} }

// A provider that the contract does not have is known by what it calls itself.
func TestTheRegistryKnowsProvidersBesideTheContract(t *testing.T) {
	t.Parallel()
	r := provider.NewRegistry(named("Weather"), named("Google"), named("Acme"))
	for in, want := range map[string]account.ServiceType{
		"Acme": "Acme", "aCME": "Acme", "weather": "Weather", "google": "Google", "ZohoMail": "Zoho", "EWS": "EWS", "Acm": "", "": "",
	} {
		if got, ok := r.Parse(in); got != want || ok != (want != "") {
			t.Errorf("%q is %q, %v", in, got, ok)
		}
	}
	if d := cmp.Diff(append(account.ServiceTypes(), "Acme", "Weather"), r.ServiceTypes()); d != "" {
		t.Error(d)
	}
}

func TestTwoProvidersOfOneNameAreAMistake(t *testing.T) {
	t.Parallel()
	for _, second := range []string{"Acme", "ACME"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Acme and %s are two providers", second)
				}
			}()
			provider.NewRegistry(named("Acme"), named(second))
		}()
	}
}
