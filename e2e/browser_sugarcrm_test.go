package e2e_test

import (
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/sandbox"
)

// Journeys of TestBrowser at SugarCRM, whose first question is where the person's
// instance is: it decides between our page and that of the cloud.

// atInstance types where the instance is, and goes on.
func (v *visitor) atInstance(address string) {
	v.t.Helper()
	v.sees("#sign-in")
	if n := v.counts(`[type=password]`); n != 0 {
		v.t.Errorf("the first step asks for %d passwords", n)
	}
	v.types("#field-serverUrl", address)
	v.clicks("#submit")
}

func sugarByPassword(v *visitor) {
	v.forgive(wasForbidden)
	login, refused := v.demo.Samples["SugarCRM"], v.demo.Refused["SugarCRM"]
	v.open(v.demo.ApplicationURL)
	v.clicks("#connect-choose")
	v.clicks("#choose-SugarCRM")
	v.proof("sugarcrm-instance")
	v.atInstance(strings.TrimPrefix(login["serverUrl"], "https://") + "/#Home")
	v.sees("#field-password")
	v.proof("sugarcrm-password")
	v.types("#field-username", refused["username"])
	v.types("#field-password", refused["password"])
	v.clicks("#submit")
	v.sees("#problem")
	if got := v.reads("#code"); got != provider.CodeLoginRefused || v.holds("#field-username") != refused["username"] || v.holds("#field-password") != "" {
		v.t.Errorf("after a wrong password: %s", v.reads("#problem"))
	}
	v.types("#field-password", login["password"])
	v.clicks("#submit")
	v.sees("#account")
	if got := v.reads(`#account [data-field=serviceType]`); got != "SugarCRM" {
		v.t.Errorf("the service is shown as %q", got)
	}
	v.showsContacts()
	v.proof("sugarcrm-connected")
	v.clicks("#disconnect")
	v.sees("#notice")
}

func sugarInTheBrowser(v *visitor) {
	cloud := strings.TrimSuffix(v.demo.Samples["SugarCRM"]["serverUrl"], sandbox.SugarCRMOnSite) + sandbox.SugarCRMCloud
	v.open(v.demo.ApplicationURL)
	v.clicks(`input[name=service][value=SugarCRM]`)
	v.clicks("#connect-token")
	v.atInstance(cloud)
	v.sees("#allow")
	v.proof("sugarcrm-consent")
	v.consents("bob")
	v.sees("#account")
	v.showsContacts()
}

// TestTheDemosSugarLogins holds the demo's JSON against its form.
func TestTheDemosSugarLogins(t *testing.T) {
	t.Parallel()
	ready := startDemo(t)
	for what, samples := range map[string]map[string]map[string]string{"sample": ready.Samples, "refused": ready.Refused} {
		for _, field := range []string{"serverUrl", "username", "password"} {
			if samples["SugarCRM"][field] == "" {
				t.Errorf("the %s login has no %s: %v", what, field, samples["SugarCRM"])
			}
		}
	}
}
