package exchange

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/avain-project/avain/internal/sandbox/exchange/ntlm"
	"github.com/avain-project/avain/internal/sandbox/gate"
	"github.com/avain-project/avain/internal/sandbox/ledger"
	"github.com/avain-project/avain/internal/sandbox/mailbox"
)

// Vendor is the name in statistics and faults.
const Vendor = "EWS"

// Paths of the services.
const (
	EWSPath  = "/EWS/Exchange.asmx"
	POXPath  = "/autodiscover/autodiscover.xml"
	SOAPPath = "/autodiscover/autodiscover.svc"
	owaPath  = "/owa/"
)

// Host names that the certificate is for. What stands in the DNS is not decided here.
const (
	Host             = "exchange." + ledger.Domain
	AutodiscoverHost = "autodiscover." + ledger.Domain
)

// Mechanisms of HTTP authentication.
const (
	NTLM      = "NTLM"
	Negotiate = "Negotiate"
	Basic     = "Basic"
)

// Settings are how the server is set up. The zero value is as Exchange is delivered, with
// Basic switched on.
type Settings struct {
	Offers         []string `json:"offers"`         // of NTLM, Negotiate and Basic, in the order of the answer; none: all
	LockAfter      int      `json:"lockAfter"`      // wrong passwords before an account is locked; 0: 5
	ChannelBinding bool     `json:"channelBinding"` // Extended Protection: NTLM must be bound to the TLS connection
}

func (s Settings) filled() (Settings, error) {
	known := []string{Negotiate, NTLM, Basic}
	if len(s.Offers) == 0 {
		s.Offers = known
	}
	for _, offer := range s.Offers {
		if !slices.Contains(known, offer) {
			return s, fmt.Errorf("mechanism %q is unknown; allowed: %s", offer, strings.Join(known, ", "))
		}
	}
	if s.LockAfter < 0 {
		return s, fmt.Errorf("lockAfter %d is negative; 0 means 5", s.LockAfter)
	}
	if s.LockAfter == 0 {
		s.LockAfter = 5
	}
	return s, nil
}

// Server is the Exchange. It is safe for concurrent use.
type Server struct {
	now       func() time.Time
	gate      *gate.Gate
	boxes     *mailbox.Mailboxes
	challenge ntlm.Server

	mu       sync.Mutex
	settings Settings
	wrong    map[string]int // wrong passwords in a row, by the name before the @
}

// New makes a server that does not listen yet. random must be safe for concurrent use.
func New(now func() time.Time, random io.Reader, g *gate.Gate) *Server {
	s := &Server{now: now, gate: g, boxes: mailbox.New(now)}
	s.challenge = ntlm.Server{Domain: Domain, DNSDomain: corporate, Computer: "EXCH01", Now: now, Rand: random}
	s.Reset()
	return s
}

// Set changes how the server is set up, until Reset.
func (s *Server) Set(settings Settings) error {
	settings, err := settings.filled()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings = settings
	return nil
}

func (s *Server) set() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings
}

// Reset forgets what was sent, who is locked out, and the settings. Connections stay
// logged in.
func (s *Server) Reset() {
	s.boxes.Reset()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong = map[string]int{}
	s.settings, _ = Settings{}.filled() // the zero value is valid
}
