package sugarcrm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/avain-project/avain/internal/sandbox/ledger"
	"github.com/avain-project/avain/internal/sandbox/mailbox"
)

type accessKey struct{}

// person is who the token of an API call acts for.
func person(r *http.Request) ledger.Persona {
	a, _ := r.Context().Value(accessKey{}).(ledger.Access)
	return a.Persona
}

// tokenOf finds the access token in either header.
func tokenOf(r *http.Request) string {
	if own := r.Header.Get("OAuth-Token"); own != "" {
		return own
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return token
}

// needsToken lets calls through whose token is alive and of that instance.
func (d *SugarCRM) needsToken(instance string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token := tokenOf(r)
		a, err := d.ledger.Check(token)
		switch {
		case token == "":
			refuse(w, http.StatusUnauthorized, "need_login", "No valid authentication for user.")
		case err != nil, !strings.HasPrefix(a.Persona.Tenant, instance+" "):
			refuse(w, http.StatusUnauthorized, "invalid_grant", "The access token provided is invalid.")
		default:
			next(w, r.WithContext(context.WithValue(r.Context(), accessKey{}, a)))
		}
	}
}

// metadata is what everybody may know of an instance.
func (d *SugarCRM) metadata(instance string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		config := map[string]any{"platform": "base", "idmModeEnabled": instance == Cloud}
		if instance == Cloud {
			config["stsUrl"], config["tenant"] = base(r)+IdentityService, "srn:cloud:idp:eu:0000000001:tenant"
		}
		writeJSON(w, http.StatusOK, map[string]any{"config": config, "_hash": "sandbox"})
	}
}

// base is the sandbox's own address, by the name the caller used.
func base(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

func (d *SugarCRM) me(w http.ResponseWriter, r *http.Request) {
	p := person(r)
	writeJSON(w, http.StatusOK, map[string]any{"current_user": map[string]any{
		"type": "user", "id": p.Subject, "full_name": p.Name, "user_name": p.Key,
		"email": []map[string]any{{"email_address": p.Email, "primary_address": true}},
	}})
}

// record is one of an instance, by field.
type record map[string]any

// modules are what an instance has: its people's contacts, and where those work.
func modules() map[string][]record {
	employers := map[string]string{
		"charles@engine.test": "Analytical Engines Ltd", "grace@navy.test": "Compilers and Sons", "radia@bridge.test": "Spanning Trees Inc",
	}
	all := map[string][]record{}
	for _, c := range mailbox.Contacts() {
		account := recordID("account " + c.ID)
		all["Accounts"] = append(all["Accounts"], record{"id": account, "_module": "Accounts", "name": employers[c.Email]})
		all["Contacts"] = append(all["Contacts"], record{
			"id": recordID("contact " + c.ID), "_module": "Contacts", "account_id": account, "account_name": employers[c.Email],
			"first_name": c.GivenName, "last_name": c.FamilyName, "name": c.GivenName + " " + c.FamilyName,
			"email": []map[string]any{{"email_address": c.Email, "primary_address": true}},
		})
	}
	return all
}

// recordID is a UUID, the same in every run.
func recordID(of string) string {
	sum := sha256.Sum256([]byte("sandbox " + of))
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// list answers in pages of 20 records, ?max_num= and ?offset= otherwise.
func (d *SugarCRM) list(w http.ResponseWriter, r *http.Request) {
	records, known := modules()[r.PathValue("module")]
	if !known {
		noMethod(w, r)
		return
	}
	from, most := number(r, "offset", 0), number(r, "max_num", 20)
	if from < 0 || most < 1 {
		refuse(w, http.StatusUnprocessableEntity, "invalid_parameter", "offset and max_num are numbers")
		return
	}
	page := records[min(from, len(records)):min(from+most, len(records))]
	next := -1
	if from+most < len(records) {
		next = from + most
	}
	writeJSON(w, http.StatusOK, map[string]any{"next_offset": next, "records": append([]record{}, page...)})
}

func number(r *http.Request, name string, standard int) int {
	text := r.URL.Query().Get(name)
	if text == "" {
		return standard
	}
	n, err := strconv.Atoi(text)
	if err != nil || n > 1000 {
		return -1
	}
	return n
}

func (d *SugarCRM) record(w http.ResponseWriter, r *http.Request) {
	records := modules()[r.PathValue("module")]
	i := slices.IndexFunc(records, func(o record) bool { return o["id"] == r.PathValue("id") })
	if i < 0 {
		refuse(w, http.StatusNotFound, "not_found", "Could not find record in module.")
		return
	}
	row := records[i]
	row["assigned_user_id"] = person(r).Subject
	writeJSON(w, http.StatusOK, row)
}
