package signin

import (
	"html/template"
	"net/url"
	"strings"

	"github.com/avain-project/avain/internal/weburl"
)

// backLink makes a link of a return URL, or nothing where it must not be one.
// html/template would turn an application's own scheme (myapp://…) into
// "#ZgotmplZ", so the result is marked as checked; internal/connect has matched
// it with a registered one, and this second guard holds if that ever fails.
func backLink(raw string) template.URL {
	// A return URL may hold an apostrophe, which ends an attribute for careless readers.
	raw = strings.ReplaceAll(raw, "'", "%27")
	// Browsers drop control characters and spaces before they read the scheme.
	if strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\\\"'<>`", r) }) {
		return ""
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "" || u.User != nil || weburl.Dangerous(u.Scheme) {
		return ""
	}
	if (u.Scheme == "http" || u.Scheme == "https") && u.Host == "" {
		return ""
	}
	return template.URL(raw) //nolint:gosec // checked above
}

// ownPath lets a path of this server through, and nothing that a browser could read
// as another host's.
func ownPath(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(raw, "/") || strings.HasPrefix(raw, "//") || strings.Contains(u.Path, "\\") {
		return ""
	}
	return raw
}
