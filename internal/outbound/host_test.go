package outbound

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"
)

func TestHostname(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"Mail.Example.COM": "mail.example.com", " mail.example.com. ": "mail.example.com", "localhost": "localhost",
		"imap.müller.example": "imap.xn--mller-kva.example", "xn--mller-kva.example": "xn--mller-kva.example",
		"93.184.215.14": "93.184.215.14", "[2606::1]": "2606::1", "2606:0::0001": "2606::1",
		"4.example": "4.example", "0xmail": "0xmail", "mail.0x": "", "a.1b": "a.1b",
		// Spellings of an IPv4 address that some resolvers read.
		"127.1": "", "127.0.1": "", "2130706433": "", "0177.0.0.1": "", "0x7f.0.0.1": "", "0x7f000001": "", "127.0.0.1.": "",
		"127.0.0.01": "", "１２７.0.0.1": "", "①②⑦.0.0.1": "", "127。0。0。1": "", "1.2.3.4.5": "", "256.1.1.1": "", "example.0x7F": "",
		"fe80::1%eth0": "", "[::1": "", "::1]": "", "[]": "", "": "", ".": "", "a..b": "", ".a": "", "-a.example": "", "a b": "",
		"a\r\nb": "", "a\x00b": "", "a/b": "", "a:25": "", "user@a": "", "a%2e": "", "a_b.example": "", "\xb2": "",
		"ma\u00adil.example": "mail.example", strings.Repeat("\u00ad", maxHost) + "mail.example": "", "a\u202eb": "",
		strings.Repeat("a", 64) + ".example": "", strings.Repeat("a.", 127) + "ab": "", strings.Repeat("x", 8<<10): "",
	} {
		got, err := Hostname(raw)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("Hostname(%.40q) = %q, %v; want %q", raw, got, err, want)
		}
	}
}

func FuzzHostname(f *testing.F) {
	for _, seed := range []string{"mail.example.com", "0x7f.1", "127.0.0.1", "[::1]", "müller.example", "１.1.1.1", "a.0X7F", "\xb2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		host, err := Hostname(raw)
		if err != nil {
			return
		}
		if again, err := Hostname(host); again != host || err != nil {
			t.Errorf("%q became %q, and that %q: %v", raw, host, again, err)
		}
		if _, err := netip.ParseAddr(host); err != nil && lenient(host) {
			t.Errorf("%q became %q, which a lenient reader takes for an address", raw, host)
		}
		if strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`%/\@[]?#`, r) }) {
			t.Errorf("%q became %q", raw, host)
		}
	})
}

// lenient reads as inet_aton does: up to four numbers, decimal, octal or hexadecimal.
func lenient(host string) bool {
	parts := strings.Split(host, ".")
	for _, part := range parts {
		_, err := strconv.ParseUint(part, 0, 32)
		_, decimal := strconv.ParseUint(part, 10, 32)
		if (err != nil && decimal != nil) || strings.ContainsAny(part, "_boBO") {
			return false
		}
	}
	return len(parts) <= 4
}

func TestPortsOfOtherServicesAreRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		port     uint16
		protocol Protocol
		want     bool
	}{
		{443, HTTPS, true},
		{8443, HTTPS, true},
		{80, HTTPS, false},
		{993, HTTPS, false},
		{143, IMAP, true},
		{993, IMAP, true},
		{1143, IMAP, true},
		{40000, IMAP, true},
		{443, IMAP, false},
		{25, IMAP, false},
		{25, SMTP, true},
		{465, SMTP, true},
		{587, SMTP, true},
		{2525, SMTP, true},
		{0, IMAP, false},
		{22, IMAP, false},
		{22, SMTP, false},
		{6379, IMAP, false},
		{5432, HTTPS, false},
		{10250, HTTPS, false},
		{2375, SMTP, false},
		{443, Protocol("gopher"), false},
	} {
		if err := checkPort(tt.port, tt.protocol); (err == nil) != tt.want {
			t.Errorf("%s on port %d: %v", tt.protocol, tt.port, err)
		}
	}
}
