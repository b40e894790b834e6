package connect

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/store"
)

// listed is a provider whose people do not sign in on its pages, redirecting one
// whose people do.
type (
	listed      account.ServiceType
	redirecting struct {
		provider.Redirector
		listed
	}
)

func (l listed) Info() provider.Info {
	return provider.Info{ServiceType: account.ServiceType(l), Title: "The " + string(l)}
}

func (r redirecting) Info() provider.Info { return r.listed.Info() }

// shelf is a store that holds registrations, or fails.
type shelf struct {
	Store
	registrations []store.Registration
	err           error
}

func (s shelf) Registrations(context.Context, string) ([]store.Registration, error) {
	return s.registrations, s.err
}

func (s shelf) Account(context.Context, account.ID) (account.Account, error) {
	return account.Account{}, s.err
}

func at(t account.ServiceType, current bool) store.Registration {
	return store.Registration{Registration: account.Registration{ServiceType: t, Current: current}}
}

func choosing(shelf shelf) *Service {
	return New(Config{Store: shelf, Providers: provider.NewRegistry(
		redirecting{listed: listed(account.Zoho)}, redirecting{listed: listed(account.EWS)}, listed(account.IMAP), redirecting{listed: listed(account.Google)},
	)})
}

func TestServicesComeInTheContractsOrder(t *testing.T) {
	t.Parallel()
	s := choosing(shelf{registrations: []store.Registration{
		at(account.Zoho, true), at(account.EWS, true), at(account.Google, false), at(account.Google, true),
		at(account.IMAP, true),    // nobody is redirected there
		at(account.Hubspot, true), // this build does not know it
	}})
	var r request
	choices, err := s.chooseService(t.Context(), asked{rawQuery: "clientId=x"}, account.Application{}, &r)
	if err != nil || r.serviceType != "" {
		t.Fatalf("%q, %v", r.serviceType, err)
	}
	var got []string
	for _, c := range choices {
		got = append(got, c.Title+" "+c.URL)
	}
	want := []string{
		"The Google ?clientId=x&serviceType=Google", "The EWS ?clientId=x&serviceType=EWS", "The Zoho ?clientId=x&serviceType=Zoho",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("choices (-want +got):\n%s", d)
	}
}

func TestOneServiceNeedsNoChoice(t *testing.T) {
	t.Parallel()
	s := choosing(shelf{registrations: []store.Registration{at(account.EWS, false), at(account.Google, true), at(account.IMAP, true)}})
	var r request
	if choices, err := s.chooseService(t.Context(), asked{}, account.Application{}, &r); err != nil || len(choices) > 0 || r.serviceType != account.Google {
		t.Errorf("%v, %q, %v", choices, r.serviceType, err)
	}
	named := request{serviceType: account.Hubspot} // found unavailable later, as ever
	if choices, err := s.chooseService(t.Context(), asked{}, account.Application{}, &named); err != nil || len(choices) > 0 || named.serviceType != account.Hubspot {
		t.Errorf("a service that is named: %v, %q, %v", choices, named.serviceType, err)
	}
}

func TestWithoutAServiceOrAStoreThereIsNoChoice(t *testing.T) {
	t.Parallel()
	for code, s := range map[fault.Code]*Service{
		fault.ServiceTypeUnavailable: choosing(shelf{registrations: []store.Registration{at(account.Google, false), at(account.IMAP, true)}}),
		fault.StoreUnavailable:       choosing(shelf{err: errors.New("gone")}),
	} {
		if choices, err := s.chooseService(t.Context(), asked{}, account.Application{}, &request{}); !fault.Is(err, code) || len(choices) > 0 {
			t.Errorf("%v, %v; want %s", choices, err, code)
		}
	}
	away := choosing(shelf{err: errors.New("gone")})
	if _, err := away.chooseService(t.Context(), asked{}, account.Application{}, &request{accountID: 1}); !fault.Is(err, fault.StoreUnavailable) {
		t.Errorf("for an account: %v", err)
	}
}

func TestNamingAServiceKeepsTheQuery(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"a=1&scopes=Mail.Read&b=%7e+%7E&scopes=Mail.Send": "?a=1&scopes=Mail.Read&b=%7e+%7E&scopes=Mail.Send&serviceType=Google",
		"a=1&&b&c=":                  "?a=1&&b&c=&serviceType=Google",
		"a=1&serviceType=&b=2":       "?a=1&b=2&serviceType=Google",
		"serviceType&a=1":            "?a=1&serviceType=Google",
		"service%54ype=&a=1":         "?a=1&serviceType=Google",
		"servicetype=x&xserviceType": "?servicetype=x&xserviceType&serviceType=Google", // names have a case
		"a=serviceType%3D&b=(')":     "?a=serviceType%3D&b=(')&serviceType=Google",
	} {
		if got := withService(query, "serviceType", account.Google); got != want {
			t.Errorf("%s became\n%s, want\n%s", query, got, want)
		}
	}
	if got := withService("serviceType=&service_type=&a=1", "service_type", account.Google); got != "?serviceType=&a=1&service_type=Google" {
		t.Errorf("the other face's word became %s", got)
	}
}
