package mail

import (
	"fmt"
	"io"
	"net/mail"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/avain-project/avain/internal/sandbox/gate"
	"github.com/avain-project/avain/internal/sandbox/ledger"
	"github.com/avain-project/avain/internal/sandbox/mailbox"
)

// smtpSession is one connection. It delivers nowhere: what is sent lies in the
// sender's "Sent".
type smtpSession struct {
	server *Server
	conn   *smtp.Conn
	person ledger.Persona
	to     []string
}

func (s *Server) newSMTPSession(c *smtp.Conn) (smtp.Session, error) {
	return &smtpSession{server: s, conn: c}, nil
}

// AuthMechanisms implements smtp.AuthSession.
func (s *smtpSession) AuthMechanisms() []string { return []string{sasl.Plain, sasl.Login} }

// Auth implements smtp.AuthSession.
func (s *smtpSession) Auth(mechanism string) (sasl.Server, error) {
	server, ok := saslServer(mechanism, s.login)
	if !ok {
		return nil, smtp.ErrAuthUnknownMechanism
	}
	return server, nil
}

func (s *smtpSession) login(username, password string) error {
	if fault := s.server.gate.Enter(Vendor, gate.SMTPLogin); fault.Kind != "" {
		if fault.Kind == gate.Cut || fault.Kind == gate.Hang {
			_ = s.conn.Conn().Close()
			return errCut
		}
		status := fault.Status
		if status == 0 {
			status = 535
		}
		return &smtp.SMTPError{Code: status, EnhancedCode: smtp.EnhancedCode{status / 100, 7, 0}, Message: strings.TrimSpace(fault.Error + " " + fault.Description)}
	}
	p, err := smtpLogin(username, password)
	if err == nil {
		s.person = p
	}
	return err
}

// Mail implements smtp.Session.
func (s *smtpSession) Mail(string, *smtp.MailOptions) error {
	if s.person.Key == "" {
		return smtp.ErrAuthRequired
	}
	return nil
}

// Rcpt implements smtp.Session.
func (s *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

// Data implements smtp.Session.
func (s *smtpSession) Data(r io.Reader) error {
	message, err := mail.ReadMessage(r)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "This is no message"}
	}
	text, err := io.ReadAll(message.Body)
	if err != nil {
		return fmt.Errorf("read the message: %w", err)
	}
	s.server.boxes.Send(s.person, mailbox.Message{
		From: s.person.Name + " <" + s.person.Email + ">", To: strings.Join(s.to, ", "),
		Subject: message.Header.Get("Subject"), Text: string(text),
	})
	return nil
}

// Reset implements smtp.Session.
func (s *smtpSession) Reset() { s.to = nil }

// Logout implements smtp.Session.
func (s *smtpSession) Logout() error { return nil }
