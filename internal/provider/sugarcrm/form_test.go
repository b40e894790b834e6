package sugarcrm_test

import (
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/sugarcrm"
	"github.com/avain-project/avain/internal/sandbox"
	"github.com/avain-project/avain/internal/secret"
)

// atInstance is a registration without a client, as most have it.
func atInstance() account.Registration { return account.Registration{ServiceType: account.SugarCRM} }

func (o opened) form(changes ...string) provider.Form {
	f := provider.Form{
		Values:   map[string]string{"serverUrl": o.secure + sandbox.SugarCRMOnSite, "username": "ada"},
		Password: secret.New(o.box.SugarCRMPassword("ada")),
	}
	for i := 0; i+1 < len(changes); i += 2 {
		if changes[i] == "password" {
			f.Password = secret.New(changes[i+1])
			continue
		}
		f.Values[changes[i]] = changes[i+1]
	}
	return f
}

func (o opened) grant(t *testing.T, reg account.Registration, changes ...string) (provider.Tokens, account.Identity) {
	t.Helper()
	tokens, who, err := o.driver.Grant(t.Context(), reg, o.form(changes...))
	if err != nil {
		t.Fatal(err)
	}
	return tokens, who
}

// told is what a failure says, as the form and the log see it.
func told(err error) (class provider.Class, code, field string) {
	var e *provider.Error
	if !errors.As(err, &e) {
		return "", "", ""
	}
	return e.Class, e.Code, e.Field
}

func TestAPasswordIsTradedForTokens(t *testing.T) {
	t.Parallel()
	o := open(t)
	held, who := o.grant(t, atInstance())
	here := o.secure + sandbox.SugarCRMOnSite
	if d := cmp.Diff(provider.Place{Accounts: here, API: here}, held.Place); d != "" || held.Tenant != "avain" || held.Refresh.IsZero() || held.Life == 0 {
		t.Errorf("place %s, platform %q, life %s", d, held.Tenant, held.Life)
	}
	if !strings.HasPrefix(who.Subject, strings.TrimPrefix(here, "https://")+"/") || who.Email != "ada@sandbox.test" || who.EmailVerified || who.Name != "Ada Lovelace" {
		t.Errorf("%+v", who)
	}
	// Another spelling of the instance is the same person; the cloud's has others.
	if _, again := o.grant(t, atInstance(), "serverUrl", " "+strings.ToUpper(here[:20])+here[20:]+"/index.php?module=Home#Home "); again.Subject != who.Subject {
		t.Errorf("%s, then %s", who.Subject, again.Subject)
	}
	if _, other := o.grant(t, atInstance(), "serverUrl", o.secure+sandbox.SugarCRMCloud); other.Subject == who.Subject {
		t.Error("one name at two instances is one person")
	}
}

// Each refresh ends the refresh token before it, and belongs to the platform of the grant
// even where the registration has another by now.
func TestARefreshRotatesOnItsOwnPlatform(t *testing.T) {
	t.Parallel()
	o := open(t)
	held, _ := o.grant(t, atInstance())
	moved := atInstance()
	moved.Tenant = "avain-test"
	for range 3 {
		answer, err := o.driver.Refresh(t.Context(), moved, held)
		if err != nil || answer.Refresh.IsZero() || answer.Refresh.Equal(held.Refresh) {
			t.Fatalf("refresh: %v", err)
		}
		_, err = o.driver.Refresh(t.Context(), moved, held)
		if class, _, _ := told(err); class != provider.Dead {
			t.Errorf("the old refresh token: %v", err)
		}
		held = held.Merge(answer)
		if err := o.driver.Ping(t.Context(), moved, held); err != nil {
			t.Error(err)
		}
	}
	if held.Tenant != "avain" || held.Place.API == "" {
		t.Errorf("what the grant belongs to is lost: %+v", held)
	}
}

// A user has one session a platform.
func TestASecondSignInEndsTheFirst(t *testing.T) {
	t.Parallel()
	o := open(t)
	first, _ := o.grant(t, atInstance())
	other := atInstance()
	other.Tenant = "avain-test"
	beside, _ := o.grant(t, other)
	second, _ := o.grant(t, atInstance())
	for name, c := range map[string]struct {
		held provider.Tokens
		dead bool
	}{"first": {first, true}, "on another platform": {beside, false}, "second": {second, false}} {
		_, err := o.driver.Refresh(t.Context(), atInstance(), c.held)
		if class, _, _ := told(err); c.dead != (class == provider.Dead) || !c.dead && err != nil {
			t.Errorf("the session %s: %v", name, err)
		}
	}
}

