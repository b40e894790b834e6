package operator

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/weburl"
)

// Bounds of what operators type in.
const (
	maxName = 200 // bytes of an application's name
	// minSecret is the least length of a secret given rather than made: the store
	// keeps a fast hash of it, which is enough for random secrets only.
	minSecret = 32
)

func checkName(name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return usagef("an application needs a name, which people see when they connect an account")
	case strings.TrimSpace(name) != name:
		return usagef("the name %q begins or ends with a space", name)
	case len(name) > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return usagef("an application's name is one line of at most %d bytes", maxName)
	}
	return nil
}

func checkReturnURLs(urls []string) error {
	for _, u := range urls {
		if err := connect.CheckReturnURL(u); err != nil {
			return usagef("the return URL %q cannot be registered: %w", u, err)
		}
	}
	return nil
}

func checkSettings(s account.Settings) error {
	if s.CodeLifetime != 0 && (s.CodeLifetime < account.MinCodeLifetime || s.CodeLifetime > account.MaxCodeLifetime) {
		return usagef("the code lifetime is %s; it must be from %s to %s", s.CodeLifetime, account.MinCodeLifetime, account.MaxCodeLifetime)
	}
	if _, known := account.ParsePartialGrant(string(s.PartialGrant)); s.PartialGrant != "" && !known {
		return usagef("partial grants %q: ask, accept or refuse", s.PartialGrant)
	}
	if len(s.Webhooks) > maxWebhooks {
		return usagef("%d webhook URLs are too many: %d at most", len(s.Webhooks), maxWebhooks)
	}
	for _, u := range s.Webhooks {
		if err := checkWebhook(u); err != nil {
			return err
		}
	}
	for _, o := range s.Origins {
		if err := checkOrigin(o); err != nil {
			return err
		}
	}
	return nil
}

// checkOrigin wants a web origin as browsers send it: scheme://host[:port].
func checkOrigin(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" ||
		u.User != nil || raw != u.Scheme+"://"+u.Host || strings.HasSuffix(u.Host, ":") {
		return usagef("%q is not an origin: write scheme://host or scheme://host:port, without a path or a slash behind it", raw)
	}
	return nil
}

// checkGivenSecret checks a secret of ours that the operator brings along.
func checkGivenSecret(what string, t secret.Text) error {
	bare := t.Reveal()
	if len(bare) < minSecret {
		return usagef("the %s has %d characters; use at least %d random ones (openssl rand -hex 32), or leave it out to have one made", what, len(bare), minSecret)
	}
	return checkSecretText(what, bare)
}

// checkSecretText refuses what a file or a paste adds by accident.
func checkSecretText(what, bare string) error {
	for _, r := range bare {
		if r <= ' ' || r > '~' {
			return usagef("the %s holds a space, a line break or a character outside ASCII: give the bare secret", what)
		}
	}
	return nil
}

// checkNativeScopes: RFC 6749 §3.3, scope-token.
func checkNativeScopes(scopes []string) error {
	for _, s := range scopes {
		if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
			return usagef("%q is not a native scope: it has no spaces, quotes or backslashes", s)
		}
	}
	return nil
}

// endpoint is one endpoint of a registration with the name operators know it by.
type endpoint struct{ name, url string }

func endpointsOf(e account.Endpoints) []endpoint {
	return []endpoint{
		{"authorize", e.Authorize},
		{"token", e.Token},
		{"revoke", e.Revoke},
		{"userinfo", e.Userinfo},
		{"api", e.API},
		{"issuer", e.Issuer},
	}
}

func checkEndpoints(e account.Endpoints) error {
	for _, one := range endpointsOf(e) {
		if one.url == "" {
			continue
		}
		if err := checkWebURL(one.url); err != nil {
			return usagef("the %s endpoint cannot be used: %w", one.name, err)
		}
	}
	return nil
}

// checkCallback: the redirect URI of a relay has to pass as a return URL, and be a
// web page.
func checkCallback(raw string) error {
	if raw == "" {
		return nil
	}
	err := connect.CheckReturnURL(raw)
	if err == nil {
		err = checkWebURL(raw)
	}
	if err != nil {
		return usagef("the callback URL %q cannot be used: %w", raw, err)
	}
	return nil
}

// checkWebURL wants an absolute https URL, or http on a loopback host.
func checkWebURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.Opaque != "" {
		return fmt.Errorf("%q is not an absolute URL", raw)
	}
	if u.User != nil || strings.Contains(raw, "#") {
		return fmt.Errorf("%q has a user name or a fragment", u.Redacted())
	}
	if u.Scheme == "https" || (u.Scheme == "http" && weburl.Loopback(u.Hostname())) {
		return nil
	}
	return fmt.Errorf("%q must begin with https:// (http:// is for loopback addresses only)", raw)
}
