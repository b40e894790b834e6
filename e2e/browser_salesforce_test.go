package e2e_test

import "strings"

// Journeys of TestBrowser and TestBrowserHosts at Salesforce, which has people in
// place of mail, and steps in place of a page for administrators.

func salesforceFlow(v *visitor) {
	v.open(v.demo.ApplicationURL)
	v.clicks("#connect-choose")
	v.clicks("#choose-Salesforce")
	v.sees("#allow")
	v.proof("salesforce-consent")
	v.consents("ada")
	v.sees("#account")
	if got := v.reads(`#account [data-field=serviceType]`); got != "Salesforce" {
		v.t.Errorf("the service is shown as %q", got)
	}
	v.showsContacts()
	v.proof("salesforce-connected")
	v.clicks("#connect-again")
	v.consents("ada")
	v.sees("#account")
	v.clicks("#disconnect")
	v.sees("#notice")
}

func salesforceInTheBrowser(v *visitor) {
	v.open(v.demo.ApplicationURL)
	v.clicks(`input[name=service][value=Salesforce]`)
	v.clicks("#connect-token")
	v.consents("bob")
	v.sees("#account")
	v.showsContacts()
}

// showsContacts waits for what was read with the token.
func (v *visitor) showsContacts() {
	v.t.Helper()
	v.sees("#messages li")
	if got := v.reads("#messages li:first-child .from"); !strings.HasSuffix(got, ".test") {
		v.t.Errorf("the first contact's address is shown as %q", got)
	}
}

// needsAnInstallation: the page has the steps, a mail with them, and the way back.
func needsAnInstallation(v *visitor, s *site) {
	v.forgive(forbidden)
	s.begin(v, "loginHint", "ada+admin@sandbox.test")
	v.errorPage("provider.admin")
	v.proof("signin-admin-Salesforce")
	if n := v.counts("#admin-steps li"); n < 3 || v.counts("#admin-mail") != 1 || v.counts("#admin-link") != 0 {
		v.t.Errorf("%d steps and %d mails", n, v.counts("#admin-mail"))
	}
	v.forPeople()
	v.clicks("#back")
	s.failed(v, "provider.admin")
}