func TestASessionIsLoggedOut(t *testing.T) {
	t.Parallel()
	o := open(t)
	for name, before := range map[string]func(){"": func() {}, "with an ended access token": func() { o.box.Expire() }} {
		held, _ := o.grant(t, atInstance())
		before()
		if err := o.driver.Revoke(t.Context(), atInstance(), held); err != nil {
			t.Errorf("log out %s: %v", name, err)
		}
		if class, _, _ := told(refreshed(t, o, held)); class != provider.Dead {
			t.Errorf("log out %s: the session goes on", name)
		}
		if err := o.driver.Revoke(t.Context(), atInstance(), held); err != nil {
			t.Errorf("a session that is gone %s: %v", name, err)
		}
	}
}

func refreshed(t *testing.T, o opened, held provider.Tokens) error {
	t.Helper()
	_, err := o.driver.Refresh(t.Context(), atInstance(), held)
	return err
}

func TestWhatAFormCanHaveWrong(t *testing.T) {
	t.Parallel()
	o := open(t)
	stranger := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }))
	t.Cleanup(stranger.Close)
	unknown := atInstance()
	unknown.Tenant = "nobody-registered-this"
	strange := atInstance()
	strange.ClientID = "a-key-that-is-not-there"
	twice := strange // the password is not tried with each of its secrets
	twice.Secrets = []secret.Text{secret.New("newer"), secret.New("older")}
	bound := atInstance()
	bound.Endpoints.API = o.secure + sandbox.SugarCRMOnSite
	for name, c := range map[string]struct {
		reg         account.Registration
		change      []string
		class       provider.Class
		code, field string
		calls       int
	}{
		"password":    {atInstance(), []string{"password", "wrong"}, provider.User, "login.refused", "password", 1},
		"user":        {atInstance(), []string{"username", "nobody"}, provider.User, "login.refused", "password", 1},
		"inactive":    {atInstance(), []string{"username", "ada+inactive"}, provider.User, "login.refused", "password", 1},
		"locked":      {atInstance(), []string{"username", "ada+locked"}, provider.User, "login.locked", "", 1},
		"license":     {atInstance(), []string{"username", "ada+license"}, provider.Admin, "license_seats_needed", "", 1},
		"maintenance": {atInstance(), []string{"username", "ada+maintenance"}, provider.Later, "server.busy", "", 1},
		"platform":    {unknown, nil, provider.Admin, "platform_not_registered", "", 1},
		"OAuth key":   {strange, nil, provider.Config, "invalid_client", "", 1},
		"two secrets": {twice, nil, provider.Config, "invalid_client", "", 1},
		"not its own": {bound, []string{"serverUrl", o.secure + sandbox.SugarCRMCloud}, provider.User, "field.invalid", "serverUrl", 0},
		"no instance": {atInstance(), []string{"serverUrl", o.secure + "/sugarcrm/elsewhere"}, provider.User, "server.protocol", "serverUrl", 0},
		"http":        {atInstance(), []string{"serverUrl", strings.Replace(o.secure, "https", "http", 1)}, provider.User, "field.invalid", "serverUrl", 0},
		"no host":     {atInstance(), []string{"serverUrl", "https:///sugar"}, provider.User, "field.invalid", "serverUrl", 0},
		"user info":   {atInstance(), []string{"serverUrl", "https://acme.sugarondemand.com@evil.example"}, provider.User, "field.invalid", "serverUrl", 0},
		"private":     {atInstance(), []string{"serverUrl", "https://10.0.0.1"}, provider.Later, "server.unreachable", "serverUrl", 0},
		"metadata":    {atInstance(), []string{"serverUrl", "https://169.254.169.254"}, provider.Later, "server.unreachable", "serverUrl", 0},
		"certificate": {atInstance(), []string{"serverUrl", stranger.URL}, provider.User, "server.certificate", "serverUrl", 0},
		"port":        {atInstance(), []string{"serverUrl", "https://localhost:5432"}, provider.User, "field.invalid", "serverUrl", 0},
	} {
		o.box.Reset()
		_, _, err := o.driver.Grant(t.Context(), c.reg, o.form(c.change...))
		if class, code, field := told(err); class != c.class || code != c.code || field != c.field {
			t.Errorf("%s: %s %s %s: %v", name, class, code, field, err)
		}
		if err != nil && strings.Contains(err.Error(), o.box.SugarCRMPassword("ada")) {
			t.Errorf("%s: the error holds the password", name)
		}
		if n := o.box.Stats()["SugarCRM"]; n.Code != c.calls || n.Identity+n.Refresh > 0 {
			t.Errorf("%s: %+v, want %d logins", name, n, c.calls)
		}
		var e *provider.Error
		if errors.As(err, &e) && (e.Cause == "" || e.Cure == "") || name == "platform" && len(e.Steps) == 0 {
			t.Errorf("%s: no cause, cure or steps", name)
		}
	}
}

