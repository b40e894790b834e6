package storetest

import (
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/store"
)

// ListPlans asks the engine how it would read each list of accounts: explain is put before the
// statement. It returns the plans by what is read. The engine is empty and migrated.
func ListPlans(t *testing.T, e store.Engine, explain string) map[string]string {
	t.Helper()
	asked := &explaining{Engine: e, planner: Planner{Explain: explain}}
	s := store.New(asked)
	plans := map[string]string{}
	plan := func(name string, read func() error) {
		t.Helper()
		asked.plans = map[string]string{}
		_ = read() // an empty table has nothing behind any place
		if len(asked.plans) != 1 {
			t.Fatalf("%s: %d statements", name, len(asked.plans))
		}
		for _, text := range asked.plans {
			plans[name] = text
		}
	}
	at := store.AccountPosition{CreatedAt: noon, ID: 5}
	ctx := t.Context()
	for name, f := range map[string]store.AccountFilter{
		"all": {NotKind: account.KindDaemon}, "service": {ServiceType: account.Google, NotKind: account.KindDaemon},
		"clientOrgId": {ClientOrgID: "o"}, "authOrgId": {OrgID: "o"}, "user": {UserID: "u"},
	} {
		f.ApplicationID = "app"
		plan("page of "+name, func() error { _, err := s.AccountsBehind(ctx, f, at, 51); return err })
		plan("first page of "+name, func() error { _, err := s.AccountsBehind(ctx, f, store.AccountPosition{}, 51); return err })
		plan("gap of "+name, func() error { _, err := s.SkipAccounts(ctx, f, at, 100); return err })
	}
	own := "o"
	for name, m := range map[string]store.AccountMatch{
		"email": {Email: "ada@mail.test"}, "subject": {Subject: "ada"}, "email and clientOrgId": {Email: "ada@mail.test", ClientOrgID: &own},
	} {
		m.ApplicationID, m.ServiceType, m.Kind = "app", account.Google, account.KindPersonal
		plan("match by "+name, func() error { _, err := s.MatchAccounts(ctx, m, 5); return err })
	}
	return plans
}
