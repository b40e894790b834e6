package ews

import (
	"context"
	"errors"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
)

// found is a Finding as the driver uses it.
type found struct {
	at     place
	online bool
	unsure string
}

// lookFor searches, and reads what came of it.
func (p *Provider) lookFor(ctx context.Context, domain string) (found, error) {
	f, err := p.search(ctx, domain)
	if err != nil {
		return found{}, err
	}
	if f.Online {
		return found{online: true}, nil
	}
	at, ok := parsePlace(f.Autodiscover)
	if !ok || f.Autodiscover == "" {
		return found{}, trouble(domain).of(notFound, errors.New("no Exchange was found for the domain"))
	}
	at.path = ""
	return found{at: at, unsure: f.Unsure}, nil
}

// Find implements provider.Finder.
func (p *Provider) Find(ctx context.Context, _ account.Registration, form provider.Form) (provider.Way, error) {
	email := strings.TrimSpace(form.Values[fieldEmail])
	domain, ok := domainOf(email)
	if !ok {
		return provider.Way{}, invalid(fieldEmail, "this is not an e-mail address", "type it as name@example.com")
	}
	if online(domain) {
		return provider.Way{Elsewhere: account.Office365, Source: "the domain of the address"}, nil
	}
	f, err := p.search(ctx, domain)
	switch {
	case err != nil:
		return provider.Way{}, err
	case f.Online:
		return provider.Way{Elsewhere: account.Office365, Source: f.Source}, nil
	case f.Autodiscover == "":
		return provider.Way{}, nil
	}
	at, ok := parsePlace(f.Autodiscover)
	if !ok {
		return provider.Way{}, nil
	}
	at.path = ""
	return provider.Way{Values: map[string]string{fieldServer: at.String()}, Unsure: f.Unsure, Source: f.Source}, nil
}
