package discovery

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
)

// autodiscoverPath is where an Exchange tells its settings to those who have signed in.
const autodiscoverPath = "/autodiscover/autodiscover.xml"

// maxHops is how many redirects are followed to an Exchange.
const maxHops = 5

// exchangeSources are those of Exchange's own search
// (https://learn.microsoft.com/exchange/client-developer/exchange-web-services/autodiscover-for-exchange),
// without the ones for machines of its directory, and without a login.
func (d *Discovery) exchangeSources(domain string) []source {
	at := func(host string) func(context.Context) (Found, error) {
		return func(ctx context.Context) (Found, error) {
			return d.exchangeAt(ctx, domain, &url.URL{Scheme: "https", Host: host, Path: autodiscoverPath})
		}
	}
	sources := []source{
		{"Autodiscover", Online, at(domain)},
		{"Autodiscover by SRV", Online, func(ctx context.Context) (Found, error) { return d.exchangeByRecord(ctx, domain) }},
	}
	if !related(domain, "autodiscover."+domain) {
		return sources // everybody may have a host below a public suffix
	}
	return append(
		sources,
		source{"Autodiscover at autodiscover.", Online, at("autodiscover." + domain)},
		source{"Autodiscover by http", Online, func(ctx context.Context) (Found, error) { return d.exchangeByHTTP(ctx, domain) }},
	)
}

// exchangeAt asks without a login, and follows redirects to https alone.
func (d *Discovery) exchangeAt(ctx context.Context, domain string, at *url.URL) (Found, error) {
	for range maxHops + 1 {
		if byServer(at.Hostname()) == account.Office365 {
			return Found{Trust: Online, Service: account.Office365, Source: "the Autodiscover of " + domain + ", which leads to " + at.Hostname()}, nil
		}
		next, offers, err := d.knock(ctx, http.MethodPost, at)
		if err != nil {
			return Found{}, err
		}
		if next != nil {
			at = next
			continue
		}
		if !offers {
			return Found{}, errNothing
		}
		found := Found{Trust: ExchangeOwn, Service: account.EWS, Autodiscover: at, Source: "the Autodiscover at " + at.Hostname()}
		if !related(domain, at.Hostname()) {
			found.Trust, found.Unsure = ExchangeOther, leadsTo(at.Hostname(), domain)
		}
		return found, nil
	}
	return Found{}, fmt.Errorf("over %d redirects", maxHops)
}

// exchangeByHTTP asks for a redirect, unencrypted; nothing else of the answer counts.
func (d *Discovery) exchangeByHTTP(ctx context.Context, domain string) (Found, error) {
	next, _, err := d.knock(ctx, http.MethodGet, &url.URL{Scheme: "http", Host: "autodiscover." + domain, Path: autodiscoverPath})
	if err != nil {
		return Found{}, err
	}
	if next == nil {
		return Found{}, errNothing
	}
	found, err := d.exchangeAt(ctx, domain, next)
	if found.Service == account.EWS && found.Unsure == "" {
		found.Trust = ExchangeOther
		found.Unsure = found.Autodiscover.Hostname() + " was named unencrypted, so anybody on the way could have changed it."
	}
	return found, err
}

func (d *Discovery) exchangeByRecord(ctx context.Context, domain string) (Found, error) {
	var records []outbound.SRV
	err := d.call(ctx, func() (err error) {
		records, _, err = d.typed.SRV(ctx, "autodiscover", domain)
		return err
	})
	if err != nil {
		return Found{}, err
	}
	if len(records) == 0 {
		return Found{}, errNothing
	}
	host := records[0].Host
	if port := records[0].Port; port != 443 {
		host += ":" + strconv.Itoa(port)
	}
	return d.exchangeAt(ctx, domain, &url.URL{Scheme: "https", Host: host, Path: autodiscoverPath})
}

// knock makes one call without a body or a login. next is where it redirects to, by
// https; offers tells that it asks for a login as an Exchange does.
func (d *Discovery) knock(ctx context.Context, method string, at *url.URL) (next *url.URL, offers bool, err error) {
	client := *d.probe
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	err = d.call(ctx, func() error {
		r, err := http.NewRequestWithContext(ctx, method, at.String(), nil)
		if err != nil {
			return err
		}
		r.Header.Set("User-Agent", "Avain")
		if method == http.MethodPost {
			r.Header.Set("Content-Type", "text/xml; charset=utf-8")
		}
		res, err := client.Do(r)
		if err != nil {
			return outbound.Explain(at.Hostname(), err)
		}
		_ = res.Body.Close() // its words do not matter
		switch res.StatusCode {
		case http.StatusUnauthorized:
			offers = asksAsExchange(res.Header)
		case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
			next, err = followed(res)
		}
		return err
	})
	return next, offers, err
}

// followed reads a redirect, its host in the one form that is judged and shown.
func followed(res *http.Response) (*url.URL, error) {
	to, err := res.Location()
	if err != nil || to.Scheme != "https" || to.User != nil {
		return nil, errors.New("a redirect that is not followed")
	}
	host, err := outbound.Hostname(to.Hostname())
	if err != nil {
		return nil, errors.New("a redirect to no host")
	}
	if port := to.Port(); port != "" && port != "443" {
		to.Host = net.JoinHostPort(host, port)
	} else if to.Host = host; strings.Contains(host, ":") {
		to.Host = "[" + host + "]"
	}
	return to, nil
}

func asksAsExchange(h http.Header) bool {
	return slices.ContainsFunc(h.Values("WWW-Authenticate"), func(value string) bool {
		scheme, _, _ := strings.Cut(strings.TrimSpace(value), " ")
		return slices.Contains([]string{"ntlm", "negotiate", "basic"}, strings.ToLower(scheme))
	})
}
