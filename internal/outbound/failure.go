package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Reason says why a typed host could not be talked to.
type Reason string

// The reasons.
const (
	// AddressRefused: the guard's work. People are told what they are told of
	// [Unreachable], so that nobody maps the inner network by asking.
	AddressRefused Reason = "refused"
	BadHost        Reason = "bad_host"     // no name, no address, or a port of another service
	NoSuchHost     Reason = "no_such_host" // DNS knows no address
	Unreachable    Reason = "unreachable"
	TimedOut       Reason = "timeout"
	NoTLS          Reason = "no_tls"       // something else is spoken there, or too old a version
	CertName       Reason = "cert_name"    // the certificate is another host's
	CertExpired    Reason = "cert_expired" // or not valid yet
	CertUnknown    Reason = "cert_unknown" // signed by itself, or by nobody we know
	CertInvalid    Reason = "cert_invalid" // anything else
	NotHTTP        Reason = "not_http"     // something else is spoken there, over TLS
	TooMuch        Reason = "too_much"     // more bytes than anybody needs
	BadRedirect    Reason = "bad_redirect" // too many, not https, or with a body
)

// Failure is why a typed host could not be talked to. Its Error is for the log: it
// may name inner addresses. [Failure.Public] is for people.
type Failure struct {
	Reason Reason
	Host   string // as given, without the port
	Err    error  // holds nothing secret
}

func (f *Failure) Error() string {
	if f.Err == nil {
		return fmt.Sprintf("typed host %q: %s", f.Host, f.Reason)
	}
	return fmt.Sprintf("typed host %q: %s: %v", f.Host, f.Reason, f.Err)
}

func (f *Failure) Unwrap() error { return f.Err }

// Shown is the reason as far as a stranger may learn it: a refused address is an
// unreachable one. Codes, pages and texts for people go by this.
func (f *Failure) Shown() Reason {
	if f.Reason == AddressRefused {
		return Unreachable
	}
	return f.Reason
}

// Public is the reason as a sentence for the person who typed the host. It says
// nothing about addresses.
func (f *Failure) Public() string {
	switch f.Shown() {
	case BadHost:
		return "This is not a server name and port that can be used."
	case NoSuchHost:
		return "There is no server of that name."
	case TimedOut:
		return "The server did not answer in time."
	case NoTLS:
		return "The server does not speak TLS 1.2 or newer on that port."
	case CertName:
		return "The server's certificate is for another name."
	case CertExpired:
		return "The server's certificate is not valid today."
	case CertUnknown:
		return "The server's certificate is not signed by an authority that is known here."
	case CertInvalid:
		return "The server's certificate is not valid."
	case NotHTTP:
		return "What answers there is no web server."
	case TooMuch:
		return "The server sent more than such a server does."
	case BadRedirect:
		return "The server leads to an address that is not followed."
	}
	return "The server cannot be reached."
}

// Explain makes a [Failure] of what a dial, a handshake or a read at a typed host
// ended with, also inside a library's error. An error that has one already keeps it;
// nil stays nil; what is not recognized is [Unreachable].
func Explain(host string, err error) *Failure {
	if err == nil {
		return nil
	}
	var known *Failure
	if errors.As(err, &known) {
		return known
	}
	var call *url.Error
	if errors.As(err, &call) {
		err = call.Err // without the URL: its query may hold a secret
	}
	return &Failure{Reason: reason(err), Host: host, Err: err}
}

func reason(err error) Reason {
	var (
		name    x509.HostnameError
		unknown x509.UnknownAuthorityError
		invalid x509.CertificateInvalidError
		verify  *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		dns     *net.DNSError
		refused *refusedError
	)
	switch {
	case errors.As(err, &refused):
		return AddressRefused
	case errors.As(err, &name):
		return CertName
	case errors.As(err, &unknown):
		return CertUnknown
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return CertExpired
	case errors.As(err, &invalid), errors.As(err, &verify):
		return CertInvalid
	case errors.As(err, &record), strings.Contains(err.Error(), "tls: "): // crypto/tls exports no type for the rest
		return NoTLS
	case errors.Is(err, ErrTooMuch), errors.Is(err, ErrTooLarge), strings.Contains(err.Error(), "response headers exceeded"):
		return TooMuch
	case strings.Contains(err.Error(), "malformed HTTP"), strings.Contains(err.Error(), "malformed MIME header"): // nor net/http
		return NotHTTP
	case strings.Contains(err.Error(), "readLoopPeekFailLocked: %!w(<nil>)"):
		return NotHTTP // it spoke first, as IMAP does, and was quicker than the request: nothing failed but net/http's wording
	case errors.As(err, &dns) && dns.IsNotFound:
		return NoSuchHost
	case Timeout(err), errors.Is(err, context.DeadlineExceeded):
		return TimedOut
	}
	return Unreachable
}
