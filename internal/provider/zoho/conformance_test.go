package zoho_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider/providertest"
	"github.com/avain-project/avain/internal/provider/zoho"
	"github.com/avain-project/avain/internal/sandbox"
	"github.com/avain-project/avain/internal/secret"
)

const redirectURI = "https://avain.example/v1/auth/callback"

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Run(t, func(t *testing.T) providertest.Subject { return open(t).Subject })
}

// opened is a driver before a sandbox of its own.
type opened struct {
	providertest.Subject
	driver *zoho.Driver
	box    *sandbox.Sandbox
	url    string
}

func newDriver() *zoho.Driver {
	return zoho.New(outbound.New(outbound.Config{APITimeout: 2 * time.Second}))
}

func newDriverWith(client *http.Client) *zoho.Driver {
	return zoho.New(outbound.Clients{API: client})
}

func open(t *testing.T) opened {
	t.Helper()
	box := sandbox.New(sandbox.Config{})
	server := httptest.NewServer(box)
	t.Cleanup(func() { box.Close(); server.Close() })
	err := box.Register("Zoho", sandbox.Client{ID: "client", Secret: "the-client-secret", Name: "Test", RedirectURIs: []string{redirectURI}})
	if err != nil {
		t.Fatal(err)
	}
	e := box.ZohoEndpoints(server.URL)
	driver := newDriver()
	return opened{driver: driver, box: box, url: server.URL, Subject: providertest.Subject{
		Provider: driver,
		Registration: account.Registration{
			ServiceType: account.Zoho, ClientID: "client", Secrets: []secret.Text{secret.New("the-client-secret")},
			Endpoints: account.Endpoints{Authorize: e.Authorize, Token: e.Token, Revoke: e.Revoke, Userinfo: e.Userinfo},
		},
		RedirectURI:  redirectURI,
		NativeScopes: []string{"AaaServer.profile.READ", "email", "ZohoMail.accounts.READ"},
		Consent: func(t *testing.T, authorizeURL string, yes bool) url.Values {
			if !yes {
				return consent(t, authorizeURL, "ada+deny@sandbox.test")
			}
			return consent(t, authorizeURL, "ada+auto@sandbox.test")
		},
		ConsentWithoutMail: func(t *testing.T, authorizeURL string) url.Values {
			return consent(t, authorizeURL, "ada+auto+nomail@sandbox.test")
		},
		Fail:     func(t *testing.T, at providertest.Endpoint, f providertest.Failure) { fail(t, box, at, f) },
		Withdraw: box.Reset,
		Expire:   func() { box.Expire() },
		Calls: func() int {
			n := box.Stats()["Zoho"]
			return n.Code + n.Refresh + n.Revoke + n.Identity + n.API
		},
	}}
}

func consent(t *testing.T, authorizeURL, hint string) url.Values {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Get(authorizeURL + "&login_hint=" + url.QueryEscape(hint))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	to, err := res.Location()
	if err != nil {
		t.Fatalf("the consent page answers %d: %v", res.StatusCode, err)
	}
	return to.Query()
}

func fail(t *testing.T, box *sandbox.Sandbox, at providertest.Endpoint, f providertest.Failure) {
	t.Helper()
	fault, known := map[providertest.Failure]sandbox.Fault{
		providertest.TooMany:   {Kind: "status", Status: 429, RetryAfter: "7"},
		providertest.Trouble:   {Kind: "status", Status: 503},
		providertest.BadClient: {Kind: "error", Error: "invalid_client", Status: 200},
		providertest.Page:      {Kind: "html"},
		providertest.HalfJSON:  {Kind: "malformed"},
		providertest.Nothing:   {Kind: "empty"},
		providertest.TooLarge:  {Kind: "oversized"},
		providertest.Hanging:   {Kind: "hang"},
	}[f]
	var faults []sandbox.Fault
	if f != "" {
		if !known {
			t.Fatalf("the sandbox cannot play %q", f)
		}
		fault.Vendor = "Zoho"
		fault.Endpoint = map[providertest.Endpoint]sandbox.Endpoint{
			providertest.Exchange: "code", providertest.Refresh: "refresh", providertest.Identity: "identity", providertest.Revoke: "revoke",
			providertest.Data: "api",
		}[at]
		faults = append(faults, fault)
	}
	if err := box.SetFaults(faults); err != nil {
		t.Fatal(err)
	}
}
