package salesforce_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
)

const uat = "https://acme--uat.sandbox.my.salesforce.com"

// The tenant says where people sign in; all calls of the sign-in go there.
func TestWherePeopleSignIn(t *testing.T) {
	t.Parallel()
	for tenant, want := range map[string]string{
		"":                                      "https://login.salesforce.com",
		"production":                            "https://login.salesforce.com",
		"login.salesforce.com":                  "https://login.salesforce.com",
		"sandbox":                               "https://test.salesforce.com",
		"test.salesforce.com":                   "https://test.salesforce.com",
		"acme.my.salesforce.com":                "https://acme.my.salesforce.com",
		"acme--uat.sandbox.my.salesforce.com":   uat,
		"acme-dev-ed.develop.my.salesforce.com": "https://acme-dev-ed.develop.my.salesforce.com",
		"agency.my.salesforce.mil":              "https://agency.my.salesforce.mil",
	} {
		v := newVendor()
		if err := v.driver().CheckTenant(tenant); err != nil {
			t.Errorf("%s: %v", tenant, err)
		}
		page, err := v.driver().AuthorizeURL(registration(tenant), provider.AuthRequest{})
		if err != nil || !strings.HasPrefix(page, want+"/services/oauth2/authorize?") {
			t.Errorf("%s: %s, %v", tenant, page, err)
		}
		got, _, err := v.exchange(t, registration(tenant))
		if err != nil {
			t.Fatal(err)
		}
		if v.requests[0] != "POST "+want+"/services/oauth2/token" {
			t.Errorf("%s: exchanged at %s", tenant, v.requests[0])
		}
		if d := cmp.Diff(provider.Place{Accounts: want, API: instance}, got.Place); d != "" {
			t.Error(d)
		}
		if v.requests[1] != "GET "+instance+"/services/oauth2/userinfo" {
			t.Errorf("%s: the person is asked for at %s", tenant, v.requests[1])
		}
	}
}

// lookAlikes are hosts that only look like Salesforce's.
func lookAlikes() []string {
	return []string{
		"salesforce.com", "my.salesforce.com", ".my.salesforce.com", "evil.example", "acme.my.salesforce.com.evil.example",
		"acmemy.salesforce.com", "acme.my-salesforce.com", "acme.my.salesforce.com.", "acme.my.salesforce.com:8443", "acme.my.salesforce.co",
		"help.salesforce.com", "acme.force.com", "acme.my.site.com", "acme.my.salesforce-sites.com", "evilsalesforce.com", "login.salesforce.com.evil.example",
		"a/b.my.salesforce.com", "evil.example#.my.salesforce.com", "evil.example?.my.salesforce.com", `evil.example\.my.salesforce.com`,
		"acme.my.salesforce.com@evil.example", "user@acme.my.salesforce.com", "acmé.my.salesforce.com", "acme%2emy.salesforce.com", "127.0.0.1", "[::1]",
	}
}

func TestATenantThatOnlyLooksLikeOne(t *testing.T) {
	t.Parallel()
	for _, tenant := range append(lookAlikes(), "common", "organizations") {
		v := newVendor()
		if err := v.driver().CheckTenant(tenant); err == nil {
			t.Errorf("%s is taken for a tenant", tenant)
		}
		if page, err := v.driver().AuthorizeURL(registration(tenant), provider.AuthRequest{}); err == nil {
			t.Errorf("%s: people are sent to %s", tenant, page)
		}
		if _, _, err := v.exchange(t, registration(tenant)); err == nil || len(v.requests) > 0 {
			t.Errorf("%s: exchanged at %v: %v", tenant, v.requests, err)
		}
	}
}

// A stranger's instance ends the sign-in before anything is sent to it.
func TestAnInstanceOfAStranger(t *testing.T) {
	t.Parallel()
	strangers := []string{"http://acme.my.salesforce.com", "https://acme.my.salesforce.com/path", "https:acme.my.salesforce.com", "//acme.my.salesforce.com", "x"}
	for _, host := range slices.Concat(lookAlikes(), []string{"login.salesforce.com", "test.salesforce.com"}) {
		strangers = append(strangers, "https://"+host)
	}
	for _, named := range strangers {
		v := newVendor()
		v.token["instance_url"] = named
		got, who, err := v.exchange(t, registration(""))
		var e *provider.Error
		if !errors.As(err, &e) || e.Code != provider.CodeStrangeHost || e.Class != provider.Config {
			t.Errorf("exchange with %s: %v", named, err)
		}
		if len(v.requests) != 1 || !got.Access.IsZero() || who.Subject != "" {
			t.Errorf("exchange with %s: %v", named, v.requests)
		}
		// So it is where the identity is elsewhere and the instance is not asked at all.
		reg := registration("")
		reg.Endpoints.Userinfo = "https://sf.example/me"
		if got, _, err := v.exchange(t, reg); !errors.As(err, &e) || e.Code != provider.CodeStrangeHost || got.Place.API != "" {
			t.Errorf("exchange with %s, identity elsewhere: %+v, %v", named, got.Place, err)
		}
		// A refresh is good all the same, and the old instance stays.
		renewed, err := v.refresh(t, registration(""), provider.Place{API: instance})
		if err != nil || renewed.Access.IsZero() || renewed.Place.API != "" {
			t.Errorf("refresh with %s: %+v, %v", named, renewed.Place, err)
		}
	}
}

