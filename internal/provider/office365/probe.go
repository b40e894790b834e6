package office365

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/oauth"
)

// probe is the least call of an area: its path and the permissions that the call's
// reference page names.
type probe struct {
	path   string
	scopes []string
}

// probes: learn.microsoft.com/graph/api/mailfolder-get, calendar-get,
// user-list-contacts and todo-list-lists. Ids are the least that Graph answers.
// todo/lists is not known to take $select, and is not there in China.
func probes(cloud account.Cloud) map[provider.Area]probe {
	m := map[provider.Area]probe{
		provider.Email:    {"me/mailFolders/inbox?$select=id", []string{"Mail.ReadBasic", "Mail.Read", "Mail.ReadWrite"}},
		provider.Calendar: {"me/calendar?$select=id", []string{"Calendars.ReadBasic", "Calendars.Read", "Calendars.ReadWrite"}},
		provider.Contacts: {"me/contacts?$top=1&$select=id", []string{"Contacts.Read", "Contacts.ReadWrite"}},
		provider.Tasks:    {"me/todo/lists?$top=1", []string{"Tasks.Read", "Tasks.ReadWrite"}},
	}
	if cloud == account.CloudChina {
		delete(m, provider.Tasks)
	}
	return m
}

// Proofs implements provider.Prober.
func (d *Driver) Proofs(reg account.Registration) map[provider.Area][]string {
	proofs := map[provider.Area][]string{}
	for area, p := range probes(reg.Cloud) {
		proofs[area] = p.scopes
	}
	return proofs
}

// Probe implements provider.Prober.
func (d *Driver) Probe(ctx context.Context, reg account.Registration, held provider.Tokens, area provider.Area) error {
	p, ok := probes(reg.Cloud)[area]
	if !ok {
		return fmt.Errorf("office365 has no call that proves the area %q in the cloud %q", area, reg.Cloud)
	}
	base, err := direct().Endpoint(reg, held.Place, p.path)
	if err != nil {
		return err
	}
	return d.client.Probe(ctx, base.String()+p.path, held.Access, oauth.Refusals{Codes: graphCodes, Table: refused()})
}

// graphFault is an error of Graph, learn.microsoft.com/graph/errors.
type graphFault struct {
	Error struct {
		Code    string     `json:"code"`
		Message string     `json:"message"`
		Inner   innerFault `json:"innerError"`
	} `json:"error"`
}

type innerFault struct {
	Code  string      `json:"code"`
	Inner *innerFault `json:"innerError"`
}

// graphCodes lists an error's codes, the innermost first: it says most. Graph hands
// on some errors of its back ends whole, as JSON in the message of an UnknownError.
func graphCodes(body []byte) []string {
	var outer, within graphFault
	if json.Unmarshal(body, &outer) != nil {
		return nil
	}
	codes := []string{outer.Error.Code}
	for inner := &outer.Error.Inner; inner != nil; inner = inner.Inner {
		codes = append(codes, inner.Code)
	}
	if json.Unmarshal([]byte(outer.Error.Message), &within) == nil {
		codes = append(codes, within.Error.Code)
	}
	slices.Reverse(codes)
	return slices.DeleteFunc(codes, func(c string) bool { return c == "" })
}

const (
	giveMailbox = "sign in with an account that has a mailbox in Microsoft 365, or an administrator licenses, restores or moves the mailbox"
	allowAgain  = "start again and allow the access; in an organization, an administrator looks at what is forbidden"
)

// refused: learn.microsoft.com/graph/errors and …/graph/resolve-auth-errors;
// MailboxNot…ForRESTAPI from learn.microsoft.com/exchange/troubleshoot
// (rest-api-is-not-yet-supported-for-this-mailbox-error);
// OrganizationFromTenantGuidNotFound as reported (microsoftgraph/msgraph-sdk-dotnet#1920).
func refused() []provider.Trouble {
	return []provider.Trouble{
		{Code: "MailboxNotEnabledForRESTAPI", Class: provider.Admin, Cause: "the account has no mailbox that is active in Microsoft 365: no license, deleted, or on the organization's own server", Cure: giveMailbox},
		{Code: "MailboxNotSupportedForRESTAPI", Class: provider.Admin, Cause: "the mailbox is on the organization's own server", Cure: giveMailbox},
		{Code: "OrganizationFromTenantGuidNotFound", Class: provider.Admin, Cause: "the organization has no Exchange Online", Cure: giveMailbox},
		{Code: "ResourceNotFound", Class: provider.User, Cause: "the account has no mailbox, or is a guest in this organization", Cure: giveMailbox},
		{Code: "ErrorAccessDenied", Class: provider.User, Cause: "the access was not granted, or a policy of the organization forbids it", Cure: allowAgain},
		{Code: "Authorization_RequestDenied", Class: provider.User, Cause: "the access was not granted, or a policy of the organization forbids it", Cure: allowAgain},
		{Code: "InvalidAuthenticationToken", Class: provider.User, Cause: "Graph refuses the access token", Cure: "start again"},
	}
}
