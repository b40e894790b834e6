package direct

import (
	"net/url"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/provider"
)

// FuzzTarget says: whatever path is let through, scheme and host stay those of the
// base, what is sent begins with the base's path, and no server that decodes it,
// even twice, finds a dot segment in it.
func FuzzTarget(f *testing.F) {
	for _, seed := range []string{
		"a/b", "a%2Fb", "..", "%2e%2e/x", "%252e%252e", "a\\b", "//evil.example", "@evil.example/x", "http://evil.example", "a?b", "a#b", "é%2F", "..;/x",
		":80/x", "%00", "a%zz", "%", "%%2e", "[::1]", "a b", "%25%32%65%25%32%65/x", "\x7f",
	} {
		f.Add(seed)
	}
	base, err := url.Parse("https://api.vendor.test/base/")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if checkPath(path) != nil {
			return
		}
		to, err := target(provider.Session{Endpoint: base}, path, "q=1")
		if err != nil {
			return
		}
		sent := to.RequestURI()
		if to.Scheme != base.Scheme || to.Host != base.Host || to.User != nil || !strings.HasPrefix(sent, "/base/") || !strings.HasSuffix(sent, "?q=1") {
			t.Fatalf("%q leads to %s", path, to)
		}
		sent = strings.TrimSuffix(sent, "?q=1")
		for range 3 {
			for segment := range strings.SplitSeq(sent, "/") {
				if bare, _, _ := strings.Cut(segment, ";"); bare == "." || bare == ".." || strings.ContainsAny(segment, "\\\x00") {
					t.Fatalf("%q is sent as %s, in which a server can find %q", path, to.RequestURI(), segment)
				}
			}
			decoded, err := url.PathUnescape(sent)
			if err != nil {
				return
			}
			sent = decoded
		}
	})
}

func TestRawPathKeepsWhatWasEncoded(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"/a%2Fb": "/a%2Fb", "/a b": "/a%20b", "/é%2Fb": "/%C3%A9%2Fb", "/{a}%2fb": "/%7Ba%7D%2fb", "/a;b:c@d": "/a;b:c@d", "/a%41": "/a%41",
	} {
		u, err := url.ParseRequestURI(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := RawPath(u); got != want {
			t.Errorf("%s reads as %s, want %s", in, got, want)
		}
	}
}
