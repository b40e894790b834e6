// Package google makes the sandbox speak as Google's servers do: OAuth 2.0 for
// web server applications, OpenID userinfo, and as much of Gmail, Calendar,
// People and Tasks as a demonstration needs.
//
// What is copied from Google, from
// https://developers.google.com/identity/protocols/oauth2/web-server and the
// Gmail and Calendar references:
//
//   - a refresh token comes with access_type=offline only, and only on the first
//     consent, with prompt=consent, or after a revocation; it does not rotate;
//   - email and profile come back as …/auth/userinfo.email and .profile;
//   - include_granted_scopes=true adds what was granted earlier;
//   - people may untick scopes, and revoking any token ends the whole grant;
//   - the error bodies of the token endpoint and of the APIs.
//
// What is not: there is no id_token, though openid may be asked (userinfo tells
// the same); the consent page is shown at every sign-in without +auto, where
// Google skips it for returning people; the PKCE method plain, hd, granular
// Workspace policy and quotas are missing. Gmail ignores q except "in:sent", and
// Calendar ignores time ranges; the parameter fields does nothing.
//
// Two API paths are not Google's but judge a pass-through: /api/echo/… and
// /api/stream (see package echo). So is /api/redirect.
//
// Start at google.go (routes), then authorize.go.
package google
