// Package zoho is all that is peculiar to Zoho: data centres with hosts, and often
// client secrets, of their own; errors that come with status 200; scopes with commas
// between them; its own word before the access token; and hosts by service.
//
// Sources, below zoho.com/accounts/protocol/oauth: web-apps/authorization,
// web-apps/access-token-expiry, multi-dc, multi-dc/client-authorization,
// mobile-and-desktop-apps/get-authorization-code (PKCE), sign-in-using-zoho; the
// error texts from help.zoho.com "Kaizen #4" and "Kaizen #43"; the data calls from
// zoho.com/mail/help/api and zoho.com/contacts/api. docs/providers/zoho.md tells
// which of it was only read.
//
// A refresh token makes at most ten access tokens in ten minutes, and then none.
// This driver asks once a call and never again by itself; who calls it refreshes
// once an hour, and once for each 401 within a minute at most (internal/credential).
//
// Start at zoho.go; place.go says where everything is, identity.go who signed in,
// troubles.go what each error means, and probe.go proves access.
package zoho
