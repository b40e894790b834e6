package zoho

import (
	"slices"
	"strings"
)

const (
	scopeProfile = "AaaServer.profile.READ"
	scopeEmail   = "email"
)

func mailAccounts() []string { return []string{"ZohoMail.accounts.READ", "ZohoMail.accounts.ALL"} }

func mailRead() []string { return []string{"ZohoMail.messages.READ", "ZohoMail.messages.ALL"} }

func mailSend() []string { return []string{"ZohoMail.messages.CREATE", "ZohoMail.messages.ALL"} }

func tasksRead() []string { return []string{"ZohoMail.tasks.READ", "ZohoMail.tasks.ALL"} }

func calendarRead() []string {
	return []string{"ZohoCalendar.calendar.READ", "ZohoCalendar.calendar.ALL"}
}

func contactsRead() []string {
	return []string{"zohocontacts.contactapi.READ", "zohocontacts.contactapi.ALL"}
}

// fixed says whether a scope is part of signing in.
func fixed(scope string) bool {
	return slices.Contains([]string{scopeProfile, scopeEmail, "profile", "openid"}, scope)
}

// parseScopes splits a scope parameter at its commas and drops repeats. invalid are
// those that no service of Zoho could have: service.name.OPERATION is the form.
func parseScopes(param string) (scopes, invalid []string) {
	for _, s := range strings.FieldsFunc(param, func(r rune) bool { return r == ',' }) {
		switch {
		case !fixed(s) && (strings.Count(s, ".") < 2 || strings.Contains(s, " ")):
			invalid = append(invalid, s)
		case !slices.Contains(scopes, s):
			scopes = append(scopes, s)
		}
	}
	return scopes, invalid
}

// withoutLast leaves out the last scope that is not part of signing in.
func withoutLast(scopes []string) []string {
	for i := len(scopes) - 1; i >= 0; i-- {
		if !fixed(scopes[i]) {
			return slices.Delete(slices.Clone(scopes), i, i+1)
		}
	}
	return scopes
}

// words says what a scope means to a person.
func words(scope string) string {
	switch scope {
	case scopeProfile, "profile", "openid":
		return "Know which account this is, and its name"
	case scopeEmail:
		return "See the e-mail address"
	}
	what, operation := scope, ""
	if i := strings.LastIndex(scope, "."); i >= 0 {
		what, operation = scope[:i], scope[i+1:]
	}
	known, ok := map[string]string{
		"ZohoMail.accounts": "mailboxes", "ZohoMail.messages": "e-mail", "ZohoMail.folders": "mail folders", "ZohoMail.tasks": "tasks",
		"ZohoCalendar.calendar": "calendars", "ZohoCalendar.event": "events", "zohocontacts.contactapi": "contacts",
	}[what]
	does, okOperation := map[string]string{
		"READ": "See", "CREATE": "Add", "UPDATE": "Change", "DELETE": "Delete", "ALL": "See, add, change and delete",
	}[operation]
	switch {
	case scope == "ZohoMail.messages.CREATE":
		return "Write and send e-mail"
	case ok && okOperation:
		return does + " " + known
	default:
		return "Use: " + scope
	}
}
