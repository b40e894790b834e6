package outbound

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"time"
)

// Resolver is the DNS that typed hosts are looked up in. A *net.Resolver is one; its
// contract holds, and its errors are *net.DNSError.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
}

// NewResolver asks one server, at host:port, by UDP and, where an answer is long, by
// TCP. It is the operator's, so its address is not judged.
func NewResolver(address string) Resolver {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, address)
	}}
}

// maxRecords is how many records of one answer are looked at.
const maxRecords = 16

// MX gives the mail exchangers of a domain, the preferred first, in the form of
// [Hostname]; records that name no host are left out, and so is "." (RFC 7505: the
// domain takes no mail). No record is an error with [NoSuchHost].
func (t *Typed) MX(ctx context.Context, domain string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.DialTimeout)
	defer cancel()
	records, err := t.cfg.Resolver.LookupMX(ctx, rooted(domain))
	if err != nil && len(records) == 0 { // it may have left out malformed ones
		return nil, Explain(domain, err)
	}
	hosts := make([]string, 0, len(records))
	for _, r := range records[:min(len(records), maxRecords)] {
		if host, err := Hostname(r.Host); err == nil && net.ParseIP(host) == nil {
			hosts = append(hosts, host)
		}
	}
	return hosts, nil
}

// SRV is one service record (RFC 2782).
type SRV struct {
	Host string // in the form of [Hostname]
	Port int
}

// SRV gives the records of a service of a domain ("imaps" by TCP), in the order in
// which to try them. offered is false where the domain says that it has none, by a
// target of "."; no record at all is an error with [NoSuchHost].
func (t *Typed) SRV(ctx context.Context, service, domain string) (records []SRV, offered bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.DialTimeout)
	defer cancel()
	_, found, err := t.cfg.Resolver.LookupSRV(ctx, service, "tcp", rooted(domain))
	if err != nil && len(found) == 0 {
		return nil, false, Explain(domain, err)
	}
	for _, r := range found[:min(len(found), maxRecords)] {
		if r.Target == "." || r.Target == "" {
			continue
		}
		if host, err := Hostname(r.Target); err == nil && net.ParseIP(host) == nil && r.Port != 0 {
			records = append(records, SRV{Host: host, Port: int(r.Port)})
		}
	}
	return records, len(records) > 0, nil
}

// rooted keeps the system's resolver from trying a name below its own search domains:
// the question is about this domain alone.
func rooted(domain string) string { return strings.TrimSuffix(domain, ".") + "." }
