package operator_test

import (
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
)

// centred is a provider with data centres.
type centred struct{}

func (centred) Info() provider.Info {
	return provider.Info{ServiceType: account.Zoho, Title: "Zoho", Centres: []string{"us", "eu", "in"}}
}

func TestADataCentreHasSecretsOfItsOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.application(t, "CRM")
	set := func(add bool, common string, centres map[string]string) (operator.Registration, operator.Action, error) {
		in := operator.SetRegistration{ServiceType: "Zoho", ClientID: "client", AddSecret: add, CentreSecrets: map[string][]secret.Text{}}
		if common != "" {
			in.Secrets = []secret.Text{secret.New(common)}
		}
		for name, bare := range centres {
			in.CentreSecrets[name] = nil
			if bare != "" {
				in.CentreSecrets[name] = []secret.Text{secret.New(bare)}
			}
		}
		return b.SetRegistration(t.Context(), "CRM", in)
	}
	type named = map[string]string
	for i, step := range []struct {
		add     bool
		common  string
		centres named
		want    string // of eu
		action  operator.Action
	}{
		{false, "", named{"eu": "first"}, "first", operator.Created},
		{false, "", nil, "first", operator.Unchanged},
		{false, "", named{"eu": "first"}, "first", operator.Unchanged},
		{false, "common", nil, "first", operator.Updated},
		{true, "", named{"eu": "second"}, "second first", operator.Updated},
		{false, "", named{"in": "other"}, "second first", operator.Updated},
		{false, "", named{"eu": "third"}, "third", operator.Updated},
		{false, "", named{"eu": ""}, "", operator.Updated},
		{false, "", named{"eu": ""}, "", operator.Unchanged},
	} {
		reg, action, err := set(step.add, step.common, step.centres)
		var have []string
		for _, one := range reg.CentreSecrets["eu"] {
			have = append(have, one.Reveal())
		}
		if got := strings.Join(have, " "); err != nil || got != step.want || action != step.action {
			t.Errorf("step %d: %s %q, %v; want %s %q", i, action, got, err, step.action, step.want)
		}
	}
	found(t, b, operator.OK, "CRM/Zoho", "secrets of their own for the data centres in")
	for name, centres := range map[string]named{"unknown": {"mars": "x"}, "with a line break": {"eu": "x\n"}, "in another case": {"EU": "x"}} {
		_, _, err := set(false, "", centres)
		wantUsage(t, "a centre "+name, err)
	}
	_, _, err := b.SetRegistration(t.Context(), "CRM", operator.SetRegistration{
		ServiceType: "Google", ClientID: "client", CentreSecrets: map[string][]secret.Text{"eu": {secret.New("x")}},
	})
	wantUsage(t, "a provider without data centres", err)
}

func TestDoctorMissesTheCommonSecret(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.application(t, "CRM")
	_, _, err := b.SetRegistration(t.Context(), "CRM", operator.SetRegistration{
		ServiceType: "Zoho", ClientID: "client", CentreSecrets: map[string][]secret.Text{"eu": {secret.New("x")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	found(t, b, operator.Warn, "CRM/Zoho", "for the data centres eu alone")
}

func TestAFileNamesTheSecretsOfDataCentres(t *testing.T) {
	t.Parallel()
	b := setup(t)
	apply := func(centres string) error {
		_, err := b.Apply(t.Context(), read(t, `
applications:
  - name: CRM
    registrations:
      - serviceType: Zoho
        clientId: client
        clientSecret: {env: GOOGLE_SECRET}
        centreSecrets: `+centres), resolve)
		return err
	}
	if err := apply(`{eu: {file: billing.secret}}`); err != nil {
		t.Fatal(err)
	}
	list, err := b.Registrations(t.Context(), "CRM")
	if err != nil || len(list) != 1 || len(list[0].CentreSecrets["eu"]) != 1 || list[0].Secrets[0].Reveal() != "google-secret" {
		t.Errorf("%+v, %v", list, err)
	}
	if apply(`{eu: {file: missing}}`) == nil || apply(`{eu: }`) == nil {
		t.Error("a centre without a secret was taken")
	}
}
