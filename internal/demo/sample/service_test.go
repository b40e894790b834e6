package sample_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestAnotherServiceCanBeChosen(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.avain.set(func(f *fake) { f.service = "Office365" })
	b := w.browser(t)
	b.get("/").has(t, `name="service" value="Google" checked`, `name="service" value="Office365"`)

	ask := b.begin("/connect?flow=code&service=Office365&scopes=Mail.Read")
	if ask.Get("serviceType") != "Office365" {
		t.Fatalf("Avain is asked for %q", ask.Get("serviceType"))
	}
	if got := b.begin("/connect?flow=code").Get("serviceType"); got != "Google" {
		t.Errorf("where none is named, Avain is asked for %q", got)
	}
	if a := b.get("/connect?flow=code&service=Nobody"); a.StatusCode != http.StatusBadRequest || !strings.Contains(a.body, "service.unknown") {
		t.Errorf("a service that is not offered: %d", a.StatusCode)
	}

	b.get("/connected?status=success&code=" + goodCode + "&state=" + ask.Get("state"))
	b.get("/").has(t, "From Graph", "Bob &lt;bob@sandbox.test&gt;", `name="service" value="Office365">`)
	if !w.avain.saw("GET /v1/direct/me/messages") || w.avain.saw("GET /v1/direct/gmail/v1/users/me/messages") {
		t.Error("the messages were not read from Graph")
	}
	b.do(http.MethodPost, "/send")
	w.avain.set(func(f *fake) {
		if !strings.Contains(f.sent, `"toRecipients":[{"emailAddress":{"address":"ada@sandbox.test"}}]`) {
			t.Errorf("sent %s", f.sent)
		}
	})
	if !w.avain.saw("POST /v1/direct/me/sendMail") {
		t.Error("nothing was sent")
	}
}

func TestZohoIsReadByItsMailbox(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.avain.set(func(f *fake) { f.service = "Zoho" })
	b := w.browser(t)
	ask := b.begin("/connect?flow=code&service=Zoho&scopes=Mail.Read")
	b.get("/connected?status=success&code=" + goodCode + "&state=" + ask.Get("state"))
	b.get("/").has(t, "From Zoho", "Bob &lt;bob@sandbox.test&gt;", "Fri, 02 Jan 2026 03:04:05", `name="service" value="Zoho">`)
	b.do(http.MethodPost, "/send")
	w.avain.set(func(f *fake) {
		if !strings.Contains(f.sent, `"toAddress":"ada@sandbox.test"`) {
			t.Errorf("sent %s", f.sent)
		}
	})
	if !w.avain.saw("POST /v1/direct/api/accounts/77/messages") {
		t.Error("nothing was sent")
	}
}

func TestTheServiceCanBeLeftOpen(t *testing.T) {
	t.Parallel()
	b := start(t).browser(t)
	b.get("/").has(t, `id="connect-choose" name="flow" value="choose"`)
	ask := b.begin("/connect?service=Office365&flow=choose&scopes=Mail.Read")
	if ask.Has("serviceType") || ask.Get("responseType") != "code" || ask.Get("scopes") != "Mail.Read" {
		t.Fatalf("Avain is asked %v", ask)
	}
	b.get("/connected?status=error&error=access_denied&state="+ask.Get("state")).
		has(t, `href="/connect?flow=code&amp;scopes=Mail.Read&amp;service=any"`)

	ask = b.begin("/connect?flow=code&service=any")
	b.get("/connected?status=success&code=" + goodCode + "&state=" + ask.Get("state"))
	b.get("/").has(t, `name="service" value="any">`) // Avain knows the account's
	if again := b.begin("/connect?flow=code&service=any&accountId=7001"); again.Has("serviceType") || again.Get("accountId") != "7001" {
		t.Errorf("connecting again asks %v", again)
	}
}

// A CRM has people in place of messages, and nobody to send to.
func TestACRMShowsContacts(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.avain.set(func(f *fake) { f.service, f.granted = "Hubspot", []string{"Contacts.Read"} })
	b := w.browser(t)
	ask := b.begin("/connect?flow=code&service=Hubspot&scopes=Mail.Read")
	b.get("/connected?status=success&code=" + goodCode + "&state=" + ask.Get("state"))
	page := b.get("/")
	page.has(t, "A CRM is connected", "First contacts", "<strong>Grace Hopper</strong>", "grace@navy.test", "Mon, 02 Feb 2026 03:04:05")
	if strings.Contains(page.body, `id="send"`) || !w.avain.saw("GET /v1/direct/crm/objects/2026-03/contacts") {
		t.Errorf("%s", page.body)
	}
	w.avain.set(func(f *fake) { f.granted = nil })
	b.get("/").has(t, "Contacts.Read was not granted")
}

// Salesforce has people in place of messages, and nobody to send to.
func TestSalesforceShowsContacts(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.avain.set(func(f *fake) { f.service, f.granted = "Salesforce", nil })
	b := w.browser(t)
	ask := b.begin("/connect?flow=code&service=Salesforce&scopes=Mail.Read")
	b.get("/connected?status=success&code=" + goodCode + "&state=" + ask.Get("state"))
	page := b.get("/")
	page.has(t, "A CRM is connected", "First contacts", "<strong>Grace Hopper</strong>", "grace@navy.test")
	if strings.Contains(page.body, `id="send"`) || !w.avain.saw("GET /v1/direct/services/data/v60.0/query") {
		t.Errorf("%s", page.body)
	}
}

func TestLoginsToTypeAreShown(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.browser(t).get("/").has(t, `<summary>Post</summary>`, `<dt>Password</dt><dd><code>a&lt;b</code></dd>`)
}

// An Exchange is asked by SOAP, for messages and to send one.
func TestExchangeIsReadAndSendsBySOAP(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.avain.set(func(f *fake) { f.service, f.granted = "EWS", []string{"Mail.Read", "Mail.Send"} })
	b := w.browser(t)
	ask := b.begin("/connect?flow=code&service=EWS&scopes=Mail.Read")
	b.get("/connected?status=success&code=" + goodCode + "&state=" + ask.Get("state"))
	b.get("/").has(t, "<strong>From Exchange</strong>", "Bob &lt;bob@sandbox.test&gt;", "Fri, 02 Jan 2026 03:04:05", `id="send"`)
	b.do(http.MethodPost, "/send", "Sec-Fetch-Site", "same-origin")
	w.avain.set(func(f *fake) {
		if !strings.Contains(f.sent, "<t:EmailAddress>ada@sandbox.test</t:EmailAddress>") {
			t.Errorf("sent: %s", f.sent)
		}
	})
}

// SugarCRM too.
func TestSugarCRMShowsContacts(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.avain.set(func(f *fake) { f.service, f.granted = "SugarCRM", nil })
	b := w.browser(t)
	ask := b.begin("/connect?flow=code&service=SugarCRM&scopes=Mail.Read")
	b.get("/connected?status=success&code=" + goodCode + "&state=" + ask.Get("state"))
	page := b.get("/")
	page.has(t, "A CRM is connected", "First contacts", "<strong>Grace Hopper</strong>", "grace@navy.test")
	if strings.Contains(page.body, `id="send"`) || !w.avain.saw("GET /v1/direct/rest/v11/Contacts") {
		t.Errorf("%s", page.body)
	}
}
