package operator_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/provider"
)

func TestTenantAndCloudOfARegistration(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.application(t, "CRM")
	set := func(service string, tenant, cloud *string) (operator.Registration, operator.Action, error) {
		return b.SetRegistration(t.Context(), "CRM", operator.SetRegistration{
			ServiceType: service, ClientID: "client", Tenant: tenant, Cloud: cloud,
		})
	}
	text := func(s string) *string { return &s }

	reg, _, err := set("Office365", text("Contoso.Example"), text("USGov"))
	if err != nil || reg.Tenant != "contoso.example" || reg.Cloud != account.CloudUSGov {
		t.Errorf("tenant %q, cloud %q, %v", reg.Tenant, reg.Cloud, err)
	}
	if reg, action, err := set("Office365", nil, nil); err != nil || action != operator.Unchanged || reg.Tenant == "" {
		t.Errorf("what is not named changes: %s, %+v, %v", action, reg, err)
	}
	reg, action, err := set("Office365", text(""), text("global"))
	if err != nil || action != operator.Updated || reg.Tenant != "" || reg.Cloud != "" {
		t.Errorf("back to the default: %s, tenant %q, cloud %q, %v", action, reg.Tenant, reg.Cloud, err)
	}
	for _, bad := range []string{"a/b", "..", "a?b", "-a", "{tenant}", "a b"} {
		if _, _, err := set("Office365", text(bad), nil); err == nil {
			t.Errorf("the tenant %q was taken", bad)
		}
	}
	if _, _, err := set("Office365", nil, text("mars")); err == nil {
		t.Error("the cloud mars was taken")
	}
	if _, _, err := set("Google", text("contoso.example"), nil); err == nil {
		t.Error("Google was given a tenant")
	}
	if _, _, err := set("Google", text(""), text("")); err != nil {
		t.Errorf("empty ones at Google, as a file without them has: %v", err)
	}
}

// Some providers know which tenants there can be.
func TestATenantThatTheProviderChecks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.application(t, "CRM")
	set := func(tenant, cloud string) (operator.Registration, error) {
		reg, _, err := b.SetRegistration(t.Context(), "CRM", operator.SetRegistration{
			ServiceType: "Salesforce", ClientID: "client", Tenant: &tenant, Cloud: &cloud,
		})
		return reg, err
	}
	if reg, err := set("Acme.Checked.Example", ""); err != nil || reg.Tenant != "acme.checked.example" {
		t.Errorf("tenant %q, %v", reg.Tenant, err)
	}
	if reg, err := set("", ""); err != nil || reg.Tenant != "" {
		t.Errorf("back to the default: tenant %q, %v", reg.Tenant, err)
	}
	var usage *operator.UsageError
	if _, err := set("acme.example", ""); !errors.As(err, &usage) || !strings.Contains(err.Error(), "write a host of checked.example") {
		t.Errorf("another one: %v", err)
	}
	if _, err := set("", "china"); !errors.As(err, &usage) {
		t.Errorf("a cloud: %v", err)
	}
}

// checked is a provider that takes some tenants only.
type checked struct{}

func (checked) Info() provider.Info {
	return provider.Info{ServiceType: account.Salesforce, Tenants: true}
}

func (checked) CheckTenant(tenant string) error {
	if tenant == "" || strings.HasSuffix(tenant, ".checked.example") {
		return nil
	}
	return errors.New("write a host of checked.example")
}

// tenanted is a provider that has tenants.
type tenanted struct{}

func (tenanted) Info() provider.Info {
	return provider.Info{ServiceType: account.Office365, Tenants: true}
}
