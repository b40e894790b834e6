package e2e_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/all"
)

// TestBrowserAllServices is one person who connects every service that Avain has, one
// after the other, in one demo: from the sample application over Avain's own chooser to
// data that was read with the account's token.
func TestBrowserAllServices(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, startChromium(t), startDemo(t, onThreeHosts(t)))
	v.showsTheLogins()
	v.forgive(wasForbidden) // a refused login's page
	registry := all.Registry(outbound.New(outbound.Config{}))
	var former []string
	for _, service := range account.ServiceTypes() {
		driver, served := registry.Of(service)
		if !served {
			t.Errorf("%s has no driver", service)
			continue
		}
		v.toChoice()
		if v.counts("#choose-"+string(service)) != 1 {
			t.Errorf("%s is not on the demo's chooser", service)
			continue
		}
		v.clicks("#choose-" + string(service))
		if _, forms := driver.(provider.Former); forms {
			former = append(former, string(service))
			v.signsInByForm(string(service))
		} else {
			v.consents("ada")
		}
		v.showsWhatTheTokenReads(driver.Info())
		v.proof("all-" + strings.ToLower(string(service)))
	}
	slices.Sort(former)
	for what, samples := range map[string]map[string]map[string]string{"samples": v.demo.Samples, "refused": v.demo.Refused} {
		if got := slices.Sorted(maps.Keys(samples)); !slices.Equal(got, former) {
			t.Errorf("%s are of %v, want those with a form: %v", what, got, former)
		}
	}
}

// showsTheLogins opens what the sample tells people to type: the demo's samples.
func (v *visitor) showsTheLogins() {
	v.t.Helper()
	v.open(v.demo.ApplicationURL)
	for v.counts("#logins details:not([open])") > 0 {
		v.clicks("#logins details:not([open]) summary")
	}
	shown := v.reads("#logins")
	for service, values := range v.demo.Samples {
		if !strings.Contains(shown, service) || !strings.Contains(shown, values["password"]) {
			v.t.Errorf("the login at %s is not shown: %s", service, shown)
		}
	}
	v.proof("all-home")
}

// signsInByForm types the demo's refused login, and then the one that works.
func (v *visitor) signsInByForm(service string) {
	v.t.Helper()
	refused := v.demo.Refused[service]
	v.fillsIn(refused)
	v.clicks("#submit")
	v.sees("#problem")
	if code, words := v.reads("#code"), v.reads("#problem-lead"); code != provider.CodeLoginRefused || words == "" {
		v.t.Errorf("%s: the refused sample is answered %s: %q", service, code, words)
	}
	for name, typed := range refused {
		if name == "password" {
			typed = ""
		}
		if kept := v.holds(`[name="` + name + `"]`); kept != typed {
			v.t.Errorf("%s: %s is %q after a refusal, want %q", service, name, kept, typed)
		}
	}
	v.proof("all-" + strings.ToLower(service) + "-refused")
	v.fillsIn(v.demo.Samples[service])
	v.clicks("#submit")
}

// fillsIn types values into the fields of those names: at once, or by hand where the
// first one alone is asked for.
func (v *visitor) fillsIn(values map[string]string) {
	v.t.Helper()
	v.sees("#sign-in")
	missing := v.typesWhatIsThere(values)
	if v.counts("#manual") == 1 {
		v.clicks("#manual")
		v.sees("[name=password]")
		missing = v.typesWhatIsThere(values)
	}
	if len(missing) > 0 {
		v.t.Errorf("the form has no fields %v", missing)
	}
}

// typesWhatIsThere fills the fields of a page, those under "More settings" too, and
// returns the names of those that it does not have.
func (v *visitor) typesWhatIsThere(values map[string]string) (missing []string) {
	v.t.Helper()
	if v.counts("#more:not([open])") == 1 {
		v.clicks("#more summary")
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		field := `[name="` + name + `"]`
		switch {
		case v.counts("#sign-in "+field) == 0:
			missing = append(missing, name)
		case v.counts(field+"[readonly]") == 1: // from the step before
			if held := v.holds(field); held != values[name] {
				v.t.Errorf("%s is %q, want %q", name, held, values[name])
			}
		case v.counts("select"+field) == 1:
			v.do("choose "+name, chromedp.Evaluate[chromedp.Void](fmt.Sprintf("void (document.querySelector(%q).value = %q)", "select"+field, values[name])))
		default:
			v.types(field, values[name])
		}
	}
	return missing
}

// showsWhatTheTokenReads waits for the sample's page of an account: who it is, and what
// was read behind /v1/direct, where the service has an API.
func (v *visitor) showsWhatTheTokenReads(info provider.Info) {
	v.t.Helper()
	v.sees("#account")
	for field, want := range map[string]string{"serviceType": string(info.ServiceType), "tokenStatus": "active", "email": "ada@sandbox.test"} {
		if got := v.reads(`#account [data-field=` + field + `]`); got != want {
			v.t.Errorf("%s: %s is %q, want %q", info.ServiceType, field, got, want)
		}
	}
	calls := strings.Join(strings.Fields(v.reads("#calls")), " ")
	if !strings.Contains(calls, "GET /v1/account 200") {
		v.t.Errorf("%s: /v1/account was not read: %s", info.ServiceType, calls)
	}
	if info.ServiceType == account.IMAP {
		return // its account is all that a token reads
	}
	if _, read, _ := strings.Cut(calls, " /v1/direct/"); !strings.HasSuffix(read, " 200") {
		v.t.Errorf("%s: nothing was read at the provider: %s", info.ServiceType, calls)
	}
	if first := v.reads("#messages li:first-child strong"); first == "" || strings.HasPrefix(first, "(") {
		v.t.Errorf("%s: the first line is %q", info.ServiceType, first)
	}
}
