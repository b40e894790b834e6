package direct

import (
	"net/http"

	"github.com/avain-project/avain/internal/provider"
)

// requestHeaders pass to every provider; a provider adds its own.
var requestHeaders = []string{
	"Accept", "Accept-Encoding", "Accept-Language", "Content-Encoding", "Content-Language", "Content-Range", "Content-Type",
	"If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Prefer", "Range", "User-Agent",
}

// responseHeaders come back from every provider. What is not listed stays out,
// above all what would act on our own host in a browser: Set-Cookie,
// Clear-Site-Data, Strict-Transport-Security, Access-Control-*, Link, Refresh,
// Alt-Svc, Service-Worker-Allowed.
var responseHeaders = []string{
	"Accept-Ranges", "Age", "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length",
	"Content-Range", "Content-Type", "Date", "Deprecation", "Etag", "Expires", "Last-Modified", "Location", "Preference-Applied",
	"Ratelimit-Limit", "Ratelimit-Remaining", "Ratelimit-Reset", "Request-Id", "Retry-After", "Sunset", "Trailer", "Vary",
	"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset",
}

// headerLists are one provider's two lists, as sets of canonical names.
type headerLists struct{ request, response map[string]bool }

func listsFor(d provider.Direct) headerLists {
	return headerLists{
		request:  set(requestHeaders, d.RequestHeaders),
		response: set(responseHeaders, d.ResponseHeaders),
	}
}

func set(lists ...[]string) map[string]bool {
	out := map[string]bool{}
	for _, list := range lists {
		for _, name := range list {
			out[http.CanonicalHeaderKey(name)] = true
		}
	}
	return out
}

// only drops every header that is not allowed.
func only(h http.Header, allowed map[string]bool) {
	for name := range h {
		if !allowed[name] {
			delete(h, name)
		}
	}
}

// guard makes a provider's page harmless on our host, whatever it claims to be.
func guard(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
}
