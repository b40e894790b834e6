package signin

import (
	"html"
	"html/template"
	"net/url"
	"slices"
	"strings"
)

// runs are the schemes that a browser runs, reads or shows in our name instead of
// handing them to somebody else.
var runs = []string{"javascript", "data", "vbscript", "file", "blob", "about", "filesystem", "view-source"}

// backLink makes a link of a return URL, or nothing where it must not be one.
// html/template would turn an application's own scheme (myapp://…) into
// "#ZgotmplZ", so the result is marked as checked; internal/connect has matched
// it with a registered one, and this second guard holds if that ever fails.
func backLink(raw string) template.URL {
	// Browsers drop control characters and spaces before they read the scheme.
	if strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\\\"'<>`", r) }) {
		return ""
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "" || u.User != nil || slices.Contains(runs, u.Scheme) {
		return ""
	}
	if (u.Scheme == "http" || u.Scheme == "https") && u.Host == "" {
		return ""
	}
	return template.URL(raw) //nolint:gosec // checked above
}

// refresh is the content attribute by which the browser follows the link by
// itself. backLink has refused quotes and spaces, which could end the address.
func refresh(back template.URL) template.HTMLAttr {
	if back == "" {
		return ""
	}
	return template.HTMLAttr(`content="1;url=` + html.EscapeString(string(back)) + `"`) //nolint:gosec // escaped
}
