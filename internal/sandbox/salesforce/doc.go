// Package salesforce makes the sandbox speak as Salesforce does: the OAuth endpoints
// of a login host, and as much of the REST API of an org's instance as a
// demonstration needs.
//
// What is copied, below help.salesforce.com (remoteaccess_oauth_web_server_flow,
// …_refresh_token_flow, …_flow_errors, …_using_userinfo_endpoint) and in
// developer.salesforce.com's REST API guide:
//
//   - each persona is a user of an org of their own, and each org has its own
//     instance. The answer of the token endpoint names it (instance_url); the API and
//     the identity are there, and a token of one org is refused at another's;
//   - no expires_in; a refresh that names scopes is refused; a refresh token comes with
//     the scope refresh_token or offline_access, and with each sign-in;
//   - the identity endpoint refuses with 403 and one bare word, the API with 401 and
//     INVALID_SESSION_ID;
//   - all or nothing: no scope can be unticked on the page. The tag +untick leaves the
//     last one out of the answer all the same;
//   - +admin: the app is not installed in the person's org.
//
// What is not: hosts of their own for orgs (an instance is a path here), id_tokens,
// the five sign-ins at most of a person, SOQL beyond SELECT … FROM … LIMIT, writing.
// Salesforce shows most errors of the authorize page itself and sends nobody back.
//
// As with Google, /echo/…, /stream and /redirect below the instance judge a
// pass-through (package echo).
//
// Start at salesforce.go (routes), then authorize.go.
package salesforce
