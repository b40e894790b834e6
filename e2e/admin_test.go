package e2e_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/operator"
)

var adminLink = regexp.MustCompile(`(?s)<textarea id="admin-link"[^>]*>(.*?)</textarea>`)

// needsAdmin is a callback that an administrator's approval is missing for.
func (b *browser) needsAdmin() string {
	b.w.t.Helper()
	return b.toCallback(hinted("ada+auto+admin@sandbox.test"))
}

// adminLinkOf is the link on a page for administrators; "" for none.
func (a answer) adminLink() string {
	if m := adminLink.FindStringSubmatch(a.body); m != nil {
		return html.UnescapeString(m[1])
	}
	return ""
}

// decides answers the provider's page for administrators.
func (b *browser) decides(page, decision string) string {
	b.w.t.Helper()
	form := strings.NewReader(url.Values{"decision": {decision}, "persona": {"ada"}}.Encode())
	back := b.w.send(b.client, http.MethodPost, page, form, "Content-Type", "application/x-www-form-urlencoded").location()
	if !strings.HasPrefix(back, b.w.url+"/v1/auth/callback?") {
		b.w.t.Fatalf("the administrator is led to %q", back)
	}
	return back
}

// The person learns that an administrator must act, and gets a link to send.
func TestAnAdministratorMustApprove(t *testing.T) {
	t.Parallel()
	w := startOffice(t)
	b := w.browser()
	page := b.get(b.needsAdmin(), "Accept", asPage)
	result := wantPage(t, page, http.StatusForbidden, "provider.admin")
	if result.Get("error") != "provider.admin" || result.Get("status") != "error" || result.Get("state") != "app-state" {
		t.Errorf("the way back carries %v", result)
	}
	if !strings.Contains(page.body, "An administrator must approve E2E first.") {
		t.Errorf("the page says %s", page.body)
	}
	link := page.adminLink()
	to, err := url.Parse(link)
	if err != nil || !strings.HasPrefix(link, w.boxURL) || to.Path != "/microsoft/organizations/v2.0/adminconsent" ||
		to.Query().Get("client_id") != providerID || to.Query().Get("redirect_uri") != w.url+"/v1/auth/callback" ||
		!strings.Contains(to.Query().Get("scope"), "Mail.Read") {
		t.Fatalf("the administrator's link is %q", link)
	}
	if mail := page.links()["admin-mail"]; !strings.Contains(mail, url.PathEscape(to.Path)) && !strings.Contains(mail, url.QueryEscape(link)) {
		t.Errorf("the mail lacks the link: %s", mail)
	}

	// The administrator sits at another browser, and says no first.
	admin := w.browser()
	declined := admin.get(admin.decides(link, "deny"), "Accept", asPage)
	if declined.status != http.StatusForbidden || !strings.Contains(declined.body, "was not approved") || !strings.Contains(declined.body, "E2E") {
		t.Errorf("declined: %d %s", declined.status, declined.body)
	}
	wantFailed(t, b.get(b.needsAdmin()), "provider.admin")

	approved := admin.decides(link, "allow")
	done := admin.get(approved, "Accept", asPage)
	if done.status != http.StatusOK || !strings.Contains(done.body, "E2E is approved for your organization.") {
		t.Errorf("approved: %d %s", done.status, done.body)
	}
	if again := admin.get(approved); again.status != http.StatusOK || again.body != done.body { // reload, and a program
		t.Errorf("approved, again: %d %s", again.status, again.body)
	}
	untouched(t, w, nil)
	w.redeemedAccount(b.get(b.needsAdmin()).result(t))
}

