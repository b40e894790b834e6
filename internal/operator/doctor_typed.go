package operator

import (
	"context"
	"net/netip"
	"strings"

	"github.com/avain-project/avain/internal/account"
)

// TypedHosts is what the settings allow of hosts that people type.
type TypedHosts struct {
	Networks  []string // opened besides public addresses
	Plaintext []string // hosts to which a login may go without TLS
	CA        string   // file of authorities besides the system's
	// Lookup resolves them.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
}

// examineTyped tells the settings that the services depend on whose server people
// type; nothing where no application has one.
func (s *Service) examineTyped(services []account.ServiceType) []Finding {
	if len(services) == 0 {
		return nil
	}
	subject, h := "typed hosts of "+joined(services), s.Typed
	if len(h.Networks) == 0 {
		h.Networks = []string{"none"}
	}
	findings := []Finding{finding(OK, subject, "may be at public addresses; besides these in: "+strings.Join(h.Networks, ", "), "for a server inside: serve --typed-networks NETWORK")}
	if h.CA == "" {
		findings = append(findings, finding(OK, subject, "need a certificate that the system's authorities vouch for", "for an authority of your own: serve --typed-ca PATH"))
	} else {
		findings = append(findings, finding(OK, subject, "need a certificate that the system's authorities vouch for, or those of "+h.CA, ""))
	}
	if len(h.Plaintext) > 0 {
		findings = append(findings, finding(Warn, subject, "passwords travel in the open to "+strings.Join(h.Plaintext, ", "), "have TLS there, and leave them out of --plaintext-hosts"))
	}
	return findings
}
