package gate

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Endpoint is a kind of call that is counted and can be made to fail.
type Endpoint string

// Code and Refresh are the two grant types of the one token endpoint.
const (
	Authorize Endpoint = "authorize"
	Code      Endpoint = "code"
	Refresh   Endpoint = "refresh"
	Revoke    Endpoint = "revoke"
	Identity  Endpoint = "identity"
	API       Endpoint = "api"

	// Of mail servers: connections, and logins on them.
	IMAP      Endpoint = "imap"
	SMTP      Endpoint = "smtp"
	IMAPLogin Endpoint = "imapLogin"
	SMTPLogin Endpoint = "smtpLogin"

	// Of Exchange: calls of the web services and of autodiscover by people who are logged
	// in; every request as it arrives, before anybody is asked who they are; and every
	// password that is looked at.
	EWS               Endpoint = "ews"
	Autodiscover      Endpoint = "autodiscover"
	EWSFront          Endpoint = "ewsFront"
	AutodiscoverFront Endpoint = "autodiscoverFront"
	EWSLogin          Endpoint = "ewsLogin"
)

// Endpoints lists them all.
func Endpoints() []Endpoint {
	return []Endpoint{Authorize, Code, Refresh, Revoke, Identity, API, IMAP, SMTP, IMAPLogin, SMTPLogin, EWS, Autodiscover, EWSFront, AutodiscoverFront, EWSLogin}
}

// Kind is a way to fail.
type Kind string

// In comments: whether the real endpoint acts, and the default status.
const (
	Status    Kind = "status"    // does not act; the given status with an error body of the vendor
	Slow      Kind = "slow"      // acts after Delay
	Cut       Kind = "cut"       // acts; the answer breaks off half way and the connection closes
	Malformed Kind = "malformed" // does not act; 200, application/json, half a JSON object
	HTML      Kind = "html"      // does not act; 200, a web page
	Empty     Kind = "empty"     // does not act; 200, no body
	Oversized Kind = "oversized" // does not act; 200, more than 8 MiB of JSON
	Hang      Kind = "hang"      // does not act, does not answer until the client goes away
	Error     Kind = "error"     // does not act; 400, an OAuth error; at authorize: the redirect with error=

	// Of XML, in place of the answer.
	Bomb   Kind = "bomb"   // entities within entities, which would grow to gigabytes
	Entity Kind = "entity" // an external entity, at Location or file:///etc/passwd

	Redirect Kind = "redirect" // does not act; 302 to Location, or in a circle without one
	Names    Kind = "names"    // at autodiscover: the answer names Location in place of the real server
	Refers   Kind = "refers"   // at autodiscover: the answer sends on to Location, a URL or an address, or in a circle
)

// Kinds lists them all.
func Kinds() []Kind {
	return []Kind{Status, Slow, Cut, Malformed, HTML, Empty, Oversized, Hang, Error, Bomb, Entity, Redirect, Names, Refers}
}

// MaxDelay is the longest delay a fault may have.
const MaxDelay = 10 * time.Minute

// Fault makes one endpoint of one vendor fail. The zero Fault is none.
type Fault struct {
	Vendor      string // as in the statistics: "Google"
	Endpoint    Endpoint
	Kind        Kind
	Status      int           // 0: the kind's default; kind status needs it
	RetryAfter  string        // Retry-After header: seconds or an HTTP date; empty: none
	Delay       time.Duration // waited before the fault is played; kind slow needs it
	Error       string        // OAuth error code; kind error needs it
	Description string        // error_description to go with it
	Location    string        // URL of the kinds entity, redirect, names and refers; names needs it
	Times       int           // calls it is played for; 0: until cleared
}

// validate checks the fault and writes the vendor the way vendors spells it.
func (f *Fault) validate(vendors []string) error {
	i := slices.IndexFunc(vendors, func(v string) bool { return strings.EqualFold(v, f.Vendor) })
	if i < 0 {
		return fmt.Errorf("vendor %q is unknown; allowed: %s", f.Vendor, strings.Join(vendors, ", "))
	}
	f.Vendor = vendors[i]
	switch {
	case !slices.Contains(Endpoints(), f.Endpoint):
		return fmt.Errorf("endpoint %q is unknown; allowed: %s", f.Endpoint, list(Endpoints()))
	case !slices.Contains(Kinds(), f.Kind):
		return fmt.Errorf("kind %q is unknown; allowed: %s", f.Kind, list(Kinds()))
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status %d is out of range; allowed: 200 to 599", f.Status)
	case f.Kind == Status && f.Status == 0:
		return fmt.Errorf(`kind "status" needs a status, e.g. "status": 429`)
	case f.Kind == Error && f.Error == "":
		return fmt.Errorf(`kind "error" needs an OAuth error code, e.g. "error": "invalid_client"`)
	case f.Kind == Slow && f.Delay == 0:
		return fmt.Errorf(`kind "slow" needs a delay, e.g. "delay": "2s"`)
	case f.Kind == Names && f.Location == "":
		return fmt.Errorf(`kind "names" needs a location, e.g. "location": "https://outlook.office365.com/EWS/Exchange.asmx"`)
	case (f.Kind == Names || f.Kind == Refers) && f.Endpoint != Autodiscover:
		return fmt.Errorf("kind %q is for the endpoint autodiscover only", f.Kind)
	case f.Delay < 0 || f.Delay > MaxDelay:
		return fmt.Errorf("delay %s is out of range; allowed: 0s to %s", f.Delay, MaxDelay)
	case f.Times < 0:
		return fmt.Errorf("times %d is negative; 0 means until cleared", f.Times)
	case strings.ContainsAny(f.RetryAfter, "\r\n"):
		return fmt.Errorf("retryAfter must be one line")
	case strings.ContainsAny(f.Location, "\r\n"):
		return fmt.Errorf("location must be one line")
	}
	return nil
}

func list[T ~string](names []T) string {
	var b strings.Builder
	for i, n := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(n))
	}
	return b.String()
}
