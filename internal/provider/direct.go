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
	// Named are the hosts of which an answer may name one as the grant's API.
	Named Hosts
}

// DirectHost is one line of the prefix table.
type DirectHost struct {
	Cloud account.Cloud
	// Accounts is the authorization server whose grants alone are served here; ""
	// serves all.
	Accounts string
	Prefix   string // of the provider path, without a leading slash
	// Base is an absolute URL with a trailing slash; the whole path is appended.
	// {api} at its start stands for the API that the grant's place names.
	Base string
}

// placeAPI in a base stands for Place.API.
const placeAPI = "{api}"

// Endpoint picks the base for a provider path and a grant of that place. A
// registration with an API endpoint of its own sends everything there.
func (d Direct) Endpoint(reg account.Registration, place Place, path string) (*url.URL, error) {
	base := reg.Endpoints.API
	if base == "" {
		longest := -1
		for _, h := range d.Hosts {
			here := h.Cloud == reg.Cloud && (h.Accounts == "" || h.Accounts == place.Accounts)
			if here && strings.HasPrefix(path, h.Prefix) && len(h.Prefix) > longest {
				base, longest = h.Base, len(h.Prefix)
			}
		}
	}
	if base == "" {
		return nil, fmt.Errorf("no host of the provider serves the path %q", path)
	}
	if behind, ok := strings.CutPrefix(base, placeAPI); ok {
		if place.API == "" {
			return nil, fmt.Errorf("the provider has not said where the API of this account is, which serves the path %q", path)
		}
		api, err := d.Named.Believe(reg, place.API) // the registration may have changed since it was kept
		if err != nil {
			return nil, err
		}
		base = api + behind
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
