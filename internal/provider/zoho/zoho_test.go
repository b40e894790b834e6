package zoho_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/providertest"
	"github.com/avain-project/avain/internal/sandbox"
	"github.com/avain-project/avain/internal/secret"
)

func TestAuthorizeURL(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		own, want string
	}{
		{"", "https://accounts.zoho.com/oauth/v2/auth"},
		{"https://accounts.zoho.com.cn/oauth/v2/auth", "https://accounts.zoho.com.cn/oauth/v2/auth"},
	} {
		page, err := newDriver().AuthorizeURL(account.Registration{ClientID: "client", Endpoints: account.Endpoints{Authorize: test.own}}, provider.AuthRequest{
			State: "s", Verifier: secret.New("v"), RedirectURI: providertest.RedirectURI, NativeScopes: []string{"A.b.READ", "C.d.ALL"},
			LoginHint: "ada@example.test", Prompt: "login",
		})
		if err != nil {
			t.Fatal(err)
		}
		u, _ := url.Parse(page)
		q := u.Query()
		if !strings.HasPrefix(page, test.want+"?") || q.Get("scope") != "A.b.READ,C.d.ALL" || q.Get("access_type") != "offline" ||
			q.Get("prompt") != "consent" || q.Get("login_hint") != "ada@example.test" {
			t.Errorf("the page is %s", page)
		}
	}
}

// Every data centre, by what its callback says.
func TestAPathGoesToTheCentre(t *testing.T) {
	t.Parallel()
	direct := newDriver().Info().Direct
	for _, centre := range []struct{ accounts, domain, api string }{
		{"https://accounts.zoho.com", "zoho.com", "https://www.zohoapis.com"},
		{"https://accounts.zoho.eu", "zoho.eu", "https://www.zohoapis.eu"},
		{"https://accounts.zoho.in", "zoho.in", "https://www.zohoapis.in"},
		{"https://accounts.zoho.com.au", "zoho.com.au", "https://www.zohoapis.com.au"},
		{"https://accounts.zoho.jp", "zoho.jp", "https://www.zohoapis.jp"},
		{"https://accounts.zohocloud.ca", "zohocloud.ca", "https://www.zohoapis.ca"},
		{"https://accounts.zoho.sa", "zoho.sa", "https://www.zohoapis.sa"},
		{"https://accounts.zoho.uk", "zoho.uk", "https://www.zohoapis.uk"},
		{"https://accounts.zoho.com.cn", "zoho.com.cn", "https://www.zohoapis.com.cn"},
	} {
		place := provider.Place{Accounts: centre.accounts, API: centre.api}
		for path, want := range map[string]string{
			"api/accounts/1/messages/view":   "https://mail." + centre.domain + "/",
			"api/tasks/me":                   "https://mail." + centre.domain + "/",
			"api/v1/calendars":               "https://calendar." + centre.domain + "/",
			"api/v1/accounts/self/contacts":  "https://contacts." + centre.domain + "/",
			"api/v1/sync/self/contacts":      "https://contacts." + centre.domain + "/",
			"crm/v8/Leads":                   centre.api + "/",
			"oauth/v2/token":                 centre.api + "/",
			"https/accounts.zoho.example/it": centre.api + "/",
		} {
			got, err := direct.Endpoint(account.Registration{}, place, path)
			if err != nil || got.String() != want {
				t.Errorf("%s at %s goes to %v, %v; want %s", path, centre.accounts, got, err, want)
			}
		}
	}
	for _, api := range []string{"", "https://www.zohoapis.example", "https://attacker.example", "http://www.zohoapis.eu", "https://mail.zoho.eu"} {
		if got, err := direct.Endpoint(account.Registration{}, provider.Place{Accounts: "https://accounts.zoho.eu", API: api}, "crm/v8"); err == nil {
			t.Errorf("the API %q is believed: %v", api, got)
		}
	}
}

// silent is a transport for which any call is a failure of the test.
type silent struct{ t *testing.T }

