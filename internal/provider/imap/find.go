package imap

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/discovery"
	"github.com/avain-project/avain/internal/provider/logintext"
)

// Find implements provider.Finder. Domains of Google, Microsoft and Zoho lead to their
// own sign-in; by hand, a password can still be tried there.
func (p *Provider) Find(ctx context.Context, _ account.Registration, form provider.Form) (provider.Way, error) {
	email := strings.TrimSpace(form.Values[fieldEmail])
	domain, ok := logintext.Domain(email)
	if !ok {
		return provider.Way{}, noAddress()
	}
	found, err := p.discovery.Mail(ctx, domain)
	switch {
	case errors.Is(err, discovery.ErrDomain):
		return provider.Way{}, noAddress()
	case err != nil:
		return provider.Way{}, nothingFound(domain, err)
	case found.Trust == discovery.Nothing:
		return provider.Way{}, nothingFound(domain, errors.New(strings.Join(found.Tried, "; ")))
	case found.Service != "":
		return provider.Way{Elsewhere: found.Service, Source: found.Source}, nil
	}
	return way(form, normal(email, domain), found), nil
}

// greets connects to a server as far as before a login.
func (p *Provider) greets(ctx context.Context, server provider.Server) error {
	link, err := p.open(ctx, server)
	if err != nil {
		return err
	}
	link.close()
	return nil
}

// way fills the form in; what the person has typed stays, a server as a whole.
func way(form provider.Form, email string, found discovery.Found) provider.Way {
	w := provider.Way{Values: map[string]string{}, Unsure: found.Unsure, Source: found.Source}
	login := provider.Login{Servers: found.Servers}
	wanted := []string{protocolIMAP}
	if sends(form.Scopes) {
		wanted = append(wanted, protocolSMTP)
	}
	for _, protocol := range wanted {
		if strings.TrimSpace(form.Values[protocol+"Host"]) != "" {
			continue
		}
		s, ok := login.Server(protocol)
		if !ok { // there is one for reading
			s = sibling(found.Servers[0].Host)
			if w.Unsure == "" {
				w.Unsure = s.Host + ", for sending, is a guess."
			}
		}
		w.Values[protocol+"Host"] = s.Host
		w.Values[protocol+"Port"] = strconv.Itoa(s.Port)
		w.Values[protocol+"Security"] = string(s.Security)
	}
	if name := found.Username(email); name != email && strings.TrimSpace(form.Values[fieldUsername]) == "" {
		w.Values[fieldUsername] = name
	}
	return w
}

func noAddress() *provider.Error {
	return invalid(fieldEmail, "this is not an e-mail address", "type it as name@example.com")
}

func nothingFound(domain string, err error) *provider.Error {
	return &provider.Error{
		Class: provider.User, Code: provider.CodeServerUnknown, Field: protocolIMAP + "Host",
		Cause: "no mail server was found for " + domain,
		Cure:  "check the address, or type the name of the server that your mail service gives",
		Err:   fmt.Errorf("search for the mail server of %s: %w", domain, err),
	}
}
