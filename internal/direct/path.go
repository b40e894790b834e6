package direct

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
)

// Prefix is what stands before the provider's path.
const Prefix = "/v1/direct/"

// RawPath is the path of a request as it came on the wire. Bytes that no URL may
// hold are percent-encoded; url.URL.EscapedPath would encode the whole path anew
// for their sake, and turn %2F into a slash.
func RawPath(u *url.URL) string {
	if u.RawPath == "" {
		return u.EscapedPath()
	}
	var out strings.Builder
	for _, b := range []byte(u.RawPath) {
		if b <= ' ' || b >= 0x7f || strings.IndexByte("\"#<>?^`{|}", b) >= 0 {
			_, _ = fmt.Fprintf(&out, "%%%02X", b)
			continue
		}
		out.WriteByte(b)
	}
	return out.String()
}

// checkPath refuses what a provider, or a proxy in between, could resolve to
// another path or host than the one written. escaped is the path behind [Prefix],
// still percent-encoded.
func checkPath(escaped string) error {
	if escaped == "" {
		return fault.New(fault.PathInvalid, "It is empty: append the provider's path, for example gmail/v1/users/me/messages.")
	}
	// An encoded URL may stand within a path (Search Console has such), never at its
	// start.
	for decoded, rounds := escaped, 0; rounds < 3; rounds++ {
		first, _, _ := strings.Cut(decoded, "/")
		if first == "" || strings.HasSuffix(first, ":") || rounds == 0 && strings.Contains(decoded, "://") {
			return fault.New(fault.PathInvalid, "It must be the provider's path alone, without a leading slash, scheme or host.")
		}
		again, err := url.PathUnescape(decoded)
		if err != nil || again == decoded {
			break
		}
		decoded = again
	}
	for segment := range strings.SplitSeq(escaped, "/") {
		if err := checkSegment(segment); err != nil {
			return err
		}
	}
	return nil
}

// checkSegment decodes twice, since a server behind the provider's front may
// decode once more than the front did.
func checkSegment(segment string) error {
	for range 3 {
		if strings.ContainsAny(segment, "\\\x00") {
			return fault.New(fault.PathInvalid, "A segment holds a backslash or NUL.")
		}
		for part := range strings.SplitSeq(segment, "/") { // of a decoded %2F
			// Some servers take what follows a semicolon off before they look.
			if part, _, _ = strings.Cut(part, ";"); part == "." || part == ".." {
				return fault.New(fault.PathInvalid, "A segment is . or .. (plain or encoded).")
			}
		}
		decoded, err := url.PathUnescape(segment)
		if err != nil || decoded == segment {
			return nil
		}
		segment = decoded
	}
	return nil
}

// target appends the raw path and query to the base, by concatenation: resolving
// a reference would let a path choose another host.
func target(session provider.Session, escaped, rawQuery string) (*url.URL, error) {
	base := session.Endpoint
	if session.Whole {
		escaped = ""
	}
	u, err := url.Parse(base.String() + escaped)
	if err != nil {
		return nil, fault.New(fault.PathInvalid, "Its percent-encoding is malformed.")
	}
	if u.Scheme != base.Scheme || u.Host != base.Host || u.User != nil ||
		u.RawQuery != "" || u.Fragment != "" || !strings.HasPrefix(u.EscapedPath(), base.EscapedPath()) {
		return nil, fault.New(fault.PathInvalid, "It leads to another place than the provider's API.")
	}
	u.RawQuery = rawQuery
	return u, nil
}
