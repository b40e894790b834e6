package e2e_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBrowser clicks the demo through as people do, in a real Chromium: a demo
// and a browser context a journey, the demo on three hosts. Whatever the browser complains about on the
// way fails the journey: a violated Content-Security-Policy, a failed load, an
// exception, a word on the console.
func TestBrowser(t *testing.T) {
	t.Parallel()
	chromium := startChromium(t)
	for name, journey := range map[string]func(*visitor){
		"connect with code, again, disconnect": codeFlow,
		"another person":                       anotherPerson,
		"let me choose":                        choosesService,
		"choose nothing, try again":            choosesNothing,
		"the page to choose on":                choosePage,
		"deny, then try again":                 denial,
		"leave a box empty":                    fewerScopes,
		"leave all boxes empty":                noScopes,
		"connect in the browser":               tokenFlow,
		"deny in the browser":                  tokenDenial,
		"Microsoft 365, with code":             officeFlow,
		"Microsoft 365, in the browser":        officeInTheBrowser,
		"deny at Microsoft 365, try again":     officeDenial,
		"HubSpot, chosen and with code":        hubspotFlow,
		"HubSpot, in the browser":              hubspotInTheBrowser,
		"Salesforce, chosen":                   salesforceFlow,
		"Salesforce, in the browser":           salesforceInTheBrowser,
		"SugarCRM, chosen, by password":        sugarByPassword,
		"SugarCRM, in the browser, its cloud":  sugarInTheBrowser,
		"a return URL that is not registered":  strangeReturnURL,
		"a state that is used":                 usedState,
		"pages of the demo without a journey":  lookAround,
		"back and reload, with code":           walkTheCodeFlow,
		"back and reload, in the browser":      walkTheTokenFlow,
		"back and reload after a denial":       walkAfterADenial,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			journey(newVisitor(t, chromium, startDemo(t, onThreeHosts(t))))
		})
	}
	t.Run("a state from another browser", func(t *testing.T) {
		t.Parallel()
		ready := startDemo(t, onThreeHosts(t))
		strangeBrowser(newVisitor(t, chromium, ready), newVisitor(t, chromium, ready))
	})
	t.Run("no page can be framed", func(t *testing.T) {
		t.Parallel()
		framing(newVisitor(t, chromium, startDemo(t, onThreeHosts(t))))
	})
}

func codeFlow(v *visitor) {
	v.open(v.demo.URL)
	if got := v.address(); got != v.demo.ApplicationURL+"/" {
		v.t.Errorf("the server's own address leads to %s, not to the sample application %s", got, v.demo.ApplicationURL)
	}
	v.sees("#connect-code")
	v.picture("demo-home")
	v.clicks("#connect-code")
	v.sees("#allow")
	v.picture("demo-consent")
	v.consents("ada")

	v.sees("#account")
	first := v.account("ada@sandbox.test", "Ada Lovelace")
	if got := v.reads("#token"); !strings.HasPrefix(got, "avain_at_") || !strings.Contains(got, "…") || len(got) > 24 {
		v.t.Errorf("the token is shown as %q, not shortened", got)
	}
	if v.counts("#messages li") < 1 {
		v.t.Error("no message is shown")
	}
	if got := v.address(); got != v.demo.ApplicationURL+"/" {
		v.t.Errorf("the code is still in the address: %s", got)
	}
	v.picture("demo-connected")

	v.clicks("#send")
	v.sees("#notice")
	if got := v.reads("#messages li:first-child strong"); got != "Hello from the sample application" {
		v.t.Errorf("after sending, the newest message is %q", got)
	}

	v.clicks("#connect-again")
	v.consents("ada")
	v.sees("#account")
	if again := v.account("ada@sandbox.test", "Ada Lovelace"); again != first {
		v.t.Errorf("connecting again made account %s of %s", again, first)
	}

	v.clicks("#disconnect")
	v.sees("#notice")
	v.sees("#connect-code")
	if v.counts("#account") != 0 {
		v.t.Error("the account is still shown after it was disconnected")
	}
	if got := v.calls()["revoke"]; got != 1 {
		v.t.Errorf("the provider saw %d revocations, want 1", got)
	}
	v.proof("disconnected")
}

func anotherPerson(v *visitor) {
	v.open(v.demo.URL)
	v.clicks("#connect-code")
	v.consents("ada")
	v.sees("#account")
	ada := v.account("ada@sandbox.test", "Ada Lovelace")
	v.clicks("#connect-code") // not *Connect again*: whoever it is this time
	v.consents("bob")
	v.sees("#account")
	if bob := v.account("bob@sandbox.test", "Bob Kahn"); bob == ada {
		v.t.Errorf("ada and bob share account %s", ada)
	}
}

func denial(v *visitor) {
	v.open(v.demo.URL)
	v.clicks("#connect-code")
	v.clicks("#deny")
	v.sees("#error")
	if got := v.reads("#error .error-code"); got != "access_denied" {
		v.t.Errorf("the code is %q", got)
	}
	if got := v.reads("#error .lead"); !strings.Contains(got, "declined") {
		v.t.Errorf("the reason is %q", got)
	}
	v.picture("demo-denied")
	v.clicks("#try-again")
	v.consents("ada")
	v.sees("#account")
	v.account("ada@sandbox.test", "Ada Lovelace")
}

func fewerScopes(v *visitor) {
	v.open(v.demo.URL)
	v.clicks("#connect-code")
	v.consents("ada", "/gmail.readonly")
	v.sees("#missing")
	v.proof("partial")
	v.clicks("#without")
	v.sees("#account")
	if d := cmp.Diff("Calendar.Read Mail.Send", v.reads(`#account [data-field=authScopes]`)); d != "" {
		v.t.Errorf("granted (-want +got):\n%s", d)
	}
	if got := v.reads("#messages-note"); !strings.Contains(got, "Mail.Read was not granted") {
		v.t.Errorf("in place of messages: %q", got)
	}
	v.proof("fewer-scopes")
}

func noScopes(v *visitor) {
	v.open(v.demo.URL)
	v.clicks("#connect-code")
	v.consents("bob", "/gmail.readonly", "/calendar.readonly", "/gmail.send")
	v.clicks("#without")
	v.sees("#account")
	if got := v.reads(`#account [data-field=authScopes]`); got != "signing in only" {
		v.t.Errorf("granted: %q", got)
	}
}

// account checks whom the sample shows and returns the account's id.
func (v *visitor) account(email, name string) string {
	v.t.Helper()
	got := map[string]string{}
	want := map[string]string{"email": email, "name": name, "serviceType": "Google", "tokenStatus": "active"}
	for field := range want {
		got[field] = v.reads(`#account [data-field=` + field + `]`)
	}
	if d := cmp.Diff(want, got); d != "" {
		v.t.Errorf("the account (-want +got):\n%s", d)
	}
	return v.reads(`#account [data-field=id]`)
}

// lookAround opens what no journey comes by.
func lookAround(v *visitor) {
	v.open(v.demo.SandboxURL)
	v.sees("dl")
	v.proof("sandbox")
	v.forgive("the server responded with a status of 401")
	v.open(v.demo.SandboxURL + "/google/o/oauth2/v2/auth?client_id=unknown")
	v.sees("#code")
	v.proof("sandbox-failure")
	v.open(v.demo.ReturnURL)
	v.sees("h1")
	v.open(v.demo.ApplicationURL + "/connected-token")
	v.sees("#error")
	v.proof("token-reloaded")
}
