package zoho

import (
	"errors"
	"time"

	"github.com/avain-project/avain/internal/provider"
)

const (
	signInAgain = "the person connects the account again"
	soon        = "try again later"
)

// accessDenied is Zoho's error for too many requests; a person's no is access_denied.
const accessDenied = "Access Denied"

// pause is how long Zoho counts the access tokens of a refresh token: ten in ten
// minutes (zoho.com/crm/developer/docs/api, token-validity).
const pause = 10 * time.Minute

// limited gives an answer of too many requests its code and its wait.
func limited(err error) error {
	var e *provider.Error
	if errors.As(err, &e) && e.Code == accessDenied {
		e.Code = provider.CodeLimited
		if e.RetryAfter == 0 {
			e.RetryAfter = pause
		}
	}
	return err
}

// troubles: help.zoho.com "Kaizen #4 - Troubleshooting OAuth2.0", "Kaizen #43 -
// Tokens and limitations". Most come with status 200.
func troubles() []provider.Trouble {
	return []provider.Trouble{
		{Code: accessDenied, Class: provider.Later, Cause: "Zoho limits how many tokens it gives in ten minutes", Cure: "wait ten minutes; if it stays, look for a caller in a loop"},
		{Code: "invalid_code", Class: provider.Dead, Cause: "the access was ended, or more than twenty sign-ins of the person came after it", Cure: signInAgain},
		{Code: "invalid_grant", Class: provider.Dead, Cause: "the access was ended", Cure: signInAgain},

		{Code: provider.CodeAccessDenied, Class: provider.User, Cause: "the person declined", Cure: "start again and allow the access"},

		{Code: "interaction_required", Class: provider.User, Cause: "Zoho must show a page", Cure: "start again"},
		{Code: "login_required", Class: provider.User, Cause: "nobody is signed in at Zoho", Cure: "start again"},
		{Code: "consent_required", Class: provider.User, Cause: "the person has not consented yet", Cure: "start again"},

		{Code: "invalid_client", Class: provider.Config, Cause: "the client id or secret is not that of the person's data centre, or Multi DC is not switched on for it", Cure: "switch the data centre on in Zoho's API console, and enter its secret (avain registration set --centre-secret)"},
		{Code: "invalid_client_secret", Class: provider.Config, Cause: "the client secret is not that of the person's data centre", Cure: "enter the centre's secret (avain registration set --centre-secret)"},
		{Code: "invalid_redirect_uri", Class: provider.Config, Cause: "the redirect URI is not registered", Cure: "register the one that avain doctor prints"},
		{Code: "redirect_uri_mismatch", Class: provider.Config, Cause: "the redirect URI is not registered", Cure: "register the one that avain doctor prints"},
		{Code: "invalid_scope", Class: provider.Config, Cause: "a scope does not exist", Cure: "check nativeScopes"},
		{Code: "invalid_oauthscope", Class: provider.Config, Cause: "a scope does not exist", Cure: "check nativeScopes"},
		{Code: "unauthorized_client", Class: provider.Config, Cause: "the client is not a server-based application", Cure: "register a client of that type"},
		{Code: "unsupported_grant_type", Class: provider.Config, Cause: "the client may not use this flow", Cure: "register a server-based application"},
		{Code: "invalid_response_type", Class: provider.Config, Cause: "Zoho did not accept the form of the request", Cure: "check the endpoints of the registration"},
		{Code: "invalid_request", Class: provider.Config, Cause: "Zoho did not accept the form of the request", Cure: "check redirect URI and endpoints of the registration"},

		{Code: "general_error", Class: provider.Later, Cause: "Zoho has trouble", Cure: soon},
		{Code: "server_error", Class: provider.Later, Cause: "Zoho has trouble", Cure: soon},
		{Code: "temporarily_unavailable", Class: provider.Later, Cause: "Zoho has trouble", Cure: soon},
	}
}
