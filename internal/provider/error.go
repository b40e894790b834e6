package provider

import (
	"fmt"
	"time"
)

// Class says who has to act.
type Class string

// The classes.
const (
	Dead   Class = "dead"   // the grant is gone: only a new sign-in helps
	User   Class = "user"   // the grant lives, the person must do something
	Admin  Class = "admin"  // an administrator of the person's organization must act
	Config Class = "config" // our registration is wrong: no account is to blame
	Later  Class = "later"  // passing trouble: try again
)

// Codes of our own, where the provider sent none.
const (
	CodeAccessDenied = "access_denied"    // the person said no
	CodeMalformed    = "malformed_answer" // unreadable: HTML, half a JSON, nothing, too much
	CodeTimeout      = "timeout"
	CodeUnreachable  = "unreachable"
	CodeLimited      = "http_429" // too many requests
	CodeNoRefresh    = "no_refresh_token"
	CodeUnauthorized = "unauthorized" // an identity call refused the access token
	// CodeStrangeHost: an answer names a server that is none of the provider's.
	CodeStrangeHost = "strange_host"
	// CodeStranger: the answer of a refresh is for somebody else than the account's person.
	CodeStranger = "another_account"
	// CodeAccessRefused: a data call refused although its scope was granted.
	CodeAccessRefused = "access_refused"
)

// Codes of a sign-in on our own page, and of a login's later use.
const (
	CodeLoginRefused      = "login.refused"      // login name or password are wrong
	CodeLoginDisabled     = "login.disabled"     // they are right, and the server does not let them in
	CodeLoginLocked       = "login.locked"       // the account is locked or closed, whatever the password
	CodeLoginExpired      = "login.expired"      // the password has run out
	CodeLoginUnsupported  = "login.unsupported"  // the server takes no password from mail programs
	CodeAppPassword       = "login.appPassword"  // the server wants a password made for applications
	CodeServerUnknown     = "server.unknown"     // no such host, or no way to find the person's
	CodeServerUnconfirmed = "server.unconfirmed" // a guess, to be looked at before a password goes there
	CodeServerUnreachable = "server.unreachable" // nobody answers there
	CodeServerTimeout     = "server.timeout"     // … or not in time
	CodeServerBusy        = "server.busy"        // the server says that it has trouble
	CodeServerForbidden   = "server.forbidden"   // an address that may not be called
	CodeServerTLS         = "server.tls"         // no protection
	CodeServerCertificate = "server.certificate" // a certificate that is not its own, or that nobody vouches for
	CodeServerProtocol    = "server.protocol"    // something else answers there
	CodeFieldInvalid      = "field.invalid"      // what was typed into Field cannot be
)

// Error is a provider's failure, classified.
type Error struct {
	Class Class
	Code  string // the provider's code, or one of ours
	// Cause and Cure are for people: why this probably happened, what to do.
	Cause, Cure string
	// Steps are what an administrator does, one after the other, in sentences for
	// people; of class Admin alone, where the provider has no page for it.
	Steps []string
	// Field is the form's field that can cure it; empty for none.
	Field      string
	RetryAfter time.Duration // where the provider named one
	// Way is where a person goes on instead, where a sign-in on our page has found out:
	// at another service's sign-in, or with other values, to be looked at. Often zero.
	Way Way
	Err error // for the log; holds nothing secret
}

func (e *Error) Error() string {
	s := fmt.Sprintf("provider says %s (%s)", e.Code, e.Class)
	if e.Cause != "" {
		s += ": " + e.Cause
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Trouble is one line of a provider's error table.
type Trouble struct {
	Code    string // the OAuth error code, or that of a data call
	Subtype string // a refinement in error_subtype, error_codes or the description; "" matches all
	Class   Class
	Cause   string
	Cure    string
	Steps   []string // as in Error
}
