package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/secret"
)

// Hosts knows the alias hosts of all applications.
type Hosts interface {
	// AliasOrigin is the web origin that a Host header stands for; "" if for none.
	AliasOrigin(ctx context.Context, host string) (string, error)
}

// reached is the origin that the browser is at: the public URL or an application's
// alias. Host alone tells, which a proxy passes on; the scheme it came with is the
// registered one. Only a host that is not the public URL's is looked up.
func (s *Server) reached(r *http.Request) (*url.URL, error) {
	if strings.EqualFold(r.Host, s.PublicURL.Host) {
		return s.PublicURL, nil
	}
	origin, err := s.Hosts.AliasOrigin(r.Context(), r.Host)
	if err != nil {
		return nil, fault.Wrap(fault.StoreUnavailable, err)
	}
	at, err := url.Parse(origin)
	if err != nil || at.Host == "" {
		return nil, fault.Newf(fault.HostUnknown, "The public URL is %s.", s.PublicURL)
	}
	return at, nil
}

// cookieName is the name of the cookie that ties attempts to one browser. With https
// it gets the prefix that no other host or path can forge (RFC 6265bis §4.1.3.2).
func cookieName(at *url.URL) string {
	if at.Scheme == "https" {
		return "__Host-avain_browser"
	}
	return "avain_browser"
}

// maxBrowserCookie bounds what we take back, in bytes.
const maxBrowserCookie = 64

// browser is the value of the browser's cookie; zero for none. It, and setBrowser, are
// for handlers behind page.
func browser(r *http.Request) secret.Text {
	c, err := r.Cookie(cookieName(note(r).at))
	if err != nil || len(c.Value) > maxBrowserCookie {
		return secret.Text{}
	}
	return secret.New(c.Value)
}

func setBrowser(w http.ResponseWriter, r *http.Request, value secret.Text) {
	at := note(r).at
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(at), Value: value.Reveal(), Path: "/", HttpOnly: true,
		Secure: at.Scheme == "https", SameSite: http.SameSiteLaxMode, MaxAge: int((24 * time.Hour).Seconds()),
	})
}
