package discovery

import (
	"context"
	"errors"
	"net"
	"sync"

	"golang.org/x/net/publicsuffix"
)

// mailSources are all places but the ones for Exchange. Below a public suffix (an
// address at github.io) everybody may have a host, so names before such a domain are
// not asked.
func (d *Discovery) mailSources(domain string) []source {
	mx := d.onceMX(domain)
	own := "the settings that " + domain + " publishes"
	file := func(url, origin string, trust Trust) func(context.Context) (Found, error) {
		return func(ctx context.Context) (Found, error) { return d.published(ctx, url, domain, origin, trust) }
	}
	sources := []source{
		{"MX", Exchanger, func(ctx context.Context) (Found, error) { return d.exchanger(ctx, domain, mx) }},
		{"well-known", Settings, file("https://"+domain+wellKnown, own, Settings)},
		{"SRV", Records, func(ctx context.Context) (Found, error) { return d.records(ctx, domain) }},
		{"autoconfig of the mail exchanger", MailHoster, func(ctx context.Context) (Found, error) { return d.hoster(ctx, domain, mx) }},
	}
	if directory := d.typed.MailDirectory(); directory != "" {
		sources = append(sources, source{"directory", Directory, file(directory+domain, "a public directory of mail settings", Directory)})
	}
	if !related(domain, "autoconfig."+domain) {
		return sources
	}
	return append(
		sources,
		source{"autoconfig", Settings, file("https://autoconfig."+domain+configPath, own, Settings)},
		source{"autoconfig by http", Unencrypted, file("http://autoconfig."+domain+configPath, own+" without encryption", Unencrypted)},
		source{"guess", Guess, func(ctx context.Context) (Found, error) { return d.guess(ctx, domain) }},
	)
}

// onceMX looks the mail exchangers up for all who ask.
func (d *Discovery) onceMX(domain string) func(context.Context) ([]string, error) {
	var once sync.Once
	var hosts []string
	var err error
	done := make(chan struct{})
	return func(ctx context.Context) ([]string, error) {
		once.Do(func() {
			go func() {
				defer close(done)
				err = d.call(ctx, func() error {
					hosts, err = d.typed.MX(ctx, domain)
					return err
				})
			}()
		})
		select {
		case <-done:
			return hosts, err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// exchanger tells the large service that takes the domain's mail.
func (d *Discovery) exchanger(ctx context.Context, domain string, mx func(context.Context) ([]string, error)) (Found, error) {
	hosts, err := mx(ctx)
	if err != nil {
		return Found{}, err
	}
	for _, host := range hosts { // the preferred first
		if found, ok := byExchanger(host, domain); ok {
			return found, nil
		}
	}
	return Found{}, errNothing
}

// hoster asks the domain that the preferred mail exchanger belongs to for its settings.
func (d *Discovery) hoster(ctx context.Context, domain string, mx func(context.Context) ([]string, error)) (Found, error) {
	hosts, err := mx(ctx)
	if err != nil {
		return Found{}, err
	}
	if len(hosts) == 0 {
		return Found{}, errNothing
	}
	base, err := publicsuffix.EffectiveTLDPlusOne(hosts[0])
	if err != nil || base == domain || net.ParseIP(hosts[0]) != nil {
		return Found{}, errors.New("the mail exchanger is of no other domain")
	}
	origin := "the settings that " + base + ", which takes the mail of " + domain + ", publishes"
	found, err := d.published(ctx, "https://autoconfig."+base+configPath, domain, origin, MailHoster)
	if err == nil && found.Service == "" && found.Unsure == "" {
		found.Unsure = "These settings come from " + base + ", which takes the mail of " + domain + "."
	}
	return found, err
}
