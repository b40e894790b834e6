package connect

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/avain-project/avain/internal/weburl"
)

// ours are the parameter names that the flow adds to a return URL. A return URL
// that carries one itself could fake or hide an answer (architecture, decision 4).
var ours = []string{
	"code", "state", "status", "error", "details", "accesstoken", "accountid",
	"userid", "usersession", "requestid", "iss", "error_description",
}

// customScheme is a private-use scheme of a native application (RFC 8252 §7.1).
var customScheme = regexp.MustCompile(`^[a-z][a-z0-9+.-]*$`)

// CheckReturnURL tells whether a return URL can be registered: https, http on a
// loopback host, or an application's own scheme.
func CheckReturnURL(raw string) error {
	u, err := parseReturnURL(raw)
	if err != nil {
		return err
	}
	switch {
	case u.Scheme == "https":
	case u.Scheme == "http":
		if !weburl.Loopback(u.Hostname()) {
			return fmt.Errorf("%s: http is for loopback addresses only; use https", raw)
		}
	case weburl.Dangerous(u.Scheme):
		return fmt.Errorf("%s: the scheme %s cannot be registered", raw, u.Scheme)
	case !customScheme.MatchString(u.Scheme):
		return fmt.Errorf("%s: the scheme is malformed", raw)
	}
	return nil
}

// parseReturnURL refuses every form that two parsers could read differently.
func parseReturnURL(raw string) (*url.URL, error) {
	if raw == "" {
		return nil, errors.New("a return URL is empty")
	}
	for _, c := range []byte(raw) {
		if c <= ' ' || c > '~' || c == '\\' || c == '"' || c == '<' || c == '>' || c == '^' || c == '`' || c == '{' || c == '|' || c == '}' {
			return nil, fmt.Errorf("the return URL has the character %q, which must be percent-encoded", c)
		}
	}
	if strings.Contains(raw, "#") {
		return nil, errors.New("a return URL has no fragment")
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "" {
		return nil, errors.New("the return URL is not an absolute URL")
	}
	if u.User != nil || strings.Contains(u.Host, "@") {
		return nil, errors.New("a return URL has no user name or password")
	}
	if u.Scheme == "http" || u.Scheme == "https" {
		if err := checkAuthority(u); err != nil {
			return nil, err
		}
	}
	if err := checkPath(u.EscapedPath() + u.Opaque); err != nil {
		return nil, err
	}
	return u, checkQuery(u.RawQuery)
}

func checkAuthority(u *url.URL) error {
	host := u.Hostname()
	if u.Opaque != "" || host == "" {
		return errors.New("the return URL has no host")
	}
	// url.Parse has decoded what the host had encoded: a letter that folds to an
	// ASCII one would else pass for it.
	if strings.HasSuffix(host, ".") || strings.ContainsFunc(host, func(r rune) bool { return r == '%' || r > '~' }) {
		return errors.New("the host of a return URL has no trailing dot and nothing percent-encoded; write names beyond ASCII as xn--")
	}
	if strings.HasSuffix(u.Host, ":") {
		return errors.New("the return URL has a colon but no port")
	}
	return nil
}

// checkPath refuses dot segments and encoded separators: a browser or a proxy
// may resolve them to another path than the registered one.
func checkPath(escaped string) error {
	lower := strings.ToLower(escaped)
	for _, bad := range []string{"%2f", "%5c", "%00", "%25"} {
		if strings.Contains(lower, bad) {
			return fmt.Errorf("the path of a return URL holds no %s", bad)
		}
	}
	if strings.Contains(escaped, "//") {
		return errors.New("the path of a return URL has no empty segment")
	}
	for segment := range strings.SplitSeq(strings.ReplaceAll(lower, "%2e", "."), "/") {
		if segment == "." || segment == ".." {
			return errors.New("the path of a return URL has no dot segments")
		}
	}
	return nil
}

func checkQuery(raw string) error {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return errors.New("the query of the return URL is malformed")
	}
	for name := range query {
		if err := checkName(name); err != nil {
			return err
		}
	}
	return nil
}

// maxDecodings is how often a name may have been encoded before anybody stops
// believing that it is one.
const maxDecodings = 5

// checkName reads a name as every reader behind us might: decoded once more, and
// again, and as the beginning of a list or map (code[], state.x).
func checkName(name string) error {
	for range maxDecodings {
		// Some readers end a name at a NUL or pass over control characters.
		if strings.ContainsFunc(name, unicode.IsControl) {
			return errors.New("a name in the query of the return URL has control characters")
		}
		bare := name
		if at := strings.IndexAny(name, "[."); at >= 0 {
			bare = name[:at]
		}
		bare = strings.TrimSpace(bare)
		if slices.ContainsFunc(ours, func(our string) bool { return strings.EqualFold(our, bare) }) {
			return fmt.Errorf("the query of a return URL cannot use the name %q, which Avain adds itself", name)
		}
		decoded, err := url.QueryUnescape(name)
		if err != nil || decoded == name {
			return nil
		}
		name = decoded
	}
	return errors.New("a name in the query of the return URL is encoded over and over")
}

// MatchReturnURL tells whether raw is one of the registered return URLs: scheme,
// host, port and path exactly. A registered URL without a query accepts any that
// does not use our names; one with a query accepts just that. Loopback http
// accepts any port, since native applications listen where there is room
// (RFC 8252 §7.3).
func MatchReturnURL(registered []string, raw string) bool {
	got, err := parseReturnURL(raw)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(registered, func(r string) bool {
		if r == raw {
			return true
		}
		want, err := parseReturnURL(r)
		return err == nil && matches(want, got)
	})
}

func matches(want, got *url.URL) bool {
	if want.Scheme != got.Scheme || (want.Scheme != "http" && want.Scheme != "https") {
		return false // an application's own scheme matches whole or not at all
	}
	if want.EscapedPath() != got.EscapedPath() {
		return false
	}
	if want.RawQuery != "" && want.RawQuery != got.RawQuery {
		return false
	}
	if want.Scheme == "http" && weburl.Loopback(want.Hostname()) {
		return strings.EqualFold(want.Hostname(), got.Hostname())
	}
	return strings.EqualFold(want.Host, got.Host)
}

// answerURL adds the answer to the return URL: to the query, and in token mode to
// the fragment. Errors of token mode stand in both.
func answerURL(returnURL string, answer url.Values, tokenMode, failed bool) string {
	out := returnURL
	if !tokenMode || failed {
		separator := "?"
		if strings.Contains(out, "?") {
			separator = "&"
			if strings.HasSuffix(out, "?") || strings.HasSuffix(out, "&") {
				separator = ""
			}
		}
		out += separator + answer.Encode()
	}
	if tokenMode {
		out += "#" + answer.Encode()
	}
	return out
}
