package provider_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/scope"
)

// mapped is a provider that is nothing but its scopes.
type mapped struct{ proofs map[provider.Area][]string }

func (mapped) Info() provider.Info {
	return provider.Info{Scopes: provider.ScopeMap{
		Always: []string{"who"},
		Native: map[scope.Scope][]string{
			scope.MailRead: {"read"}, scope.MailSend: {"send"}, scope.MailDrafts: {"write", "send"},
			scope.CalendarRead: {"calendar"}, scope.ContactsRead: {"contacts"}, scope.TasksRead: {"tasks"},
		},
		Canonical: map[string]string{"long/read": "read"},
	}}
}

func (m mapped) Proofs(account.Registration) map[provider.Area][]string { return m.proofs }

func (mapped) Probe(context.Context, account.Registration, provider.Tokens, provider.Area) error {
	panic("a plan makes no call")
}

func TestEveryScopeHasItsArea(t *testing.T) {
	t.Parallel()
	for _, s := range scope.All() {
		if got := provider.AreasOf([]scope.Scope{s}); len(got) != 1 || !slices.Contains(got[0].Scopes(), s) {
			t.Errorf("%s lies in %v, want one area", s, got)
		}
	}
	got := provider.AreasOf([]scope.Scope{scope.TasksRead, scope.MailSend, scope.TasksReadWrite, scope.MailRead})
	if diff := cmp.Diff([]provider.Area{provider.Email, provider.Tasks}, got); diff != "" {
		t.Error(diff)
	}
	if got := provider.AreasOf(nil); len(got) > 0 {
		t.Errorf("no scopes lie in %v", got)
	}
}

func TestPlanProbes(t *testing.T) {
	t.Parallel()
	type (
		asked   = []scope.Scope
		granted = []string
		areas   = []provider.Area
	)
	p := mapped{map[provider.Area][]string{
		provider.Email: {"read", "write"}, provider.Calendar: {"calendar"}, provider.Contacts: {"contacts"},
	}}
	for name, test := range map[string]struct {
		asked   asked
		granted granted
		want    provider.ProbePlan
	}{
		"nothing asked":               {nil, granted{"who", "read"}, provider.ProbePlan{}},
		"granted":                     {asked{scope.MailRead}, granted{"who", "read"}, provider.ProbePlan{Call: areas{provider.Email}}},
		"in another spelling":         {asked{scope.MailRead}, granted{"long/read"}, provider.ProbePlan{Call: areas{provider.Email}}},
		"not granted":                 {asked{scope.MailRead}, granted{"who", "calendar"}, provider.ProbePlan{Refused: areas{provider.Email}}},
		"sending alone":               {asked{scope.MailSend}, granted{"send"}, provider.ProbePlan{Unproven: areas{provider.Email}}},
		"sending alone, not granted":  {asked{scope.MailSend}, granted{"who"}, provider.ProbePlan{Refused: areas{provider.Email}}},
		"sending, and reading before": {asked{scope.MailSend}, granted{"send", "read"}, provider.ProbePlan{Call: areas{provider.Email}}},
		"reading asked, sending given": {
			asked{scope.MailRead, scope.MailSend}, granted{"send"}, provider.ProbePlan{Refused: areas{provider.Email}},
		},
		"half of drafts given":        {asked{scope.MailDrafts}, granted{"send"}, provider.ProbePlan{Refused: areas{provider.Email}}},
		"no call for the area":        {asked{scope.TasksRead}, granted{"tasks"}, provider.ProbePlan{Unproven: areas{provider.Tasks}}},
		"no call, and not granted":    {asked{scope.TasksRead}, granted{"who"}, provider.ProbePlan{Refused: areas{provider.Tasks}}},
		"a scope the provider lacks":  {asked{scope.ContactsReadWrite}, granted{"who"}, provider.ProbePlan{Refused: areas{provider.Contacts}}},
		"the other areas are not met": {asked{scope.CalendarRead}, granted{"calendar", "read"}, provider.ProbePlan{Call: areas{provider.Calendar}}},
		"all, in the contract's order": {
			asked{scope.TasksRead, scope.ContactsRead, scope.CalendarRead, scope.MailRead},
			granted{"tasks", "calendar", "read"},
			provider.ProbePlan{Refused: areas{provider.Contacts}, Call: areas{provider.Email, provider.Calendar}, Unproven: areas{provider.Tasks}},
		},
	} {
		if diff := cmp.Diff(test.want, provider.PlanProbes(p, account.Registration{}, test.asked, test.granted)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
