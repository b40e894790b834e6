// Package sugarcrm makes the sandbox speak as SugarCRM does: two instances and the
// identity service of its cloud.
//
//   - the instance [OnSite] takes user name and password at its token endpoint, as JSON.
//     A user has one session a platform: a new sign-in ends the one before, and so does
//     each refresh with the refresh token. Platforms that it does not know are refused;
//   - the instance [Cloud] announces the identity service (metadata/public), whose
//     consent page signs people in. Its password grant works too, as in the cloud for
//     people without single sign-on;
//   - errors are {"error": label, "error_message": text}; those of the identity service
//     have OAuth's own form;
//   - the token travels in OAuth-Token or as a bearer. One of the other instance is
//     refused.
//
// A persona's password is [Password]; tags behind the name steer a sign-in by password:
// ada+locked, ada+license, ada+maintenance, ada+inactive, ada+norefresh, ada+revoked.
//
// What is not: writing, filters, other modules than Accounts and Contacts, single
// sign-on behind the identity service.
//
// As with Google, /echo/…, /stream and /redirect below an instance judge a pass-through
// (package echo). Start at sugarcrm.go (routes), then token.go.
package sugarcrm
