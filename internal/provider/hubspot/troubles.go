package hubspot

import (
	"encoding/json"

	"github.com/avain-project/avain/internal/provider"
)

const again = "the person connects the account again"

const enterBoth = "copy both from the app's Auth page and enter them (avain registration set)"

// own reads HubSpot's status, which stands beside OAuth's error, or, in older
// answers, in its place. It says more, so it decides.
func own(body []byte) (code, subtype string) {
	var told struct {
		Status string `json:"status"`
	}
	if json.Unmarshal(body, &told) != nil {
		return "", ""
	}
	return statuses()[told.Status], told.Status
}

// statuses says which OAuth error each stands for. BAD_REFRESH_TOKEN is in
// HubSpot's guide ("Error handling"); the others have been seen in answers of the v1
// endpoints, whose words the new ones keep.
func statuses() map[string]string {
	return map[string]string{
		"BAD_REFRESH_TOKEN":               "invalid_grant",
		"BAD_AUTH_CODE":                   "invalid_grant",
		"EXPIRED_AUTH_CODE":               "invalid_grant",
		"BAD_CLIENT_ID":                   "invalid_client",
		"BAD_CLIENT_SECRET":               "invalid_client",
		"BAD_REDIRECT_URI":                "redirect_uri_mismatch",
		"MISMATCH_REDIRECT_URI_AUTH_CODE": "redirect_uri_mismatch",
	}
}

// troubles: RFC 6749 for the codes, statuses for the subtypes. Wrong scopes, a
// person without the permission to install apps, and an unknown client id are told
// on HubSpot's own page, and nobody comes back from it.
func troubles() []provider.Trouble {
	return []provider.Trouble{
		{Code: "invalid_grant", Subtype: "BAD_REFRESH_TOKEN", Class: provider.Dead, Cause: "the app was uninstalled from the HubSpot account, or the access was revoked", Cure: again},
		{Code: "invalid_grant", Subtype: "BAD_AUTH_CODE", Class: provider.Dead, Cause: "the code of this sign-in was used before or has expired", Cure: "start again"},
		{Code: "invalid_grant", Subtype: "EXPIRED_AUTH_CODE", Class: provider.Dead, Cause: "the code of this sign-in has expired", Cure: "start again"},
		{Code: "invalid_grant", Class: provider.Dead, Cause: "the access was ended at HubSpot, or the code of this sign-in is not valid", Cure: again},
		{Code: provider.CodeAccessDenied, Class: provider.User, Cause: "the person declined", Cure: "start again and connect the app"},
		{Code: "invalid_client", Subtype: "BAD_CLIENT_ID", Class: provider.Config, Cause: "HubSpot does not know the client id", Cure: enterBoth},
		{Code: "invalid_client", Subtype: "BAD_CLIENT_SECRET", Class: provider.Config, Cause: "the client secret is wrong: perhaps it was rotated", Cure: enterBoth},
		{Code: "invalid_client", Class: provider.Config, Cause: "the client id or secret is wrong", Cure: enterBoth},
		{Code: "unauthorized_client", Class: provider.Config, Cause: "the app may not do this", Cure: "look at the app in HubSpot"},
		{Code: "redirect_uri_mismatch", Class: provider.Config, Cause: "the redirect URL is not one of the app's", Cure: "enter the one that avain doctor prints"},
		{Code: "invalid_scope", Class: provider.Config, Cause: "a scope is not declared in the app", Cure: "declare it there, or take it out of the registration (docs/providers/hubspot.md)"},
		{Code: "invalid_request", Class: provider.Config, Cause: "HubSpot did not accept the form of the request", Cure: "check the registration's redirect URL and endpoints"},
		{Code: "unsupported_grant_type", Class: provider.Config, Cause: "the app may not use this flow", Cure: "its auth type must be oauth"},
		{Code: "server_error", Class: provider.Later, Cause: "HubSpot has trouble", Cure: "try again later"},
		{Code: "temporarily_unavailable", Class: provider.Later, Cause: "HubSpot has trouble", Cure: "try again later"},
	}
}
