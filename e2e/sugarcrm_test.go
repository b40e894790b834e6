package e2e_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/sandbox"
)

// sugarWorld is a server with the real SugarCRM driver, and the sandbox's instances, which
// its operator allows.
type sugarWorld struct {
	*world
	secure *sandbox.Secure
	ca     string // path of its authority
}

func startSugar(t testing.TB, changes ...func(*app.Config)) sugarWorld {
	t.Helper()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	w := idle(t, changes...)
	secure, err := w.box.ListenHTTPS(t.Context(), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = secure.Close() })
	if err := os.WriteFile(ca, secure.CA, 0o600); err != nil {
		t.Fatal(err)
	}
	w.serve(append([]func(*app.Config){func(c *app.Config) {
		c.TypedNetworks, c.TypedCA = []string{"127.0.0.0/8"}, ca
	}}, changes...)...)
	w.service.name = "SugarCRM"
	w.service.endpoints = func(box *sandbox.Sandbox, base string) sandbox.Endpoints {
		return box.SugarCRMEndpoints(base, secure.URL)
	}
	w.register()
	return sugarWorld{w, secure, ca}
}

func (s sugarWorld) onSite() string { return s.secure.URL + sandbox.SugarCRMOnSite }
func (s sugarWorld) cloud() string  { return s.secure.URL + sandbox.SugarCRMCloud }

// at opens the sign-in page, which asks for the instance.
func (s sugarWorld) at(b *browser, changes ...string) string {
	s.t.Helper()
	q := url.Values{"loginHint": {ada}, "scopes": nil}
	for i := 0; i+1 < len(changes); i += 2 {
		q.Set(changes[i], changes[i+1])
	}
	led := b.authorize(q)
	if !strings.HasPrefix(led.location(), s.url+"/v1/auth/form?key=") {
		s.t.Fatalf("authorize leads to %q: %d %s", led.location(), led.status, led.body)
	}
	return led.location()
}

// finds sends the first step, and goes on to the page of the password's.
func (s sugarWorld) finds(b *browser, page, instance string) answer {
	s.t.Helper()
	a := b.sends(page, url.Values{"step": {"find"}, "serverUrl": {instance}})
	if to := a.location(); strings.HasPrefix(to, "/v1/auth/form?") || strings.HasPrefix(to, s.url+"/v1/auth/form?") {
		return b.get(s.url+strings.TrimPrefix(to, s.url), "Accept", asPage)
	}
	return a
}

// login is the whole form, with changes.
func (s sugarWorld) login(changes ...string) url.Values {
	v := url.Values{"serverUrl": {s.onSite()}, "username": {"ada"}, "password": {s.box.SugarCRMPassword("ada")}}
	for i := 0; i+1 < len(changes); i += 2 {
		v.Set(changes[i], changes[i+1])
	}
	return v
}

// connects by password.
func (s sugarWorld) connects(changes ...string) connected {
	s.t.Helper()
	b := s.browser()
	return s.redeemedAccount(b.sends(s.at(b)+"&manual=1", s.login(changes...)).ledOn(s.t))
}

// onward is where a page leads on to that is not the end.
func (a answer) onward(t testing.TB) string {
	t.Helper()
	next := a.links()["back"]
	if a.status != http.StatusOK || a.location() != "" || next == "" || !strings.Contains(a.body, `<meta http-equiv="refresh"`) {
		t.Fatalf("the page does not lead on: %d %s", a.status, a.body)
	}
	return next
}

// throughCloud connects at the identity service.
func (s sugarWorld) throughCloud(changes ...string) connected {
	s.t.Helper()
	b := s.browser()
	back := b.follow(b.get(s.finds(b, s.at(b, changes...), s.cloud()).onward(s.t)))
	return s.redeemedAccount(back.result(s.t))
}