func TestAnAnswerWithoutAnInstance(t *testing.T) {
	t.Parallel()
	v := newVendor()
	delete(v.token, "instance_url")
	_, _, err := v.exchange(t, registration(""))
	var e *provider.Error
	if !errors.As(err, &e) || e.Code != provider.CodeMalformed || len(v.requests) != 1 {
		t.Errorf("%v after %v", err, v.requests)
	}
	// A registration that says where the API is needs none.
	reg := registration("")
	reg.Endpoints.API = "https://api.example/"
	if got, _, err := v.exchange(t, reg); err != nil || got.Place.API != "" || v.requests[2] != "GET https://login.salesforce.com/services/oauth2/userinfo" {
		t.Errorf("%+v, %v after %v", got.Place, err, v.requests)
	}
	if got, err := v.refresh(t, registration(""), provider.Place{API: instance}); err != nil || got.Place.API != "" {
		t.Errorf("a refresh without one: %+v, %v", got.Place, err)
	}
}

// A grant is renewed where it was made, whatever the registration says by now, and
// its instance is read anew.
func TestRefreshGoesWhereTheGrantWasMade(t *testing.T) {
	t.Parallel()
	v := newVendor()
	v.token["instance_url"] = "https://acme2.my.salesforce.com/"
	delete(v.token, "refresh_token")
	got, err := v.refresh(t, registration("sandbox"), provider.Place{Accounts: uat, API: instance})
	if err != nil || v.requests[0] != "POST "+uat+"/services/oauth2/token" {
		t.Fatalf("%v, %v", v.requests, err)
	}
	if v.form.Has("scope") || v.form.Get("grant_type") != "refresh_token" {
		t.Errorf("the refresh sends %v", v.form)
	}
	if got.Place.API != "https://acme2.my.salesforce.com" || !got.Refresh.IsZero() || got.Life != 0 {
		t.Errorf("%+v", got)
	}
	if err := v.driver().Revoke(t.Context(), registration("sandbox"), provider.Tokens{Access: got.Access, Place: provider.Place{Accounts: uat}}); err != nil ||
		v.requests[1] != "POST "+uat+"/services/oauth2/revoke" {
		t.Errorf("revoked at %v: %v", v.requests, err)
	}
	// What was kept is asked for again, too.
	if _, err := v.refresh(t, registration("sandbox"), provider.Place{Accounts: "https://evil.example"}); err != nil ||
		v.requests[2] != "POST https://test.salesforce.com/services/oauth2/token" {
		t.Errorf("a server of nobody's: %v, %v", v.requests, err)
	}
}

func TestEndpointsOfTheRegistrationComeFirst(t *testing.T) {
	t.Parallel()
	v := newVendor()
	reg := registration("")
	reg.Endpoints = account.Endpoints{
		Authorize: "https://sf.example/authorize", Token: "https://sf.example/token", Revoke: "https://sf.example/revoke", Userinfo: "https://sf.example/me",
	}
	got, _, err := v.exchange(t, reg)
	if err != nil || got.Place.Accounts != "" {
		t.Fatalf("%+v, %v", got.Place, err)
	}
	got.Place.Accounts = uat
	if _, err := v.refresh(t, reg, got.Place); err != nil {
		t.Fatal(err)
	}
	if err := v.driver().Revoke(t.Context(), reg, got); err != nil {
		t.Fatal(err)
	}
	want := []string{"POST https://sf.example/token", "GET https://sf.example/me", "POST https://sf.example/token", "POST https://sf.example/revoke"}
	if d := cmp.Diff(want, v.requests); d != "" {
		t.Error(d)
	}
}

func TestDirectIsRelativeToTheInstance(t *testing.T) {
	t.Parallel()
	direct := newVendor().driver().Info().Direct
	got, err := direct.Endpoint(registration(""), provider.Place{API: instance}, "services/data/v60.0/query")
	if err != nil || got.String() != instance+"/" {
		t.Errorf("%s, %v", got, err)
	}
	for _, host := range lookAlikes() {
		if got, err := direct.Endpoint(registration(""), provider.Place{API: "https://" + host}, "services/data"); err == nil {
			t.Errorf("calls go to %s", got)
		}
	}
	if got, err := direct.Endpoint(registration(""), provider.Place{}, "services/data"); err == nil {
		t.Errorf("without an instance, calls go to %s", got)
	}
}
