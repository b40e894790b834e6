// Package zoho makes the sandbox speak as Zoho's servers do: the accounts servers of
// its data centres, and as much of Mail, Calendar and Contacts as a demonstration
// needs.
//
// What is copied, from zoho.com/accounts/protocol/oauth (web-apps, multi-dc,
// mobile-and-desktop-apps, sign-in-using-zoho), zoho.com/mail/help/api and
// zoho.com/contacts/api:
//
//   - data centres, one folder each: /zoho/us, /zoho/eu, /zoho/in and so on. A person
//     has a home centre (ada: eu, bob: in), whichever centre's page is opened. The
//     callback names it by location and accounts-server, and codes and tokens are
//     good there alone;
//   - a client has one secret for all centres, or one of its own in some;
//   - scopes have commas between them in the request, spaces in the answer;
//   - a refresh token comes with access_type=offline, once, and again with
//     prompt=consent; it stays the same;
//   - errors of the token endpoint come with status 200;
//   - at most ten access tokens from one refresh token in ten minutes;
//   - api_domain in the answers to codes and refreshes;
//   - Zoho-oauthtoken before the access token. Only oauth/user/info takes Bearer too.
//
// What is not: that China signs in at its own server only, that the 21st refresh
// token ends the first, Zoho's many other services, and hosts of their own for mail,
// calendar and contacts: all paths are below api_domain. id_tokens are signed with
// the client's secret (HS256). The wording of API errors follows what people report.
//
// As elsewhere, /echo/…, /stream and /redirect below the API judge a pass-through
// (package echo).
//
// Start at zoho.go (routes), then centre.go and authorize.go.
package zoho
