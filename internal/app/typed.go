package app

import (
	"crypto/x509"
	"net"
	"net/netip"
	"os"
	"strconv"

	"github.com/avain-project/avain/internal/outbound"
)

// typed reads the settings for hosts that people type.
func (c Config) typed() (outbound.TypedConfig, error) {
	none := outbound.TypedConfig{}
	allow, err := networks("--typed-networks", c.TypedNetworks)
	if err != nil {
		return none, err
	}
	for _, p := range allow {
		if p.Bits() == 0 {
			return none, usage("--typed-networks %s is every address, and would open them all to whoever signs in: name the networks of your servers", p)
		}
	}
	var plaintext []string
	for _, raw := range c.PlaintextHosts {
		host, err := outbound.Hostname(raw)
		if err != nil {
			return none, usage("--plaintext-hosts %q: %w; write a host name or an address, without a port", raw, err)
		}
		plaintext = append(plaintext, host)
	}
	roots, err := c.typedRoots()
	if err != nil {
		return none, err
	}
	resolver, err := c.typedResolver()
	if err != nil {
		return none, err
	}
	directory := ""
	if c.MailISPDB {
		directory = ispdb
	}
	return outbound.TypedConfig{
		Allow: allow, Plaintext: plaintext, Roots: roots, MailDirectory: directory,
		Now: c.Now, Resolver: resolver, Lookup: c.Lookup, Connect: c.Connect,
	}, nil
}

// ispdb is Thunderbird's directory of mail settings, a file a domain
// (draft-ietf-mailmaint-autoconfig).
const ispdb = "https://autoconfig.thunderbird.net/v1.1/"

// typedResolver is nil for the system's.
func (c Config) typedResolver() (outbound.Resolver, error) {
	if c.TypedResolver == "" {
		return nil, nil
	}
	host, port, err := net.SplitHostPort(c.TypedResolver)
	if err == nil {
		_, err = netip.ParseAddr(host)
	}
	if number, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || number == 0 {
		return nil, usage("--typed-resolver %q: write the address and port of a DNS server, such as 10.0.0.53:53", c.TypedResolver)
	}
	return outbound.NewResolver(c.TypedResolver), nil
}

// typedRoots is nil for the system's authorities alone.
func (c Config) typedRoots() (*x509.CertPool, error) {
	if c.TypedCA == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(c.TypedCA)
	if err != nil {
		return nil, usage("--typed-ca: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // a machine without any believes the operator's alone
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, usage("--typed-ca %s: there is no certificate in PEM form in it", c.TypedCA)
	}
	return roots, nil
}
