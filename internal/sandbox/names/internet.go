package names

import (
	"context"
	"net"
	"net/netip"
)

// Internet leads from the addresses and ports of the real world to the sandbox's own:
// each value is the address of a listener, or "".
type Internet struct {
	HTTP, HTTPS                  string // the web sites
	IMAPTLS, IMAP, SMTPTLS, SMTP string // the mail servers
	ExchangeHTTP, ExchangeHTTPS  string
}

// Dial connects to what stands for an address, and to an address itself where nothing
// does.
func (i Internet) Dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	first, second := netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.AddrFrom4([4]byte{127, 0, 0, 2})
	at := map[netip.AddrPort]string{
		netip.AddrPortFrom(first, 80): i.HTTP, netip.AddrPortFrom(first, 443): i.HTTPS,
		netip.AddrPortFrom(first, 993): i.IMAPTLS, netip.AddrPortFrom(first, 143): i.IMAP,
		netip.AddrPortFrom(first, 465): i.SMTPTLS, netip.AddrPortFrom(first, 587): i.SMTP,
		netip.AddrPortFrom(second, 80): i.ExchangeHTTP, netip.AddrPortFrom(second, 443): i.ExchangeHTTPS,
	}[to]
	if at == "" {
		at = to.String()
	}
	return new(net.Dialer).DialContext(ctx, "tcp", at)
}
