package imap

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/discovery"
	"github.com/avain-project/avain/internal/provider/logintext"
	"github.com/avain-project/avain/internal/scope"
)

// The names of the form's fields. The password's value travels apart.
const (
	fieldEmail    = "email"
	fieldPassword = "password"
	fieldUsername = "username"
)

// Bounds of what people type, in bytes.
const (
	maxName     = 512
	maxPassword = 1024
)

// Fields implements provider.Former.
func (p *Provider) Fields(hint provider.Hint) []provider.Field {
	imap, smtp, advice := prefill(hint)
	help := "If your mail service has app passwords, use one."
	if advice != "" {
		help = advice
	}
	fields := []provider.Field{
		{Name: fieldEmail, Label: "E-mail address", Value: hint.Email, Kind: provider.FieldEmail, Autocomplete: "email", Required: true},
		{Name: fieldPassword, Label: "Password", Help: help, Kind: provider.FieldPassword, Autocomplete: "current-password", Required: true},
		{Name: fieldUsername, Label: "Login name", Help: "Only where it is not the e-mail address.", Kind: provider.FieldText, Autocomplete: "username", Advanced: true},
	}
	fields = append(fields, serverFields("Incoming mail (IMAP)", "", imap)...)
	unused := ""
	if !sends(hint.Scopes) {
		unused = "Not used here: the application does not ask to send."
	}
	return append(fields, serverFields("Outgoing mail (SMTP)", unused, smtp)...)
}

func serverFields(title, help string, s provider.Server) []provider.Field {
	port := ""
	if s.Port != 0 {
		port = strconv.Itoa(s.Port)
	}
	return []provider.Field{
		{Name: s.Protocol + "Host", Label: title + ": server", Help: help, Value: s.Host, Kind: provider.FieldHost, Autocomplete: "off", Advanced: true},
		{Name: s.Protocol + "Port", Label: title + ": port", Value: port, Kind: provider.FieldPort, Autocomplete: "off", Advanced: true},
		{Name: s.Protocol + "Security", Label: title + ": encryption", Value: string(s.Security), Kind: provider.FieldSecurity, Autocomplete: "off", Advanced: true},
	}
}

// prefill is what is known before anybody has typed: the application's server, the
// list, or a guess by the address.
func prefill(hint provider.Hint) (imap, smtp provider.Server, advice string) {
	imap, smtp = provider.Server{Protocol: protocolIMAP}, provider.Server{Protocol: protocolSMTP}
	if domain, ok := logintext.Domain(hint.Email); ok {
		if h, ok := discovery.HostOfDomain(domain); ok {
			imap, smtp, advice = h.IMAP, h.SMTP, h.Advice()
		} else {
			imap, smtp = guess(domain)
		}
	}
	if s, ok := parseServerURL(hint.ServerURL); ok {
		imap, smtp, advice = s, sibling(s.Host), ""
		if h, ok := discovery.HostOfServer(s.Host); ok {
			advice = h.Advice()
		}
	}
	return imap, smtp, advice
}

// parseServerURL reads "imap.example.com", "imap.example.com:143" or an
// imap:// or imaps:// URL.
func parseServerURL(text string) (provider.Server, bool) {
	if !strings.Contains(text, "://") {
		text = "any://" + text
	}
	u, err := url.Parse(text)
	if err != nil || !slices.Contains([]string{"any", "imap", "imaps"}, u.Scheme) {
		return provider.Server{}, false
	}
	host, err := outbound.Hostname(u.Hostname())
	if err != nil {
		return provider.Server{}, false
	}
	s := discovery.IMAPS(host)
	if port, err := strconv.Atoi(u.Port()); err == nil && validPort(port) {
		s.Port, s.Security = port, securityOf(protocolIMAP, port)
	} else if u.Scheme == "imap" {
		s.Port, s.Security = 143, provider.SecuritySTARTTLS
	}
	return s, true
}

// sends tells whether the scopes need a sending server.
func sends(scopes []scope.Scope) bool { return scope.Covers(scopes, scope.MailSend) }

// typed is a form that has been read.
type typed struct {
	email string
	login provider.Login
}

