package ews

import (
	"context"
	"errors"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/discovery"
	"github.com/avain-project/avain/internal/provider/logintext"
)

// Find implements provider.Finder. What it finds is the domain's autodiscover service,
// which names the web services to whoever has logged in.
func (p *Provider) Find(ctx context.Context, _ account.Registration, form provider.Form) (provider.Way, error) {
	domain, ok := logintext.Domain(strings.TrimSpace(form.Values[fieldEmail]))
	if !ok {
		return provider.Way{}, noAddress()
	}
	found, at, err := p.lookFor(ctx, domain)
	switch {
	case err != nil:
		return provider.Way{}, err
	case at.host == "":
		return provider.Way{Elsewhere: found.Service, Source: found.Source}, nil
	case strings.TrimSpace(form.Values[fieldServer]) != "": // what the person has typed stays
		return provider.Way{}, nil
	}
	return provider.Way{Values: map[string]string{fieldServer: at.String()}, Unsure: found.Unsure, Source: found.Source}, nil
}

// lookFor searches for the Exchange of a domain, before anybody logs in. Without a
// place, the mailboxes are at Exchange Online.
func (p *Provider) lookFor(ctx context.Context, domain string) (discovery.Found, place, error) {
	if online(domain) {
		return discovery.Found{Service: account.Office365, Source: "the domain of the address"}, place{}, nil
	}
	f, err := p.discovery.Exchange(ctx, domain)
	switch {
	case err != nil:
		return f, place{}, trouble(domain).of(notFound, err)
	case f.Service == account.Office365:
		return f, place{}, nil
	case f.Autodiscover == nil:
		return f, place{}, trouble(domain).of(notFound, errors.New(strings.Join(f.Tried, "; ")))
	}
	at, ok := parsePlace(f.Autodiscover.String())
	if !ok {
		return f, place{}, trouble(domain).of(notFound, errors.New("the search ended at "+quote(f.Autodiscover.String())))
	}
	if at.path = ""; online(at.host) {
		return discovery.Found{Service: account.Office365, Source: f.Source}, place{}, nil
	}
	return f, at, nil
}
