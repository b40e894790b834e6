package outbound

import (
	"fmt"
	"net/netip"
	"slices"
)

// special is a block of addresses that no typed host may lead to.
type special struct {
	prefix netip.Prefix
	name   string // as the log and the documentation call it
}

// metadata are the addresses at which clouds tell a machine its secrets. A network of
// the operator's that holds one does not open it: only the very address does.
func metadata() []special {
	return []special{
		{netip.MustParsePrefix("169.254.169.254/32"), "cloud metadata"},
		{netip.MustParsePrefix("169.254.170.2/32"), "cloud metadata"},   // AWS, containers
		{netip.MustParsePrefix("168.63.129.16/32"), "cloud metadata"},   // Azure, a public address
		{netip.MustParsePrefix("100.100.100.200/32"), "cloud metadata"}, // Alibaba
		{netip.MustParsePrefix("192.0.0.192/32"), "cloud metadata"},     // Oracle
		{netip.MustParsePrefix("fd00:ec2::254/128"), "cloud metadata"},  // AWS
		{netip.MustParsePrefix("fd00:ec2::23/128"), "cloud metadata"},   // AWS, containers
		{netip.MustParsePrefix("fd20:ce::254/128"), "cloud metadata"},   // Google
		{netip.MustParsePrefix("fd00:42::42/128"), "cloud metadata"},    // Scaleway
	}
}

// blocks are IANA's special-purpose addresses (RFC 6890 and the registries that keep
// it up to date) with what RFC 4291 and its forerunners set aside, narrow before wide.
func blocks() []special {
	return []special{
		{netip.MustParsePrefix("255.255.255.255/32"), "broadcast"},
		{netip.MustParsePrefix("0.0.0.0/8"), "this network"}, // 0.0.0.0 reaches the machine itself
		{netip.MustParsePrefix("10.0.0.0/8"), "private"},
		{netip.MustParsePrefix("100.64.0.0/10"), "shared address space"},
		{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
		{netip.MustParsePrefix("169.254.0.0/16"), "link-local"},
		{netip.MustParsePrefix("172.16.0.0/12"), "private"},
		{netip.MustParsePrefix("192.0.0.0/24"), "protocol assignments"},
		{netip.MustParsePrefix("192.0.2.0/24"), "documentation"},
		{netip.MustParsePrefix("192.88.99.0/24"), "6to4 relay"},
		{netip.MustParsePrefix("192.168.0.0/16"), "private"},
		{netip.MustParsePrefix("198.18.0.0/15"), "benchmarking"},
		{netip.MustParsePrefix("198.51.100.0/24"), "documentation"},
		{netip.MustParsePrefix("203.0.113.0/24"), "documentation"},
		{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
		{netip.MustParsePrefix("240.0.0.0/4"), "reserved"},

		{netip.MustParsePrefix("::/128"), "unspecified"},
		{netip.MustParsePrefix("::1/128"), "loopback"},
		{netip.MustParsePrefix("::ffff:0:0/96"), "mapped IPv4"},
		{netip.MustParsePrefix("64:ff9b::/96"), "translated IPv4 (NAT64)"},
		{netip.MustParsePrefix("64:ff9b:1::/48"), "translated IPv4 (NAT64)"},
		{netip.MustParsePrefix("2001::/32"), "Teredo"},
		{netip.MustParsePrefix("2001::/23"), "protocol assignments"}, // benchmarking and ORCHID among them
		{netip.MustParsePrefix("2001:db8::/32"), "documentation"},
		{netip.MustParsePrefix("2002::/16"), "6to4"},
		{netip.MustParsePrefix("3fff::/20"), "documentation"},
		{netip.MustParsePrefix("fc00::/7"), "private"},
		{netip.MustParsePrefix("fe80::/10"), "link-local"},
		{netip.MustParsePrefix("fec0::/10"), "site-local"},
		{netip.MustParsePrefix("ff00::/8"), "multicast"},
	}
}

// guard judges the addresses that typed hosts lead to. It is made once and only read.
type guard struct {
	metadata []special
	blocks   []special
	global   netip.Prefix   // of IPv6: all that is outside is refused
	allow    []netip.Prefix // by the operator
}

func newGuard(allow []netip.Prefix) *guard {
	return &guard{
		metadata: metadata(), blocks: blocks(),
		global: netip.MustParsePrefix("2000::/3"), allow: slices.Clone(allow),
	}
}

// refusedError says why an address may not be dialled; for the log alone.
type refusedError struct {
	addr netip.Addr
	why  string
}

func (e *refusedError) Error() string { return fmt.Sprintf("%v is refused (%s)", e.addr, e.why) }

// check gives a refusedError for an address that may not be dialled, or nil.
func (g *guard) check(addr netip.Addr) error {
	switch {
	case !addr.IsValid():
		return &refusedError{addr, "no address"}
	case addr.Zone() != "":
		return &refusedError{addr, "a zone"} // it is a network of this very machine
	}
	name, exact := g.special(addr)
	if name == "" {
		return nil
	}
	allowed := func(p netip.Prefix) bool { return p.Contains(addr) && (!exact || p.IsSingleIP()) }
	if !slices.ContainsFunc(g.allow, allowed) {
		return &refusedError{addr, name}
	}
	if inner := embedded(addr); inner.IsValid() {
		return g.check(inner)
	}
	return nil
}

// special is the name of the block an address is in, "" for a public one. exact: only
// the very address in the operator's list opens it.
func (g *guard) special(addr netip.Addr) (name string, exact bool) {
	within := func(s special) bool { return s.prefix.Contains(addr) }
	if i := slices.IndexFunc(g.metadata, within); i >= 0 {
		return g.metadata[i].name, true
	}
	if i := slices.IndexFunc(g.blocks, within); i >= 0 {
		return g.blocks[i].name, false
	}
	if addr.Is6() && !g.global.Contains(addr) {
		return "outside the public IPv6 space", false
	}
	return "", false
}

// embedded is the IPv4 address that a translator on the way would take out of an IPv6
// one, where its place is fixed (RFC 6052 §2.1, RFC 3056 §2); else the zero address.
func embedded(addr netip.Addr) netip.Addr {
	b := addr.As16()
	switch {
	case addr.Is4In6():
		return addr.Unmap()
	case netip.MustParsePrefix("64:ff9b::/96").Contains(addr):
		return netip.AddrFrom4([4]byte(b[12:16]))
	case netip.MustParsePrefix("2002::/16").Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return netip.Addr{}
}
