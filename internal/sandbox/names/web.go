package names

import (
	"fmt"
	"net"
	"net/http"
)

// autodiscover is the path that Exchange is asked at.
const autodiscover = "/autodiscover/autodiscover.xml"

// site serves what the domain of the request's host publishes.
func site(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	d, below, _ := find(host)
	switch {
	case below == "autoconfig" && r.URL.Path == "/mail/config-v1.1.xml" && d.settings != "" && d.open == (r.TLS == nil):
		w.Header().Set("Content-Type", "text/xml")
		_, _ = fmt.Fprintf(w, clientConfig, d.Name, d.settings)
	case below == "autodiscover" && r.URL.Path == autodiscover && d.online && r.TLS == nil:
		http.Redirect(w, r, "https://autodiscover-s.outlook.com"+autodiscover, http.StatusFound)
	default:
		http.NotFound(w, r)
	}
}

// clientConfig is the settings of a domain whose servers have one name
// (draft-ietf-mailmaint-autoconfig).
const clientConfig = `<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="%[1]s">
    <domain>%[1]s</domain>
    <displayName>Sandbox</displayName>
    <incomingServer type="imap">
      <hostname>%[2]s</hostname><port>993</port><socketType>SSL</socketType>
      <username>%%EMAILADDRESS%%</username><authentication>password-cleartext</authentication>
    </incomingServer>
    <outgoingServer type="smtp">
      <hostname>%[2]s</hostname><port>465</port><socketType>SSL</socketType>
      <username>%%EMAILADDRESS%%</username><authentication>password-cleartext</authentication>
    </outgoingServer>
  </emailProvider>
</clientConfig>
`
