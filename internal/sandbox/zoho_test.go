package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/sandbox"
)

// zoho is the bench at Zoho.
type zoho struct{ *bench }

func setupZoho(t *testing.T) zoho {
	t.Helper()
	z := zoho{setup(t)}
	err := z.sandbox.Register("zoho", sandbox.Client{
		ID: "app", Secret: "s3cret", RedirectURIs: []string{callback}, CentreSecrets: map[string]string{"in": "s3cret-in"},
	})
	if err != nil {
		t.Fatal(err)
	}
	z.at = z.sandbox.ZohoEndpoints(z.base)
	return z
}

// zohoAnswer is any answer of the token endpoint.
type zohoAnswer struct {
	status       int
	Access       string `json:"access_token"`
	Refresh      string `json:"refresh_token"`
	Scope        string `json:"scope"`
	API          string `json:"api_domain"`
	IDToken      string `json:"id_token"`
	Error        string `json:"error"`
	Life         int    `json:"expires_in"`
	Descriptions string `json:"error_description"`
}

func (z zoho) ask(changes ...string) url.Values {
	z.Helper()
	q := url.Values{
		"client_id": {"app"}, "redirect_uri": {callback}, "response_type": {"code"}, "state": {"s"}, "access_type": {"offline"}, "prompt": {"consent"},
		"scope": {"AaaServer.profile.READ,email,ZohoMail.accounts.READ,ZohoMail.messages.READ"}, "login_hint": {"ada+auto@sandbox.test"},
	}
	for i := 0; i < len(changes); i += 2 {
		q.Set(changes[i], changes[i+1])
	}
	a := z.do(z.request("GET", z.at.Authorize+"?"+q.Encode(), ""))
	to, err := a.Location()
	if err != nil {
		z.Fatalf("%d %s", a.StatusCode, a.text)
	}
	return to.Query()
}

func (z zoho) token(server string, form url.Values) zohoAnswer {
	z.Helper()
	form.Set("client_id", "app")
	if !form.Has("client_secret") {
		form.Set("client_secret", "s3cret")
	}
	a := z.post(server+"/oauth/v2/token", form)
	got := zohoAnswer{status: a.StatusCode}
	if err := json.Unmarshal([]byte(a.text), &got); err != nil {
		z.Fatalf("%v in %s", err, a.text)
	}
	return got
}

func code(callbackQuery url.Values) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {callbackQuery.Get("code")}, "redirect_uri": {callback}}
}

func (z zoho) get(address, authorization string) answer {
	z.Helper()
	return z.do(z.request("GET", address, "", "Authorization", authorization))
}

func TestZohoLeadsToThePersonsCentre(t *testing.T) {
	t.Parallel()
	z := setupZoho(t)
	back := z.ask()
	home := z.base + "/zoho/eu"
	if back.Get("location") != "eu" || back.Get("accounts-server") != home || back.Get("state") != "s" {
		t.Fatalf("the callback is %v", back)
	}
	// A code is good at its centre alone, and stays good after a wrong turn.
	if got := z.token(z.base+"/zoho/us", code(back)); got.status != http.StatusOK || got.Error != "invalid_code" {
		t.Errorf("elsewhere: %+v", got)
	}
	got := z.token(home, code(back))
	if got.Error != "" || got.Refresh == "" || got.IDToken == "" || got.API != home+"/www" || got.Life != 3600 ||
		got.Scope != "AaaServer.profile.READ email ZohoMail.accounts.READ ZohoMail.messages.READ" {
		t.Fatalf("at home: %+v", got)
	}
	if again := z.token(home, code(back)); again.Error != "invalid_code" {
		t.Errorf("the code a second time: %+v", again)
	}
	got = z.token(home, code(z.ask()))
	refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {got.Refresh}}
	if wrong := z.token(z.base+"/zoho/in", url.Values{"grant_type": refresh["grant_type"], "refresh_token": refresh["refresh_token"], "client_secret": {"s3cret-in"}}); wrong.Error != "invalid_code" {
		t.Errorf("a refresh elsewhere: %+v", wrong)
	}
	renewed := z.token(home, refresh)
	if renewed.Access == "" || renewed.Refresh != "" || renewed.API == "" {
		t.Errorf("a refresh: %+v", renewed)
	}

	for path, want := range map[string]struct {
		authorization string
		status        int
		holds         string
	}{
		"/zoho/eu/oauth/user/info":              {"Bearer " + got.Access, 200, `"Email":"ada@sandbox.test"`},
		"/zoho/eu/www/api/accounts":             {"Zoho-oauthtoken " + got.Access, 200, `"primaryEmailAddress":"ada@sandbox.test"`},
		"/zoho/eu/www/api/v1/calendars":         {"Zoho-oauthtoken " + got.Access, 401, "INVALID_OAUTHSCOPE"},
		"/zoho/eu/www/api/tasks/me":             {"Bearer " + got.Access, 401, "INVALID_OAUTHTOKEN"},
		"/zoho/us/www/api/accounts":             {"Zoho-oauthtoken " + got.Access, 401, "INVALID_OAUTHTOKEN"},
		"/zoho/us/oauth/user/info":              {"Zoho-oauthtoken " + got.Access, 401, "INVALID_OAUTHTOKEN"},
		"/zoho/eu/www/api/accounts/1/x":         {"Zoho-oauthtoken " + got.Access, 404, "URL_RULE_NOT_CONFIGURED"},
		"/zoho/mars/www/api/accounts":           {"Zoho-oauthtoken " + got.Access, 401, "INVALID_OAUTHTOKEN"},
		"/zoho/eu/www/../www/api/accounts":      {"Zoho-oauthtoken " + got.Access, 404, "URL_RULE_NOT_CONFIGURED"},
		"/zoho/eu/www/api/accounts?and=a;query": {"Zoho-oauthtoken " + got.Access, 200, "mailboxStatus"},
	} {
		if a := z.get(z.base+path, want.authorization); a.StatusCode != want.status || !strings.Contains(a.text, want.holds) {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.text)
		}
	}
}