// read checks what was typed and completes it. Nothing has been sent anywhere yet.
func read(form provider.Form) (typed, error) {
	email := strings.TrimSpace(form.Values[fieldEmail])
	domain, ok := logintext.Domain(email)
	if !ok {
		return typed{}, noAddress()
	}
	name := strings.TrimSpace(form.Values[fieldUsername])
	if name == "" || name == email {
		name = normal(email, domain) // two spellings of a domain are one login
	}
	if !logintext.Clean(name, maxName) {
		return typed{}, invalid(fieldUsername, "the login name holds line breaks or other control characters, or is too long", "type it as your mail service gives it")
	}
	if password := form.Password.Reveal(); password == "" {
		return typed{}, invalid(fieldPassword, "there is no password", "type the password")
	} else if !logintext.Clean(password, maxPassword) {
		return typed{}, invalid(fieldPassword, "the password holds characters that mail servers cannot take, or is too long", "type it again, without pasting")
	}
	servers, err := serversOf(form, domain)
	if err != nil {
		return typed{}, err
	}
	return typed{
		email: normal(email, domain),
		login: provider.Login{Username: name, Password: form.Password, Servers: servers},
	}, nil
}

// serversOf takes the servers from the form, else from the list, and refuses to
// send a password to a guess.
func serversOf(form provider.Form, domain string) ([]provider.Server, error) {
	imap, ok, err := serverOf(form, protocolIMAP)
	if err != nil {
		return nil, err
	}
	smtp, okSMTP, err := serverOf(form, protocolSMTP)
	if err != nil {
		return nil, err
	}
	known, listed := discovery.HostOfDomain(domain)
	switch {
	case ok:
	case listed:
		imap = known.IMAP
	default:
		first, _ := guess(domain)
		return nil, confirm(first)
	}
	if !sends(form.Scopes) {
		return []provider.Server{imap}, nil
	}
	if !okSMTP {
		second := sibling(imap.Host)
		if h, ok := discovery.HostOfServer(imap.Host); !ok || h.SMTP != second {
			return nil, confirm(second)
		}
		smtp = second
	}
	return []provider.Server{imap, smtp}, nil
}

// serverOf reads a server's three fields; ok is false where no host was typed.
func serverOf(form provider.Form, protocol string) (s provider.Server, ok bool, err error) {
	value := func(what string) string { return strings.TrimSpace(form.Values[protocol+what]) }
	if value("Host") == "" {
		return s, false, nil
	}
	s.Protocol, s.Security = protocol, provider.Security(strings.ToLower(value("Security")))
	if s.Host, err = outbound.Hostname(value("Host")); err != nil {
		return s, false, invalid(protocol+"Host", "this is not the name of a server", "type a name such as "+protocol+".example.com, without scheme, port or path")
	}
	if port := value("Port"); port != "" {
		if s.Port, err = strconv.Atoi(port); err != nil || !validPort(s.Port) {
			return s, false, invalid(protocol+"Port", "this is not a port", "type a number from 1 to 65535, or leave it empty")
		}
	}
	switch s.Security {
	case "":
		s.Security = securityOf(protocol, s.Port)
	case provider.SecurityTLS, provider.SecuritySTARTTLS, provider.SecurityNone:
	default:
		return s, false, invalid(protocol+"Security", "this is no kind of encryption", "choose tls, starttls or none")
	}
	if s.Port == 0 {
		s.Port = portOf(protocol, s.Security)
	}
	return s, true, nil
}

func validPort(port int) bool { return port >= 1 && port <= 65535 }

// securityOf is what a port is registered for; TLS for any other.
func securityOf(protocol string, port int) provider.Security {
	if protocol == protocolIMAP && port == 143 || protocol == protocolSMTP && (port == 587 || port == 25) {
		return provider.SecuritySTARTTLS
	}
	return provider.SecurityTLS
}

func portOf(protocol string, security provider.Security) int {
	switch {
	case protocol == protocolIMAP && security == provider.SecurityTLS:
		return 993
	case protocol == protocolIMAP:
		return 143
	case security == provider.SecurityTLS:
		return 465
	}
	return 587
}

// normal writes an address with its domain as logintext.Domain does; the local part is its
// server's business.
func normal(email, domain string) string { return email[:strings.LastIndexByte(email, '@')+1] + domain }

// Mailboxes implements provider.Former. The sending server counts like the reading one,
// which may be the stranger's own and take every password.
func (p *Provider) Mailboxes(form provider.Form) []string {
	typed, err := read(form)
	if err != nil { // it will not be tried
		return []string{strings.ToLower(strings.TrimSpace(form.Values[fieldEmail]))}
	}
	var out []string
	for _, server := range typed.login.Servers {
		if name := strings.ToLower(typed.login.Username) + "@" + server.Host; !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// confirm asks the person to look at a guessed server before a password goes there.
func confirm(s provider.Server) error {
	return trouble{server: s, field: s.Protocol + "Host"}.of(unconfirmed, fmt.Errorf("guessed %s", s.Host))
}
