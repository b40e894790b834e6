package e2e_test

// Journeys of TestBrowser at HubSpot: a CRM, whose contacts the sample shows.

// hubspotFlow begins at Avain's own page, so that its button is clicked too.
func hubspotFlow(v *visitor) {
	v.toChoice()
	v.clicks("#choose-Hubspot")
	v.sees("#allow")
	v.proof("hubspot-consent")
	v.consents("ada")
	v.contacts("ada@sandbox.test")
	v.proof("hubspot-connected")
	if v.counts("#send") != 0 {
		v.t.Error("a CRM is offered to send mail")
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

// hubspotInTheBrowser is the token flow, after a no.
func hubspotInTheBrowser(v *visitor) {
	v.open(v.demo.ApplicationURL)
	v.clicks(`input[name=service][value=Hubspot]`)
	v.clicks("#connect-token")
	v.clicks("#deny")
	v.sees("#error")
	v.clicks("#try-again")
	v.consents("bob")
	v.contacts("bob@sandbox.test")
}

// contacts waits for the people of an account's CRM.
func (v *visitor) contacts(email string) {
	v.t.Helper()
	v.mailHasDates()
	for selector, want := range map[string]string{
		"#account [data-field=serviceType]": "Hubspot", "#account [data-field=email]": email, "#account [data-field=authScopes]": "Contacts.Read",
		"#messages li:first-child strong": "Charles Babbage", "#messages li:first-child .from": "charles@engine.test",
	} {
		if got := v.reads(selector); got != want {
			v.t.Errorf("%s is %q, want %q", selector, got, want)
		}
	}
}
