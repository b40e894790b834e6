package ews

import (
	"cmp"
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/logintext"
)

// The names of the form's fields. The password's value travels apart.
const (
	fieldEmail    = "email"
	fieldPassword = "password"
	fieldUsername = "username"
	fieldServer   = "serverUrl"
)

// Bounds of what people type, in bytes.
const (
	maxName     = 512
	maxPassword = 1024
	maxServer   = 1024
)

// Fields implements provider.Former. A server is filled in where the application names
// it; for any other, autodiscover is asked.
func (p *Provider) Fields(hint provider.Hint) []provider.Field {
	server := ""
	if at, ok := parsePlace(hint.ServerURL); ok && hint.ServerURL != "" {
		server = at.String()
	}
	return []provider.Field{
		{Name: fieldEmail, Label: "E-mail address", Value: hint.Email, Kind: provider.FieldEmail, Autocomplete: "email", Required: true},
		{Name: fieldPassword, Label: "Password", Help: "The one you use at work, for Outlook or Windows.", Kind: provider.FieldPassword, Autocomplete: "current-password", Required: true},
		{Name: fieldUsername, Label: "Login name", Help: `Only where it is not the e-mail address: DOMAIN\name, or name@domain.`, Kind: provider.FieldText, Autocomplete: "username", Advanced: true},
		{Name: fieldServer, Label: "Exchange server", Help: "Its name, or the address of Outlook on the web (https://mail.example.com/owa). Leave it empty to have it found.", Value: server, Kind: provider.FieldHost, Autocomplete: "off", Advanced: true},
	}
}

// typed is a form that has been read.
type typed struct {
	email  string
	domain string // of email, as a host name
	login  provider.Login
	server place // of zero host where none was typed
}

// read checks what was typed. Nothing has been sent anywhere yet.
func read(form provider.Form) (typed, error) {
	email := strings.TrimSpace(form.Values[fieldEmail])
	domain, ok := logintext.Domain(email)
	if !ok {
		return typed{}, noAddress()
	}
	t := typed{domain: domain, email: email[:strings.LastIndexByte(email, '@')+1] + domain}
	name := strings.TrimSpace(form.Values[fieldUsername])
	if name == "" || name == email {
		name = t.email // two spellings of a domain are one login
	}
	switch { // a colon ends the name in HTTP Basic, and Windows has none in names
	case !logintext.Clean(name, maxName), strings.Contains(name, ":"):
		return typed{}, invalid(fieldUsername, "the login name holds a colon, line breaks or other control characters, or is too long", `type it as DOMAIN\name or name@domain`)
	case form.Password.IsZero():
		return typed{}, invalid(fieldPassword, "there is no password", "type the password")
	case !logintext.Clean(form.Password.Reveal(), maxPassword):
		return typed{}, invalid(fieldPassword, "the password holds characters that servers cannot take, or is too long", "type it again, without pasting")
	}
	t.login = provider.Login{Username: name, Password: form.Password}
	if server := form.Values[fieldServer]; strings.TrimSpace(server) != "" {
		if t.server, ok = parsePlace(server); !ok || !logintext.Clean(strings.TrimSpace(server), maxServer) {
			return typed{}, invalid(fieldServer, "this is not the name or the https address of a server", "type it as mail.example.com or https://mail.example.com/owa")
		}
	}
	return t, nil
}

// Mailboxes implements provider.Former. The address counts whatever the server, and the name
// at whoever owns the server, and the domain of the address, to whose servers any other may
// lead on: all servers of an organization ask one directory, by however many names.
func (p *Provider) Mailboxes(form provider.Form) []string {
	t, err := read(form)
	if err != nil { // it will not be tried
		return []string{strings.ToLower(strings.TrimSpace(form.Values[fieldEmail]))}
	}
	out := []string{strings.ToLower(t.email)}
	for _, host := range []string{cmp.Or(t.server.host, t.domain), t.domain} {
		if at := strings.ToLower(t.login.Username) + "@" + owner(host); !slices.Contains(out, at) {
			out = append(out, at)
		}
	}
	return out
}

func noAddress() *provider.Error {
	return invalid(fieldEmail, "this is not an e-mail address", "type it as name@example.com")
}
