package mail

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/avain-project/avain/internal/sandbox/gate"
)

// oversizedGreeting is how much an endless greeting is, in bytes.
const oversizedGreeting = 10 << 20

// patience bounds what a connection may make the sandbox wait for.
const patience = time.Minute

// faulty counts the connections of a listener, makes those fail for which a fault is
// set, and hands on the others.
type faulty struct {
	net.Listener
	ctx      context.Context //nolint:containedctx // of all connections; ends with the server
	gate     *gate.Gate
	endpoint gate.Endpoint
	secure   *tls.Config // for TLS from the first byte
	good     chan net.Conn
	// served is closed once the library's server waits for a connection: to end it before
	// is a race in the library.
	served chan struct{}
	once   sync.Once
}

func newFaulty(ctx context.Context, l net.Listener, g *gate.Gate, e gate.Endpoint) *faulty {
	return &faulty{Listener: l, ctx: ctx, gate: g, endpoint: e, good: make(chan net.Conn), served: make(chan struct{})}
}

// accept takes connections until the listener closes.
func (f *faulty) accept() {
	for {
		c, err := f.Listener.Accept()
		if err != nil {
			return
		}
		go f.admit(c)
	}
}

// Accept implements net.Listener for the servers of the libraries.
func (f *faulty) Accept() (net.Conn, error) {
	f.once.Do(func() { close(f.served) })
	select {
	case c := <-f.good:
		return c, nil
	case <-f.ctx.Done():
		return nil, net.ErrClosed
	}
}

func (f *faulty) admit(bare net.Conn) {
	c := bare
	stop := context.AfterFunc(f.ctx, func() { _ = bare.Close() })
	fault := f.gate.Enter(Vendor, f.endpoint)
	if fault.Delay > 0 && !pause(f.ctx, fault.Delay) || fault.Kind == gate.Hang {
		_, _ = io.Copy(io.Discard, c) // until the client goes away
		_ = c.Close()
		return
	}
	if f.secure != nil {
		c = tls.Server(c, f.secure)
	}
	if fault.Kind == "" || fault.Kind == gate.Slow {
		select {
		case f.good <- c:
		case <-f.ctx.Done():
			stop()
			_ = c.Close()
		}
		return
	}
	defer stop()
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(patience))
	play(c, fault)
}

// play greets as the fault says.
func play(c net.Conn, fault gate.Fault) {
	switch fault.Kind {
	case gate.Oversized:
		_, _ = io.WriteString(c, "* OK ")
		chunk := strings.Repeat("x", 64<<10)
		for range oversizedGreeting / len(chunk) {
			if _, err := io.WriteString(c, chunk); err != nil {
				return
			}
		}
	case gate.HTML:
		_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<h1>Bad Request</h1>")
	case gate.Malformed:
		_, _ = io.WriteString(c, "\x00\x01\x02 nobody knows what this is\r\n")
	case gate.Cut:
		_, _ = io.WriteString(c, "* OK")
	case gate.Status, gate.Error:
		script(c, fault)
	}
}

// script is a server that lets nobody in: it offers no login (LOGINDISABLED), or says
// the fault's words at once.
func script(c net.Conn, fault gate.Fault) {
	if fault.Error != "LOGINDISABLED" {
		_, _ = io.WriteString(c, strings.TrimSpace(fault.Error+" "+fault.Description)+"\r\n")
		return
	}
	_, _ = io.WriteString(c, "* OK ready\r\n")
	lines := bufio.NewScanner(io.LimitReader(c, 64<<10))
	for lines.Scan() {
		tag, command, _ := strings.Cut(lines.Text(), " ")
		answer := tag + " NO [PRIVACYREQUIRED] Logging in is disabled.\r\n"
		if strings.EqualFold(command, "CAPABILITY") {
			answer = "* CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=XOAUTH2\r\n" + tag + " OK done\r\n"
		}
		if _, err := io.WriteString(c, answer); err != nil {
			return
		}
	}
}

// pause says false when the server ends meanwhile.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

var errCut = errors.New("the fault cuts the connection")
