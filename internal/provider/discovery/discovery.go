package discovery

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/net/publicsuffix"
	"golang.org/x/sync/singleflight"

	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
)

// Bounds of one search and of all together.
const (
	step           = 6 * time.Second // one source; the whole has provider.FindTimeout
	maxConnections = 64              // calls and look-ups that are out at one time
	maxShare       = 20              // of them, of one search: some domains never answer
	maxKept        = 256             // answers
	keptFor        = 2 * time.Minute
)

// Config is what a Discovery needs.
type Config struct {
	Typed *outbound.Typed
	// Greet connects to a mail server, as far as it goes before a login: TLS or
	// STARTTLS, and the greeting. Needed by [Discovery.Mail] alone.
	Greet func(context.Context, provider.Server) error
	Now   func() time.Time // of the answers that are kept; default time.Now
}

// Discovery is safe for concurrent use.
type Discovery struct {
	typed   *outbound.Typed
	probe   *http.Client
	greet   func(context.Context, provider.Server) error
	now     func() time.Time
	step    time.Duration
	slots   chan struct{}
	flights singleflight.Group
	kept    *lru.Cache[string, kept]
}

type kept struct {
	found Found
	until time.Time
}

// New makes one.
func New(cfg Config) *Discovery {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cache, err := lru.New[string, kept](maxKept)
	if err != nil {
		panic(err) // the size is above zero
	}
	return &Discovery{
		typed: cfg.Typed, probe: cfg.Typed.Probe(), greet: cfg.Greet, now: cfg.Now, step: step,
		slots: make(chan struct{}, maxConnections), kept: cache,
	}
}

// ErrDomain is what [Discovery.Mail] says to a text that is no domain of mail addresses.
var ErrDomain = errors.New("this is not the domain of an e-mail address")

// Mail finds the way to the mailboxes of a domain. Nothing found is no error, but a
// Found with [Nothing]; errors are [ErrDomain] and the context's.
func (d *Discovery) Mail(ctx context.Context, domain string) (Found, error) {
	domain, err := canonical(domain)
	if err != nil {
		return Found{}, err
	}
	if found, ok := known(domain); ok {
		return found, nil
	}
	return d.flight(ctx, "mail "+domain, func(ctx context.Context) Found {
		return d.race(ctx, append(d.mailSources(domain), d.exchangeSources(domain)...))
	})
}

// Exchange finds the Exchange of a domain, and Office365 where it is Exchange Online.
// Results are as of [Discovery.Mail].
func (d *Discovery) Exchange(ctx context.Context, domain string) (Found, error) {
	domain, err := canonical(domain)
	if err != nil {
		return Found{}, err
	}
	return d.flight(ctx, "exchange "+domain, func(ctx context.Context) Found {
		return d.race(ctx, d.exchangeSources(domain))
	})
}

// flight searches once for all who ask for the same thing at a time, and keeps what
// was found for a while. One caller's end does not end it for the others.
func (d *Discovery) flight(ctx context.Context, key string, search func(context.Context) Found) (Found, error) {
	if k, ok := d.kept.Get(key); ok && d.now().Before(k.until) {
		return k.found, nil
	}
	result := d.flights.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), provider.FindTimeout)
		defer cancel()
		found := search(context.WithValue(ctx, shareKey{}, make(chan struct{}, maxShare)))
		if found.Trust != Nothing {
			d.kept.Add(key, kept{found, d.now().Add(keptFor)})
		}
		return found, nil
	})
	select {
	case r := <-result:
		return r.Val.(Found), nil
	case <-ctx.Done():
		return Found{}, ctx.Err()
	}
}

// shareKey holds the slots of a search.
type shareKey struct{}

// call waits for a free slot, of the search and of all, and makes one call.
func (d *Discovery) call(ctx context.Context, make func() error) error {
	if share, ok := ctx.Value(shareKey{}).(chan struct{}); ok {
		select {
		case share <- struct{}{}:
			defer func() { <-share }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	select {
	case d.slots <- struct{}{}:
		defer func() { <-d.slots }()
		return make()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// canonical is a domain in the form of a host name.
func canonical(domain string) (string, error) {
	domain, err := outbound.Hostname(domain)
	if err != nil || !strings.Contains(domain, ".") || net.ParseIP(domain) != nil {
		return "", ErrDomain
	}
	return domain, nil
}

// related tells whether a host is of the domain's owner: under the same registrable
// domain. Below a public suffix (co.uk, github.io) everybody has hosts, so an address
// at one is related to the very name alone.
func related(domain, host string) bool {
	if domain == host {
		return true
	}
	a, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil {
		return false
	}
	b, err := publicsuffix.EffectiveTLDPlusOne(host)
	return err == nil && a == b
}

// under tells whether a host is one of the domains or below one, by whole labels.
func under(host string, domains ...string) bool {
	for _, domain := range domains {
		if host == domain || strings.HasSuffix(host, "."+domain) {
			return true
		}
	}
	return false
}
