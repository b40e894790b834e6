package exchange

import (
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/sandbox/ledger"
	"github.com/avain-project/avain/internal/sandbox/mailbox"
)

// item is what a folder holds.
type item struct {
	kind   string // the element that describes it
	name   string // for its id
	when   time.Time
	until  time.Time // of events
	unread bool
	all    []property // but for the id
}

// items are what is in a folder: mail newest first, events and people in their order.
func (s *Server) items(w who, f folder) []item {
	var found []item
	switch {
	case f.holding != "":
		for _, m := range s.boxes.List(w.Persona, f.holding) {
			found = append(found, letter(m))
		}
	case f.name == "calendar":
		for _, e := range mailbox.Events(s.now()) {
			found = append(found, appointment(w, e))
		}
	case f.name == "contacts":
		for _, c := range mailbox.Contacts() {
			found = append(found, contact(c))
		}
	}
	return found
}

// described is an item as far as the shape asks. FindItem leaves out what is long.
func (i item) described(w who, asked shape, brief bool) string {
	all := append([]property{{"item:ItemId", reference("t:ItemId", identifier(w, "item", i.name))}}, i.all...)
	if brief {
		all = slices.DeleteFunc(all, func(p property) bool { return p.uri == "item:Body" || p.uri == "message:ToRecipients" })
	}
	return node("t:"+i.kind, asked.of(all, "item:ItemId")...)
}

func letter(m mailbox.Message) item {
	read := !m.Has("UNREAD")
	return item{kind: "Message", name: m.ID, when: m.Date, unread: !read, all: []property{
		{"item:ItemClass", element("t:ItemClass", "IPM.Note")},
		{"item:Subject", element("t:Subject", m.Subject)},
		{"item:Sensitivity", element("t:Sensitivity", "Normal")},
		{"item:Body", element(`t:Body BodyType="Text"`, m.Text)},
		{"item:DateTimeReceived", moment("t:DateTimeReceived", m.Date)},
		{"item:Size", element("t:Size", strconv.Itoa(len(m.Text)))},
		{"item:Importance", element("t:Importance", "Normal")},
		{"item:IsDraft", element("t:IsDraft", "false")},
		{"item:DateTimeSent", moment("t:DateTimeSent", m.Date)},
		{"item:DateTimeCreated", moment("t:DateTimeCreated", m.Date)},
		{"item:HasAttachments", element("t:HasAttachments", "false")},
		{"message:Sender", node("t:Sender", box(m.From))},
		{"message:ToRecipients", node("t:ToRecipients", box(m.To))},
		{"message:From", node("t:From", box(m.From))},
		{"message:InternetMessageId", element("t:InternetMessageId", "<"+m.ID+"@"+ledger.Domain+">")},
		{"message:IsRead", element("t:IsRead", strconv.FormatBool(read))},
	}}
}

func appointment(w who, e mailbox.Event) item {
	return item{kind: "CalendarItem", name: e.ID, when: e.Start, until: e.End, all: []property{
		{"item:ItemClass", element("t:ItemClass", "IPM.Appointment")},
		{"item:Subject", element("t:Subject", e.Title)},
		{"item:Sensitivity", element("t:Sensitivity", "Normal")},
		{"calendar:UID", element("t:UID", e.ID+"@"+ledger.Domain)},
		{"calendar:Start", moment("t:Start", e.Start)},
		{"calendar:End", moment("t:End", e.End)},
		{"calendar:IsAllDayEvent", element("t:IsAllDayEvent", "false")},
		{"calendar:LegacyFreeBusyStatus", element("t:LegacyFreeBusyStatus", "Busy")},
		{"calendar:Location", element("t:Location", e.Location)},
		{"calendar:IsCancelled", element("t:IsCancelled", "false")},
		{"calendar:CalendarItemType", element("t:CalendarItemType", "Single")},
		{"calendar:Organizer", node("t:Organizer", box(w.Name+" <"+w.Email+">"))},
	}}
}

func contact(c mailbox.Contact) item {
	name := c.GivenName + " " + c.FamilyName
	return item{kind: "Contact", name: c.ID, all: []property{
		{"item:ItemClass", element("t:ItemClass", "IPM.Contact")},
		{"item:Subject", element("t:Subject", name)},
		{"contacts:FileAs", element("t:FileAs", c.FamilyName+", "+c.GivenName)},
		{"contacts:DisplayName", element("t:DisplayName", name)},
		{"contacts:GivenName", element("t:GivenName", c.GivenName)},
		{"contacts:EmailAddress", node("t:EmailAddresses", element(`t:Entry Key="EmailAddress1"`, c.Email))},
		{"contacts:Surname", element("t:Surname", c.FamilyName)},
	}}
}

func moment(name string, t time.Time) string { return element(name, t.UTC().Format(time.RFC3339)) }

// box is "Ada Lovelace <ada@sandbox.test>" as a Mailbox; more than one, as several.
func box(addresses string) string {
	list, err := mail.ParseAddressList(addresses)
	if err != nil {
		return node("t:Mailbox", element("t:Name", addresses))
	}
	var all strings.Builder
	for _, a := range list {
		all.WriteString(node("t:Mailbox", element("t:Name", a.Name), element("t:EmailAddress", a.Address), element("t:RoutingType", "SMTP")))
	}
	return all.String()
}
