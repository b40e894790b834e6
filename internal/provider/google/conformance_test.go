package google_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider/google"
	"github.com/avain-project/avain/internal/provider/providertest"
	"github.com/avain-project/avain/internal/sandbox"
	"github.com/avain-project/avain/internal/secret"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Run(t, open)
}

// open puts the driver before a sandbox of its own.
func open(t *testing.T) providertest.Subject {
	t.Helper()
	const redirectURI = "https://avain.example/v1/auth/callback"
	box := sandbox.New(sandbox.Config{})
	server := httptest.NewServer(box)
	t.Cleanup(func() { box.Close(); server.Close() })
	err := box.Register("Google", sandbox.Client{ID: "client", Secret: "the-client-secret", Name: "Test", RedirectURIs: []string{redirectURI}})
	if err != nil {
		t.Fatal(err)
	}
	e := box.GoogleEndpoints(server.URL)
	return providertest.Subject{
		Provider: google.New(outbound.New(outbound.Config{APITimeout: 2 * time.Second})),
		Registration: account.Registration{
			ServiceType: account.Google, ClientID: "client", Secrets: []secret.Text{secret.New("the-client-secret")},
			Endpoints: account.Endpoints{Authorize: e.Authorize, Token: e.Token, Revoke: e.Revoke, Userinfo: e.Userinfo, API: e.API},
		},
		RedirectURI:  redirectURI,
		NativeScopes: []string{"openid", "email", "profile", "https://www.googleapis.com/auth/gmail.readonly"},
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
			n := box.Stats()["Google"]
			return n.Code + n.Refresh + n.Revoke + n.Identity + n.API
		},
	}
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
		providertest.BadClient: {Kind: "error", Error: "invalid_client", Status: 401},
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
		fault.Vendor = "Google"
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
