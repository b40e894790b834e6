package imap

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
)

var _ provider.LoginReader = (*Provider)(nil)

// ReadLogin implements provider.LoginReader.
func (p *Provider) ReadLogin(form provider.Form) (provider.Login, account.Identity, error) {
	t, err := read(form)
	if err != nil {
		return provider.Login{}, account.Identity{}, err
	}
	who := identity(t.email, t.login)
	who.EmailVerified = false
	return t.login, who, nil
}

// Fill implements provider.Filler.
func (p *Provider) Fill(known provider.Known) provider.Form {
	form := provider.Form{Values: map[string]string{fieldEmail: known.Email, fieldUsername: known.Username}}
	fillServer(form, protocolIMAP, known.ServerURL)
	fillServer(form, protocolSMTP, known.SendingURL)
	return form
}

func fillServer(form provider.Form, protocol, text string) {
	host, port, security := text, "", ""
	if s, ok := parseAddress(protocol, text); ok {
		host, port, security = s.Host, strconv.Itoa(s.Port), string(s.Security)
	}
	form.Values[protocol+"Host"], form.Values[protocol+"Port"], form.Values[protocol+"Security"] = host, port, security
}

// parseAddress is parseServerURL for either protocol.
func parseAddress(protocol, text string) (provider.Server, bool) {
	text = strings.TrimSpace(text)
	if protocol == protocolIMAP || text == "" {
		return parseServerURL(text)
	}
	plain := strings.HasPrefix(text, protocol+"://")
	for _, scheme := range []string{protocol + "://", protocol + "s://"} {
		text = strings.TrimPrefix(text, scheme)
	}
	s, ok := parseServerURL(text) // as of a host and a port
	if !ok {
		return s, false
	}
	at, err := url.Parse("any://" + text)
	s.Protocol = protocol
	switch {
	case err == nil && at.Port() != "":
		s.Security = securityOf(protocol, s.Port)
	case plain:
		s.Port, s.Security = 587, provider.SecuritySTARTTLS
	default:
		s.Port, s.Security = 465, provider.SecurityTLS
	}
	return s, true
}
