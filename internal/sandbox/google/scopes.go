package google

import (
	"slices"
	"strings"
)

const (
	authBase     = "https://www.googleapis.com/auth/"
	scopeOpenID  = "openid"
	scopeEmail   = authBase + "userinfo.email"
	scopeProfile = authBase + "userinfo.profile"
	scopeMailAll = "https://mail.google.com/"
)

// The functions below say what each API accepts, any one of it; from the
// "Authorization scopes" sections of the Gmail v1, Calendar v3, People v1 and Tasks
// v1 references.

func gmailRead() []string {
	return []string{scopeMailAll, authBase + "gmail.modify", authBase + "gmail.readonly"}
}

func gmailSend() []string {
	return []string{scopeMailAll, authBase + "gmail.modify", authBase + "gmail.compose", authBase + "gmail.send"}
}

func gmailProfile() []string {
	return append(gmailRead(), authBase+"gmail.compose", authBase+"gmail.metadata")
}

func calendarLists() []string {
	return []string{
		authBase + "calendar", authBase + "calendar.readonly",
		authBase + "calendar.calendarlist", authBase + "calendar.calendarlist.readonly",
	}
}

func calendarEvents() []string {
	return []string{
		authBase + "calendar", authBase + "calendar.readonly",
		authBase + "calendar.events", authBase + "calendar.events.readonly",
	}
}

func contactsRead() []string { return []string{authBase + "contacts", authBase + "contacts.readonly"} }

func tasksRead() []string { return []string{authBase + "tasks", authBase + "tasks.readonly"} }

// words says what a scope means to a person.
func words(scope string) string {
	switch scope {
	case scopeOpenID:
		return "Know which account this is"
	case scopeEmail:
		return "See the e-mail address"
	case scopeProfile:
		return "See the name and picture"
	case scopeMailAll:
		return "Read, write, send and delete all e-mail"
	}
	switch name := strings.TrimPrefix(scope, authBase); name {
	case "gmail.readonly":
		return "Read e-mail and its settings"
	case "gmail.modify":
		return "Read, write and send e-mail"
	case "gmail.compose":
		return "Manage drafts and send e-mail"
	case "gmail.send":
		return "Send e-mail"
	case "gmail.metadata":
		return "See labels and headers of e-mail, not its text"
	case "calendar":
		return "See, change, share and delete calendars"
	case "calendar.readonly":
		return "See calendars"
	case "calendar.events":
		return "See and change calendar events"
	case "calendar.events.readonly":
		return "See calendar events"
	case "contacts":
		return "See, change and delete contacts"
	case "contacts.readonly":
		return "See contacts"
	case "contacts.other.readonly":
		return "See people e-mailed before"
	case "tasks":
		return "See, change and delete tasks"
	case "tasks.readonly":
		return "See tasks"
	default:
		return "Use: " + name
	}
}

// fixed says whether a scope is part of signing in and cannot be left out.
func fixed(scope string) bool {
	return scope == scopeOpenID || scope == scopeEmail || scope == scopeProfile
}

// parseScopes splits a scope parameter, spells each the way Google answers it,
// and drops repeats. invalid are those no Google API could have.
func parseScopes(param string) (scopes, invalid []string) {
	for _, s := range strings.Fields(param) {
		switch s {
		case "email":
			s = scopeEmail
		case "profile":
			s = scopeProfile
		}
		if !plausible(s) {
			invalid = append(invalid, s)
		} else if !slices.Contains(scopes, s) {
			scopes = append(scopes, s)
		}
	}
	return scopes, invalid
}

// plausible accepts every scope of Google's form: the sandbox does not keep the
// list of the hundreds there are.
func plausible(scope string) bool {
	for _, base := range []string{authBase, "https://www.google.com/"} {
		if name, ok := strings.CutPrefix(scope, base); ok {
			return name != ""
		}
	}
	return scope == scopeOpenID || scope == scopeMailAll
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
