package microsoft

import (
	"net/http"

	"github.com/avain-project/avain/internal/sandbox/mailbox"
)

// calendar is the person's default calendar, without its events.
func (d *Microsoft) calendar(w http.ResponseWriter, r *http.Request) {
	p := person(r)
	writeJSON(w, http.StatusOK, map[string]any{
		"@odata.context": base(r) + APIPath + "/$metadata#users('me')/calendar/$entity",
		"id":             "AAMkCALENDAR" + p.Key, "name": "Calendar", "color": "auto", "canEdit": true, "canShare": true, "isDefaultCalendar": true,
		"owner": address{p.Name, p.Email},
	})
}

// contacts knows $top (10, at most 1000), without further pages.
func (d *Microsoft) contacts(w http.ResponseWriter, r *http.Request) {
	top, ok := number(r.URL.Query(), "$top", 10, 1, 1000)
	if !ok {
		d.graphError(w, http.StatusBadRequest, "RequestBroker--ParseUri", "Invalid value for $top.")
		return
	}
	all := mailbox.Contacts()
	people := []map[string]any{}
	for _, c := range all[:min(top, len(all))] {
		people = append(people, map[string]any{
			"id": "AAMk" + c.ID, "displayName": c.GivenName + " " + c.FamilyName, "givenName": c.GivenName, "surname": c.FamilyName,
			"emailAddresses": []address{{c.GivenName + " " + c.FamilyName, c.Email}},
		})
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"@odata.context": base(r) + APIPath + "/$metadata#users('me')/contacts", "value": people,
	})
}

// taskLists answers with the one list that everybody has.
func (d *Microsoft) taskLists(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"@odata.context": base(r) + APIPath + "/$metadata#users('me')/todo/lists",
		"value": []map[string]any{{
			"id": "AQMk" + person(r).Key, "displayName": "Tasks", "isOwner": true, "isShared": false, "wellknownListName": "defaultList",
		}},
	})
}
