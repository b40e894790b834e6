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

// Manner is what is peculiar about a consent.
type Manner string

// The manners.
const (
	LeavingOut     Manner = "the last scope is left out"
	WithoutMail    Manner = "the mail service is off for the person"
	WithoutAdmin   Manner = "an administrator has to approve first"
	WithoutRefresh Manner = "no refresh token is given"
	Rotating       Manner = "each refresh ends the refresh token and gives a new one"
)

// Subject is a driver with a provider, or a stand-in, to speak to.
type Subject struct {
	Provider provider.Provider
	// Registration is accepted by the provider. Its only secret is the right one.
	Registration account.Registration
	RedirectURI  string
	// NativeScopes are asked for in sign-ins, identity scopes included.
	NativeScopes []string
	// Place is where people sign in, at a provider that has many places; zero otherwise.
	Place provider.Place
	// Consent plays the person at the authorize page who says yes, or no, and
	// returns the query that comes to the redirect URI.
	Consent func(t *testing.T, authorizeURL string, yes bool) url.Values
	// ConsentAs plays a person who says yes where something is peculiar.
	ConsentAs func(t *testing.T, authorizeURL string, how Manner) url.Values
	// DirectPath is one of the provider's API that NativeScopes open, for GET.
	DirectPath string
	// Form is what a person types: a form that works for the class "", or one that is
	// refused with that class. It may have the stand-in fail. Only formers need it.
	Form func(t *testing.T, refused provider.Class) provider.Form
	// Without says, for each promise that the provider has no use for, why.
	Without map[Promise]string
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
		Place: s.Place,
	}
}

func (s Subject) redirector(t *testing.T) provider.Redirector {
	t.Helper()
	p, ok := s.Provider.(provider.Redirector)
	if !ok {
		t.Fatal("the provider signs nobody in by redirect")
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
		Place: s.Place,
	}
}

// callbackAs is callback for a consent that is peculiar.
func (s Subject) callbackAs(t *testing.T, how Manner) provider.Callback {
	t.Helper()
	page, err := s.redirector(t).AuthorizeURL(s.Registration, s.request())
	if err != nil {
		t.Fatal(err)
	}
	return provider.Callback{
		Params: s.ConsentAs(t, page, how), Verifier: secret.New(verifier), RedirectURI: s.RedirectURI, NativeScopes: s.NativeScopes,
		Place: s.Place,
	}
}

// signInAs is signIn for a consent that is peculiar.
func (s Subject) signInAs(t *testing.T, how Manner) provider.Tokens {
	t.Helper()
	tokens, _, err := s.redirector(t).Exchange(t.Context(), s.Registration, s.callbackAs(t, how))
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

// signIn runs the whole sign-in, on the provider's pages or else by its form.
func (s Subject) signIn(t *testing.T) (provider.Tokens, account.Identity) {
	t.Helper()
	if _, redirects := s.Provider.(provider.Redirector); !redirects {
		_, tokens, who, err := s.submit(t.Context(), s.Form(t, ""))
		if err != nil {
			t.Fatal(err)
		}
		return tokens, who
	}
	tokens, who, err := s.redirector(t).Exchange(t.Context(), s.Registration, s.callback(t, true))
	if err != nil {
		t.Fatal(err)
	}
	return tokens, who
}
