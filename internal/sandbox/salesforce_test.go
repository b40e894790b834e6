package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/sandbox"
)

// force is the bench at Salesforce.
type force struct{ *bench }

func setupForce(t *testing.T) force {
	t.Helper()
	f := force{setup(t)}
	if err := f.sandbox.Register("salesforce", sandbox.Client{ID: "app", Secret: "s3cret", RedirectURIs: []string{callback}}); err != nil {
		t.Fatal(err)
	}
	f.at = f.sandbox.SalesforceEndpoints(f.base)
	return f
}

// forceAnswer is any answer of the token endpoint.
type forceAnswer struct {
	tokens
	InstanceURL string `json:"instance_url"`
	ID          string `json:"id"`
	IssuedAt    string `json:"issued_at"`
	raw         string
}

func (f force) ask(changes ...string) answer {
	f.Helper()
	q := url.Values{
		"client_id": {"app"}, "redirect_uri": {callback}, "response_type": {"code"}, "state": {"s"},
		"scope": {"api refresh_token openid"}, "login_hint": {"ada+auto@sandbox.test"},
	}
	for i := 0; i < len(changes); i += 2 {
		q.Set(changes[i], changes[i+1])
	}
	return f.do(f.request("GET", f.at.Authorize+"?"+q.Encode(), ""))
}

func (f force) exchange(form url.Values) forceAnswer {
	f.Helper()
	form.Set("client_id", "app")
	if !form.Has("client_secret") {
		form.Set("client_secret", "s3cret")
	}
	a := f.post(f.at.Token, form)
	got := forceAnswer{tokens: tokens{Status: a.StatusCode}, raw: a.text}
	if err := json.Unmarshal([]byte(a.text), &got); err != nil {
		f.Fatalf("token endpoint: %v in %s", err, a.text)
	}
	return got
}

func (f force) signIn(changes ...string) forceAnswer {
	f.Helper()
	code := f.back(f.ask(changes...)).Get("code")
	got := f.exchange(url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}})
	f.wantStatus(got.Status, http.StatusOK)
	return got
}

func (f force) renew(token string, more ...string) forceAnswer {
	f.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return f.exchange(form)
}

// reads calls a path of an instance.
func (f force) reads(instance, path, access string) answer {
	f.Helper()
	return f.do(f.request("GET", instance+path, "", "Authorization", "Bearer "+access))
}

func TestForceSignIn(t *testing.T) {
	t.Parallel()
	f := setupForce(t)
	got := f.signIn()
	if got.Scope != "api refresh_token openid" || got.Refresh == "" || strings.Contains(got.raw, "expires_in") || got.IssuedAt == "" {
		t.Errorf("answer %s", got.raw)
	}
	if want := f.base + sandbox.SalesforceInstance("ada"); got.InstanceURL != want {
		t.Errorf("instance %s, want %s", got.InstanceURL, want)
	}
	var who map[string]any
	me := f.reads(got.InstanceURL, "/services/oauth2/userinfo", got.Access)
	if err := json.Unmarshal([]byte(me.text), &who); err != nil || who["email"] != "ada@sandbox.test" || who["email_verified"] != true {
		t.Fatalf("userinfo: %d %s", me.StatusCode, me.text)
	}
	org, _ := who["organization_id"].(string)
	user, _ := who["user_id"].(string)
	if !strings.HasPrefix(org, "00D") || !strings.HasPrefix(user, "005") || len(org) != 18 || len(user) != 18 || !strings.HasSuffix(got.ID, "/id/"+org+"/"+user) {
		t.Errorf("org %q, user %q, id %s", org, user, got.ID)
	}
	if other := f.signIn("login_hint", "bob+auto@sandbox.test"); other.InstanceURL == got.InstanceURL {
		t.Error("two orgs have one instance")
	}
	if a := f.ask("login_hint", "ada@sandbox.test"); a.StatusCode != http.StatusOK || !strings.Contains(a.text, "Manage user data via APIs") {
		t.Errorf("the page: %d %s", a.StatusCode, a.text)
	}
	if without := f.signIn("scope", "api openid"); without.Refresh != "" {
		t.Error("a refresh token without its scope")
	}
}

func TestForceRefresh(t *testing.T) {
	t.Parallel()
	f := setupForce(t)
	first := f.signIn()
	second := f.renew(first.Refresh)
	if second.Status != http.StatusOK || second.Refresh != "" || second.Access == first.Access || second.InstanceURL != first.InstanceURL || strings.Contains(second.raw, "expires_in") {
		t.Errorf("refreshed: %s", second.raw)
	}
	if got := f.renew(first.Refresh, "scope", "api"); got.Status != http.StatusBadRequest || got.Error != "invalid_request" {
		t.Errorf("with a scope: %s", got.raw)
	}
	if got := f.renew("none"); got.Error != "invalid_grant" || got.Description != "expired access/refresh token" {
		t.Errorf("of no token: %s", got.raw)
	}
	if got := f.renew(first.Refresh, "client_secret", "wrong"); got.Error != "invalid_client" {
		t.Errorf("with another secret: %s", got.raw)
	}
	rotating := f.signIn("login_hint", "bob+auto+rotate@sandbox.test")
	next := f.renew(rotating.Refresh)
	if next.Refresh == "" || f.renew(rotating.Refresh).Error != "invalid_grant" || f.renew(next.Refresh).Status != http.StatusOK {
		t.Errorf("rotating: %s", next.raw)
	}
	if a := f.post(f.at.Revoke, url.Values{"token": {first.Refresh}}); a.StatusCode != http.StatusOK || f.renew(first.Refresh).Error != "invalid_grant" {
		t.Errorf("revoked: %d %s", a.StatusCode, a.text)
	}
	if a := f.post(f.at.Revoke, url.Values{"token": {first.Refresh}}); a.StatusCode != http.StatusBadRequest || !strings.Contains(a.text, "invalid_token") {
		t.Errorf("revoked twice: %d %s", a.StatusCode, a.text)
	}
}