func (s silent) RoundTrip(r *http.Request) (*http.Response, error) {
	s.t.Errorf("%s %s was called", r.Method, r.URL)
	return nil, errors.New("no call")
}

func TestAnAttackersServerGetsNothing(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.driver = newDriverWith(&http.Client{Transport: silent{t}})
	for _, named := range []string{
		"https://accounts.zoho.attacker.example", "https://attacker.example", "http://accounts.zoho.eu", "https://accounts.zoho.eu@attacker.example",
		"https://accounts.zoho.eu:8443", "https://attacker.example/accounts.zoho.eu", "//accounts.zoho.eu", "accounts.zoho.eu", "https://mail.zoho.eu",
		"https://www.zohoapis.eu", "https://accounts.zoho.co", "https://127.0.0.1", "javascript:alert(1)", "https://accounts.zoho.eu.",
	} {
		for _, location := range []string{"", "eu"} {
			params := url.Values{"code": {"code"}, "accounts-server": {named}, "location": {location}}
			_, _, err := o.driver.Exchange(t.Context(), o.Registration, provider.Callback{Params: params, Verifier: secret.New("v")})
			var e *provider.Error
			if !errors.As(err, &e) || e.Code != provider.CodeStrangeHost {
				t.Errorf("%s: %v", named, err)
			}
		}
		held := provider.Tokens{Refresh: secret.New("r"), Access: secret.New("a"), Place: provider.Place{Accounts: named}}
		_, err := o.driver.Refresh(t.Context(), o.Registration, held)
		for what, err := range map[string]error{
			"refresh": err, "revoke": o.driver.Revoke(t.Context(), o.Registration, held), "ping": o.driver.Ping(t.Context(), o.Registration, held),
		} {
			var e *provider.Error
			if !errors.As(err, &e) || e.Code != provider.CodeStrangeHost {
				t.Errorf("%s at %s: %v", what, named, err)
			}
		}
	}
}

// asked is a transport that keeps the address of the last call and answers it.
type asked struct {
	url, secret string
	status      int
	body        string
}

func (a *asked) RoundTrip(r *http.Request) (*http.Response, error) {
	_ = r.ParseForm()
	a.url, a.secret = r.URL.String(), r.PostForm.Get("client_secret")
	res := httptest.NewRecorder()
	res.Header().Set("Content-Type", "application/json;charset=UTF-8")
	res.WriteHeader(a.status)
	_, _ = res.WriteString(a.body)
	out := res.Result()
	out.Request = r
	return out, nil
}

// Where a code is redeemed, and with which secret.
func TestACodeGoesToItsCentreWithItsSecret(t *testing.T) {
	t.Parallel()
	reg := account.Registration{
		ClientID: "client", Secrets: []secret.Text{secret.New("common")},
		CentreSecrets: map[string][]secret.Text{"eu": {secret.New("of-eu")}, "cn": {secret.New("of-cn")}},
	}
	own := account.Endpoints{Authorize: "https://accounts.zoho.com.cn/oauth/v2/auth"}
	proxied := account.Endpoints{Token: "https://proxy.example/token"}
	for _, test := range []struct {
		params    url.Values
		endpoints account.Endpoints
		url, want string
	}{
		{params: url.Values{"accounts-server": {"https://accounts.zoho.eu"}, "location": {"eu"}}, url: "https://accounts.zoho.eu/oauth/v2/token", want: "of-eu"},
		{params: url.Values{"accounts-server": {"https://accounts.zoho.eu/"}, "location": {"in"}}, url: "https://accounts.zoho.eu/oauth/v2/token", want: "of-eu"},
		{params: url.Values{"accounts-server": {"https://accounts.zohocloud.ca"}}, url: "https://accounts.zohocloud.ca/oauth/v2/token", want: "common"},
		{params: url.Values{"location": {"eu"}}, url: "https://accounts.zoho.eu/oauth/v2/token", want: "of-eu"},
		{params: url.Values{"location": {"mars"}}, url: "https://accounts.zoho.com/oauth/v2/token", want: "common"},
		{params: url.Values{}, url: "https://accounts.zoho.com/oauth/v2/token", want: "common"},
		{params: url.Values{}, endpoints: own, url: "https://accounts.zoho.com.cn/oauth/v2/token", want: "of-cn"},
		{params: url.Values{"accounts-server": {"https://accounts.zoho.eu"}}, endpoints: own, url: "https://accounts.zoho.eu/oauth/v2/token", want: "of-eu"},
		// What the operator put in the token endpoint's place stays there.
		{params: url.Values{"accounts-server": {"https://accounts.zoho.eu"}}, endpoints: proxied, url: "https://proxy.example/token", want: "of-eu"},
		{params: url.Values{}, endpoints: proxied, url: "https://proxy.example/token", want: "common"},
	} {
		reg.Endpoints = test.endpoints
		test.params.Set("code", "code")
		seen := &asked{status: 200, body: `{"error":"invalid_code"}`}
		_, _, err := newDriverWith(&http.Client{Transport: seen}).Exchange(t.Context(), reg, provider.Callback{Params: test.params, Verifier: secret.New("v")})
		var e *provider.Error
		if !errors.As(err, &e) || e.Class != provider.Dead || seen.url != test.url || seen.secret != test.want {
			t.Errorf("%v, %+v: asked %s with %q: %v", test.params, test.endpoints, seen.url, seen.secret, err)
		}
	}
}

