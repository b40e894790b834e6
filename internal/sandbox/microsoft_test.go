package sandbox_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/sandbox"
)

// office is the bench at Office365.
type office struct{ *bench }

func setupOffice(t *testing.T) office {
	t.Helper()
	o := office{setup(t)}
	if err := o.sandbox.Register("office365", sandbox.Client{ID: "app", Secret: "s3cret", RedirectURIs: []string{callback}}); err != nil {
		t.Fatal(err)
	}
	o.at = o.sandbox.Office365Endpoints(o.base)
	return o
}

// officeAnswer is any answer of the token endpoint.
type officeAnswer struct {
	tokens
	IDToken     string `json:"id_token"`
	Codes       []int  `json:"error_codes"`
	Correlation string `json:"correlation_id"`
}

func (o office) ask(tenant string, changes ...string) answer {
	o.Helper()
	q := url.Values{
		"client_id": {"app"}, "redirect_uri": {callback}, "response_type": {"code"}, "state": {"s"},
		"scope": {"openid profile email offline_access User.Read Mail.Read"}, "login_hint": {"ada+auto@sandbox.test"},
	}
	for i := 0; i < len(changes); i += 2 {
		q.Set(changes[i], changes[i+1])
	}
	return o.do(o.request("GET", strings.Replace(o.at.Authorize, "{tenant}", tenant, 1)+"?"+q.Encode(), ""))
}

func (o office) exchange(tenant string, form url.Values) officeAnswer {
	o.Helper()
	form.Set("client_id", "app")
	if !form.Has("client_secret") {
		form.Set("client_secret", "s3cret")
	}
	a := o.post(strings.Replace(o.at.Token, "{tenant}", tenant, 1), form)
	got := officeAnswer{tokens: tokens{Status: a.StatusCode}}
	if err := json.Unmarshal([]byte(a.text), &got); err != nil {
		o.Fatalf("token endpoint: %v in %s", err, a.text)
	}
	return got
}

func (o office) redeem(tenant, code, scope string) officeAnswer {
	o.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}}
	if scope != "" {
		form.Set("scope", scope)
	}
	return o.exchange(tenant, form)
}

func (o office) signIn(tenant string, changes ...string) officeAnswer {
	o.Helper()
	got := o.redeem(tenant, o.back(o.ask(tenant, changes...)).Get("code"), "")
	o.wantStatus(got.Status, http.StatusOK)
	return got
}

func (o office) renew(tenant, token, scope string) officeAnswer {
	o.Helper()
	return o.exchange(tenant, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "scope": {scope}})
}

func (o office) refused(got officeAnswer, code string, number int) {
	o.Helper()
	if got.Error != code || len(got.Codes) != 1 || got.Codes[0] != number || got.Access != "" || got.Correlation == "" || !strings.HasPrefix(got.Description, "AADSTS") {
		o.Errorf("got %d %+v, want %s with %d", got.Status, got, code, number)
	}
}

