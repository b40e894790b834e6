package hubspot

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/avain-project/avain/internal/sandbox/ledger"
	"github.com/avain-project/avain/internal/sandbox/mailbox"
)

// maxCreated bounds the contacts that a persona's CRM keeps of what was created;
// the oldest go first.
const maxCreated = 100

// contact is HubSpot's SimplePublicObject, without its associations.
type contact struct {
	ID         string            `json:"id"`
	Properties map[string]string `json:"properties"`
	CreatedAt  string            `json:"createdAt"`
	UpdatedAt  string            `json:"updatedAt"`
	Archived   bool              `json:"archived"`
}

// crm holds the contacts of each persona's account: invented ones, the same in
// every run, and what was created. It is safe for concurrent use.
type crm struct {
	now   func() time.Time
	start time.Time

	mu      sync.Mutex
	serial  int
	created map[string][]contact // oldest first, by persona key
}

func newCRM(now func() time.Time) *crm {
	c := &crm{now: now, start: now().Truncate(time.Minute)}
	c.reset()
	return c
}

func (c *crm) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.serial, c.created = 0, map[string][]contact{}
}

func (c *crm) of(p ledger.Persona) []contact {
	all := []contact{}
	for i, known := range mailbox.Contacts() {
		all = append(all, c.contact(strconv.Itoa(101+i), c.start, map[string]string{
			"firstname": known.GivenName, "lastname": known.FamilyName, "email": known.Email,
		}))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return append(all, c.created[p.Key]...)
}

func (c *crm) contact(id string, at time.Time, properties map[string]string) contact {
	stamp := at.UTC().Format("2006-01-02T15:04:05.000Z")
	properties["hs_object_id"], properties["createdate"], properties["lastmodifieddate"] = id, stamp, stamp
	return contact{ID: id, Properties: properties, CreatedAt: stamp, UpdatedAt: stamp}
}

func (c *crm) create(p ledger.Persona, properties map[string]string) contact {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.serial++
	made := c.contact(strconv.Itoa(1000+c.serial), c.now(), properties)
	kept := append(c.created[p.Key], made)
	c.created[p.Key] = kept[max(0, len(kept)-maxCreated):]
	return made
}

// shown is the contact with those properties that were asked for; hs_object_id and
// the dates always come.
func (c contact) shown(r *http.Request) contact {
	wanted := []string{"hs_object_id", "createdate", "lastmodifieddate"}
	if asked := r.URL.Query().Get("properties"); asked != "" {
		wanted = append(wanted, strings.Split(asked, ",")...)
	} else {
		wanted = append(wanted, "firstname", "lastname", "email")
	}
	properties := map[string]string{}
	for name, value := range c.Properties {
		if slices.Contains(wanted, name) {
			properties[name] = value
		}
	}
	c.Properties = properties
	return c
}

// listContacts knows limit (10, at most 100), after and properties.
func (d *HubSpot) listContacts(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	limit, okLimit := count(q.Get("limit"), 10, 1, 100)
	after, okAfter := count(q.Get("after"), 0, 0, 1_000_000)
	if !okLimit || !okAfter {
		apiError(w, http.StatusBadRequest, "VALIDATION_ERROR", "Invalid input: limit is 1 to 100, after is a paging cursor.")
		return
	}
	all := d.crm.of(person(r))
	end := min(after+limit, len(all))
	answer := map[string]any{}
	results := []contact{}
	for _, c := range all[min(after, end):end] {
		results = append(results, c.shown(r))
	}
	answer["results"] = results
	if end < len(all) {
		q.Set("after", strconv.Itoa(end))
		answer["paging"] = map[string]any{"next": map[string]string{"after": strconv.Itoa(end), "link": "http://" + r.Host + r.URL.EscapedPath() + "?" + q.Encode()}}
	}
	writeJSON(w, http.StatusOK, answer)
}

func count(text string, fallback, least, most int) (int, bool) {
	if text == "" {
		return fallback, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= least && n <= most
}

func (d *HubSpot) getContact(w http.ResponseWriter, r *http.Request) {
	all := d.crm.of(person(r))
	i := slices.IndexFunc(all, func(c contact) bool { return c.ID == r.PathValue("id") })
	if i < 0 {
		noSuchPath(w, r)
		return
	}
	writeJSON(w, http.StatusOK, all[i].shown(r))
}

// createContact takes {"properties": {…}}. An address is one contact's.
func (d *HubSpot) createContact(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Properties map[string]string `json:"properties"`
	}
	if json.NewDecoder(http.MaxBytesReader(w, r.Body, maxForm)).Decode(&in) != nil || len(in.Properties) == 0 {
		apiError(w, http.StatusBadRequest, "VALIDATION_ERROR", "Invalid input JSON: a contact needs properties.")
		return
	}
	email := in.Properties["email"]
	for _, c := range d.crm.of(person(r)) {
		if email != "" && strings.EqualFold(c.Properties["email"], email) {
			apiError(w, http.StatusConflict, "CONFLICT", "Contact already exists. Existing ID: "+c.ID)
			return
		}
	}
	writeJSON(w, http.StatusCreated, d.crm.create(person(r), in.Properties))
}
