package mailbox

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/avain-project/avain/internal/sandbox/ledger"
)

// maxSent bounds the messages a persona's mailbox keeps of what was sent; the
// oldest go first.
const maxSent = 100

// Message is a mail. Its labels are Gmail's: INBOX or SENT, UNREAD.
type Message struct {
	ID, From, To, Subject, Text string
	Date                        time.Time
	Labels                      []string
}

// Has says whether the message carries the label.
func (m Message) Has(label string) bool { return slices.Contains(m.Labels, label) }

// Mailboxes holds one mailbox a persona: invented mail, the same in every run,
// and what was sent. It is safe for concurrent use.
type Mailboxes struct {
	now func() time.Time

	mu     sync.Mutex
	serial int
	inbox  map[string][]Message // newest first, by persona key; never changes
	sent   map[string][]Message // newest first
}

// New fills the mailboxes, newest mail at now.
func New(now func() time.Time) *Mailboxes {
	m := &Mailboxes{now: now, inbox: map[string][]Message{}}
	start := now().Truncate(time.Minute)
	for _, p := range ledger.Personas() {
		m.inbox[p.Key] = invent(p, start)
	}
	m.Reset()
	return m
}

// Reset forgets what was sent.
func (m *Mailboxes) Reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent, m.serial = map[string][]Message{}, 0
}

// List returns the mailbox, newest first; only what carries the label, if one is
// given.
func (m *Mailboxes) List(p ledger.Persona, label string) []Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.Concat(m.sent[p.Key], m.inbox[p.Key])
	if label == "" {
		return all
	}
	return slices.DeleteFunc(all, func(e Message) bool { return !e.Has(label) })
}

// Find finds one by its id.
func (m *Mailboxes) Find(p ledger.Persona, id string) (Message, bool) {
	all := m.List(p, "")
	if i := slices.IndexFunc(all, func(e Message) bool { return e.ID == id }); i >= 0 {
		return all[i], true
	}
	return Message{}, false
}

// Send puts a message among the sent ones and gives it an id.
func (m *Mailboxes) Send(p ledger.Persona, e Message) Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.serial++
	e.Date = m.now()
	e.ID = fmt.Sprintf("1a%014x", m.serial)
	e.Labels = []string{"SENT"}
	kept := append([]Message{e}, m.sent[p.Key]...)
	m.sent[p.Key] = kept[:min(len(kept), maxSent)]
	return e
}

// invent writes 25 mails, seven hours apart.
func invent(p ledger.Persona, start time.Time) []Message {
	type draft struct{ from, subject, text string }
	drafts := []draft{
		{"Charles Babbage <charles@engine.test>", "The Analytical Engine", "The mill is nearly drawn. Would you look over the cards for the Bernoulli numbers before Thursday?"},
		{"Grace Hopper <grace@navy.test>", "Found a moth", "It was in relay 70, panel F. Taped it into the log book. Lunch?"},
		{"Radia Perlman <radia@bridge.test>", "Re: Spanning trees", "I think that I shall never see a graph more lovely than a tree. Notes attached for the talk."},
		{"Billing <billing@utilities.test>", "Your invoice for October", "Your invoice is ready. The amount is 42.00 and is due in fourteen days."},
		{"Team calendar <calendar@office.test>", "Reminder: planning, Tuesday 10:00", "Planning takes place in the room with the blue door. Please bring your open questions."},
	}
	var mails []Message
	for i := range 5 * len(drafts) {
		d := drafts[i%len(drafts)]
		labels := []string{"INBOX", "CATEGORY_PERSONAL"}
		if i < 3 {
			labels = append([]string{"UNREAD"}, labels...)
		}
		if round := i / len(drafts); round > 0 {
			d.subject = fmt.Sprintf("%s (%d)", d.subject, round+1)
		}
		mails = append(mails, Message{
			ID:   fmt.Sprintf("19%s%011x", p.Subject[1:4], 0x4000-i),
			From: d.from, To: p.Name + " <" + p.Email + ">", Subject: d.subject, Text: d.text,
			Date: start.Add(-time.Duration(i*7) * time.Hour), Labels: labels,
		})
	}
	return mails
}
