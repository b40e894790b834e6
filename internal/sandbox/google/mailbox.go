package google

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

// message is a mail as the mailbox keeps it; gmail.go gives it Gmail's shape.
type message struct {
	id, from, to, subject, text string
	date                        time.Time
	labels                      []string
}

// mailboxes holds one mailbox a persona: invented mail, the same in every run,
// and what was sent.
type mailboxes struct {
	now func() time.Time

	mu     sync.Mutex
	serial int
	inbox  map[string][]message // newest first, by persona key; never changes
	sent   map[string][]message // newest first
}

func newMailboxes(now func() time.Time) *mailboxes {
	m := &mailboxes{now: now, inbox: map[string][]message{}}
	start := now().Truncate(time.Minute)
	for _, p := range ledger.Personas() {
		m.inbox[p.Key] = invent(p, start)
	}
	m.reset()
	return m
}

func (m *mailboxes) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent, m.serial = map[string][]message{}, 0
}

// list returns the mailbox, newest first; only what carries the label, if one is
// given.
func (m *mailboxes) list(p ledger.Persona, label string) []message {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.Concat(m.sent[p.Key], m.inbox[p.Key])
	if label == "" {
		return all
	}
	return slices.DeleteFunc(all, func(e message) bool { return !slices.Contains(e.labels, label) })
}

func (m *mailboxes) find(p ledger.Persona, id string) (message, bool) {
	all := m.list(p, "")
	if i := slices.IndexFunc(all, func(e message) bool { return e.id == id }); i >= 0 {
		return all[i], true
	}
	return message{}, false
}

// send puts a message among the sent ones and gives it an id.
func (m *mailboxes) send(p ledger.Persona, e message) message {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.serial++
	e.date = m.now()
	e.id = fmt.Sprintf("1a%014x", m.serial)
	e.labels = []string{"SENT"}
	kept := append([]message{e}, m.sent[p.Key]...)
	m.sent[p.Key] = kept[:min(len(kept), maxSent)]
	return e
}

// invent writes 25 mails, seven hours apart.
func invent(p ledger.Persona, start time.Time) []message {
	type draft struct{ from, subject, text string }
	drafts := []draft{
		{"Charles Babbage <charles@engine.test>", "The Analytical Engine", "The mill is nearly drawn. Would you look over the cards for the Bernoulli numbers before Thursday?"},
		{"Grace Hopper <grace@navy.test>", "Found a moth", "It was in relay 70, panel F. Taped it into the log book. Lunch?"},
		{"Radia Perlman <radia@bridge.test>", "Re: Spanning trees", "I think that I shall never see a graph more lovely than a tree. Notes attached for the talk."},
		{"Billing <billing@utilities.test>", "Your invoice for October", "Your invoice is ready. The amount is 42.00 and is due in fourteen days."},
		{"Team calendar <calendar@office.test>", "Reminder: planning, Tuesday 10:00", "Planning takes place in the room with the blue door. Please bring your open questions."},
	}
	var mails []message
	for i := range 5 * len(drafts) {
		d := drafts[i%len(drafts)]
		labels := []string{"INBOX", "CATEGORY_PERSONAL"}
		if i < 3 {
			labels = append([]string{"UNREAD"}, labels...)
		}
		if round := i / len(drafts); round > 0 {
			d.subject = fmt.Sprintf("%s (%d)", d.subject, round+1)
		}
		mails = append(mails, message{
			id:   fmt.Sprintf("19%s%011x", p.Subject[1:4], 0x4000-i),
			from: d.from, to: p.Name + " <" + p.Email + ">", subject: d.subject, text: d.text,
			date: start.Add(-time.Duration(i*7) * time.Hour), labels: labels,
		})
	}
	return mails
}
