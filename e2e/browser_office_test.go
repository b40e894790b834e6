package e2e_test

import "time"

// officeFlow is codeFlow with the other service: same buttons, same page at the end.
func officeFlow(v *visitor) {
	v.open(v.demo.ApplicationURL)
	v.clicks(`input[name=service][value=Office365]`)
	v.clicks("#connect-code")
	v.sees("#allow")
	v.proof("office-consent")
	v.consents("ada")

	v.sees("#account")
	if got := v.reads(`#account [data-field=serviceType]`); got != "Office365" {
		v.t.Errorf("the service is shown as %q", got)
	}
	v.mailHasDates()
	v.proof("office-connected")
	v.clicks("#send")
	v.sees("#notice")
	if got := v.reads("#messages li:first-child strong"); got != "Hello from the sample application" {
		v.t.Errorf("after sending, the newest message is %q", got)
	}
	v.clicks("#connect-again")
	v.consents("ada")
	v.sees("#account")
	v.clicks("#disconnect")
	v.sees("#notice")
	if v.counts("#account") != 0 {
		v.t.Error("the account is still shown after it was disconnected")
	}
}

// officeInTheBrowser is the token flow with the other service.
func officeInTheBrowser(v *visitor) {
	v.open(v.demo.ApplicationURL)
	v.clicks(`input[name=service][value=Office365]`)
	v.clicks("#connect-token")
	v.consents("bob")
	v.sees("#account")
	v.mailHasDates()
	if got := v.reads(`#account [data-field=email]`); got != "bob@sandbox.test" {
		v.t.Errorf("connected as %q", got)
	}
}

// officeDenial says no, and tries again with the same service.
func officeDenial(v *visitor) {
	v.open(v.demo.ApplicationURL)
	v.clicks(`input[name=service][value=Office365]`)
	v.clicks("#connect-code")
	v.clicks("#deny")
	v.sees("#error")
	v.proof("office-denied")
	if got := v.reads(".error-code"); got != "access_denied" {
		v.t.Errorf("the error is %q", got)
	}
	v.clicks("#try-again")
	v.consents("bob")
	v.sees("#account")
	if got := v.reads(`#account [data-field=serviceType]`); got != "Office365" {
		v.t.Errorf("trying again led to %q", got)
	}
}

// mailHasDates waits for messages, whose dates are the ones of mail, not of an API.
func (v *visitor) mailHasDates() {
	v.t.Helper()
	v.sees("#messages li")
	got := v.reads("#messages li:first-child .date")
	if _, err := time.Parse(time.RFC1123Z, got); err != nil {
		v.t.Errorf("a message's date is shown as %q", got)
	}
}
