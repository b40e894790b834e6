package outbound

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Protocol is what a typed host is to speak; it says which ports may be tried.
type Protocol string

// The protocols.
const (
	HTTPS Protocol = "https"
	IMAP  Protocol = "imap"
	SMTP  Protocol = "smtp"
)

// ports below 1024 that belong to a protocol.
func (p Protocol) ports() []uint16 {
	switch p {
	case HTTPS:
		return []uint16{443}
	case HTTP:
		return []uint16{80}
	case IMAP:
		return []uint16{143, 993}
	case SMTP:
		return []uint16{25, 465, 587}
	}
	return nil
}

// othersPorts are ports from 1024 up that belong to services which must not be talked to by
// accident or on a stranger's behalf: databases, caches, container and cluster control,
// remote desktops, and what browsers block (https://fetch.spec.whatwg.org/#port-blocking).
func othersPorts() []uint16 {
	return []uint16{
		1433, 1521, 1719, 1720, 1723, 2049, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 3659, 4045, 4190,
		4369, 5060, 5061, 5432, 5900, 5984, 5985, 5986, 6000, 6379, 6443, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
		8086, 8500, 9042, 9092, 9200, 9300, 10080, 10250, 10255, 11211, 27017,
	}
}

// checkPort tells why a port may not be tried, or nil. Mail servers and Exchange stand
// on odd ports often enough, so those from 1024 up are open but for [othersPorts].
// The rule holds for networks that the operator allows, too.
func checkPort(port uint16, protocols ...Protocol) error {
	if port >= 1024 && !slices.Contains(othersPorts(), port) {
		return nil
	}
	if slices.ContainsFunc(protocols, func(p Protocol) bool { return slices.Contains(p.ports(), port) }) {
		return nil
	}
	return fmt.Errorf("port %d is none of %v", port, protocols)
}

// maxHost bounds a typed host in bytes, in any writing, since IDNA takes its time with
// long ones; in ASCII it is 253 at most.
const maxHost = 1 << 10

// Hostname brings a typed host into the one form that is resolved, compared with
// certificates and kept: lower case, ASCII (IDNA, RFC 5891), no dot at the end; an
// address in netip's form, without brackets. Errors name no secret.
//
// What is neither a name nor an address in its usual spelling is refused: resolvers
// and libraries disagree on 0177.1, 127.1 or 0x7f000001.
func Hostname(raw string) (string, error) {
	host := strings.TrimSpace(raw)
	if inner, found := strings.CutPrefix(host, "["); found {
		inner, found = strings.CutSuffix(inner, "]")
		if !found {
			return "", errors.New("a bracket is missing")
		}
		host = inner
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		if addr.Zone() != "" {
			return "", errors.New("an address has no zone")
		}
		return addr.String(), nil
	}
	if len(host) > maxHost || !utf8.ValidString(host) {
		return "", errors.New("not a host name")
	}
	host, err := idna.Lookup.ToASCII(host)
	if err != nil {
		return "", errors.New("not a host name")
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if len(host) > 253 || !validLabels(host) {
		return "", errors.New("not a host name")
	}
	return host, nil
}

// validLabels also refuses a last label that is a number: the whole would be read as
// an IPv4 address by some (https://url.spec.whatwg.org/#ends-in-a-number-checker).
func validLabels(host string) bool {
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	last := labels[len(labels)-1]
	if strings.Trim(last, "0123456789") == "" {
		return false
	}
	hex, found := strings.CutPrefix(last, "0x")
	return !found || strings.Trim(hex, "0123456789abcdef") != ""
}
