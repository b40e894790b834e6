package zoho

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/oauth"
)

// probe is the least call of an area: its path and the scopes that its page names.
type probe struct {
	path   string
	scopes []string
}

// probes: zoho.com/mail/help/api (get-all-users-accounts, get-all-personal-tasks),
// zoho.com/calendar/help/api (get-calendar-list), zoho.com/contacts/api
// (get-multiple-contacts).
func probes() map[provider.Area]probe {
	return map[provider.Area]probe{
		provider.Email:    {"api/accounts", []string{mailAccounts, "ZohoMail.accounts.ALL"}},
		provider.Calendar: {"api/v1/calendars", []string{calendars + "READ", calendars + "ALL"}},
		provider.Contacts: {"api/v1/accounts/self/contacts?page=1&per_page=1", []string{contacts + "READ", contacts + "ALL"}},
		provider.Tasks:    {"api/tasks/me?limit=1", []string{tasks + "READ", tasks + "ALL"}},
	}
}

// Proofs implements provider.Prober.
func (d *Driver) Proofs(account.Registration) map[provider.Area][]string {
	proofs := map[provider.Area][]string{}
	for area, p := range probes() {
		proofs[area] = p.scopes
	}
	return proofs
}

// Probe implements provider.Prober.
func (d *Driver) Probe(ctx context.Context, reg account.Registration, held provider.Tokens, area provider.Area) error {
	p, ok := probes()[area]
	if !ok {
		return fmt.Errorf("zoho has no call that proves the area %q", area)
	}
	base, err := direct().Endpoint(reg, held.Place, p.path)
	if err != nil {
		return err
	}
	return d.client.Probe(ctx, base.String()+p.path, held.Access, oauth.Refusals{Codes: codes, Table: refused()})
}

// codes lists the codes of an error: each service has its own form.
func codes(body []byte) []string {
	var fault struct {
		Data struct {
			ErrorCode string `json:"errorCode"` // mail
		} `json:"data"`
		Errors []struct {
			Message string `json:"message"` // contacts, calendar
		} `json:"errors"`
		Code string `json:"code"` // CRM
	}
	// The members are of several types, and any of them may stay unread.
	_ = json.Unmarshal(body, &fault)
	found := []string{fault.Data.ErrorCode, fault.Code}
	for _, e := range fault.Errors {
		found = append(found, e.Message)
	}
	return slices.DeleteFunc(found, func(c string) bool { return c == "" })
}

const (
	allowAgain  = "start again and allow the access"
	giveMailbox = "sign in with an account that has a mailbox at Zoho, or the organization's administrator gives it one"
)

// refused: the codes that people report; Zoho's pages name the statuses alone.
func refused() []provider.Trouble {
	return []provider.Trouble{
		{Code: "INVALID_OAUTHSCOPE", Class: provider.User, Cause: "the access was not granted", Cure: allowAgain},
		{Code: "OAUTH_SCOPE_MISMATCH", Class: provider.User, Cause: "the access was not granted", Cure: allowAgain},
		{Code: "INVALID_OAUTHTOKEN", Class: provider.User, Cause: "Zoho refuses the access token", Cure: "start again"},
		{Code: "INVALID_TOKEN", Class: provider.User, Cause: "Zoho refuses the access token", Cure: "start again"},
		{Code: "ACCOUNT_NOT_EXISTS", Class: provider.User, Cause: "the account has no mailbox at Zoho", Cure: giveMailbox},
	}
}