func TestAnInstanceIsConnectedByPassword(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, on func(*app.Config)) {
		s := startSugar(t, on)
		b := s.browser()
		page := s.at(b)
		if first := b.get(page, "Accept", asPage); !strings.Contains(first.body, `name="serverUrl"`) || strings.Contains(first.body, `type="password"`) {
			t.Errorf("the first step: %s", first.body)
		}
		second := s.finds(b, page, strings.TrimPrefix(s.onSite(), "https://")+"/#Home")
		for _, want := range []string{`name="password"`, `name="serverUrl" type="text" value="` + s.onSite() + `"`, `name="username" type="text" value="` + strings.ReplaceAll(ada, "+", "&#43;") + `"`} {
			if !strings.Contains(second.body, want) {
				t.Fatalf("the second step lacks %s: %d %s", want, second.status, second.body)
			}
		}
		c := s.connects()
		got := s.details(c, "")
		for field, want := range map[string]any{
			"serviceType": "SugarCRM", "tokenStatus": "active", "email": "ada@sandbox.test", "authScopes": []any{},
		} {
			if d := cmp.Diff(want, got[field]); d != "" {
				t.Errorf("%s: %s", field, d)
			}
		}
		if who, _ := got["authUserId"].(string); !strings.HasPrefix(who, strings.TrimPrefix(s.onSite(), "https://")+"/") {
			t.Errorf("the person is %q", who)
		}
		// The session ends, and each refresh rotates; nobody notices.
		for range 3 {
			if got := s.as(c, http.MethodGet, "/v1/direct/rest/v11/Contacts?max_num=2"); got.status != http.StatusOK || !strings.Contains(got.body, "charles@engine.test") {
				t.Errorf("contacts: %d %s", got.status, got.body)
			}
			s.box.Expire()
		}
		if s.calls().Refresh != 2 {
			t.Errorf("%+v", s.calls())
		}
		noneIn(t, s.log.String(), []string{s.box.SugarCRMPassword("ada")})
	})
}

func TestThePersonGoesOnAtTheCloud(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, on func(*app.Config)) {
		s := startSugar(t, on)
		c := s.throughCloud()
		got := s.details(c, "?pingProvider=true")
		if got["tokenStatus"] != "active" || got["email"] != "ada@sandbox.test" {
			t.Errorf("%v", got)
		}
		if got := s.as(c, http.MethodGet, "/v1/direct/rest/v11/Accounts"); got.status != http.StatusOK || !strings.Contains(got.body, "Analytical Engines Ltd") {
			t.Errorf("accounts: %d %s", got.status, got.body)
		}
		s.box.Expire()
		if got := s.as(c, http.MethodGet, "/v1/direct/rest/v11/Accounts"); got.status != http.StatusOK || s.calls().Refresh != 1 {
			t.Errorf("after its token ended: %d %s, %+v", got.status, got.body, s.calls())
		}
		// The same user is the same account, whichever way they sign in.
		if again := s.connects("serverUrl", s.cloud()); again.AccountID != c.AccountID {
			t.Errorf("by password it is account %d, and was %d", again.AccountID, c.AccountID)
		}
		if got := s.as(c, http.MethodGet, "/v1/direct/rest/v11/Accounts"); got.status != http.StatusOK {
			t.Errorf("after the change: %d %s", got.status, got.body)
		}
		if again := s.throughCloud("accountId", strconv.FormatInt(c.AccountID, 10)); again.AccountID != c.AccountID {
			t.Errorf("renewed as %d", again.AccountID)
		}
	})
}

// What the application asks for besides is asked for at the cloud's page, where it did not
// come first, and a password has nothing of it.
func TestNativeScopesGoAlongToTheCloud(t *testing.T) {
	t.Parallel()
	s := startSugar(t)
	b := s.browser()
	page := s.at(b, "nativeScopes", "extra.read")
	privacy := "https://app.example/privacy"
	if _, err := s.ops.SetApplication(t.Context(), s.client.ClientID, operator.SetApplication{PrivacyURL: &privacy}); err != nil {
		t.Fatal(err)
	}
	led := s.finds(b, page, s.cloud())
	if led.links()["privacy"] != privacy {
		t.Errorf("the page that leads on lacks the application's face: %s", led.body)
	}
	there, err := url.Parse(led.onward(t))
	if err != nil {
		t.Fatal(err)
	}
	if asked := strings.Fields(there.Query().Get("scope")); !slices.Contains(asked, "extra.read") || !slices.Contains(asked, "offline") {
		t.Errorf("the cloud is asked for %v", asked)
	}
	c := s.redeemedAccount(b.sends(page+"&manual=1", s.login()).ledOn(t))
	if granted := words(s.details(c, "")["authNativeScopes"]); slices.Contains(granted, "extra.read") || !slices.Contains(granted, "offline") {
		t.Errorf("the password has %v", granted)
	}
}

func TestANoAtTheCloud(t *testing.T) {
	t.Parallel()
	s := startSugar(t)
	b := s.browser()
	back := b.follow(b.get(s.finds(b, s.at(b, "loginHint", "ada+deny@sandbox.test"), s.cloud()).onward(t)))
	wantFailed(t, back, "access_denied")
	if s.calls().Code != 0 {
		t.Errorf("%+v", s.calls())
	}
}

