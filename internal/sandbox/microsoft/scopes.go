package microsoft

import (
	"slices"
	"strings"
)

// graph and outlook are the resources that the sandbox knows. A scope without a
// resource is Graph's.
const (
	graph   = "https://graph.microsoft.com/"
	outlook = "https://outlook.office.com/"
)

func mailRead() []string { return []string{"Mail.Read", "Mail.ReadWrite", "Mail.ReadBasic"} }

func calendarRead() []string {
	return []string{"Calendars.Read", "Calendars.ReadWrite", "Calendars.ReadBasic"}
}

func contactsRead() []string { return []string{"Contacts.Read", "Contacts.ReadWrite"} }

func tasksRead() []string { return []string{"Tasks.Read", "Tasks.ReadWrite"} }

// ofSignIn are the scopes of OpenID Connect; they belong to no resource.
func ofSignIn() []string { return []string{"openid", "profile", "email", "offline_access"} }

// parseScopes splits a scope parameter, spells each as Microsoft answers it, and
// drops repeats. invalid are those of resources that there are not.
func parseScopes(param string) (scopes, invalid []string) {
	for _, s := range strings.Fields(param) {
		s = strings.TrimPrefix(s, graph)
		switch {
		case strings.Contains(s, "://") && !strings.HasPrefix(s, outlook), s == "":
			invalid = append(invalid, s)
		case !slices.Contains(scopes, s):
			scopes = append(scopes, s)
		}
	}
	return scopes, invalid
}

// resourceOf is a scope's resource; "" for those of signing in.
func resourceOf(scope string) string {
	switch {
	case slices.Contains(ofSignIn(), scope):
		return ""
	case strings.HasPrefix(scope, outlook):
		return outlook
	}
	return graph
}

// one narrows granted scopes to one resource: that of the first asked scope which
// has one, else Graph. asked may be empty, or hold the resource's .default. several
// says that more than one resource was asked for.
func one(asked, granted []string) (scopes []string, several bool) {
	resource := ""
	for _, s := range asked {
		r := resourceOf(s)
		several = several || r != "" && resource != "" && r != resource
		if resource == "" {
			resource = r
		}
	}
	if resource == "" {
		resource = graph
	}
	all := len(asked) == 0 || slices.ContainsFunc(asked, func(s string) bool { return strings.HasSuffix(s, ".default") })
	for _, s := range granted {
		if r := resourceOf(s); r == "" || r == resource && (all || slices.Contains(asked, s)) {
			scopes = append(scopes, s)
		}
	}
	return scopes, several
}

// ungranted are asked scopes of the first resource that the grant does not hold.
func ungranted(asked, granted []string) []string {
	return slices.DeleteFunc(slices.Clone(asked), func(s string) bool {
		return resourceOf(s) == "" || strings.HasSuffix(s, ".default") || slices.Contains(granted, s)
	})
}

// told leaves out what answers never name.
func told(scopes []string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return s == "offline_access" }), " ")
}

// withoutLast leaves out the last scope that is not part of signing in.
func withoutLast(scopes []string) []string {
	for i := len(scopes) - 1; i >= 0; i-- {
		if resourceOf(scopes[i]) != "" && scopes[i] != "User.Read" && scopes[i] != "MailboxSettings.Read" {
			return slices.Delete(slices.Clone(scopes), i, i+1)
		}
	}
	return scopes
}

// words says what a scope means to a person.
func words(scope string) string {
	switch name := strings.TrimPrefix(scope, outlook); name {
	case "openid", "profile", "User.Read":
		return "Sign you in and read your profile"
	case "email":
		return "See your e-mail address"
	case "offline_access":
		return "Keep the access you have given it"
	case "MailboxSettings.Read":
		return "Read your mailbox settings"
	case "Mail.Read":
		return "Read your mail"
	case "Mail.ReadWrite":
		return "Read and write your mail"
	case "Mail.Send":
		return "Send mail as you"
	case "Calendars.Read":
		return "Read your calendars"
	case "Calendars.ReadWrite":
		return "Have full access to your calendars"
	case "Contacts.Read":
		return "Read your contacts"
	case "Contacts.ReadWrite":
		return "Have full access to your contacts"
	case "Tasks.Read":
		return "Read your tasks"
	case "Tasks.ReadWrite":
		return "Read and write your tasks"
	default:
		return "Use: " + name
	}
}