func TestZohoSecretsByCentre(t *testing.T) {
	t.Parallel()
	z := setupZoho(t)
	back := z.ask("login_hint", "bob+auto@sandbox.test")
	server := back.Get("accounts-server")
	form := code(back)
	if got := z.token(server, form); got.status != http.StatusOK || got.Error != "invalid_client" {
		t.Errorf("the common secret where there is another: %+v", got)
	}
	form.Set("client_secret", "s3cret-in")
	if got := z.token(server, form); got.Error != "" || got.Access == "" {
		t.Errorf("the centre's own: %+v", got)
	}
}

func TestZohoLimitsRefreshes(t *testing.T) {
	t.Parallel()
	z := setupZoho(t)
	back := z.ask()
	server := back.Get("accounts-server")
	refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {z.token(server, code(back)).Refresh}}
	for i := range 10 {
		if got := z.token(server, refresh); got.Access == "" {
			t.Fatalf("refresh %d: %+v", i+1, got)
		}
		z.clock.advance(time.Second)
	}
	if got := z.token(server, refresh); got.Error != "Access Denied" || !strings.Contains(got.Descriptions, "too many requests") {
		t.Errorf("the eleventh: %+v", got)
	}
	z.clock.advance(10*time.Minute - 9*time.Second)
	if got := z.token(server, refresh); got.Access == "" {
		t.Errorf("when the first is ten minutes old: %+v", got)
	}
	if got := z.token(server, refresh); got.Error != "Access Denied" {
		t.Errorf("and one more: %+v", got)
	}
}

func TestZohoRevokesOneGrant(t *testing.T) {
	t.Parallel()
	z := setupZoho(t)
	back := z.ask()
	server := back.Get("accounts-server")
	got := z.token(server, code(back))
	if a := z.post(z.base+"/zoho/us/oauth/v2/token/revoke", url.Values{"token": {got.Refresh}}); a.StatusCode != http.StatusBadRequest {
		t.Errorf("elsewhere: %d %s", a.StatusCode, a.text)
	}
	for _, want := range []int{http.StatusOK, http.StatusBadRequest} {
		if a := z.post(server+"/oauth/v2/token/revoke", url.Values{"token": {got.Refresh}}); a.StatusCode != want {
			t.Errorf("revoke: %d %s, want %d", a.StatusCode, a.text, want)
		}
	}
	if again := z.token(server, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {got.Refresh}}); again.Error != "invalid_code" {
		t.Errorf("a refresh of what is gone: %+v", again)
	}
}

func TestZohoTellsErrorsByTheBrowser(t *testing.T) {
	t.Parallel()
	z := setupZoho(t)
	for change, want := range map[[2]string]string{
		{"login_hint", "ada+deny@sandbox.test"}:                "access_denied",
		{"scope", "ZohoMail.accounts.READ ZohoMail.tasks.ALL"}: "invalid_scope", // spaces are no commas
		{"scope", "mail"}:           "invalid_scope",
		{"response_type", "token"}:  "invalid_response_type",
		{"access_type", "never"}:    "invalid_request",
		{"prompt", "login"}:         "invalid_request",
		{"code_challenge", "short"}: "invalid_request",
	} {
		if got := z.ask(change[0], change[1]); got.Get("error") != want || got.Has("accounts-server") {
			t.Errorf("%v: %v", change, got)
		}
	}
}