// Trouble of the instance condemns no grant.
func TestTroubleAtTheInstance(t *testing.T) {
	t.Parallel()
	o := open(t)
	held, _ := o.grant(t, atInstance())
	for name, f := range map[string]sandbox.Fault{
		"503": {Kind: "status", Status: 503}, "maintenance": {Kind: "error", Status: 401, Error: "need_login", Description: "Application is in maintenance mode."},
		"a page": {Kind: "html"}, "half": {Kind: "malformed"}, "nothing": {Kind: "empty"}, "too many": {Kind: "status", Status: 429, RetryAfter: "7"},
	} {
		f.Vendor, f.Endpoint = "SugarCRM", "refresh"
		if err := o.box.SetFaults([]sandbox.Fault{f}); err != nil {
			t.Fatal(err)
		}
		if class, _, _ := told(refreshed(t, o, held)); class != provider.Later {
			t.Errorf("%s: class %s", name, class)
		}
	}
	if err := o.box.SetFaults(nil); err != nil {
		t.Fatal(err)
	}
	if err := refreshed(t, o, held); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestTheWayToSignIn(t *testing.T) {
	t.Parallel()
	o := open(t)
	cloud, onSite := o.secure+sandbox.SugarCRMCloud, o.secure+sandbox.SugarCRMOnSite
	keyed := atInstance() // an OAuth key of the instances' is no client of the identity service
	keyed.ClientID, keyed.Endpoints.Userinfo = "a-key", o.Registration.Endpoints.Userinfo
	announced := provider.Place{Accounts: o.secure + "/sugarcrm/sts", API: cloud}
	for name, c := range map[string]struct {
		reg      account.Registration
		server   string
		redirect *provider.Place
		unsure   bool
	}{
		"an instance of its own":                {o.Registration, onSite, nil, false},
		"the cloud":                             {o.Registration, cloud, &announced, false},
		"who is none of the cloud's":            {atInstance(), cloud, nil, true}, // no endpoints: nobody believes a stand-in
		"the cloud, without a client there":     {keyed, cloud, nil, false},
		"the cloud, with pages behind its name": {o.Registration, cloud + "/#Home", &announced, false},
	} {
		way, err := o.driver.Find(t.Context(), c.reg, o.form("serverUrl", c.server))
		if d := cmp.Diff(c.redirect, way.Redirect); err != nil || d != "" || (way.Unsure != "") != c.unsure {
			t.Errorf("%s: %v %+v %s", name, err, way, d)
		}
		if c.redirect == nil && way.Values["serverUrl"] != c.server {
			t.Errorf("%s: values %v", name, way.Values)
		}
	}
	_, err := o.driver.Find(t.Context(), o.Registration, o.form("serverUrl", o.secure+"/sugarcrm/elsewhere"))
	if _, code, field := told(err); code != "server.protocol" || field != "serverUrl" {
		t.Errorf("nobody's: %v", err)
	}
	if n := o.box.Stats()["SugarCRM"]; n.Code != 0 || n.Identity != 0 {
		t.Errorf("a search signs in: %+v", n)
	}
}

// What was typed is what gets the password: a redirect is an answer that no instance gives.
func TestARedirectGetsNoPassword(t *testing.T) {
	t.Parallel()
	var followed atomic.Int64
	var here *httptest.Server
	here = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			followed.Add(1)
		}
		http.Redirect(w, r, here.URL+"/elsewhere", http.StatusTemporaryRedirect)
	}))
	t.Cleanup(here.Close)
	roots := x509.NewCertPool()
	roots.AddCert(here.Certificate())
	driver := sugarcrm.New(outbound.New(outbound.Config{Typed: outbound.TypedConfig{
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Roots: roots,
	}}))
	form := provider.Form{Values: map[string]string{"serverUrl": here.URL, "username": "ada"}, Password: secret.New("p")}
	_, _, err := driver.Grant(t.Context(), atInstance(), form)
	if _, code, field := told(err); code != "server.protocol" || field != "serverUrl" || followed.Load() > 0 {
		t.Errorf("sign-in: %v, followed %d times", err, followed.Load())
	}
	if _, err := driver.Find(t.Context(), atInstance(), form); err == nil || followed.Load() > 0 {
		t.Errorf("search: %v, followed %d times", err, followed.Load())
	}
}
