package exchange

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/sandbox/mailbox"
)

type findItem struct {
	ItemShape    shape
	View         part `xml:"IndexedPageItemView"`
	CalendarView *struct {
		Start time.Time `xml:"StartDate,attr"`
		End   time.Time `xml:"EndDate,attr"`
	}
	Restriction *struct{}
	SortOrder   struct {
		FieldOrder []struct {
			Order string `xml:",attr"`
		}
	}
	ParentFolderIDs folderRefs `xml:"ParentFolderIds"`
}

func (s *Server) findItem(w http.ResponseWriter, somebody who, call *findItem) {
	var outcomes []string
	for _, ref := range call.ParentFolderIDs.Any {
		f, no := folderOf(somebody, ref.ID, ref.Mailbox.EmailAddress)
		if no.fine() && call.Restriction != nil {
			no = refusal{"ErrorUnsupportedPathForQuery", "The sandbox's Exchange finds nothing by a restriction."}
		}
		outcomes = append(outcomes, outcome("FindItem", no, rootFolder("t:Items", call.list(s.items(somebody, f)), call.View,
			func(i item) string { return i.described(somebody, call.ItemShape, true) })))
	}
	answer(w, "FindItem", outcomes...)
}

// list puts items in the order asked for, which is by time whatever it names, and keeps
// those of the time asked for.
func (c *findItem) list(all []item) []item {
	if orders := c.SortOrder.FieldOrder; len(orders) > 0 {
		slices.SortStableFunc(all, func(a, b item) int {
			if orders[0].Order == "Descending" {
				return b.when.Compare(a.when)
			}
			return a.when.Compare(b.when)
		})
	}
	if view := c.CalendarView; view != nil {
		all = slices.DeleteFunc(all, func(i item) bool { return !i.until.After(view.Start) || !i.when.Before(view.End) })
	}
	return all
}

type getItem struct {
	ItemShape shape
	ItemIDs   struct {
		ItemID []struct {
			ID string `xml:"Id,attr"`
		} `xml:"ItemId"`
	} `xml:"ItemIds"`
}

func (s *Server) getItem(w http.ResponseWriter, somebody who, call *getItem) {
	var outcomes []string
	for _, ref := range call.ItemIDs.ItemID {
		i, ok := s.item(somebody, ref.ID)
		no := refusal{}
		if !ok {
			no = refusal{"ErrorItemNotFound", "The specified object was not found in the store."}
		}
		outcomes = append(outcomes, outcome("GetItem", no, node("m:Items", i.described(somebody, call.ItemShape, false))))
	}
	answer(w, "GetItem", outcomes...)
}

// item finds one by its id, which is good for its owner alone.
func (s *Server) item(w who, id string) (item, bool) {
	kind, name, ok := identified(w, id)
	if !ok || kind != "item" || w.tag == tagNoMailbox {
		return item{}, false
	}
	for _, f := range folders() {
		all := s.items(w, f)
		if at := slices.IndexFunc(all, func(i item) bool { return i.name == name }); at >= 0 {
			return all[at], true
		}
	}
	return item{}, false
}

type mailboxes struct {
	Mailbox []struct{ Name, EmailAddress string }
}

func (m mailboxes) String() string {
	var all []string
	for _, b := range m.Mailbox {
		all = append(all, strings.TrimSpace(b.Name+" <"+b.EmailAddress+">"))
	}
	return strings.Join(all, ", ")
}

type createItem struct {
	Disposition string `xml:"MessageDisposition,attr"`
	Items       struct {
		Message []struct {
			Subject, Body              string
			ToRecipients, CcRecipients mailboxes
		}
	}
}

// createItem sends mail; it is delivered nowhere and lies in the sender's Sent Items.
func (s *Server) createItem(w http.ResponseWriter, somebody who, call *createItem) {
	if len(call.Items.Message) == 0 || call.Disposition != "SendOnly" && call.Disposition != "SendAndSaveCopy" {
		answer(w, "CreateItem", outcome("CreateItem", refusal{"ErrorInvalidRequest", "The sandbox's Exchange creates nothing but mail, and sends it at once."}))
		return
	}
	var outcomes []string
	for _, m := range call.Items.Message {
		no := refusal{}
		to := m.ToRecipients.String()
		switch {
		case somebody.tag == tagNoMailbox:
			no = refusal{"ErrorNonExistentMailbox", "The SMTP address has no mailbox associated with it."}
		case to == "" && m.CcRecipients.String() == "":
			no = refusal{"ErrorInvalidRecipients", "At least one recipient is not valid."}
		default:
			s.boxes.Send(somebody.Persona, mailbox.Message{
				From: somebody.Name + " <" + somebody.Email + ">", To: cmp.Or(to, m.CcRecipients.String()), Subject: m.Subject, Text: m.Body,
			})
		}
		outcomes = append(outcomes, outcome("CreateItem", no, node("m:Items")))
	}
	answer(w, "CreateItem", outcomes...)
}