func TestForceRefusals(t *testing.T) {
	t.Parallel()
	f := setupForce(t)
	for hint, want := range map[string]string{
		"ada+admin@sandbox.test": "OAUTH_EC_APP_NOT_FOUND", "ada+deny@sandbox.test": "access_denied",
	} {
		if got := f.back(f.ask("login_hint", hint)); got.Get("error") != want || got.Get("state") != "s" || got.Has("code") {
			t.Errorf("%s: %v", hint, got)
		}
	}
	if got := f.back(f.ask("login_hint", "", "prompt", "none")); got.Get("error") != "immediate_unsuccessful" {
		t.Errorf("prompt=none: %v", got)
	}
	ada, bob := f.signIn(), f.signIn("login_hint", "bob+auto@sandbox.test")
	for name, call := range map[string]struct{ instance, access string }{
		"no token": {ada.InstanceURL, "none"}, "another org's": {bob.InstanceURL, ada.Access}, "an org of nobody": {f.base + "/salesforce/instance/00D", ada.Access},
	} {
		if a := f.reads(call.instance, "/services/data/v60.0/sobjects", call.access); a.StatusCode != http.StatusUnauthorized || !strings.Contains(a.text, `"errorCode":"INVALID_SESSION_ID"`) {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.text)
		}
		if a := f.reads(call.instance, "/services/oauth2/userinfo", call.access); a.StatusCode != http.StatusForbidden || a.text != "Bad_OAuth_Token" {
			t.Errorf("%s, who: %d %s", name, a.StatusCode, a.text)
		}
	}
	weak := f.signIn("scope", "openid refresh_token")
	if a := f.reads(weak.InstanceURL, "/services/data/v60.0/sobjects", weak.Access); a.StatusCode != http.StatusUnauthorized || !strings.Contains(a.text, "not valid for use with the REST API") {
		t.Errorf("without api: %d %s", a.StatusCode, a.text)
	}
}

func TestForceRecords(t *testing.T) {
	t.Parallel()
	f := setupForce(t)
	got := f.signIn()
	query := func(soql string) answer {
		return f.reads(got.InstanceURL, "/services/data/v60.0/query?q="+url.QueryEscape(soql), got.Access)
	}
	var list struct {
		TotalSize int
		Done      bool
		Records   []struct{ ID, Name, Email string }
	}
	a := query("select Id, Name, email FROM contact LIMIT 2")
	if err := json.Unmarshal([]byte(a.text), &list); err != nil || list.TotalSize != 2 || !list.Done || len(list.Records) != 2 || !strings.Contains(list.Records[0].Email, "@") {
		t.Fatalf("contacts: %v in %d %s", err, a.StatusCode, a.text)
	}
	if a.Header.Get("Sforce-Limit-Info") == "" {
		t.Error("no limit is told")
	}
	id := list.Records[0].ID
	if a := f.reads(got.InstanceURL, "/services/data/v60.0/sobjects/Contact/"+id, got.Access); a.StatusCode != http.StatusOK || !strings.Contains(a.text, list.Records[0].Name) {
		t.Errorf("one contact: %d %s", a.StatusCode, a.text)
	}
	if a := query("SELECT Name FROM Account"); a.StatusCode != http.StatusOK || strings.Count(a.text, `"Name"`) != 3 {
		t.Errorf("accounts: %d %s", a.StatusCode, a.text)
	}
	for soql, code := range map[string]string{
		"DELETE everything": "MALFORMED_QUERY", "SELECT Name FROM Lead": "INVALID_TYPE", "SELECT Salary FROM Contact": "INVALID_FIELD",
	} {
		if a := query(soql); a.StatusCode != http.StatusBadRequest || !strings.Contains(a.text, code) {
			t.Errorf("%s: %d %s", soql, a.StatusCode, a.text)
		}
	}
	for _, path := range []string{"/services/data/v60.0/sobjects/Contact/none", "/services/data/60/sobjects", "/services/data/v60.0/sobjects//Contact", "/elsewhere"} {
		if a := f.reads(got.InstanceURL, path, got.Access); a.StatusCode != http.StatusNotFound || !strings.Contains(a.text, "NOT_FOUND") {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.text)
		}
	}
	if a := f.reads(got.InstanceURL, "/services/data/v60.0/sobjects", got.Access); !strings.Contains(a.text, `"name":"Contact"`) {
		t.Errorf("the tables: %s", a.text)
	}
	if a := f.reads(got.InstanceURL, "/echo/a//b%2Fc?x=1", got.Access); a.StatusCode != http.StatusOK || !strings.Contains(a.text, "a//b%2Fc") || strings.Contains(a.text, got.Access) {
		t.Errorf("echo: %d %s", a.StatusCode, a.text)
	}
}