func TestOfficeSignIn(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	got := o.signIn("common")
	if got.Scope != "openid profile email User.Read Mail.Read" || got.Refresh == "" || got.ExpiresIn != 3600 {
		t.Errorf("answer %+v", got)
	}
	parts := strings.Split(got.IDToken, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims map[string]any
	if err != nil || len(parts) != 3 || json.Unmarshal(payload, &claims) != nil {
		t.Fatalf("id_token %q", got.IDToken)
	}
	home := o.sandbox.Office365Tenant("ada")
	if claims["tid"] != home || claims["oid"] == "" || claims["aud"] != "app" || claims["preferred_username"] != "ada@sandbox.test" {
		t.Errorf("claims %v", claims)
	}
	me := o.get("/me", got.Access)
	if me.StatusCode != http.StatusOK || !strings.Contains(me.text, `"id":"`+claims["oid"].(string)+`"`) {
		t.Errorf("/me: %d %s", me.StatusCode, me.text)
	}
	if o.signIn("common", "scope", "openid User.Read").Refresh != "" {
		t.Error("a refresh token without offline_access")
	}
	if o.signIn("common", "login_hint", "ada+auto+norefresh@sandbox.test").Refresh != "" {
		t.Error("a refresh token in spite of +norefresh")
	}
	if s := o.signIn("common", "login_hint", "ada+auto+untick@sandbox.test").Scope; s != "openid profile email User.Read" {
		t.Errorf("+untick: scope %q", s)
	}
	guest := o.signIn(o.sandbox.Office365Tenant("bob"))
	if !strings.Contains(o.get("/me", guest.Access).text, "#EXT#") || strings.Contains(guest.IDToken, parts[1]) {
		t.Error("ada is no guest in bob's tenant")
	}
}

func TestOfficeRefresh(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	first := o.signIn("common")
	second := o.renew("common", first.Refresh, "")
	if second.Refresh == "" || second.Refresh == first.Refresh || second.Access == first.Access {
		t.Errorf("a refresh gives new tokens: %+v", second)
	}
	o.wantStatus(o.renew("organizations", first.Refresh, "").Status, http.StatusOK) // the old one stays good
	o.wantStatus(o.renew(o.sandbox.Office365Tenant("ada"), first.Refresh, "").Status, http.StatusOK)
	o.refused(o.renew(o.sandbox.Office365Tenant("bob"), first.Refresh, ""), "invalid_grant", 50020)
	o.refused(o.renew("common", "none", ""), "invalid_grant", 50173)

	rotating := o.signIn("common", "login_hint", "bob+auto+rotate@sandbox.test")
	o.wantStatus(o.renew("common", rotating.Refresh, "").Status, http.StatusOK)
	o.refused(o.renew("common", rotating.Refresh, ""), "invalid_grant", 50173)
	revoked := o.signIn("common", "login_hint", "bob+auto+revoked@sandbox.test")
	next := o.renew("common", revoked.Refresh, "")
	o.wantStatus(next.Status, http.StatusOK)
	o.refused(o.renew("common", next.Refresh, ""), "invalid_grant", 50173)
}

func TestOfficeTokensAreForOneResource(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	const imap = "https://outlook.office.com/IMAP.AccessAsUser.All"
	code := o.back(o.ask("common", "scope", "openid offline_access User.Read https://graph.microsoft.com/Mail.Read "+imap)).Get("code")
	o.refused(o.redeem("common", code, "Mail.Read "+imap), "invalid_request", 28000)
	got := o.redeem("common", code, "https://graph.microsoft.com/Mail.Read")
	if got.Scope != "openid Mail.Read" || o.get("/me/messages", got.Access).StatusCode != http.StatusOK {
		t.Errorf("%+v", got)
	}
	mail := o.renew("common", got.Refresh, imap)
	if mail.Scope != "openid "+imap || mail.Refresh != "" || o.renew("common", got.Refresh, imap+" offline_access").Refresh == "" {
		t.Errorf("%+v", mail)
	}
	if a := o.get("/me/messages", mail.Access); a.StatusCode != http.StatusUnauthorized || !strings.Contains(a.text, "Invalid audience") {
		t.Errorf("Graph answers %d %s to another resource's token", a.StatusCode, a.text)
	}
	o.refused(o.renew("common", got.Refresh, "https://outlook.office.com/SMTP.Send"), "invalid_grant", 65001)
	o.refused(o.renew("common", got.Refresh, "https://vault.azure.net/.default"), "invalid_scope", 70011)
	o.refused(o.renew("common", o.signIn("common").Refresh, "https://outlook.office.com/.default"), "invalid_grant", 65001)
}

func TestOfficeErrors(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	code := o.back(o.ask("common")).Get("code")
	wrong := o.exchange("common", url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "client_secret": {"no"}})
	o.refused(wrong, "invalid_client", 7000215)
	o.refused(o.redeem(o.sandbox.Office365Tenant("bob"), code, ""), "invalid_grant", 50020)
	o.wantStatus(o.redeem("common", code, "").Status, http.StatusOK)
	o.refused(o.redeem("common", code, ""), "invalid_grant", 54005)
	late := o.back(o.ask("common")).Get("code")
	o.clock.advance(11 * time.Minute)
	o.refused(o.redeem("common", late, ""), "invalid_grant", 70008)

	if err := o.sandbox.SetFaults([]sandbox.Fault{{
		Vendor: "Office365", Endpoint: "code", Kind: "error", Error: "invalid_client", Status: 401, Times: 1,
		Description: "AADSTS7000222: The provided client secret keys for app 'app' are expired.",
	}}); err != nil {
		t.Fatal(err)
	}
	o.refused(o.redeem("common", "any", ""), "invalid_client", 7000222)

	for tag, number := range map[string]string{"deny": "AADSTS65004: ", "admin": "AADSTS90094: "} {
		q := o.back(o.ask("common", "login_hint", "ada+"+tag+"@sandbox.test"))
		if q.Get("error") != "access_denied" || !strings.HasPrefix(q.Get("error_description"), number) {
			t.Errorf("+%s: %v", tag, q)
		}
	}
	for name, a := range map[string]answer{
		"tenant": o.ask("nowhere"), "client": o.ask("common", "client_id", "x"), "redirect URI": o.ask("common", "redirect_uri", "https://evil.test/"),
	} {
		if a.StatusCode != http.StatusBadRequest || a.Header.Get("Location") != "" {
			t.Errorf("unknown %s: %d %q", name, a.StatusCode, a.Header.Get("Location"))
		}
	}
	if q := o.back(o.ask("common", "prompt", "consent login")); q.Get("error") != "invalid_request" {
		t.Errorf("two prompts: %v", q)
	}
}

