package google

import (
	"net/http"
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/sandbox/mailbox"
)

// connections answers with the address book. It knows pageSize (100, at most 1000)
// without further pages, and of personFields names and emailAddresses.
func (d *Google) connections(w http.ResponseWriter, r *http.Request) {
	fields := strings.Split(r.URL.Query().Get("personFields"), ",")
	size, ok := number(r, "pageSize", 100, 1000)
	if fields[0] == "" || !ok {
		apiError(w, http.StatusBadRequest, "personFields mask is required. Please specify one or more valid paths.", "INVALID_ARGUMENT", "badRequest")
		return
	}
	all := mailbox.Contacts()
	people := []map[string]any{}
	for _, c := range all[:min(size, len(all))] {
		one := map[string]any{"resourceName": "people/" + c.ID, "etag": "%sandbox" + c.ID}
		if slices.Contains(fields, "names") {
			one["names"] = []map[string]string{{"displayName": c.GivenName + " " + c.FamilyName, "givenName": c.GivenName, "familyName": c.FamilyName}}
		}
		if slices.Contains(fields, "emailAddresses") {
			one["emailAddresses"] = []map[string]string{{"value": c.Email}}
		}
		people = append(people, one)
	}
	writeJSON(w, http.StatusOK, map[string]any{"connections": people, "totalPeople": len(all), "totalItems": len(all)})
}

// taskLists answers with the one list that everybody has.
func (d *Google) taskLists(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"kind": "tasks#taskLists", "etag": `"sandbox"`,
		"items": []map[string]any{{
			"kind": "tasks#taskList", "id": "MTsandbox" + person(r).Key, "etag": `"sandbox"`, "title": "My Tasks",
			"updated": "2026-01-01T00:00:00.000Z",
		}},
	})
}
