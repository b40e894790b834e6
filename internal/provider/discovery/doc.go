// Package discovery finds the way to a mailbox from the domain of its address, before
// anybody types a password: whose OAuth sign-in it is, which servers to use, or where
// its Exchange answers.
//
// It sends the domain alone, never the address, and no credential. All calls go
// through outbound.Typed, which knows what strangers may not reach, and resolves names.
//
// All places are asked at once, and the most trusted answer wins as soon as nothing
// more trusted can still come, within ten seconds. In order of trust:
//
//	known     the bundled list of large services
//	MX        the domain's mail goes to one of those
//	autoconf  https://autoconfig.{domain}/… and https://{domain}/.well-known/…
//	          (draft-ietf-mailmaint-autoconfig)
//	ISPDB     a public directory of settings, where the operator lets it know domains
//	SRV       service records that name a server of the domain (RFC 6186, RFC 8314)
//	Online    Autodiscover that ends at Exchange Online
//
// and, to be looked at by the person before a password goes there ([Found.Unsure]):
// settings that name a server of another domain, or came unencrypted, or from the
// domain of the mail exchanger; an Exchange of the domain; names that mail servers
// often have. "Another domain" is another registrable one, by the public suffix list.
// A server that does not greet as it should is no answer.
//
// Start reading at discovery.go; race.go is the order of trust at work. Each source has
// its file, and clientconfig.go the XML of autoconfig.
package discovery
