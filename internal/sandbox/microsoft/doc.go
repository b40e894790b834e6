// Package microsoft makes the sandbox speak as Microsoft's servers do for work and
// school accounts: the v2.0 endpoints of the identity platform, and as much of
// Microsoft Graph as a demonstration needs.
//
// What is copied, from
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow,
// …/refresh-tokens, …/id-token-claims-reference, …/v2-admin-consent and
// …/reference-error-codes:
//
//   - the tenant is in the path: common, organizations, a tenant id, or a domain.
//     Each persona has a home tenant and is a guest in any other, with another oid;
//   - a refresh token comes with offline_access, a new one with each refresh, and
//     the old one stays good; offline_access is never among the granted scopes;
//   - an access token is for one resource: Graph refuses one for outlook.office.com;
//   - an id_token with oid and tid comes with openid;
//   - error bodies with AADSTS numbers, and Graph's error bodies;
//   - all or nothing: no scope can be unticked on the page. The tag +untick leaves
//     the last one out of the answer all the same.
//
// What is not: personal accounts and the tenant "consumers", response_mode other
// than query, the v1.0 endpoints, Conditional Access, certificates as credentials;
// id_tokens are signed with the client's secret (HS256), where Microsoft signs
// with published keys. A refresh at another tenant than the grant's is always
// refused; Microsoft lets it pass where the application is admitted there too.
// Graph ignores $filter, $select and $orderby.
//
// As with Google, /echo/…, /stream and /redirect below the API judge a
// pass-through (package echo).
//
// Start at microsoft.go (routes), then authorize.go.
package microsoft
