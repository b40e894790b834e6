package office365

import (
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/scope"
)

const offlineAccess = "offline_access"

// always is what every sign-in asks for, as Aurinko does (contract §4.3).
func always() []string {
	return []string{"openid", "profile", "email", offlineAccess, "User.Read", "MailboxSettings.Read"}
}

// scopes: learn.microsoft.com/graph/permissions-reference. Graph has no scope for
// drafts alone, and none for reading, writing and sending at once.
func scopes() provider.ScopeMap {
	m := provider.ScopeMap{
		Always: always(),
		Native: map[scope.Scope][]string{
			scope.MailRead:          {"Mail.Read"},
			scope.MailReadWrite:     {"Mail.ReadWrite"},
			scope.MailSend:          {"Mail.Send"},
			scope.MailDrafts:        {"Mail.ReadWrite", "Mail.Send"},
			scope.MailAll:           {"Mail.ReadWrite", "Mail.Send"},
			scope.CalendarRead:      {"Calendars.Read"},
			scope.CalendarReadWrite: {"Calendars.ReadWrite"},
			scope.ContactsRead:      {"Contacts.Read"},
			scope.ContactsReadWrite: {"Contacts.ReadWrite"},
			scope.TasksRead:         {"Tasks.Read"},
			scope.TasksReadWrite:    {"Tasks.ReadWrite"},
		},
	}
	for _, h := range clouds() {
		m.Prefixes = append(m.Prefixes, h.graph+"/")
	}
	return m
}

// ofSignIn tells whether a scope belongs to OpenID Connect and to no resource.
func ofSignIn(s string) bool {
	return slices.Contains([]string{"openid", "profile", "email", offlineAccess}, s)
}

// ofGraph tells whether a scope is Graph's: without an address it always is.
func ofGraph(cloud account.Cloud, s string) bool {
	return !ofSignIn(s) && (!strings.Contains(s, "://") || strings.HasPrefix(s, clouds()[cloud].graph+"/"))
}

// own are the scopes that one token for Graph can carry.
func own(cloud account.Cloud, native []string) []string {
	return slices.DeleteFunc(slices.Clone(native), func(s string) bool { return !ofSignIn(s) && !ofGraph(cloud, s) })
}

// spelled names Graph's scopes in full in national clouds, where the short form is
// not documented.
func spelled(cloud account.Cloud, native []string) []string {
	if cloud == "" {
		return native
	}
	full := slices.Clone(native)
	for i, s := range full {
		if ofGraph(cloud, s) && !strings.Contains(s, "://") {
			full[i] = clouds()[cloud].graph + "/" + s
		}
	}
	return full
}

// granted completes an answer, which speaks of its own resource alone: what was
// consented to for others stands. Microsoft lets nobody choose among scopes, so
// what was asked for them was granted with the rest. nil stays nil.
func granted(cloud account.Cloud, answered, before []string) []string {
	if answered == nil {
		return nil
	}
	all := slices.Clone(answered)
	for _, s := range before {
		if !ofSignIn(s) && !ofGraph(cloud, s) && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}
