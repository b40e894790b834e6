package e2e_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/operator"
)

// The page lists what a sign-in really opens: a mailbox has no calendar, and a CRM
// without scopes opens everything and no mail.
func TestTheFormListsWhatItOpens(t *testing.T) {
	t.Parallel()
	m := startMail(t)
	b := m.browser()
	mailbox := b.get(b.atForm("scopes", "Mail.Read Calendar.Read"), "Accept", asPage)
	mailbox.holdsAll(t, "a mailbox", "<li>Read your mail</li>")
	if strings.Contains(mailbox.body, "your calendar") || strings.Contains(mailbox.body, "whatever you may") {
		t.Errorf("a mailbox has a calendar, or everything: %s", mailbox.body)
	}
	s := startSugar(t)
	b = s.browser()
	crm := b.get(s.at(b, "scopes", "Mail.Read"), "Accept", asPage)
	crm.holdsAll(t, "a CRM", "<li>See and change whatever you may in SugarCRM</li>")
	if strings.Contains(crm.body, "your mail") {
		t.Errorf("a CRM has mail: %s", crm.body)
	}
}

// The page that leads on to the cloud's sign-in looks like the application's others.
func TestThePageThatLeadsOnIsDressed(t *testing.T) {
	t.Parallel()
	s := startSugar(t)
	if _, err := s.ops.SetApplication(t.Context(), s.client.ClientID, operator.SetApplication{BrandColor: new("#5b3fa6")}); err != nil {
		t.Fatal(err)
	}
	b := s.browser()
	a := b.sends(s.at(b), url.Values{"step": {"find"}, "serverUrl": {s.cloud()}})
	a.onward(t)
	a.holdsAll(t, "onward", "--act: #5b3fa6")
}
