package provider

import (
	"context"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
)

// Former signs people in on a page of ours, where the provider has none: they type a
// login name and a password, and perhaps a server. It is a [Signer] or a [Granter] too,
// and never both.
//
// What is typed comes bounded, in valid UTF-8 and without control characters, and is
// otherwise as the person wrote it. The driver speaks to the servers; whatever host a
// person names goes through outbound.Typed.
type Former interface {
	Provider
	// Fields are what the page asks for, in order, filled in as far as the hint tells.
	// The first is the one that people know, the e-mail address; one is the password.
	Fields(Hint) []Field
	// Mailboxes names whose password is tried, as far as the form tells without a call:
	// login name and server in one spelling, one for each server that the password may
	// be tried at. Attempts are counted by each of them, since each can lock somebody out.
	Mailboxes(Form) []string
}

// Signer is a Former whose credential is the password itself: it is kept, sealed.
type Signer interface {
	Former
	// SignIn proves the login at all its servers that Form.Scopes need: one attempt a
	// server, and none at another server with a password that one has refused. What it
	// returns has been proven; there is no partial success. Identity.Subject names the
	// server as connected to, in lower case, and the login name, so that one name at
	// two servers is two people. Identity.EmailVerified only where the server itself
	// speaks for the address's domain.
	//
	// Failures are *Error; one that a field of the form can cure names it in Field.
	SignIn(context.Context, account.Registration, Form) (Login, account.Identity, error)
	// Verify proves a stored login in the same way. An *Error with CodeLoginRefused
	// ends the login: the password is not tried again, since directories lock people out.
	Verify(context.Context, account.Registration, Login) error
}

// Granter is a Former that turns the password into tokens, and forgets it. What it gets
// is renewed and revoked like any other provider's: it is a Refresher as well.
type Granter interface {
	Former
	// Grant trades the password for tokens, with one attempt. Identity and failures are
	// as of Signer.SignIn. Tokens.NativeScopes nil: all that Form.Scopes need.
	Grant(context.Context, account.Registration, Form) (Tokens, account.Identity, error)
}

// Hint is what the application knows of the person beforehand. All of it comes from
// an address that anybody can write, so it fills fields in and decides nothing.
type Hint struct {
	Email     string // login_hint; it may be a login name
	ServerURL string
	Scopes    []scope.Scope // what the application asks for
}

// FieldKind says how a field is typed.
type FieldKind string

// The kinds of fields.
const (
	FieldText     FieldKind = "text"
	FieldEmail    FieldKind = "email"
	FieldHost     FieldKind = "host"     // a server's name, or its URL
	FieldPort     FieldKind = "port"     // digits
	FieldSecurity FieldKind = "security" // one of Securities, chosen from a list
	// FieldPassword is the one field that never comes back filled in: its value is
	// Form.Password. A form has exactly one.
	FieldPassword FieldKind = "password"
)

// Field is one question of the page.
type Field struct {
	Name         string // in the form that the browser sends; it never changes
	Label        string
	Help         string // a sentence below the field; it may be empty
	Value        string // filled in beforehand, or as typed before
	Kind         FieldKind
	Autocomplete string // the browser's word for it (HTML, "autofill"); "" is off
	Required     bool
	Advanced     bool // under "More settings"
}

// Form is what a person typed. Values has an entry for each field but the password,
// by name; an empty field is "".
type Form struct {
	Values   map[string]string
	Password secret.Text
	Scopes   []scope.Scope // what the login must be good for
}

// Login is a provider's credential that is a password: sealed by
// internal/credential like tokens, and kept nowhere else.
type Login struct {
	Username string
	Password secret.Text
	Servers  []Server // one a protocol
}

// Server is where a login is good.
type Server struct {
	Protocol string // "imap", "smtp", "ews"
	Host     string // as connected to, in lower case
	Port     int
	Security Security
	Path     string // of an address over https: "/EWS/Exchange.asmx"
}

// Security is how a connection is protected.
type Security string

// The securities. SecurityNone only where the operator allows that server.
const (
	SecurityTLS      Security = "tls"      // from the first byte
	SecuritySTARTTLS Security = "starttls" // before the login
	SecurityNone     Security = "none"
)

// Securities lists those that a person may choose, the better first.
func Securities() []Security { return []Security{SecurityTLS, SecuritySTARTTLS} }

// Extend adds to a login what an older one of the same name and password has proven
// at servers of other protocols.
func (l Login) Extend(older Login) Login {
	if l.Username != older.Username || !l.Password.Equal(older.Password) {
		return l
	}
	servers := append([]Server(nil), l.Servers...)
	for _, s := range older.Servers {
		if _, have := l.Server(s.Protocol); !have {
			servers = append(servers, s)
		}
	}
	l.Servers = servers
	return l
}

// Server is the login's server of a protocol, and whether there is one.
func (l Login) Server(protocol string) (Server, bool) {
	for _, s := range l.Servers {
		if s.Protocol == protocol {
			return s, true
		}
	}
	return Server{}, false
}
