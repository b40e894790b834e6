package provider

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/avain-project/avain/internal/account"
)

// Direct says where the pass-through goes: which host serves which path.
type Direct struct {
	// Hosts is searched for the longest prefix of the path; an entry with an empty
	// prefix serves the rest.
	Hosts []DirectHost
	// RequestHeaders and ResponseHeaders pass besides the ones every provider needs.
	RequestHeaders  []string
	ResponseHeaders []string
}

// DirectHost is one line of the prefix table.
type DirectHost struct {
	Cloud  account.Cloud
	Prefix string // of the provider path, without a leading slash
	Base   string // absolute URL with a trailing slash; the whole path is appended
}

// Endpoint picks the base for a provider path. A registration with an API
// endpoint of its own sends everything there.
func (d Direct) Endpoint(reg account.Registration, path string) (*url.URL, error) {
	base := reg.Endpoints.API
	if base == "" {
		longest := -1
		for _, h := range d.Hosts {
			if h.Cloud == reg.Cloud && strings.HasPrefix(path, h.Prefix) && len(h.Prefix) > longest {
				base, longest = h.Base, len(h.Prefix)
			}
		}
	}
	if base == "" {
		return nil, fmt.Errorf("no host of the provider serves the path %q", path)
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("the API endpoint %q is not an absolute URL", base)
	}
	if !strings.HasSuffix(u.Path, "/") {
		u.Path += "/"
	}
	return u, nil
}
