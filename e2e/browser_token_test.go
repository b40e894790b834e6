package e2e_test

import (
	"strings"

	"github.com/chromedp/chromedp"
)

// tokenFlow is the flow without a server: the page at 127.0.0.2 asks Avain at
// 127.0.0.1 across origins, as a customer's page does.
func tokenFlow(v *visitor) {
	v.open(v.demo.URL)
	v.clicks("#connect-token")
	v.consents("ada")
	v.sees("#account")
	v.sees("#messages li")
	id := v.account("ada@sandbox.test", "Ada Lovelace")
	v.sameAddress()
	if got := v.reads("#token"); !strings.HasPrefix(got, "avain_at_") || !strings.Contains(got, "…") || len(got) > 24 {
		v.t.Errorf("the token is shown as %q, not shortened", got)
	}
	if len(v.addresses(v.demo.URL+"/v1/direct/")) == 0 {
		v.t.Error("the page itself did not ask Avain for the messages")
	}
	v.proof("token-connected")

	v.clicks("#connect-again")
	v.consents("ada")
	v.sees("#messages li")
	if again := v.account("ada@sandbox.test", "Ada Lovelace"); again != id {
		v.t.Errorf("connecting again made account %s of %s", again, id)
	}
	v.clicks("#disconnect")
	v.do("wait until the account is gone", chromedp.WaitNotVisible(chromedp.CSS("#account")))
	if got := v.reads("#title"); got != "The account is disconnected" {
		v.t.Errorf("after disconnecting the page says %q", got)
	}
	if got := v.calls()["revoke"]; got != 1 {
		v.t.Errorf("the provider saw %d revocations, want 1", got)
	}
	v.proof("token-disconnected")
}

func tokenDenial(v *visitor) {
	v.open(v.demo.URL)
	v.clicks("#connect-token")
	v.clicks("#deny")
	v.sees("#error")
	if got := v.reads("#error .error-code"); got != "access_denied" {
		v.t.Errorf("the code is %q", got)
	}
	v.sameAddress()
	v.proof("token-denied")
	v.clicks("#try-again")
	v.consents("bob")
	v.sees("#messages li")
	v.account("bob@sandbox.test", "Bob Kahn")
}

// sameAddress fails where the address bar or the history still holds the answer.
func (v *visitor) sameAddress() {
	v.t.Helper()
	if got, want := v.address(), v.demo.ApplicationURL+"/connected-token"; got != want {
		v.t.Errorf("the address is %s, want %s", got, want)
	}
	for _, entry := range run(v, "read the history", chromedp.NavigationEntries()).Entries {
		if strings.Contains(entry.URL, "accessToken") || strings.Contains(entry.URL, "status=") {
			v.t.Errorf("the history holds the answer: %s", entry.URL)
		}
	}
}
