package imap

import (
	"net"
	"strings"

	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/discovery"
)

// guess is where a domain's servers often are. It is for the form, to be looked at.
func guess(domain string) (imap, smtp provider.Server) {
	return discovery.IMAPS("imap." + domain), discovery.SMTPS("smtp." + domain)
}

// sibling guesses the sending server that belongs to a reading one.
func sibling(imapHost string) provider.Server {
	if h, ok := discovery.HostOfServer(imapHost); ok {
		return h.SMTP
	}
	if rest, ok := strings.CutPrefix(imapHost, "imap."); ok && net.ParseIP(imapHost) == nil {
		return discovery.SMTPS("smtp." + rest)
	}
	return discovery.SMTPS(imapHost)
}
