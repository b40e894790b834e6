// Package mail stands in for a mail service without an API: IMAP and SMTP submission
// on sockets of their own, TLS from the first byte and STARTTLS, with a certificate
// authority that is made anew for each run.
//
// The protocols are those of go-imap's and go-smtp's server packages; this package
// adds the personas, their mail, and the ways to fail. server.go is where to start
// reading, person.go holds logins and tags, fault.go what connections are made to
// suffer.
package mail
