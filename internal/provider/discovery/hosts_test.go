package discovery

import (
	"net/url"
	"testing"

	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
)

func TestTheListOfHosts(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, h := range Hosts() {
		for _, domain := range h.Domains {
			if canonical, err := outbound.Hostname(domain); err != nil || canonical != domain || seen[domain] {
				t.Errorf("%s: the domain %q is malformed or listed twice", h.Name, domain)
			}
			seen[domain] = true
		}
		for _, s := range []provider.Server{h.IMAP, h.SMTP} {
			if canonical, err := outbound.Hostname(s.Host); err != nil || canonical != s.Host {
				t.Errorf("%s: %q is no host name", h.Name, s.Host)
			}
			if s != IMAPS(s.Host) && s != SMTPS(s.Host) && s != Submission(s.Host) {
				t.Errorf("%s: %s port %d with %s", h.Name, s.Protocol, s.Port, s.Security)
			}
		}
		if link, err := url.Parse(h.Link); h.Hint != "" && (err != nil || link.Scheme != "https" || link.Host == "") {
			t.Errorf("%s: the link %q", h.Name, h.Link)
		}
	}
}
