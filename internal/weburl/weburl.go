package weburl

import (
	"net"
	"net/url"
	"slices"
	"strings"
)

// Loopback tells whether a host name, without its port, means this machine alone.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || (ip != nil && ip.IsLoopback())
}

// Origin is the web origin of an http or https URL as browsers write it
// (RFC 6454 §6.2): lower case, without the scheme's default port. Other URLs have
// none: "".
func Origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return ""
	}
	host := strings.TrimSuffix(strings.ToLower(u.Host), ":")
	if port := u.Port(); port == "443" && u.Scheme == "https" || port == "80" && u.Scheme == "http" {
		host = strings.TrimSuffix(host, ":"+port)
	}
	return u.Scheme + "://" + host
}

// dangerous schemes run, read or show something in the browser itself, in our name,
// instead of handing the address to an application.
var dangerous = []string{"javascript", "data", "file", "blob", "vbscript", "about", "filesystem", "view-source", "intent", "ws", "wss", "ftp"}

// Dangerous tells whether nobody may be sent to a URL of that scheme.
func Dangerous(scheme string) bool { return slices.Contains(dangerous, strings.ToLower(scheme)) }