// What a callback brings is exchanged at the place that its own authorize page was of,
// whatever was looked for meanwhile and whatever the callback says.
func TestAPlaceIsNotSwapped(t *testing.T) {
	t.Parallel()
	s := startSugar(t)
	b := s.browser()
	page := s.at(b)
	first := s.finds(b, page, s.cloud()).onward(t)
	second := s.finds(b, page, s.cloud()).onward(t)
	state := func(address string) string {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		return u.Query().Get("state")
	}
	if state(first) == state(second) || strings.Contains(page, state(first)) {
		t.Errorf("two visits have the state %s, the form is %s", state(first), page)
	}
	if got := s.finds(b, page, s.onSite()); got.status != http.StatusOK { // a search for another place in between
		t.Fatalf("%d %s", got.status, got.body)
	}
	back := b.get(first).location()
	// A code of one visit does not do at the other.
	swapped := strings.Replace(back, state(first), state(second), 1)
	wantFailed(t, b.get(swapped), "provider.refused")
	// A callback cannot name a place.
	c := s.redeemedAccount(b.get(back + "&place=" + url.QueryEscape(s.onSite()) + "&api=https%3A%2F%2Fevil.example&serverUrl=https%3A%2F%2Fevil.example").result(t))
	if who, _ := s.details(c, "")["authUserId"].(string); !strings.HasPrefix(who, strings.TrimPrefix(s.cloud(), "https://")+"/") {
		t.Errorf("the person is %q", who)
	}
}

// The key to the form is no state of a provider's page, nor the other way round.
func TestAFormIsNoCallback(t *testing.T) {
	t.Parallel()
	s := startSugar(t)
	b := s.browser()
	page := s.at(b)
	key := page[strings.Index(page, "key=")+len("key="):]
	wantFailed(t, b.get(s.url+"/v1/auth/callback?code=x&state="+key), "servicetype.unavailable")

	page = s.at(b)
	there, err := url.Parse(s.finds(b, page, s.cloud()).onward(t))
	if err != nil {
		t.Fatal(err)
	}
	got := b.get(s.url+"/v1/auth/form?key="+there.Query().Get("state"), "Accept", asPage)
	if !strings.Contains(got.body, "state.unknown") {
		t.Errorf("the state of a provider's page opens %d %s", got.status, got.body)
	}
	if s.calls().Code != 0 {
		t.Errorf("%+v", s.calls())
	}
}

func TestAnInstanceThatIsNotConnected(t *testing.T) {
	t.Parallel()
	s := startSugar(t)
	b := s.browser()
	page := s.at(b)
	manual := page + "&manual=1"
	for _, test := range []struct {
		code   string
		change []string
	}{
		{"login.refused", []string{"password", "not-the-password"}},
		{"login.locked", []string{"username", "ada+locked"}},
		{"server.busy", []string{"username", "ada+maintenance"}},
		{"provider.admin", []string{"username", "ada+license"}},
		{"server.protocol", []string{"serverUrl", s.secure.URL + "/elsewhere"}},
		{"server.unreachable", []string{"serverUrl", "https://10.0.0.1"}},
		{"field.invalid", []string{"serverUrl", "http://crm.example"}},
	} {
		form := s.login(test.change...)
		again := b.sends(manual, form)
		if !strings.Contains(again.body, `<code id="code">`+test.code+`</code>`) || again.status < 400 {
			t.Errorf("%v: %d, want %s: %s", test.change, again.status, test.code, again.body)
		}
		if !strings.Contains(again.body, `value="`+strings.ReplaceAll(form.Get("username"), "+", "&#43;")+`"`) {
			t.Errorf("%s: what was typed is gone: %s", test.code, again.body)
		}
		noneIn(t, again.body+s.log.String(), []string{s.box.SugarCRMPassword("ada"), "not-the-password"})
	}
	// The search says the same of an address, before there is a password.
	for instance, code := range map[string]string{
		s.secure.URL + "/elsewhere": "server.protocol", "https://169.254.169.254": "server.unreachable", "http://crm.example": "field.invalid", "": "field.missing",
	} {
		if got := s.finds(b, page, instance); !strings.Contains(got.body, code) || strings.Contains(got.body, `type="password"`) {
			t.Errorf("%q: want %s: %d %s", instance, code, got.status, got.body)
		}
	}
	s.redeemedAccount(b.sends(manual, s.login()).ledOn(t))
}

