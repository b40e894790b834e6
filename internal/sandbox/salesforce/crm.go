package salesforce

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/avain-project/avain/internal/sandbox/mailbox"
)

// object is one of the org's records: its fields by name.
type object map[string]string

// tables are what an org has: its people's contacts, and where those work.
func tables() map[string][]object {
	employers := map[string]string{
		"charles@engine.test": "Analytical Engines Ltd", "grace@navy.test": "Compilers and Sons", "radia@bridge.test": "Spanning Trees Inc",
	}
	all := map[string][]object{}
	for _, c := range mailbox.Contacts() {
		account := recordID("001", "account "+c.ID)
		all["Account"] = append(all["Account"], object{
			"Id": account, "Name": employers[c.Email], "Website": "https://" + c.Email[strings.Index(c.Email, "@")+1:],
		})
		all["Contact"] = append(all["Contact"], object{
			"Id": recordID("003", "contact "+c.ID), "AccountId": account, "FirstName": c.GivenName, "LastName": c.FamilyName,
			"Name": c.GivenName + " " + c.FamilyName, "Email": c.Email,
		})
	}
	return all
}

// find finds a table by its name in any case, as SOQL does.
func find(name string) (string, []object) {
	for table, records := range tables() {
		if strings.EqualFold(table, name) {
			return table, records
		}
	}
	return "", nil
}

// field finds a field by its name in any case.
func (o object) field(name string) (string, string) {
	for f, value := range o {
		if strings.EqualFold(f, name) {
			return f, value
		}
	}
	return "", ""
}

var version = regexp.MustCompile(`^v[0-9]{2}\.0$`)

func (d *Salesforce) versions(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, []map[string]string{{"label": "Winter '24", "url": "/services/data/v60.0", "version": "60.0"}})
}

// soql is the little of it that is understood.
var soql = regexp.MustCompile(`(?i)^\s*SELECT\s+([\w\s,]+?)\s+FROM\s+(\w+)(?:\s+LIMIT\s+(\d+))?\s*$`)

func (d *Salesforce) query(w http.ResponseWriter, r *http.Request) {
	if !version.MatchString(r.PathValue("version")) {
		d.noSuchResource(w, r)
		return
	}
	parts := soql.FindStringSubmatch(r.URL.Query().Get("q"))
	if parts == nil {
		apiError(w, http.StatusBadRequest, "MALFORMED_QUERY", "the sandbox understands SELECT fields FROM Contact or Account, and LIMIT")
		return
	}
	table, records := find(parts[2])
	if table == "" {
		apiError(w, http.StatusBadRequest, "INVALID_TYPE", "sObject type '"+parts[2]+"' is not supported.")
		return
	}
	if limit, err := strconv.Atoi(parts[3]); err == nil {
		records = records[:min(limit, len(records))]
	}
	fields := strings.FieldsFunc(parts[1], func(c rune) bool { return c == ',' || c == ' ' })
	rows := []map[string]any{}
	for _, record := range records {
		row := described(r, table, record["Id"])
		for _, name := range fields {
			field, value := record.field(name)
			if field == "" {
				apiError(w, http.StatusBadRequest, "INVALID_FIELD", "No such column '"+name+"' on entity '"+table+"'.")
				return
			}
			row[field] = value
		}
		rows = append(rows, row)
	}
	writeJSON(w, http.StatusOK, map[string]any{"totalSize": len(rows), "done": true, "records": rows})
}

// objects lists the tables.
func (d *Salesforce) objects(w http.ResponseWriter, r *http.Request) {
	if !version.MatchString(r.PathValue("version")) {
		d.noSuchResource(w, r)
		return
	}
	list := []map[string]any{}
	for _, table := range slices.Sorted(maps.Keys(tables())) {
		list = append(list, map[string]any{
			"name": table, "label": table, "labelPlural": table + "s", "keyPrefix": tables()[table][0]["Id"][:3], "queryable": true,
			"urls": map[string]string{"sobject": "/services/data/" + r.PathValue("version") + "/sobjects/" + table},
		})
	}
	writeJSON(w, http.StatusOK, map[string]any{"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": list})
}

func (d *Salesforce) record(w http.ResponseWriter, r *http.Request) {
	table, records := find(r.PathValue("object"))
	i := slices.IndexFunc(records, func(o object) bool { return o["Id"] == r.PathValue("id") || o["Id"][:15] == r.PathValue("id") })
	if i < 0 || !version.MatchString(r.PathValue("version")) {
		d.noSuchResource(w, r)
		return
	}
	row := described(r, table, records[i]["Id"])
	for field, value := range records[i] {
		row[field] = value
	}
	row["OwnerId"] = person(r).Subject
	writeJSON(w, http.StatusOK, row)
}

// described begins a record as the API does: by what it is.
func described(r *http.Request, table, id string) map[string]any {
	return map[string]any{"attributes": map[string]string{
		"type": table, "url": "/services/data/" + r.PathValue("version") + "/sobjects/" + table + "/" + id,
	}}
}
