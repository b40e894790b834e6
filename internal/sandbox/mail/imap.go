package mail

import (
	"bytes"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-sasl"

	"github.com/avain-project/avain/internal/sandbox/gate"
	"github.com/avain-project/avain/internal/sandbox/ledger"
	"github.com/avain-project/avain/internal/sandbox/mailbox"
)

// imapSession is one connection. What it changes in the mailbox ends with it.
type imapSession struct {
	*imapmemserver.UserSession // nil until somebody is logged in
	server                     *Server
	conn                       *imapserver.Conn
}

func (s *Server) newIMAPSession(c *imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
	return &imapSession{server: s, conn: c}, nil, nil
}

// Login implements imapserver.Session.
func (s *imapSession) Login(username, password string) error {
	if fault := s.server.gate.Enter(Vendor, gate.IMAPLogin); fault.Kind != "" {
		if fault.Kind == gate.Cut || fault.Kind == gate.Hang {
			_ = s.conn.NetConn().Close()
			return errCut
		}
		return no(imap.ResponseCode(fault.Error), fault.Description)
	}
	p, tag, err := imapLogin(username, password)
	if err != nil {
		return err
	}
	user, err := s.server.user(p, tag)
	if err != nil {
		return err
	}
	s.UserSession = imapmemserver.NewUserSession(user)
	return nil
}

// AuthenticateMechanisms implements imapserver.SessionSASL.
func (s *imapSession) AuthenticateMechanisms() []string { return []string{sasl.Plain, sasl.Login} }

// Authenticate implements imapserver.SessionSASL.
func (s *imapSession) Authenticate(mechanism string) (sasl.Server, error) {
	server, ok := saslServer(mechanism, s.Login)
	if !ok {
		return nil, no("", "mechanism not supported")
	}
	return server, nil
}

// user fills a mailbox anew for each login.
func (s *Server) user(p ledger.Persona, tag string) (*imapmemserver.User, error) {
	user := imapmemserver.NewUser(p.Email, "")
	if tag == "noinbox" {
		return user, nil
	}
	for _, folder := range []struct{ name, label string }{{"INBOX", "INBOX"}, {"Sent", "SENT"}, {"Drafts", "DRAFT"}} {
		if err := user.Create(folder.name, nil); err != nil {
			return nil, fmt.Errorf("make the folder %s: %w", folder.name, err)
		}
		messages := s.boxes.List(p, folder.label)
		for i := len(messages) - 1; i >= 0; i-- { // the oldest first
			m := messages[i]
			options := &imap.AppendOptions{Time: m.Date}
			if !m.Has("UNREAD") {
				options.Flags = []imap.Flag{imap.FlagSeen}
			}
			if _, err := user.Append(folder.name, bytes.NewReader(written(m)), options); err != nil {
				return nil, fmt.Errorf("fill the folder %s: %w", folder.name, err)
			}
		}
	}
	return user, nil
}

// written is a message as RFC 5322 has it.
func written(m mailbox.Message) []byte {
	return fmt.Appendf(nil, "Message-ID: <%s@%s>\r\nDate: %s\r\nFrom: %s\r\nTo: %s\r\nSubject: %s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n",
		m.ID, ledger.Domain, m.Date.Format(time.RFC1123Z), m.From, m.To, m.Subject, m.Text)
}
