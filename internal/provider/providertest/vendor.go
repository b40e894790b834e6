package providertest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/sandbox"
	"github.com/avain-project/avain/internal/secret"
)

// What the sandbox's vendor knows of its one client.
const (
	RedirectURI  = "https://avain.example/v1/auth/callback"
	clientID     = "client"
	clientSecret = "the-client-secret"
)

// Vendor is a vendor of the sandbox, served for one test, with a client registered.
type Vendor struct {
	Box  *sandbox.Sandbox
	URL  string
	name string
	// badClient is how it refuses a client that it does not know.
	badClient sandbox.Fault
}

// Serve starts the vendor with that name, which is a service type.
func Serve(t *testing.T, name string, badClient sandbox.Fault) *Vendor {
	t.Helper()
	box := sandbox.New(sandbox.Config{})
	server := httptest.NewServer(box)
	t.Cleanup(func() { box.Close(); server.Close() })
	err := box.Register(name, sandbox.Client{ID: clientID, Secret: clientSecret, Name: "Test", RedirectURIs: []string{RedirectURI}})
	if err != nil {
		t.Fatal(err)
	}
	return &Vendor{Box: box, URL: server.URL, name: name, badClient: badClient}
}

// Subject puts a driver before the vendor. native are the scopes of its sign-ins.
func (v *Vendor) Subject(driver provider.Provider, endpoints account.Endpoints, native ...string) Subject {
	return Subject{
		Provider: driver,
		Registration: account.Registration{
			ServiceType: account.ServiceType(v.name), ClientID: clientID, Secrets: []secret.Text{secret.New(clientSecret)},
			Endpoints: endpoints,
		},
		RedirectURI: RedirectURI, NativeScopes: native,
		Consent:   consentOrDeny,
		ConsentAs: consentAs,
		Fail:      v.fail,
		Withdraw:  v.Box.Reset,
		Expire:    func() { v.Box.Expire() },
		Calls: func() int {
			n := v.Box.Stats()[v.name]
			return n.Code + n.Refresh + n.Revoke + n.Identity + n.API
		},
	}
}

// consentOrDeny is Subject.Consent at a stand-in that takes the sandbox's hints.
func consentOrDeny(t *testing.T, authorizeURL string, yes bool) url.Values {
	t.Helper()
	if !yes {
		return Consent(t, authorizeURL, "ada+deny@sandbox.test")
	}
	return Consent(t, authorizeURL, "ada+auto@sandbox.test")
}

// Consent visits the sandbox's authorize page as whom the hint names, and returns the
// query that comes to the redirect URI.
func Consent(t *testing.T, authorizeURL, hint string) url.Values {
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

// consentAs is Subject.ConsentAs at a stand-in that takes the sandbox's hints.
func consentAs(t *testing.T, authorizeURL string, how Manner) url.Values {
	t.Helper()
	tag := map[Manner]string{
		LeavingOut: "untick", WithoutMail: "nomail", WithoutAdmin: "admin", WithoutRefresh: "norefresh", Rotating: "rotate",
	}[how]
	return Consent(t, authorizeURL, "ada+auto+"+tag+"@sandbox.test")
}

func (v *Vendor) fail(t *testing.T, at Endpoint, f Failure) {
	t.Helper()
	if err := v.Box.SetFaults(faults(t, v.name, v.badClient, at, f)); err != nil {
		t.Fatal(err)
	}
}

// faults is a failure in the words of the sandbox; none for the empty one.
func faults(t *testing.T, vendor string, badClient sandbox.Fault, at Endpoint, f Failure) []sandbox.Fault {
	t.Helper()
	if f == "" {
		return nil
	}
	fault, known := map[Failure]sandbox.Fault{
		TooMany:   {Kind: "status", Status: 429, RetryAfter: "7"},
		Trouble:   {Kind: "status", Status: 503},
		BadClient: badClient,
		Page:      {Kind: "html"},
		HalfJSON:  {Kind: "malformed"},
		Nothing:   {Kind: "empty"},
		TooLarge:  {Kind: "oversized"},
		Hanging:   {Kind: "hang"},
	}[f]
	if !known {
		t.Fatalf("the sandbox cannot play %q", f)
	}
	fault.Vendor = vendor
	fault.Endpoint = map[Endpoint]sandbox.Endpoint{
		Exchange: "code", Refresh: "refresh", Identity: "identity", Revoke: "revoke", Data: "api",
	}[at]
	return []sandbox.Fault{fault}
}
