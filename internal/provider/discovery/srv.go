package discovery

import (
	"context"
	"errors"
	"sync"

	"github.com/avain-project/avain/internal/provider"
)

// records reads the service records of mail programs (RFC 6186 §3; RFC 8314 §5.1 for
// _submissions). DNS is not signed here, so a name outside of the domain is for the
// person to confirm (RFC 6186 §6).
func (d *Discovery) records(ctx context.Context, domain string) (Found, error) {
	lists := [4][]provider.Server{}
	kinds := [4]struct {
		service, protocol string
		security          provider.Security
	}{ // TLS from the first byte is better (RFC 8314 §3)
		{"imaps", protocolIMAP, provider.SecurityTLS},
		{"imap", protocolIMAP, provider.SecuritySTARTTLS},
		{"submissions", protocolSMTP, provider.SecurityTLS},
		{"submission", protocolSMTP, provider.SecuritySTARTTLS},
	}
	var group sync.WaitGroup
	var errs [4]error
	for i, kind := range kinds {
		group.Go(func() {
			errs[i] = d.call(ctx, func() error {
				records, _, err := d.typed.SRV(ctx, kind.service, domain)
				for _, r := range records[:min(len(records), maxEntries)] {
					if _, err := serverName(r.Host, domain); err != nil || r.Port == 25 {
						continue
					}
					lists[i] = append(lists[i], provider.Server{Protocol: kind.protocol, Host: r.Host, Port: r.Port, Security: kind.security})
				}
				return err
			})
		})
	}
	group.Wait()
	incoming := append(lists[0], lists[1]...)
	if len(incoming) == 0 {
		return Found{}, errors.Join(errs[0], errs[1], errNothing)
	}
	found := Found{Trust: Records, Source: "the service records (SRV) of " + domain}
	for _, s := range incoming {
		if found.Service = byServer(s.Host); found.Service != "" {
			return found, nil
		}
	}
	var err error
	if found.Servers, err = d.greeted(ctx, incoming, append(lists[2], lists[3]...)); err != nil {
		return Found{}, err
	}
	if other := elsewhere(domain, found.Servers); other != "" {
		found.Trust, found.Unsure = RecordsElsewhere, leadsTo(other, domain)
	}
	return found, nil
}

// guess tries names that mail servers often have.
func (d *Discovery) guess(ctx context.Context, domain string) (Found, error) {
	starttls := func(host string) provider.Server {
		return provider.Server{Protocol: protocolIMAP, Host: host, Port: 143, Security: provider.SecuritySTARTTLS}
	}
	imap, smtp, mail := "imap."+domain, "smtp."+domain, "mail."+domain
	servers, err := d.greeted(
		ctx,
		[]provider.Server{IMAPS(imap), IMAPS(mail), starttls(imap), starttls(mail)},
		[]provider.Server{SMTPS(smtp), SMTPS(mail), Submission(smtp), Submission(mail)},
	)
	if err != nil {
		return Found{}, err
	}
	return Found{
		Trust: Guess, Servers: servers, Source: "a name that mail servers often have",
		Unsure: servers[0].Host + " is a guess: " + domain + " does not say which its mail server is.",
	}, nil
}
