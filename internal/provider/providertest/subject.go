package providertest

import (
	"net/url"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
)

// Endpoint is one of a provider's endpoints that can be made to fail.
type Endpoint string

// The endpoints.
const (
	Exchange Endpoint = "exchange"
	Refresh  Endpoint = "refresh"
	Identity Endpoint = "identity"
	Revoke   Endpoint = "revoke"
	Data     Endpoint = "data"
)

// Failure is a way to fail.
type Failure string

// The failures.
const (
	TooMany   Failure = "429 with Retry-After: 7"
	Trouble   Failure = "503"
	BadClient Failure = "invalid_client"
	Page      Failure = "a web page"
	HalfJSON  Failure = "half a JSON"
	Nothing   Failure = "no body"
	TooLarge  Failure = "an oversized body"
	Hanging   Failure = "no answer"
)

// Subject is a driver with a provider, or a stand-in, to speak to.
type Subject struct {
	Provider provider.Provider
	// Registration is accepted by the provider. Its only secret is the right one.
	Registration account.Registration
	RedirectURI  string
	// NativeScopes are asked for in sign-ins, identity scopes included.
	NativeScopes []string
	// Consent plays the person at the authorize page who says yes, or no, and
	// returns the query that comes to the redirect URI.
	Consent func(t *testing.T, authorizeURL string, yes bool) url.Values
	// ConsentWithoutMail plays a person who says yes to all, and whose mail service
	// is off. Only probers of mail need it.
	ConsentWithoutMail func(t *testing.T, authorizeURL string) url.Values
	// Fail makes an endpoint fail from now on; an empty failure ends that.
	Fail func(t *testing.T, e Endpoint, f Failure)
	// Withdraw ends all grants at the provider, as the person could.
	Withdraw func()
	// Expire ends all access tokens at the provider, but no refresh token.
	Expire func()
	// Calls counts the calls the provider has had.
	Calls func() int
}

const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // of RFC 7636 appendix B

const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

// request is a sign-in's visit to the provider.
func (s Subject) request() provider.AuthRequest {
	return provider.AuthRequest{
		State: "the-state", Verifier: secret.New(verifier), RedirectURI: s.RedirectURI, NativeScopes: s.NativeScopes, ForceConsent: true,
	}
}

func (s Subject) redirector(t *testing.T) provider.Redirector {
	t.Helper()
	p, ok := s.Provider.(provider.Redirector)
	if !ok {
		t.Skip("the provider signs nobody in by redirect")
	}
	return p
}

// callback sends the person to the provider and back.
func (s Subject) callback(t *testing.T, yes bool) provider.Callback {
	t.Helper()
	page, err := s.redirector(t).AuthorizeURL(s.Registration, s.request())
	if err != nil {
		t.Fatal(err)
	}
	return provider.Callback{
		Params: s.Consent(t, page, yes), Verifier: secret.New(verifier), RedirectURI: s.RedirectURI, NativeScopes: s.NativeScopes,
	}
}

// signIn runs the whole sign-in.
func (s Subject) signIn(t *testing.T) (provider.Tokens, account.Identity) {
	t.Helper()
	tokens, who, err := s.redirector(t).Exchange(t.Context(), s.Registration, s.callback(t, true))
	if err != nil {
		t.Fatal(err)
	}
	return tokens, who
}
