package salesforce

import "github.com/avain-project/avain/internal/provider"

const (
	signInAgain = "the person connects the account again"
	soon        = "try again later"
	askInstall  = "a Salesforce administrator of the organization installs it"
	askAdmit    = "a Salesforce administrator of the organization opens it"
)

// install is what an administrator does about an app that the org does not have
// (help.salesforce.com, article 005132365).
func install() []string {
	return []string{
		"In Salesforce, open Setup as an administrator.",
		"In Quick Find, type Connected Apps OAuth Usage and open it. Where the application is in the list, choose Install beside it.",
		"Where it is not, install the package that the application's provider sends you: an external client app comes with one.",
		"In the app's policies, let the right people use it: under Permitted Users, all users, or those of a profile or permission set.",
	}
}

// admit is what an administrator does about an app that is there, and closed.
func admit() []string {
	return []string{
		"In Salesforce, open Setup as an administrator.",
		"In Quick Find, type Connected Apps OAuth Usage (or External Client App Manager) and open the application's policies.",
		"Unblock it where it is blocked. Under Permitted Users, let all users in, or give this person's profile or permission set access.",
		"Where addresses are restricted, choose Relax IP restrictions, or add the address of the application's server.",
	}
}

// row is a line of the error table for several codes. texts are parts of the
// description, of which one must be there; none: whatever it says.
type row struct {
	codes       []string
	texts       []string
	class       provider.Class
	cause, cure string
	steps       []string
}

// clients are the codes of a client that will not do. Salesforce has no code of its
// own for a good client in an org that has not installed it.
func clients() []string { return []string{"invalid_client", "invalid_client_id"} }

// rows: help.salesforce.com, remoteaccess_oauth_flow_errors, for most codes. "app must
// be installed into org" and OAUTH_APPROVAL_ERROR_GENERIC:
// docs.movedata.io/troubleshooting, support.cloudextend.io. OAUTH_EC_APP_NOT_FOUND and
// "External client app is not installed in this org": PipedreamHQ/pipedream#21557,
// forcedotcom/cli#3482. "Cross-org OAuth flows": unified.to/blog,
// salesforce_external_client_apps_on_multiple_organizations.
func rows() []row {
	return []row{
		{
			append(clients(), "invalid_grant", "invalid_request", "unauthorized_client", provider.CodeAccessDenied),
			[]string{"app must be installed", "not installed in this org", "Cross-org OAuth flows"},
			provider.Admin, "the application is not installed in this Salesforce organization", askInstall, install(),
		},
		{[]string{"OAUTH_EC_APP_NOT_FOUND"}, nil, provider.Admin, "the application is not installed in this Salesforce organization; or its own organization wants people to sign in at its My Domain", askInstall, install()},
		{[]string{"OAUTH_APPROVAL_ERROR_GENERIC"}, nil, provider.Admin, "the application is not installed in this Salesforce organization, or the person may not approve it", askInstall, install()},
		{[]string{"invalid_app_access", "OAUTH_APP_BLOCKED", "OAUTH_APP_ACCESS_DENIED"}, nil, provider.Admin, "an administrator of the Salesforce organization has closed the application to this person", askAdmit, admit()},
		{[]string{"invalid_grant", provider.CodeAccessDenied}, []string{"not admin approved", "hasn't approved this consumer"}, provider.Admin, "the application is open to people whom an administrator has let in, and this person is not among them", askAdmit, admit()},
		{[]string{"invalid_grant"}, []string{"IP restricted", "ip restricted", "invalid login hours"}, provider.Admin, "the Salesforce organization admits no calls from this server's address, or at this hour", askAdmit, admit()},
		{[]string{"inactive_org"}, nil, provider.Admin, "the Salesforce organization is locked, closed or suspended", "its administrator speaks with Salesforce", nil},

		{[]string{"invalid_grant"}, []string{"expired access/refresh token"}, provider.Dead, "the access was revoked, has expired by the app's policy, or a sixth sign-in has taken the place of this one", signInAgain, nil},
		{[]string{"invalid_grant"}, []string{"inactive user", "user is inactive"}, provider.Dead, "the person's Salesforce user is inactive", "an administrator activates the user, and " + signInAgain, nil},
		{[]string{"inactive_user"}, nil, provider.Dead, "the person's Salesforce user is inactive", "an administrator activates the user, and " + signInAgain, nil},
		{[]string{"invalid_grant"}, nil, provider.Dead, "the access was revoked or has expired by the app's policy", signInAgain, nil},

		{[]string{provider.CodeAccessDenied}, nil, provider.User, "the person declined", "start again and allow the access", nil},
		{[]string{"access-denied"}, nil, provider.User, "the person declined", "start again and allow the access", nil}, // so in Salesforce's own example
		{[]string{"immediate_unsuccessful", "interaction_required", "login_required", "consent_required"}, nil, provider.User, "Salesforce must show a page and was told not to (prompt=none)", "start again without prompt=none", nil},

		{clients(), nil, provider.Config, "the consumer key or secret is wrong, or the app is newer than ten minutes", "enter both again (avain registration set)", nil},
		{[]string{"unauthorized_client"}, nil, provider.Config, "the app may not use this flow", "switch the authorization code flow on in the app", nil},
		{[]string{"redirect_uri_mismatch", "redirect_uri_missing"}, nil, provider.Config, "the callback URL is not one of the app's", "register the one that avain doctor prints", nil},
		{[]string{"invalid_scope"}, nil, provider.Config, "a scope is not selected in the app, or does not exist", "select api, refresh_token and openid in the app; check nativeScopes", nil},
		{[]string{"invalid_request", "unsupported_response_type", "unsupported_grant_type"}, nil, provider.Config, "Salesforce did not accept the form of the request", "check callback URL, flows and PKCE of the app, and the registration's endpoints", nil},

		{[]string{"REQUEST_LIMIT_EXCEEDED"}, nil, provider.Later, "the organization has used up its API calls of the day", soon, nil},
		{[]string{"rate_limit_exceeded"}, nil, provider.Later, "too many sign-ins of this user within the hour", soon, nil},
		{[]string{"server_error", "temporarily_unavailable", "unknown_error", "SERVER_UNAVAILABLE"}, nil, provider.Later, "Salesforce has trouble or is under maintenance", soon, nil},
	}
}

// troubles writes the table out, one line for each code and text.
func troubles() []provider.Trouble {
	var lines []provider.Trouble
	for _, r := range rows() {
		texts := r.texts
		if len(texts) == 0 {
			texts = []string{""}
		}
		for _, code := range r.codes {
			for _, text := range texts {
				lines = append(lines, provider.Trouble{Code: code, Subtype: text, Class: r.class, Cause: r.cause, Cure: r.cure, Steps: r.steps})
			}
		}
	}
	return lines
}