func TestARefreshKeepsItsPlace(t *testing.T) {
	t.Parallel()
	held := provider.Tokens{
		Refresh: secret.New("r"), NativeScopes: []string{"A.b.READ"},
		Place: provider.Place{Accounts: "https://accounts.zoho.in", API: "https://www.zohoapis.in"},
	}
	for named, want := range map[string]string{
		"":                            "",
		"https://www.zohoapis.com.au": "https://www.zohoapis.com.au",
		"https://attacker.example":    "",
		"http://www.zohoapis.in":      "",
	} {
		seen := &asked{status: 200, body: `{"access_token":"new","api_domain":"` + named + `","token_type":"Bearer","expires_in_sec":3600,"expires_in":3600000,"scope":"A.b.READ,C.d.READ E.f.READ"}`}
		got, err := newDriverWith(&http.Client{Transport: seen}).Refresh(t.Context(), account.Registration{ClientID: "client"}, held)
		if err != nil || got.Access.Reveal() != "new" || got.Life != time.Hour || got.Place.API != want || seen.url != "https://accounts.zoho.in/oauth/v2/token" {
			t.Errorf("%q: %+v at %s, %v", named, got.Place, seen.url, err)
		}
		if d := cmp.Diff([]string{"A.b.READ", "C.d.READ", "E.f.READ"}, got.NativeScopes); d != "" {
			t.Error(d)
		}
	}
}

func TestAStrangersAPIEndsTheSignIn(t *testing.T) {
	t.Parallel()
	seen := &asked{status: 200, body: `{"access_token":"new","api_domain":"https://attacker.example","token_type":"Bearer"}`}
	tokens, _, err := newDriverWith(&http.Client{Transport: seen}).Exchange(t.Context(), account.Registration{ClientID: "client"}, provider.Callback{
		Params: url.Values{"code": {"code"}, "location": {"eu"}}, Verifier: secret.New("v"),
	})
	var e *provider.Error
	if !errors.As(err, &e) || e.Code != provider.CodeStrangeHost || !tokens.Access.IsZero() {
		t.Errorf("%+v, %v", tokens, err)
	}
}