// Once an administrator has approved, +admin holds nobody back.
func TestOfficeAdminConsent(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	page := o.base + "/microsoft/organizations/v2.0/adminconsent?" + url.Values{
		"client_id": {"app"}, "redirect_uri": {callback}, "state": {"s"}, "scope": {"Mail.Read"},
	}.Encode()
	if a := o.do(o.request("GET", page, "")); a.StatusCode != http.StatusOK || !strings.Contains(a.text, "everybody of the organization") {
		t.Errorf("the page: %d %s", a.StatusCode, a.text)
	}
	if q := o.back(o.post(page, url.Values{"decision": {"deny"}})); q.Get("admin_consent") != "True" || q.Get("error") != "access_denied" {
		t.Errorf("denied: %v", q)
	}
	const hint = "ada+admin@sandbox.test"
	if q := o.back(o.ask("common", "login_hint", hint)); q.Get("error") == "" {
		t.Errorf("before the approval: %v", q)
	}
	q := o.back(o.post(page, url.Values{"decision": {"allow"}, "persona": {"ada"}}))
	if !slices.Contains(q["tenant"], o.sandbox.Office365Tenant("ada")) || q.Get("error") != "" || q.Get("state") != "s" {
		t.Errorf("allowed: %v", q)
	}
	o.signIn("common", "login_hint", hint)
	if q := o.back(o.ask("common", "login_hint", "bob+admin@sandbox.test")); q.Get("error") == "" {
		t.Errorf("another organization: %v", q)
	}
}

// The page offers everything or nothing.
func TestOfficeConsentPage(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	page := o.ask("common", "login_hint", "bob@sandbox.test")
	if page.StatusCode != http.StatusOK || !strings.Contains(page.text, "all or nothing") || strings.Count(page.text, " disabled>") < 3 {
		t.Fatalf("%d %s", page.StatusCode, page.text)
	}
	address := page.Request.URL.String()
	if q := o.back(o.post(address, url.Values{"decision": {"deny"}})); q.Get("error") != "access_denied" {
		t.Errorf("denied: %v", q)
	}
	code := o.back(o.post(address, url.Values{"decision": {"allow"}, "persona": {"bob"}})).Get("code")
	if me := o.get("/me", o.redeem("common", code, "").Access); !strings.Contains(me.text, "Bob Kahn") {
		t.Errorf("/me: %s", me.text)
	}
}

func TestOfficeMail(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	access := o.signIn("common", "scope", "User.Read Mail.Read Mail.Send").Access
	var list struct {
		Value []struct{ ID, Subject string }
		Next  string `json:"@odata.nextLink"`
	}
	a := o.get("/me/messages?$top=2", access)
	if err := json.Unmarshal([]byte(a.text), &list); err != nil || len(list.Value) != 2 || !strings.HasPrefix(list.Next, o.at.API) {
		t.Fatalf("%d %s", a.StatusCode, a.text)
	}
	if one := o.get("/me/messages/"+list.Value[0].ID, access); !strings.Contains(one.text, list.Value[0].Subject) {
		t.Errorf("%d %s", one.StatusCode, one.text)
	}
	message := `{"message":{"subject":"Hello","body":{"contentType":"Text","content":"x"},"toRecipients":[{"emailAddress":{"address":"bob@sandbox.test"}}]}}`
	sent := o.do(o.request("POST", o.at.API+"/me/sendMail", message, "Authorization", "Bearer "+access, "Content-Type", "application/json"))
	if sent.StatusCode != http.StatusAccepted || sent.text != "" {
		t.Errorf("%d %s", sent.StatusCode, sent.text)
	}
	if shelf := o.get("/me/mailFolders/sentitems/messages", access); !strings.Contains(shelf.text, `"subject":"Hello"`) {
		t.Errorf("%d %s", shelf.StatusCode, shelf.text)
	}
	narrow := o.signIn("common", "scope", "User.Read").Access
	if a := o.get("/me/messages", narrow); a.StatusCode != http.StatusForbidden || !strings.Contains(a.text, "ErrorAccessDenied") {
		t.Errorf("without Mail.Read: %d %s", a.StatusCode, a.text)
	}
	if a := o.get("/me/messages", "none"); a.StatusCode != http.StatusUnauthorized || !strings.Contains(a.text, "InvalidAuthenticationToken") {
		t.Errorf("without a token: %d %s", a.StatusCode, a.text)
	}
	if a := o.get("/echo/a%2Fb", narrow); !strings.Contains(a.text, `"rawPath":"/microsoft/graph/v1.0/echo/a%2Fb"`) {
		t.Errorf("echo: %d %s", a.StatusCode, a.text)
	}
	o.sandbox.Reset()
	if o.get("/me", narrow).StatusCode != http.StatusUnauthorized {
		t.Error("a reset leaves tokens alive")
	}
}
