// Package ews connects mailboxes of Exchange servers on their owners' premises, by
// Exchange Web Services: a form with an address and a password, proven by a GetFolder
// on the inbox. Exchange Online takes no passwords; who ends there is sent to Office365.
//
// What holds for every sign-in:
//
//   - the server is asked first, by a POST without a login, how it wants one: NTLM (v2,
//     as itself or as Negotiate), else Basic. One of them is used, once; what a server
//     has refused is tried no second time, neither in another way nor elsewhere
//   - https alone, to the host that the person has named or seen, or to one of the same
//     domain that this host names. Any other is shown to the person first
//   - connections are made by outbound.Typed, one for each login, never shared
//   - time and bytes are bounded, XML has no directives and no depth, and what a server
//     says is for the log alone
//
// Start reading at ews.go. form.go and address.go read the form, line.go signs in on a
// connection, soap.go speaks over it, autodiscover.go asks a server where the mailbox
// is, call.go is the pass-through, troubles.go what can go wrong.
package ews
