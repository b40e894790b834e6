package google

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/oauth"
)

// probes is, for each area, the path of the least call (with fields, which every
// Google API takes, so that nothing personal is answered) and the scopes that the
// call's reference page accepts: users.getProfile of Gmail v1, calendarList.list of
// Calendar v3, people.connections.list of People v1, tasklists.list of Tasks v1.
// gmail.send is not among those of getProfile.
var probes = map[provider.Area]struct {
	path   string
	scopes []string
}{
	provider.Email: {
		"gmail/v1/users/me/profile?fields=historyId",
		[]string{"https://mail.google.com/", auth + "gmail.modify", auth + "gmail.compose", auth + "gmail.readonly", auth + "gmail.metadata"},
	},
	provider.Calendar: {
		"calendar/v3/users/me/calendarList?maxResults=1&fields=kind",
		[]string{auth + "calendar", auth + "calendar.readonly", auth + "calendar.calendarlist", auth + "calendar.calendarlist.readonly"},
	},
	provider.Contacts: {
		"v1/people/me/connections?pageSize=1&personFields=metadata&fields=totalItems",
		[]string{auth + "contacts", auth + "contacts.readonly"},
	},
	provider.Tasks: {
		"tasks/v1/users/@me/lists?maxResults=1&fields=kind",
		[]string{auth + "tasks", auth + "tasks.readonly"},
	},
}

// Proofs implements provider.Prober.
func (d *Driver) Proofs(account.Registration) map[provider.Area][]string {
	proofs := make(map[provider.Area][]string, len(probes))
	for area, p := range probes {
		proofs[area] = p.scopes
	}
	return proofs
}

// Probe implements provider.Prober.
func (d *Driver) Probe(ctx context.Context, reg account.Registration, held provider.Tokens, area provider.Area) error {
	p, ok := probes[area]
	if !ok {
		return fmt.Errorf("google has no call that proves the area %q", area)
	}
	base, err := direct.Endpoint(reg, held.Place, p.path)
	if err != nil {
		return err
	}
	return d.client.Probe(ctx, base.String()+p.path, held.Access, oauth.Refusals{Codes: reasons, Table: refusals})
}

// reasons reads an API's error: ErrorInfo of the newer form
// (cloud.google.com/apis/design/errors), the errors list of the older one. Many
// answers carry both.
func reasons(body []byte) []string {
	var answer struct {
		Error struct {
			Details []struct {
				Reason string `json:"reason"`
			} `json:"details"`
			Errors []struct {
				Reason string `json:"reason"`
			} `json:"errors"`
			Status string `json:"status"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return nil
	}
	var found []string
	for _, e := range answer.Error.Details {
		found = append(found, e.Reason)
	}
	for _, e := range answer.Error.Errors {
		found = append(found, e.Reason)
	}
	return nonEmpty(append(found, answer.Error.Status))
}

func nonEmpty(words []string) []string {
	var out []string
	for _, w := range words {
		if w != "" {
			out = append(out, w)
		}
	}
	return out
}

const (
	enable  = "enable the API in the Google project (APIs & Services → Library), wait a minute, start again"
	another = "sign in with another account; in an organization, an administrator switches the service on"
)

// refusals: developers.google.com/workspace/gmail/api/guides/handle-errors and
// …/calendar/api/guides/errors; notACalendarUser, "Mail service not enabled"
// (failedPrecondition) and SERVICE_DISABLED as reported by users of the APIs
// (webhookdb/webhookdb#624, twentyhq/twenty#12349).
var refusals = []provider.Trouble{
	{Code: "SERVICE_DISABLED", Class: provider.Config, Cause: "the API is not enabled in the Google project", Cure: enable},
	{Code: "accessNotConfigured", Class: provider.Config, Cause: "the API is not enabled in the Google project", Cure: enable},
	{Code: "RATE_LIMIT_EXCEEDED", Class: provider.Later, Cause: "the calls of this project or person are used up for now", Cure: "try again later"},
	{Code: "rateLimitExceeded", Class: provider.Later, Cause: "the calls of this project are used up for now", Cure: "try again later"},
	{Code: "userRateLimitExceeded", Class: provider.Later, Cause: "the calls for this person are used up for now", Cure: "try again later"},
	{Code: "quotaExceeded", Class: provider.Later, Cause: "the project's quota is used up", Cure: "try again later, or ask Google for more"},
	{Code: "dailyLimitExceeded", Class: provider.Later, Cause: "the project's quota of the day is used up", Cure: "try again tomorrow, or ask Google for more"},
	{Code: "ACCESS_TOKEN_SCOPE_INSUFFICIENT", Class: provider.User, Cause: "the access was not granted", Cure: "start again and allow the access"},
	{Code: "insufficientPermissions", Class: provider.User, Cause: "the access was not granted", Cure: "start again and allow the access"},
	{Code: "notACalendarUser", Class: provider.User, Cause: "the account has no Google Calendar, or its administrator switched it off", Cure: another},
	{Code: "failedPrecondition", Class: provider.User, Cause: "the account has no Gmail mailbox, or its administrator switched Gmail off", Cure: another},
	{Code: "domainPolicy", Class: provider.Admin, Cause: "the Workspace administrator has closed the API for this organization", Cure: "an administrator opens it in the Admin console"},
	{Code: "authError", Class: provider.User, Cause: "Google refuses the access token", Cure: "start again"},
}
