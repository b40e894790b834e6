// Package provider says what a provider can do, in small interfaces, and what can
// go wrong with it, in five classes.
//
// A provider is one folder beside this file: all that is peculiar to Google lives
// in google/. A driver is stateless: the application's registration and the
// account's tokens come with each call, and nothing is kept. It implements
// [Provider] and those capabilities that its service has:
//
//	Redirector         sign-in by redirect: authorize page, code, identity
//	Former             … or on a page of ours, by login name and password:
//	  Signer           the password is the credential, and is kept
//	  Granter          the password is traded for tokens, and forgotten
//	  Finder           the way is found from the address alone, before a password is typed
//	AdminConsenter     the page where an administrator admits the application
//	TenantChecker      which tenants a registration may name
//	Refresher          a new access token from a refresh token
//	ResourceRefresher  … and for further resources than the main API
//	Revoker            ending a grant at the provider
//	Pinger             the least call that proves an access token
//	Prober             … and those that prove access to mail, calendar, contacts, tasks
//	Authorizer         another header than "Authorization: Bearer"
//
// Services ask for a capability by type assertion. Failures are [*Error] values,
// classified in the driver, where the provider's dialect is known.
//
// Start reading at provider.go; button.go is how people are sent to a provider's
// page, form.go how they are asked for a password instead, and find.go how the page
// learns where to send it. google/ is the example to follow for a new provider, and
// all/ the one line that adds it.
package provider
