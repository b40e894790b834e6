// Package exchange stands in for an Exchange Server that a company runs itself: the web
// services (EWS) and autodiscover, behind NTLM, Negotiate and Basic. It listens on
// sockets of its own, because NTLM authenticates a connection and not a request.
//
// person.go has the names and passwords, login.go the ways to prove them (the arithmetic
// is in ntlm), autodiscover.go the way here, operation.go and what is named after an
// operation the web services. The mail is mailbox's.
//
// Its answers follow Microsoft's "EWS reference for Exchange" and "Autodiscover
// reference for Exchange", and what exchangelib takes.
package exchange