// What comes back to the administrator's state, in all its forms.
func TestAnAdministratorsReturn(t *testing.T) {
	t.Parallel()
	w := startOffice(t)
	b := w.browser()
	link, err := url.Parse(b.get(b.needsAdmin(), "Accept", asPage).adminLink())
	if err != nil {
		t.Fatal(err)
	}
	state := link.Query().Get("state")
	for _, c := range []struct {
		query  url.Values
		status int
		code   string
	}{
		{url.Values{"admin_consent": {"False"}}, http.StatusForbidden, "admin.declined"},
		{url.Values{"admin_consent": {"True"}, "error": {"consent_required"}, "error_description": {"AADSTS65004: no"}}, http.StatusForbidden, "admin.declined"},
		{url.Values{"error": {"access_denied"}}, http.StatusForbidden, "admin.declined"},
		{url.Values{}, http.StatusBadRequest, "admin.unclear"}, // a relay that hands on state and code alone
		{url.Values{"code": {"x"}}, http.StatusBadRequest, "admin.unclear"},
		{url.Values{"admin_consent": {"True", "False"}}, http.StatusBadRequest, "parameter.repeated"},
		{url.Values{"admin_consent": {"True"}, "state": {state + "x"}}, http.StatusBadRequest, "state.unknown"},
		{url.Values{"admin_consent": {"True"}, "state": {state[:len(state)-8]}}, http.StatusBadRequest, "state.unknown"},
		{url.Values{"admin_consent": {"True"}, "state": {"admin."}}, http.StatusBadRequest, "state.unknown"},
		{url.Values{"admin_consent": {"True"}, "state": {"admin.x.%%"}}, http.StatusBadRequest, "state.unknown"},
		{url.Values{"admin_consent": {"True"}, "state": {"admin." + strings.Repeat("x", 5000)}}, http.StatusBadRequest, "parameter.tooLong"},
	} {
		if !c.query.Has("state") {
			c.query.Set("state", state)
		}
		wantShown(t, w.browser().get(w.url+"/v1/auth/callback?"+c.query.Encode()), c.status, c.code)
	}
	untouched(t, w, nil)

	// A state of a registration is good for no other.
	other := w.asApplication(w.client.Settings)
	b = other.browser()
	theirs, err := url.Parse(b.get(b.needsAdmin(), "Accept", asPage).adminLink())
	if err != nil {
		t.Fatal(err)
	}
	mine, foreign := strings.Split(state, "."), strings.Split(theirs.Query().Get("state"), ".")
	forged := url.Values{"admin_consent": {"True"}, "state": {"admin." + foreign[1] + "." + mine[2]}}
	wantShown(t, b.get(w.url+"/v1/auth/callback?"+forged.Encode()), http.StatusBadRequest, "state.unknown")
}

// admin_consent in the answer to a person's own sign-in decides nothing by itself: a
// code counts, and neither code nor error is no answer.
func TestAdminConsentInASignIn(t *testing.T) {
	t.Parallel()
	w := startOffice(t)
	b := w.browser()
	back := b.toCallback(nil)
	state := mustQuery(t, back).Get("state")
	wantFailed(t, b.get(w.url+"/v1/auth/callback?"+url.Values{"state": {state}, "admin_consent": {"False"}}.Encode()), "provider.malformed")
	untouched(t, w, nil)
	b = w.browser()
	w.redeemedAccount(b.get(b.toCallback(nil) + "&admin_consent=False").result(t))
}

func mustQuery(t *testing.T, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// Google has no page for administrators: the person is told what one can do.
func TestAnAdministratorMustApproveAtGoogle(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.browser()
	page := b.get(b.needsAdmin(), "Accept", asPage)
	wantPage(t, page, http.StatusForbidden, "provider.admin")
	if !strings.Contains(page.body, "An administrator must approve E2E first.") || page.adminLink() != "" ||
		!strings.Contains(page.body, "trusts the application in the Admin console") {
		t.Errorf("the page says %s", page.body)
	}
	wantFailed(t, b.get(b.needsAdmin()), "provider.admin") // to a program
}

// A relay stands in the administrator's way as in everybody's.
func TestAnAdministratorComesBackByTheRelay(t *testing.T) {
	t.Parallel()
	w := startOffice(t)
	relay := "https://app.example/relay"
	w.registerClient(providerPass, relay)
	w.setRegistration(func(r *operator.SetRegistration) { r.CallbackURL = &relay })
	b := w.browser()
	to := b.get(b.authorize(hinted("ada+auto+admin@sandbox.test")).location()).location()
	page := b.get(strings.Replace(to, relay, w.url+"/v1/auth/callback", 1), "Accept", asPage)
	if got := mustQuery(t, page.adminLink()).Get("redirect_uri"); got != relay {
		t.Errorf("the administrator would come back to %q", got)
	}
}
