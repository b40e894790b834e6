package zoho

import (
	"strings"

	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/scope"
)

const (
	// profile opens oauth/user/info.
	profile  = "AaaServer.profile.READ"
	messages = "ZohoMail.messages."
	folders  = "ZohoMail.folders."
	// mailAccounts opens the list of the person's mailboxes, whose id stands in the
	// path of every other mail call.
	mailAccounts = "ZohoMail.accounts.READ"
	tasks        = "ZohoMail.tasks."
	calendars    = "ZohoCalendar.calendar."
	events       = "ZohoCalendar.event."
	contacts     = "zohocontacts.contactapi."
)

// scopes: zoho.com/mail/help/api, zoho.com/calendar/help/api and
// zoho.com/contacts/api. "email" brings an id_token (sign-in-using-zoho).
func scopes() provider.ScopeMap {
	return provider.ScopeMap{
		Always: []string{profile, "email"},
		Native: map[scope.Scope][]string{
			scope.MailRead:          {messages + "READ", folders + "READ", mailAccounts},
			scope.MailReadWrite:     {messages + "ALL", folders + "ALL", mailAccounts},
			scope.MailSend:          {messages + "CREATE", mailAccounts},
			scope.MailDrafts:        {messages + "CREATE", mailAccounts},
			scope.MailAll:           {messages + "ALL", folders + "ALL", mailAccounts},
			scope.CalendarRead:      {events + "READ", calendars + "READ"},
			scope.CalendarReadWrite: {events + "ALL", calendars + "ALL"},
			scope.ContactsRead:      {contacts + "READ"},
			scope.ContactsReadWrite: {contacts + "ALL"},
			scope.TasksRead:         {tasks + "READ"},
			scope.TasksReadWrite:    {tasks + "ALL"},
		},
	}
}

// separated splits granted scopes at commas too: answers have either. nil stays nil.
func separated(granted []string) []string {
	var out []string
	for _, g := range granted {
		out = append(out, strings.FieldsFunc(g, func(r rune) bool { return r == ',' })...)
	}
	return out
}
