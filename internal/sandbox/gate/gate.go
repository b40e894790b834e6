package gate

import (
	"fmt"
	"slices"
	"sync"
)

// Counts are the calls one vendor has had, failed ones included.
type Counts struct {
	Authorize int `json:"authorize"` // GETs of the authorization endpoint
	Code      int `json:"code"`      // authorization_code grants
	Refresh   int `json:"refresh"`   // refresh_token grants
	Revoke    int `json:"revoke"`
	Identity  int `json:"identity"`
	API       int `json:"api"`

	IMAP      int `json:"imap,omitempty"` // connections of a mail service
	SMTP      int `json:"smtp,omitempty"`
	IMAPLogin int `json:"imapLogin,omitempty"` // … and logins on them
	SMTPLogin int `json:"smtpLogin,omitempty"`

	EWS               int `json:"ews,omitempty"` // calls of an Exchange and its autodiscover by people who are logged in
	Autodiscover      int `json:"autodiscover,omitempty"`
	EWSFront          int `json:"ewsFront,omitempty"` // … all of them, as they arrive
	AutodiscoverFront int `json:"autodiscoverFront,omitempty"`
	EWSLogin          int `json:"ewsLogin,omitempty"` // … and the passwords it looked at, right or wrong
}

func (c *Counts) of(e Endpoint) *int {
	switch e {
	case Authorize:
		return &c.Authorize
	case Code:
		return &c.Code
	case Refresh:
		return &c.Refresh
	case Revoke:
		return &c.Revoke
	case Identity:
		return &c.Identity
	case API:
		return &c.API
	case IMAP:
		return &c.IMAP
	case SMTP:
		return &c.SMTP
	case IMAPLogin:
		return &c.IMAPLogin
	case SMTPLogin:
		return &c.SMTPLogin
	case EWS:
		return &c.EWS
	case Autodiscover:
		return &c.Autodiscover
	case EWSFront:
		return &c.EWSFront
	case AutodiscoverFront:
		return &c.AutodiscoverFront
	case EWSLogin:
		return &c.EWSLogin
	}
	panic("sandbox: unknown endpoint " + string(e))
}

// maxFaults bounds the list a control call may set.
const maxFaults = 1000

// Gate counts calls and holds the faults that are set. It is safe for
// concurrent use.
type Gate struct {
	vendors   []string
	closed    chan struct{}
	closeOnce sync.Once

	mu     sync.Mutex
	counts map[string]*Counts
	faults []Fault
}

// New makes a gate for the named vendors.
func New(vendors ...string) *Gate {
	g := &Gate{vendors: vendors, closed: make(chan struct{})}
	g.Reset()
	return g
}

// Enter counts a call and takes the fault set for it, if any.
func (g *Gate) Enter(vendor string, e Endpoint) Fault {
	g.mu.Lock()
	defer g.mu.Unlock()
	*g.counts[vendor].of(e)++
	i := slices.IndexFunc(g.faults, func(f Fault) bool { return f.Vendor == vendor && f.Endpoint == e })
	if i < 0 {
		return Fault{}
	}
	f := g.faults[i]
	if f.Times == 1 {
		g.faults = slices.Delete(g.faults, i, i+1)
	} else if f.Times > 1 {
		g.faults[i].Times--
	}
	return f
}

// Stats says how many calls each vendor has had.
func (g *Gate) Stats() map[string]Counts {
	g.mu.Lock()
	defer g.mu.Unlock()
	stats := make(map[string]Counts, len(g.counts))
	for vendor, c := range g.counts {
		stats[vendor] = *c
	}
	return stats
}

// Set replaces the faults. Several for one endpoint are played one after the
// other, in the order of the list. On an error the old ones stay.
func (g *Gate) Set(faults []Fault) error {
	if len(faults) > maxFaults {
		return fmt.Errorf("%d faults are too many; allowed: %d", len(faults), maxFaults)
	}
	faults = slices.Clone(faults)
	for i := range faults {
		if err := faults[i].validate(g.vendors); err != nil {
			return fmt.Errorf("fault %d: %w", i+1, err)
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults = faults
	return nil
}

// Reset forgets counts and faults.
func (g *Gate) Reset() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults = nil
	g.counts = make(map[string]*Counts, len(g.vendors))
	for _, v := range g.vendors {
		g.counts[v] = &Counts{}
	}
}

// Close lets go of the calls that hang or wait, so that a server can stop.
func (g *Gate) Close() { g.closeOnce.Do(func() { close(g.closed) }) }