func TestWhatErrorsMean(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status int
		body   string
		class  provider.Class
		code   string
		wait   time.Duration
	}{
		{200, `{"error":"invalid_code"}`, provider.Dead, "invalid_code", 0},
		{400, `{"error":"invalid_code"}`, provider.Dead, "invalid_code", 0},
		{500, `{"error":"invalid_code"}`, provider.Later, "invalid_code", 0},
		{200, `{"error":"invalid_client"}`, provider.Config, "invalid_client", 0},
		{200, `{"error":"invalid_client_secret"}`, provider.Config, "invalid_client_secret", 0},
		{200, `{"error":"general_error"}`, provider.Later, "general_error", 0},
		{200, `{"error":"never_heard_of"}`, provider.Later, "never_heard_of", 0},
		{200, `{"error":"Access Denied","error_description":"You have made too many requests continuously. Please try again after some time.","status":"failure"}`, provider.Later, provider.CodeLimited, 10 * time.Minute},
		{400, `{"error":"Access Denied","error_description":"You have made too many requests continuously.","status":"failure"}`, provider.Later, provider.CodeLimited, 10 * time.Minute},
		{200, `{"status":"failure"}`, provider.Later, provider.CodeMalformed, 0},
		{200, `<html>`, provider.Later, provider.CodeMalformed, 0},
	} {
		_, err := newDriverWith(&http.Client{Transport: &asked{status: test.status, body: test.body}}).
			Refresh(t.Context(), account.Registration{ClientID: "client", Secrets: []secret.Text{secret.New("s")}}, provider.Tokens{Refresh: secret.New("r")})
		var e *provider.Error
		if !errors.As(err, &e) || e.Class != test.class || e.Code != test.code || e.RetryAfter != test.wait || e.Cause == "" || e.Cure == "" {
			t.Errorf("%d %s: %+v", test.status, test.body, err)
		}
	}
}

func TestWhoSignedIn(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status int
		body   string
		code   string // empty: it is good
	}{
		{200, `{"ZUID":600012345,"Email":"a@b.test"}`, ""},
		{200, `{"ZUID":"600012345","Email":"a@b.test"}`, ""},
		{200, `{"Email":"a@b.test"}`, provider.CodeMalformed},
		{200, `{"ZUID":"","Email":"a@b.test"}`, provider.CodeMalformed},
		{200, `{"ZUID":1.5}`, provider.CodeMalformed},
		{200, `{"ZUID":-1}`, provider.CodeMalformed},
		{200, `{"ZUID":"a/b"}`, provider.CodeMalformed},
		{200, `{"response":"failure","cause":"INVALID_OAUTHTOKEN"}`, provider.CodeUnauthorized},
		{200, `{"code":"INVALID_TOKEN"}`, provider.CodeUnauthorized},
		{200, `{"error":"invalid_token"}`, provider.CodeUnauthorized},
		{401, `{}`, provider.CodeUnauthorized},
		{503, ``, "http_503"},
	} {
		seen := &asked{status: test.status, body: test.body}
		err := newDriverWith(&http.Client{Transport: seen}).Ping(t.Context(), account.Registration{}, provider.Tokens{
			Access: secret.New("a"), Place: provider.Place{Accounts: "https://accounts.zoho.jp"},
		})
		var e *provider.Error
		if test.code == "" && err != nil || test.code != "" && (!errors.As(err, &e) || e.Code != test.code) {
			t.Errorf("%d %s: %v, want %q", test.status, test.body, err, test.code)
		}
		if seen.url != "https://accounts.zoho.jp/oauth/user/info" {
			t.Errorf("asked %s", seen.url)
		}
	}
}

