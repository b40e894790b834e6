package google

import (
	"net/http"
	"time"

	"github.com/avain-project/avain/internal/sandbox/ledger"
	"github.com/avain-project/avain/internal/sandbox/mailbox"
)

// calendarList answers with one calendar, the primary one, whose id is the
// person's address.
func (d *Google) calendarList(w http.ResponseWriter, r *http.Request) {
	p := person(r)
	writeJSON(w, http.StatusOK, map[string]any{
		"kind": "calendar#calendarList", "etag": `"p33sandbox"`, "nextSyncToken": "CPsandbox",
		"items": []map[string]any{{
			"kind": "calendar#calendarListEntry", "etag": `"1700000000000000"`,
			"id": p.Email, "summary": p.Email, "timeZone": "UTC", "colorId": "14",
			"backgroundColor": "#9fe1e7", "foregroundColor": "#000000",
			"selected": true, "accessRole": "owner", "primary": true,
		}},
	})
}

// events answers with the coming three days of the primary calendar.
func (d *Google) events(w http.ResponseWriter, r *http.Request) {
	p := person(r)
	if id := r.PathValue("calendar"); id != "primary" && id != p.Email {
		notFound(w)
		return
	}
	var items []map[string]any
	for _, e := range mailbox.Events(d.now()) {
		items = append(items, event(p, e))
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"kind": "calendar#events", "etag": `"p33sandbox"`, "summary": p.Email,
		"updated": d.now().UTC().Truncate(24 * time.Hour).Format(time.RFC3339), "timeZone": "UTC", "accessRole": "owner",
		"defaultReminders": []any{}, "nextSyncToken": "CPsandbox",
		"items": items,
	})
}

func event(p ledger.Persona, of mailbox.Event) map[string]any {
	self := map[string]any{"email": p.Email, "self": true}
	at := func(t time.Time) map[string]string {
		return map[string]string{"dateTime": t.Format(time.RFC3339), "timeZone": "UTC"}
	}
	e := map[string]any{
		"kind": "calendar#event", "etag": `"3400000000000000"`, "id": of.ID, "status": "confirmed",
		"summary": of.Title, "creator": self, "organizer": self,
		"start": at(of.Start), "end": at(of.End),
		"iCalUID": of.ID + "@" + ledger.Domain, "sequence": 0, "eventType": "default",
	}
	if of.Location != "" {
		e["location"] = of.Location
	}
	return e
}
