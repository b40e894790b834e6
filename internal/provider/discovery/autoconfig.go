package discovery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/avain-project/avain/internal/outbound"
)

// The places of a file, behind a domain's name (draft-ietf-mailmaint-autoconfig).
const (
	configPath = "/mail/config-v1.1.xml"
	wellKnown  = "/.well-known/autoconfig" + configPath
)

// errNothing is the answer of a place that knows nothing.
var errNothing = errors.New("nothing there")

// published asks for the settings at a URL. origin is where they would come from, in
// words, and trust what they are worth where nothing about them is doubtful.
func (d *Discovery) published(ctx context.Context, url, domain, origin string, trust Trust) (Found, error) {
	data, insecure, err := d.get(ctx, url)
	if err != nil {
		return Found{}, err
	}
	file, err := parseClientConfig(data, domain)
	if err != nil {
		return Found{}, err
	}
	found, err := d.usable(ctx, file, Found{Trust: trust, Source: origin})
	if err != nil || found.Service != "" {
		return found, err
	}
	switch other := elsewhere(domain, found.Servers); {
	case insecure:
		found.Trust, found.Unsure = min(trust, Unencrypted), "These settings came unencrypted, so anybody on the way could have changed them."
	case other != "":
		found.Trust, found.Unsure = min(trust, SettingsElsewhere), leadsTo(other, domain)
	}
	return found, nil
}

// usable takes the first server of each protocol that greets. An IMAP server is
// needed; a sending one is not, since not everybody sends.
func (d *Discovery) usable(ctx context.Context, file clientConfig, found Found) (Found, error) {
	hosts := file.oauth
	for _, e := range file.incoming {
		hosts = append(hosts, e.server.Host)
	}
	for _, host := range hosts {
		if found.Service = byServer(host); found.Service != "" {
			return found, nil
		}
	}
	incoming, outgoing := servers(file.incoming), servers(file.outgoing)
	if len(incoming) == 0 {
		if len(file.oauth) > 0 {
			return Found{}, fmt.Errorf("its servers take no passwords: %q", file.oauth)
		}
		return Found{}, errors.New("no server that can be used")
	}
	var err error
	if found.Servers, err = d.greeted(ctx, incoming, outgoing); err != nil {
		return Found{}, err
	}
	for _, e := range file.incoming {
		if e.server == found.Servers[0] {
			found.LoginName = e.loginName
			break
		}
	}
	return found, nil
}

// get fetches a file. insecure tells that a hop was unencrypted.
func (d *Discovery) get(ctx context.Context, url string) (data []byte, insecure bool, err error) {
	err = d.call(ctx, func() error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return errNothing
		}
		r.Header.Set("Accept", "text/xml, application/xml")
		r.Header.Set("User-Agent", "Avain")
		res, err := d.probe.Do(r)
		if err != nil {
			return outbound.Explain(r.URL.Hostname(), err)
		}
		defer func() { _ = res.Body.Close() }()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("%w (%d)", errNothing, res.StatusCode)
		}
		for hop := res; hop != nil; hop = hop.Request.Response {
			insecure = insecure || hop.Request.URL.Scheme != "https"
		}
		data, err = io.ReadAll(res.Body)
		return err
	})
	return data, insecure, err
}