func TestIdentityAndPlaceOfASignIn(t *testing.T) {
	t.Parallel()
	o := open(t)
	page, err := o.driver.AuthorizeURL(o.Registration, provider.AuthRequest{State: "s", Verifier: secret.New("v"), RedirectURI: providertest.RedirectURI, NativeScopes: o.NativeScopes})
	if err != nil {
		t.Fatal(err)
	}
	tokens, who, err := o.driver.Exchange(t.Context(), o.Registration, provider.Callback{
		Params: providertest.Consent(t, page, "ada+auto@sandbox.test"), Verifier: secret.New("v"), RedirectURI: providertest.RedirectURI, NativeScopes: o.NativeScopes,
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(who.Subject, "eu/") || who.Email != "ada@sandbox.test" || !who.EmailVerified || who.Name != "Ada Lovelace" {
		t.Errorf("%+v", who)
	}
	if want := (provider.Place{Accounts: o.url + "/zoho/eu", API: o.url + "/zoho/eu/www"}); tokens.Place != want {
		t.Errorf("the place is %+v", tokens.Place)
	}
	req, _ := http.NewRequest(http.MethodGet, o.url, nil)
	o.driver.Authorize(req, tokens)
	if got := req.Header.Get("Authorization"); got != "Zoho-oauthtoken "+tokens.Access.Reveal() {
		t.Errorf("Authorization: %s", got)
	}
}

// A centre's own secret is used there, the common one is not.
func TestTheSecretOfTheCentre(t *testing.T) {
	t.Parallel()
	o := open(t)
	err := o.box.Register("Zoho", sandbox.Client{
		ID: "client", Secret: "the-client-secret", RedirectURIs: []string{providertest.RedirectURI}, CentreSecrets: map[string]string{"eu": "secret-of-eu"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		centres map[string][]secret.Text
		works   bool
	}{
		{nil, false},
		{map[string][]secret.Text{"in": {secret.New("secret-of-eu")}}, false},
		{map[string][]secret.Text{"eu": {secret.New("secret-of-in")}}, false},
		{map[string][]secret.Text{"eu": {secret.New("secret-of-eu")}}, true},
		{map[string][]secret.Text{"eu": {secret.New("old"), secret.New("secret-of-eu")}}, true},
	} {
		o.Registration.CentreSecrets = test.centres
		page, err := o.driver.AuthorizeURL(o.Registration, provider.AuthRequest{State: "s", Verifier: secret.New("v"), RedirectURI: providertest.RedirectURI, NativeScopes: o.NativeScopes})
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = o.driver.Exchange(t.Context(), o.Registration, provider.Callback{
			Params: providertest.Consent(t, page, "ada+auto@sandbox.test"), Verifier: secret.New("v"), RedirectURI: providertest.RedirectURI, NativeScopes: o.NativeScopes,
		})
		var e *provider.Error
		if test.works && err != nil || !test.works && (!errors.As(err, &e) || e.Class != provider.Config) {
			t.Errorf("%v: %v", test.centres, err)
		}
	}
}

// The place is kept in one spelling, by which paths find their host.
func TestThePlaceThatIsKept(t *testing.T) {
	t.Parallel()
	proxied := account.Endpoints{Token: "https://proxy.example/token", Userinfo: "https://proxy.example/user"}
	for _, test := range []struct {
		params    url.Values
		endpoints account.Endpoints
		want      string
	}{
		{url.Values{"accounts-server": {"HTTPS://Accounts.Zoho.EU/"}}, account.Endpoints{}, "https://accounts.zoho.eu"},
		{url.Values{"location": {"JP"}}, account.Endpoints{}, "https://accounts.zoho.jp"},
		{url.Values{}, account.Endpoints{}, "https://accounts.zoho.com"},
		{url.Values{}, account.Endpoints{Authorize: "https://accounts.zoho.com.cn/oauth/v2/auth"}, "https://accounts.zoho.com.cn"},
		{url.Values{}, account.Endpoints{Authorize: "https://own.example/auth"}, ""},
		{url.Values{}, proxied, ""},
		{url.Values{"accounts-server": {"https://proxy.example/eu"}}, proxied, "https://proxy.example/eu"},
	} {
		test.params.Set("code", "code")
		seen := &asked{status: 200, body: `{"access_token":"new","token_type":"Bearer","ZUID":1}`}
		tokens, _, err := newDriverWith(&http.Client{Transport: seen}).Exchange(t.Context(), account.Registration{ClientID: "client", Endpoints: test.endpoints},
			provider.Callback{Params: test.params, Verifier: secret.New("v")})
		if err != nil || tokens.Place.Accounts != test.want {
			t.Errorf("%v, %+v: %+v, %v; want %q", test.params, test.endpoints, tokens.Place, err, test.want)
		}
	}
}
