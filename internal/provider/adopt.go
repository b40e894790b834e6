package provider

import (
	"context"

	"github.com/avain-project/avain/internal/account"
)

// Adopter takes over grants that were made elsewhere for the same client of the provider:
// the application brings the tokens, and nobody signs in.
type Adopter interface {
	Refresher
	// Identify says whose tokens they are, which have just been refreshed or, without a
	// refresh token, are tried as they are. The tokens come back completed by what that has
	// taught: scopes, tenant, place. It may refresh once more only at a provider whose
	// Info says HonoursReplaced or RefreshStays.
	Identify(ctx context.Context, reg account.Registration, held Tokens) (Tokens, account.Identity, error)
}

// Locator is an Adopter whose provider has many places.
type Locator interface {
	Adopter
	// Locate is where a brought grant belongs, by the server that the application names: a
	// host or an https address, or "" for none. Nothing is called. The error is for people.
	Locate(reg account.Registration, server string) (Place, error)
}

// Known is a login in an application's words, in place of what a person would type. Empty
// texts are not known.
type Known struct {
	Email      string
	Username   string // where it is not the address
	ServerURL  string // host, host:port or an address
	SendingURL string // likewise, of the server that mail is sent through
}

// Filler is a Former whose form an application can fill in.
type Filler interface {
	Former
	// Fill writes what is known into the form's fields, and guesses nothing. What cannot be
	// read stays as it is, for SignIn or Grant to refuse.
	Fill(Known) Form
}

// LoginReader is a Filler that can read a login which another system has proven.
type LoginReader interface {
	Filler
	// ReadLogin is what Signer.SignIn would return of the form, without a call: nothing is
	// proven, the servers must be named, and nobody vouches for the address.
	ReadLogin(Form) (Login, account.Identity, error)
}
