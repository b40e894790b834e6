package discovery

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
)

// Bounds of a clientConfig, besides its bytes. Real ones have some 60 elements.
const (
	maxDepth    = 12
	maxElements = 2000
	maxText     = 512 // of one element, in bytes
	maxEntries  = 4   // servers of a kind that are tried
)

// clientConfig is what is read of an autoconfig file (draft-ietf-mailmaint-autoconfig,
// https://wiki.mozilla.org/Thunderbird:Autoconfiguration:ConfigFileFormat).
type clientConfig struct {
	incoming, outgoing []entry // usable ones, in their order
	// oauth are hosts of entries that take no password.
	oauth []string
}

// entry is one server and how its login name is made.
type entry struct {
	server    provider.Server
	loginName string // "" for the address
}

// parseClientConfig reads a file for a domain, its names filled in. Entries that
// cannot be used are left out; a file that is no clientConfig is an error.
func parseClientConfig(data []byte, domain string) (clientConfig, error) {
	var file clientConfig
	root, err := parseXML(data)
	if err != nil {
		return file, err
	}
	if root.name != "clientConfig" {
		return file, fmt.Errorf("a <%s> where a <clientConfig> should be", quoted(root.name))
	}
	emailProvider, ok := root.child("emailProvider")
	if !ok {
		return file, errors.New("a <clientConfig> without an <emailProvider>")
	}
	for _, e := range emailProvider.children {
		switch {
		case e.name == "incomingServer" && strings.EqualFold(e.typ, protocolIMAP):
			file.take(&file.incoming, e, protocolIMAP, domain)
		case e.name == "outgoingServer" && strings.EqualFold(e.typ, protocolSMTP):
			file.take(&file.outgoing, e, protocolSMTP, domain)
		}
	}
	return file, nil
}

// take adds an element to the entries it belongs to.
func (c *clientConfig) take(to *[]entry, e *element, protocol, domain string) {
	host, err := serverName(e.text("hostname"), domain)
	if err != nil {
		return
	}
	s := provider.Server{Protocol: protocol, Host: host}
	if s.Port, err = strconv.Atoi(e.text("port")); err != nil || s.Port < 1 || s.Port > 65535 || s.Port == 25 {
		return // 25 is between servers, not for logins
	}
	switch strings.ToUpper(e.text("socketType")) {
	case "SSL", "TLS":
		s.Security = provider.SecurityTLS
	case "STARTTLS":
		s.Security = provider.SecuritySTARTTLS
	default:
		return // plain: a password is not sent so
	}
	switch takesPasswords(e.texts("authentication")) {
	case no:
		c.oauth = append(c.oauth, host)
		return
	case neither:
		return
	}
	name, ok := loginName(e.text("username"))
	if ok && len(*to) < maxEntries {
		*to = append(*to, entry{s, name})
	}
}

// answer is one of three.
type answer int

const (
	neither answer = iota // a certificate, Kerberos, the address of the client
	no                    // OAuth2 alone
	yes
)

// takesPasswords reads the ways to log in; none named is taken as a password.
func takesPasswords(ways []string) answer {
	is := func(names ...string) bool {
		return slices.ContainsFunc(ways, func(way string) bool { return slices.Contains(names, strings.ToLower(way)) })
	}
	switch {
	case len(ways) == 0, is("password-cleartext", "plain", "password-encrypted", "secure"):
		return yes
	case is("oauth2"):
		return no
	}
	return neither
}

// serverName fills a host's name in and checks it. The rest of the address has no
// place in it: it would leave by DNS. An address in place of a name has no certificate
// that anybody could check it by.
func serverName(raw, domain string) (string, error) {
	raw = strings.ReplaceAll(raw, domainPart, domain)
	host, err := outbound.Hostname(raw)
	if err != nil {
		return "", err
	}
	if !strings.Contains(host, ".") || net.ParseIP(host) != nil {
		return "", errors.New("no name of a server")
	}
	return host, nil
}

// loginName checks a template; it must lead to something of the person's own.
func loginName(raw string) (string, bool) {
	if raw == "" || raw == wholeAddress {
		return "", true
	}
	rest := strings.NewReplacer(wholeAddress, "", localPart, "", domainPart, "").Replace(raw)
	personal := strings.Contains(raw, wholeAddress) || strings.Contains(raw, localPart)
	plain := !strings.ContainsFunc(rest, func(r rune) bool { return r <= ' ' || r > '~' || r == '%' })
	return raw, personal && plain && len(raw) <= 128
}

// element is a part of an XML file, without its attributes but for type.
type element struct {
	name     string
	typ      string
	chars    strings.Builder
	children []*element
}

func (e *element) child(name string) (*element, bool) {
	i := slices.IndexFunc(e.children, func(c *element) bool { return c.name == name })
	if i < 0 {
		return nil, false
	}
	return e.children[i], true
}

// text is that of the first child of a name.
func (e *element) text(name string) string {
	if c, ok := e.child(name); ok {
		return strings.TrimSpace(c.chars.String())
	}
	return ""
}

// texts are those of all children of a name.
func (e *element) texts(name string) []string {
	var out []string
	for _, c := range e.children {
		if c.name == name {
			out = append(out, strings.TrimSpace(c.chars.String()))
		}
	}
	return out
}

// parseXML reads a small file strictly: UTF-8, no document type (and so no entity but
// the five of XML, nothing external, nothing that grows), bounded in every direction.
func parseXML(data []byte) (*element, error) {
	if len(data) > outbound.MaxProbe {
		return nil, outbound.ErrTooLarge
	}
	decoder := xml.NewDecoder(bytes.NewReader(data))
	decoder.Strict = true
	var open []*element
	var root *element
	for elements := 0; ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && root != nil && len(open) == 0 {
			return root, nil
		}
		if err != nil {
			return nil, fmt.Errorf("no XML that can be read: %s", quoted(err.Error()))
		}
		switch token := token.(type) {
		case xml.Directive:
			return nil, errors.New("XML with a document type")
		case xml.StartElement:
			if elements++; elements > maxElements || len(open) == maxDepth {
				return nil, errors.New("XML with too many elements, or too deep")
			}
			e := &element{name: token.Name.Local}
			for _, a := range token.Attr {
				if a.Name.Space == "" && a.Name.Local == "type" {
					e.typ = a.Value
				}
			}
			switch {
			case len(open) > 0:
				parent := open[len(open)-1]
				parent.children = append(parent.children, e)
			case root == nil:
				root = e
			default:
				return nil, errors.New("XML with two roots")
			}
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) == 0 {
				continue
			}
			if e := open[len(open)-1]; e.chars.Len()+len(token) <= maxText {
				e.chars.Write(token)
			}
		}
	}
}

// quoted makes one short printable line of a stranger's words.
func quoted(text string) string {
	return fmt.Sprintf("%.120q", text)
}