// A platform that the instance does not know is its administrator's to register.
func TestAPlatformThatNobodyHasRegistered(t *testing.T) {
	t.Parallel()
	s := startSugar(t)
	platform := func(name string) error {
		_, _, err := s.ops.SetRegistration(t.Context(), s.client.ClientID, operator.SetRegistration{
			ServiceType: "SugarCRM", ClientID: providerID, Tenant: &name,
		})
		return err
	}
	held := s.connects()
	if err := platform("unregistered"); err != nil {
		t.Fatal(err)
	}
	b := s.browser()
	page := s.at(b)
	got := b.sends(page+"&manual=1", s.login("username", "bob", "password", s.box.SugarCRMPassword("bob")))
	for _, want := range []string{"provider.admin", `<ol id="admin-steps"><li>In SugarCRM, open Admin as an administrator.</li>`, `id="admin-mail"`} {
		if !strings.Contains(got.body, want) {
			t.Errorf("no %s: %d %s", want, got.status, got.body)
		}
	}
	// An account stays with the platform of its grant.
	s.box.Expire()
	if got := s.as(held, http.MethodGet, "/v1/direct/rest/v11/Accounts"); got.status != http.StatusOK {
		t.Errorf("after the platform changed: %d %s", got.status, got.body)
	}
	for _, name := range []string{"base", "mobile", "a b"} {
		if platform(name) == nil {
			t.Errorf("the platform %q is taken", name)
		}
	}
	if err := platform("avain-test"); err != nil {
		t.Fatal(err)
	}
	s.redeemedAccount(b.sends(page+"&manual=1", s.login()).ledOn(t))
}

// A registration without a client switches the sign-in by password on, everywhere.
func TestARegistrationWithoutAClient(t *testing.T) {
	t.Parallel()
	s := startSugar(t)
	_, _, err := s.ops.SetRegistration(t.Context(), s.client.ClientID, operator.SetRegistration{ServiceType: "SugarCRM"})
	if err != nil {
		t.Fatal(err)
	}
	b := s.browser()
	page := s.at(b)
	second := s.finds(b, page, s.cloud())
	if !strings.Contains(second.body, `type="password"`) || !strings.Contains(second.body, "none of the hosts there") {
		t.Errorf("who only says that it is the cloud's: %d %s", second.status, second.body)
	}
	s.redeemedAccount(b.sends(page+"&manual=1", s.login()).ledOn(t))
}

func TestASugarSessionThatEnds(t *testing.T) {
	t.Parallel()
	s := startSugar(t)
	c := s.connects()
	s.box.Reset() // as another sign-in on the platform does
	if got := s.as(c, http.MethodGet, "/v1/direct/rest/v11/Accounts"); got.status == http.StatusOK || s.status(c) != "dead" {
		t.Errorf("%d %s, %s", got.status, got.body, s.status(c))
	}
	c = s.connects()
	s.clock.advance(2 * time.Hour)
	del := s.call(http.MethodDelete, "/v1/account", nil, "Authorization", basic(s.client.ClientID, s.password), "X-Aurinko-Account-Id", strconv.FormatInt(c.AccountID, 10))
	if del.status != http.StatusOK || !strings.Contains(del.body, `"providerGrant":"revoked"`) {
		t.Errorf("deleted: %d %s", del.status, del.body)
	}
}

// What a person typed is called through the guard alone, the pass-through too.
func TestTheOperatorTakesANetworkBack(t *testing.T) {
	t.Parallel()
	s := startSugar(t)
	c := s.connects()
	w := *s.world
	w.stop()
	w.serve(func(cfg *app.Config) { cfg.TypedCA = s.ca }) // without the networks
	before := s.calls()
	got := w.as(c, http.MethodGet, "/v1/direct/rest/v11/Accounts")
	if got.status < 500 || s.calls() != before {
		t.Errorf("%d %s; calls %+v, before %+v", got.status, got.body, s.calls(), before)
	}
}

// A visit to the cloud is an attempt of its own, and counts as one.
func TestTheCloudsVisitsAreBounded(t *testing.T) {
	t.Parallel()
	s := startSugar(t, func(c *app.Config) { c.MaxOpenAttempts = 2 })
	b := s.browser()
	page := s.at(b)
	there := s.finds(b, page, s.cloud()).onward(t)
	if got := s.finds(b, page, s.cloud()); got.status != http.StatusTooManyRequests {
		t.Errorf("a third open attempt: %d %s", got.status, got.body)
	}
	s.redeemedAccount(b.follow(b.get(there)).result(t))
	s.finds(b, page, s.cloud()).onward(t)
}

// A client at the identity service has a redirect URI to register; without one, nothing
// is registered anywhere.
func TestTheRedirectURIOfSugarCRM(t *testing.T) {
	t.Parallel()
	s := startSugar(t)
	for clientID, want := range map[string]bool{"srn:cloud:iam:eu:1:app:web:x": true, "": false} {
		reg, _, err := s.ops.SetRegistration(t.Context(), s.client.ClientID, operator.SetRegistration{ServiceType: "SugarCRM", ClientID: clientID})
		if err != nil || strings.HasSuffix(reg.RedirectURI, "/v1/auth/callback") != want {
			t.Errorf("client %q: redirect URI %q, %v", clientID, reg.RedirectURI, err)
		}
	}
}
