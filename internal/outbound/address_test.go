package outbound

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestSpecialAddressesAreRefused(t *testing.T) {
	t.Parallel()
	g := newGuard(nil)
	for why, addrs := range map[string][]string{
		"this network":            {"0.0.0.0", "0.1.2.3", "0.255.255.255"},
		"private":                 {"10.0.0.1", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.1", "fc00::1", "fdff:ffff::1"},
		"shared address space":    {"100.64.0.0", "100.127.255.255"},
		"loopback":                {"127.0.0.1", "127.255.255.254", "::1"},
		"link-local":              {"169.254.0.1", "fe80::1", "febf::1"},
		"cloud metadata":          {"169.254.169.254", "169.254.170.2", "168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:42::42"},
		"protocol assignments":    {"192.0.0.1", "2001:1::1", "2001:2::1", "2001:10::1", "2001:1ff::1"},
		"documentation":           {"192.0.2.1", "198.51.100.1", "203.0.113.255", "2001:db8::1", "3fff::1", "3fff:fff::1"},
		"6to4 relay":              {"192.88.99.1"},
		"benchmarking":            {"198.18.0.1", "198.19.255.255"},
		"multicast":               {"224.0.0.1", "239.255.255.255", "ff02::1"},
		"reserved":                {"240.0.0.1", "255.255.255.254"},
		"broadcast":               {"255.255.255.255"},
		"unspecified":             {"::"},
		"mapped IPv4":             {"::ffff:93.184.215.14", "::ffff:127.0.0.1", "::ffff:169.254.169.254"},
		"translated IPv4 (NAT64)": {"64:ff9b::93.184.215.14", "64:ff9b::7f00:1", "64:ff9b:1::1", "64:ff9b:1:ffff::1"},
		"Teredo":                  {"2001:0:4136:e378::1"},
		"6to4":                    {"2002:7f00:1::1", "2002:5db8:d70e::1"},
		"site-local":              {"fec0::1", "feff::1"},
		"outside":                 {"::127.0.0.1", "::5db8:d70e", "100::1", "4000::1", "5f00::1", "e000::1"},
		"a zone":                  {"fe80::1%eth0", "2606:2800:21f:cb07::1%eth0"},
	} {
		for _, addr := range addrs {
			if err := g.check(netip.MustParseAddr(addr)); err == nil || !strings.Contains(err.Error(), why) {
				t.Errorf("%s: %v, want refused as %s", addr, err, why)
			}
		}
	}
	if err := g.check(netip.Addr{}); err == nil {
		t.Error("no address at all passes")
	}
	for _, addr := range []string{
		"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255",
		"169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0", "192.167.255.255", "192.169.0.0", "198.17.255.255",
		"198.20.0.0", "223.255.255.255", "2001:200::1", "2001:db7::1", "2001:db9::1", "2003::1", "2606:2800:21f:cb07::1", "3ffe::1", "3fff:1000::1",
	} {
		if err := g.check(netip.MustParseAddr(addr)); err != nil {
			t.Errorf("a public address: %v", err)
		}
	}
}

func TestOnlyTheOperatorsNetworksAreOpened(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		allow, addr string
		want        bool
	}{
		{"10.20.0.0/16", "10.20.255.255", true},
		{"10.20.0.0/16", "10.21.0.0", false},
		{"127.0.0.1/32", "127.0.0.1", true},
		{"127.0.0.1/32", "127.0.0.2", false},
		{"fd12::/16", "fd12::1", true},
		{"fd12::/16", "fd13::1", false},
		{"169.254.0.0/16", "169.254.1.1", true},
		// A network opens no metadata; the address itself does.
		{"169.254.0.0/16", "169.254.169.254", false},
		{"169.254.169.254/32", "169.254.169.254", true},
		{"fc00::/7", "fd00:ec2::254", false},
		{"fd00:ec2::254/128", "fd00:ec2::254", true},
		// What is embedded is judged, too.
		{"64:ff9b::/96", "64:ff9b::93.184.215.14", true},
		{"64:ff9b::/96", "64:ff9b::10.0.0.1", false},
		{"64:ff9b::/96", "64:ff9b::169.254.169.254", false},
		{"2002::/16", "2002:5db8:d70e::1", true},
		{"2002::/16", "2002:a00:1::1", false},
		{"10.0.0.0/8", "::ffff:10.0.0.1", false},
		{"fe80::/10", "fe80::1", true},
		{"fe80::/10", "fe80::1%eth0", false},
	} {
		g := newGuard([]netip.Prefix{netip.MustParsePrefix(tt.allow)})
		if err := g.check(netip.MustParseAddr(tt.addr)); (err == nil) != tt.want {
			t.Errorf("%s with %s allowed: %v", tt.addr, tt.allow, err)
		}
	}
}

// FuzzGuard holds the tables against what netip says of an address, and lets no
// address through in another's clothes.
func FuzzGuard(f *testing.F) {
	for _, seed := range []string{"127.0.0.1", "8.8.8.8", "::1", "fd00::1", "2002:7f00:1::", "::ffff:10.0.0.1", "2606::1"} {
		f.Add(netip.MustParseAddr(seed).AsSlice())
	}
	g := newGuard(nil)
	f.Fuzz(func(t *testing.T, raw []byte) {
		addr, ok := netip.AddrFromSlice(raw)
		if !ok {
			return
		}
		err := g.check(addr)
		if err == nil && (!addr.IsGlobalUnicast() || addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() || addr.Is4In6()) {
			t.Errorf("%v passes", addr)
		}
		back, parsed := netip.ParseAddr(addr.String())
		if parsed != nil || (g.check(back) == nil) != (err == nil) {
			t.Errorf("%v and its text are judged differently: %v", addr, err)
		}
		if addr.Is6() {
			if g.check(addr.WithZone("eth0")) == nil {
				t.Errorf("%v passes with a zone", addr)
			}
			return
		}
		four := addr.As4()
		for _, prefix := range []string{"::ffff:0:0", "::", "64:ff9b::", "64:ff9b:1::"} {
			in := netip.MustParseAddr(prefix).As16()
			copy(in[12:], four[:])
			if wrapped := netip.AddrFrom16(in); g.check(wrapped) == nil {
				t.Errorf("%v passes", wrapped)
			}
		}
		if wrapped := netip.AddrFrom16([16]byte(slices.Concat([]byte{0x20, 0x02}, four[:], make([]byte, 10)))); g.check(wrapped) == nil {
			t.Errorf("%v passes", wrapped)
		}
	})
}
