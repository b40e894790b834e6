package imap

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
)

// maxLine bounds a line that is read before the login, in bytes; maxLines an answer
// of several. Capabilities of large servers take some 500 bytes.
const (
	maxLine  = 8 << 10
	maxLines = 64
)

// maxLists bounds how many lists a server may begin in all. The IMAP library reads a
// list in a list by calling itself, without an end, and the error it makes of it grows
// with each: 256 KB of nothing else would keep a processor busy for minutes.
const maxLists = 256

// link is a connection to a mail server that has greeted as it should and is as
// protected as it must be. The libraries take it from there.
type link struct {
	server provider.Server
	ctx    context.Context //nolint:containedctx // of the conversation, which ends with it
	conn   net.Conn        // what the login goes through
	text   *bufio.Reader   // of conn
	read   error           // what the last read ended with, since libraries lose it
}

// open connects, shakes hands and reads the greeting.
func (p *Provider) open(ctx context.Context, server provider.Server) (*link, error) {
	protocol := outbound.IMAP
	if server.Protocol == protocolSMTP {
		protocol = outbound.SMTP
	}
	l := &link{server: server, ctx: ctx}
	address := net.JoinHostPort(server.Host, strconv.Itoa(server.Port))
	var err error
	if server.Security == provider.SecurityTLS {
		l.conn, _, err = ifDialled(p.typed.DialTLS(ctx, protocol, address))
	} else {
		l.conn, err = p.typed.Dial(ctx, protocol, address)
	}
	if err != nil {
		return nil, l.unreached(err)
	}
	l.text = bufio.NewReaderSize(reader{l}, maxLine)
	if err := l.greet(p.typed); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// ifDialled keeps a nil *tls.Conn out of an interface.
func ifDialled(secured *tls.Conn, under *outbound.Conn, err error) (net.Conn, *outbound.Conn, error) {
	if err != nil {
		return nil, nil, err
	}
	return secured, under, nil
}

func (l *link) close() { _ = l.conn.Close() }

// greet reads the greeting and, for STARTTLS, goes over to TLS.
func (l *link) greet(typed *outbound.Typed) error {
	var err error
	var greeting string
	if l.server.Protocol == protocolSMTP {
		greeting, err = l.answer()
		if err == nil && !strings.HasPrefix(greeting, "220") {
			return l.stranger(greeting)
		}
	} else {
		greeting, err = l.line()
		if err == nil && !hasWord(greeting, "* OK") {
			return l.stranger(greeting)
		}
	}
	if err != nil || l.server.Security != provider.SecuritySTARTTLS {
		return err
	}
	ready, err := l.startTLS()
	if err != nil {
		return err
	}
	if !ready {
		if typed.Plaintext(l.server.Host) {
			return nil
		}
		return trouble{server: l.server}.of(noSTARTTLS, nil)
	}
	// What came in the clear behind the answer is not the server's (CVE-2011-0411).
	if l.text.Buffered() > 0 {
		return trouble{server: l.server}.of(nonsense, errors.New("more than the answer to STARTTLS came in the clear"))
	}
	secured := tls.Client(l.conn, typed.TLSConfig(l.server.Host))
	if err := secured.HandshakeContext(l.ctx); err != nil {
		return l.unreached(err)
	}
	l.conn = secured
	l.text = bufio.NewReaderSize(reader{l}, maxLine)
	return nil
}

// startTLS asks for TLS and tells whether the server is ready for it.
func (l *link) startTLS() (bool, error) {
	if l.server.Protocol == protocolSMTP {
		if _, err := io.WriteString(l.conn, "EHLO localhost\r\n"); err != nil {
			return false, l.unreached(err)
		}
		offers, err := l.answer()
		if err != nil || !strings.Contains(strings.ToUpper(offers)+"\n", " STARTTLS\n") {
			return false, err
		}
		if _, err := io.WriteString(l.conn, "STARTTLS\r\n"); err != nil {
			return false, l.unreached(err)
		}
		said, err := l.answer()
		return strings.HasPrefix(said, "220"), err
	}
	if _, err := io.WriteString(l.conn, "S1 STARTTLS\r\n"); err != nil {
		return false, l.unreached(err)
	}
	for range maxLines {
		said, err := l.line()
		if err != nil {
			return false, err
		}
		if strings.HasPrefix(said, "S1 ") {
			return hasWord(said, "S1 OK"), nil
		}
	}
	return false, trouble{server: l.server}.of(nonsense, errors.New("no end to the answer to STARTTLS"))
}

// line reads one line, without its end.
func (l *link) line() (string, error) {
	line, err := l.text.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", trouble{server: l.server}.of(nonsense, fmt.Errorf("a line of over %d bytes: %s", maxLine, quote(string(line))))
	case err != nil && len(line) > 0:
		return "", l.stranger(string(line))
	case err != nil:
		return "", l.unreached(err)
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

// answer reads one of SMTP, of one line or of several ("250-… 250 …"), as lines in
// which a space follows the code.
func (l *link) answer() (string, error) {
	var lines []string
	for range maxLines {
		line, err := l.line()
		if err != nil {
			return "", err
		}
		if len(line) < 4 || line[3] != '-' {
			return strings.Join(append(lines, line), "\n"), nil
		}
		lines = append(lines, line[:3]+" "+line[4:])
	}
	return "", trouble{server: l.server}.of(nonsense, fmt.Errorf("an answer of over %d lines", maxLines))
}

// resume is the connection as a library expects it: beginning with a greeting, which
// has been read. Its capabilities are left out: those of before TLS prove nothing.
func (l *link) resume(greeting string) net.Conn {
	return resumed{Conn: l.conn, r: io.MultiReader(strings.NewReader(greeting), &shallow{r: l.text, left: maxLists})}
}

// shallow ends where more lists begin than a mail server has a use for.
type shallow struct {
	r    io.Reader
	left int
}

func (s *shallow) Read(p []byte) (int, error) {
	if s.left < 0 {
		return 0, errLists
	}
	n, err := s.r.Read(p)
	for i, c := range p[:n] {
		if c == '(' {
			if s.left--; s.left < 0 {
				return i, errLists
			}
		}
	}
	return n, err
}

var errLists = fmt.Errorf("over %d lists", maxLists)

type resumed struct {
	net.Conn
	r io.Reader
}

func (r resumed) Read(p []byte) (int, error) { return r.r.Read(p) }

// reader reads from the link's connection and keeps the error.
type reader struct{ l *link }

func (r reader) Read(p []byte) (int, error) {
	n, err := r.l.conn.Read(p)
	if err != nil {
		r.l.read = err
	}
	return n, err
}

// hasWord tells whether a line begins with those words, in any case.
func hasWord(line, words string) bool {
	return len(line) >= len(words) && strings.EqualFold(line[:len(words)], words) &&
		(len(line) == len(words) || line[len(words)] == ' ')
}
