package google

import (
	"net/http"
	"time"

	"github.com/avain-project/avain/internal/sandbox/ledger"
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
	midnight := d.now().UTC().Truncate(24 * time.Hour)
	writeJSON(w, http.StatusOK, map[string]any{
		"kind": "calendar#events", "etag": `"p33sandbox"`, "summary": p.Email,
		"updated": midnight.Format(time.RFC3339), "timeZone": "UTC", "accessRole": "owner",
		"defaultReminders": []any{}, "nextSyncToken": "CPsandbox",
		"items": []map[string]any{
			event(p, "planning0001", "Planning", "The room with the blue door", midnight.Add(34*time.Hour), time.Hour),
			event(p, "lunch0000002", "Lunch with Grace", "", midnight.Add(60*time.Hour), 90*time.Minute),
			event(p, "engine000003", "Analytical Engine, second reading", "Dorset Street", midnight.Add(87*time.Hour), 2*time.Hour),
		},
	})
}

func event(p ledger.Persona, id, summary, location string, start time.Time, length time.Duration) map[string]any {
	self := map[string]any{"email": p.Email, "self": true}
	at := func(t time.Time) map[string]string {
		return map[string]string{"dateTime": t.Format(time.RFC3339), "timeZone": "UTC"}
	}
	e := map[string]any{
		"kind": "calendar#event", "etag": `"3400000000000000"`, "id": id, "status": "confirmed",
		"summary": summary, "creator": self, "organizer": self,
		"start": at(start), "end": at(start.Add(length)),
		"iCalUID": id + "@" + ledger.Domain, "sequence": 0, "eventType": "default",
	}
	if location != "" {
		e["location"] = location
	}
	return e
}
