package hubspot

import (
	"slices"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/scope"
)

// scopes: developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/scopes.
// HubSpot is a CRM: of what Avain unifies it has contacts. Each app must have the
// scope oauth.
func scopes() provider.ScopeMap {
	return provider.ScopeMap{
		Always: []string{"oauth"},
		Native: map[scope.Scope][]string{
			scope.ContactsRead:      {contactsRead},
			scope.ContactsReadWrite: {contactsRead, "crm.objects.contacts.write"},
		},
	}
}

const contactsRead = "crm.objects.contacts.read"

// divided tells what goes into scope and what into optional_scope.
//
// An app at HubSpot declares its scopes as required or optional. A required one
// that scope lacks stops everybody at HubSpot's page, whatever this sign-in is for;
// and so does one in scope that the person's HubSpot account does not have, where
// an optional one is left out without a word. So the registration's own scopes
// stand for the app's required ones and are always there, and what a sign-in adds
// is optional.
func divided(reg account.Registration, asked []string) (required, optional []string) {
	required = scopes().Ask(reg.Scopes, reg.NativeScopes)
	optional = slices.DeleteFunc(slices.Clone(asked), func(s string) bool { return slices.Contains(required, s) })
	return required, optional
}
