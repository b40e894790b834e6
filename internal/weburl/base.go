package weburl

import (
	"errors"
	"net/url"
	"strings"
)

// Base reads the address of a whole server: http or https, a host, and a port where it
// is not the scheme's own, since browsers leave that out of Host. Slashes behind it are
// dropped, and nothing else may stand there. Errors say how to write it.
func Base(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New("write it as https://host or https://host:port")
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(raw, "#") || strings.Trim(u.Path, "/") != "" {
		return nil, errors.New("it has no path, query or user name")
	}
	host := strings.TrimSuffix(u.Host, ":")
	if port := u.Port(); port == "443" && u.Scheme == "https" || port == "80" && u.Scheme == "http" {
		host = strings.TrimSuffix(host, ":"+port)
	}
	return &url.URL{Scheme: u.Scheme, Host: host}, nil
}
