package salesforce_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/provider"
)

// errorsOf lists what Salesforce says, and whose affair it is. steps: the page for
// administrators has them.
func errorsOf() []struct {
	code, text string
	want       provider.Class
	steps      string
} {
	return []struct {
		code, text string
		want       provider.Class
		steps      string
	}{
		{"invalid_grant", "expired access/refresh token", provider.Dead, ""},
		{"invalid_grant", "inactive user", provider.Dead, ""},
		{"invalid_grant", "something of next year", provider.Dead, ""},
		{"inactive_user", "user is inactive", provider.Dead, ""},
		{"invalid_grant", "IP restricted or invalid login hours", provider.Admin, "Relax IP restrictions"},
		{"invalid_grant", "ip restricted", provider.Admin, "Relax IP restrictions"},
		{"invalid_grant", "user is not admin approved to access this app", provider.Admin, "Permitted Users"},
		{"invalid_app_access", "user is not admin approved to access this app", provider.Admin, "Permitted Users"},
		{"OAUTH_APP_BLOCKED", "this app is blocked by admin", provider.Admin, "Unblock"},
		{"OAUTH_APP_ACCESS_DENIED", "", provider.Admin, "Permitted Users"},
		{"inactive_org", "organization is locked", provider.Admin, ""},

		// One code, two meanings: the text tells.
		{"invalid_client", "app must be installed into org", provider.Admin, "Install"},
		{"invalid_client", "External client app is not installed in this org", provider.Admin, "Install"},
		{"invalid_client", "Cross-org OAuth flows are not supported for this external client app", provider.Admin, "Install"},
		{"invalid_client", "invalid client credentials", provider.Config, ""},
		{"invalid_client", "", provider.Config, ""},
		{"invalid_client_id", "client identifier invalid", provider.Config, ""},
		{"OAUTH_EC_APP_NOT_FOUND", "External client app is not installed in this org", provider.Admin, "Install"},
		{"OAUTH_EC_APP_NOT_FOUND", "", provider.Admin, "Install"},
		{"OAUTH_APPROVAL_ERROR_GENERIC", "An unexpected error has occured during authentication.", provider.Admin, "Install"},

		{"access_denied", "end-user denied authorization", provider.User, ""},
		{"immediate_unsuccessful", "", provider.User, ""},
		{"redirect_uri_mismatch", "redirect_uri must match configuration", provider.Config, ""},
		{"invalid_scope", "", provider.Config, ""},
		{"invalid_request", "scope parameter not supported", provider.Config, ""},
		{"unsupported_grant_type", "", provider.Config, ""},
		{"rate_limit_exceeded", "number of logins exceeded", provider.Later, ""},
		{"REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", provider.Later, ""},
		{"unknown_error", "retry your request", provider.Later, ""},
		{"brand_new_error", "app must be installed into org", provider.Later, ""}, // a text decides nothing alone
	}
}

func TestWhatErrorsMean(t *testing.T) {
	t.Parallel()
	for _, test := range errorsOf() {
		v := newVendor()
		v.refusal = map[string]any{"error": test.code, "error_description": test.text}
		_, err := v.refresh(t, registration(""), provider.Place{})
		atToken := err
		_, _, err = v.driver().Exchange(t.Context(), registration(""), provider.Callback{
			Params: url.Values{"error": {test.code}, "error_description": {test.text}},
		})
		for where, err := range map[string]error{"at the token endpoint": atToken, "at the callback": err} {
			var e *provider.Error
			if !errors.As(err, &e) || e.Class != test.want || e.Code != test.code || e.Cause == "" || e.Cure == "" {
				t.Errorf("%s (%s) %s is %v, want %s", test.code, test.text, where, err, test.want)
				continue
			}
			if steps := strings.Join(e.Steps, " "); (steps == "") != (test.steps == "") || !strings.Contains(steps, test.steps) {
				t.Errorf("%s (%s) %s: the steps are %q", test.code, test.text, where, steps)
			}
		}
	}
}
