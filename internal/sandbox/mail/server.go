package mail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-smtp"

	"github.com/avain-project/avain/internal/sandbox/authority"
	"github.com/avain-project/avain/internal/sandbox/gate"
	"github.com/avain-project/avain/internal/sandbox/mailbox"
	"github.com/avain-project/avain/internal/sandbox/names"
)

// Vendor is the name in statistics and faults.
const Vendor = "IMAP"

// Addresses are where the four ways in are: "127.0.0.1:40001".
type Addresses struct{ IMAPTLS, IMAPStartTLS, SMTPTLS, SMTPStartTLS string }

// Server is the mail service. It is safe for concurrent use.
type Server struct {
	gate  *gate.Gate
	boxes *mailbox.Mailboxes
}

// New makes a server that does not listen yet.
func New(now func() time.Time, g *gate.Gate) *Server {
	return &Server{gate: g, boxes: mailbox.New(now)}
}

// Reset forgets what was sent.
func (s *Server) Reset() { s.boxes.Reset() }

// Running is a server that listens.
type Running struct {
	Addresses
	// CA is the PEM of the authority to trust.
	CA []byte

	listeners []net.Listener
	closers   []io.Closer
	serving   sync.WaitGroup
	stop      context.CancelFunc
}

// Listen takes four free ports of a loopback host and serves them until Close. Nothing
// can be lost there but invented mail.
func (s *Server) Listen(ctx context.Context, host string, by *authority.Authority) (*Running, error) {
	secure, err := by.Certify(names.Hosts()...)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	r := &Running{CA: by.PEM, stop: stop}
	quiet := log.New(io.Discard, "", 0)
	imapServer := imapserver.New(&imapserver.Options{NewSession: s.newIMAPSession, TLSConfig: secure, Logger: quiet})
	smtpServer := smtp.NewServer(smtp.BackendFunc(s.newSMTPSession))
	smtpServer.TLSConfig, smtpServer.Domain, smtpServer.ErrorLog = secure, host, quiet
	smtpServer.MaxMessageBytes, smtpServer.MaxRecipients = 1<<20, 20
	smtpServer.ReadTimeout, smtpServer.WriteTimeout = time.Minute, time.Minute
	r.closers = append(r.closers, imapServer, smtpServer)
	for _, way := range []struct {
		endpoint gate.Endpoint
		implicit bool
		serve    func(net.Listener) error
		address  *string
	}{
		{gate.IMAP, true, imapServer.Serve, &r.IMAPTLS},
		{gate.IMAP, false, imapServer.Serve, &r.IMAPStartTLS},
		{gate.SMTP, true, smtpServer.Serve, &r.SMTPTLS},
		{gate.SMTP, false, smtpServer.Serve, &r.SMTPStartTLS},
	} {
		var config net.ListenConfig
		listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("find a free port for mail: %w", err), r.Close())
		}
		*way.address = listener.Addr().String()
		r.listeners = append(r.listeners, listener)
		faulty := newFaulty(ctx, listener, s.gate, way.endpoint)
		if way.implicit {
			faulty.secure = secure
		}
		r.serving.Go(faulty.accept)
		r.serving.Go(func() { _ = way.serve(faulty) })
		<-faulty.served
	}
	return r, nil
}

// Close ends all connections and frees the ports.
func (r *Running) Close() error {
	r.stop()
	var errs []error
	for _, l := range r.listeners {
		errs = append(errs, l.Close())
	}
	for _, c := range r.closers {
		_ = c.Close() // they close the listeners once more
	}
	r.serving.Wait()
	return errors.Join(errs...)
}
