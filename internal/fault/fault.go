package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind groups codes by who has to act. The faces map it to an HTTP status.
type Kind int

// The kinds.
const (
	Invalid      Kind = iota // the request is wrong as it stands
	Unauthorized             // no valid credential came with it
	Forbidden                // the credential does not reach that far
	NotFound                 // there is no such thing
	Conflict                 // it contradicts what there is
	Method                   // the path exists, not for this method
	Misdirected              // the request was meant for another host
	TooLarge                 // the body is over its bound
	TooMany                  // a rate limit; RetryAfter says when
	Broken                   // our own failure
	Upstream                 // the provider answered something unusable
	Timeout                  // the provider did not answer in time
	Unavailable              // we cannot serve now; trying again later may help
)

// Code names a fault on the wire. It is part of the contract: never renamed.
type Code string

// Error is a fault with its particulars.
type Error struct {
	Code Code
	// Detail follows the catalogue's sentence: which parameter, which scope.
	// It is shown to the caller and holds nothing secret.
	Detail string
	// RetryAfter, where positive, is how long to wait.
	RetryAfter time.Duration
	// Scope is what a bearer lacks: unified scopes, separated by spaces (RFC 6750 §3).
	Scope string
	// Err is the cause, for the log alone.
	Err error
}

// New makes a fault. The detail is shown to the caller; it may be empty.
func New(code Code, detail string) *Error { return &Error{Code: code, Detail: detail} }

// Newf is New with a formatted detail.
func Newf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Wrap makes a fault of a cause that only the log will see.
func Wrap(code Code, cause error) *Error { return &Error{Code: code, Err: cause} }

// Error is the text for logs: code, detail and cause.
func (e *Error) Error() string {
	s := string(e.Code)
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Message is the text for the caller: what went wrong and what to do next.
func (e *Error) Message() string {
	text := e.Code.Entry().Text
	if e.Detail == "" {
		return text
	}
	return text + " " + e.Detail
}

// Kind is the catalogue's kind of the fault's code.
func (e *Error) Kind() Kind { return e.Code.Entry().Kind }

// From finds the fault in an error chain; any other error becomes [Internal].
func From(err error) *Error {
	var f *Error
	if errors.As(err, &f) {
		return f
	}
	return Wrap(Internal, err)
}

// Is tells whether err carries that code.
func Is(err error, code Code) bool {
	var f *Error
	return errors.As(err, &f) && f.Code == code
}
