package logintext

import (
	"net"
	"strings"
	"unicode/utf8"

	"github.com/avain-project/avain/internal/outbound"
)

const maxAddress = 320 // bytes; RFC 3696, erratum 1690: 64 + "@" + 255

// Domain is the domain of an e-mail address, in the form that [outbound.Hostname] gives
// it: of one with a dot in it, which is no IP address. ok is false where the text is no
// such address.
func Domain(email string) (domain string, ok bool) {
	at := strings.LastIndexByte(email, '@')
	if at < 1 || !Clean(email, maxAddress) || strings.ContainsAny(email, " \t<>") {
		return "", false
	}
	domain, err := outbound.Hostname(email[at+1:])
	return domain, err == nil && strings.Contains(domain, ".") && net.ParseIP(domain) == nil
}

// Clean tells whether a text can be sent as a name or a password: at most that many
// bytes of UTF-8, without control characters and line ends. In IMAP and SMTP a line break
// would begin a command of its own, and NUL ends a part of SASL PLAIN (RFC 4616 §2).
func Clean(text string, most int) bool {
	return len(text) <= most && utf8.ValidString(text) &&
		!strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 })
}

// Escape keeps of a login name what stands bare in the user name of any URL (RFC 3986
// §3.2.1: unreserved and the sub-delimiters but ";") or in besides, and writes the rest
// in %XX.
func Escape(name, besides string) string {
	const bare = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,="
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(name) {
		if c := name[i]; strings.IndexByte(bare+besides, c) >= 0 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}
