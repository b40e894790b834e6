package zoho

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/avain-project/avain/internal/sandbox/mailbox"
)

// maxText is how much of a sent message's texts is kept.
const maxText = 4 << 10

// data is the form of every good answer of Zoho Mail.
func data(w http.ResponseWriter, v any) {
	writeJSON(w, http.StatusOK, map[string]any{"status": map[string]any{"code": 200, "description": "success"}, "data": v})
}

// listAccounts names the person's one mailbox; its id stands in other paths.
func (d *Zoho) listAccounts(w http.ResponseWriter, r *http.Request) {
	p := person(r)
	data(w, []any{map[string]any{
		"accountId": mailID(p), "zuid": zuid(p), "displayName": p.Name, "firstName": p.GivenName, "lastName": p.FamilyName,
		"primaryEmailAddress": p.Email, "mailboxAddress": p.Email, "mailboxStatus": "enabled", "type": "ZOHO_ACCOUNT", "status": true,
		"URI": base(r) + r.URL.EscapedPath() + "/" + mailID(p),
	}})
}

// mine answers false, and an error, when the path names another mailbox.
func mine(w http.ResponseWriter, r *http.Request) bool {
	if r.PathValue("id") == mailID(person(r)) {
		return true
	}
	apiError(w, http.StatusNotFound, "ACCOUNT_NOT_EXISTS", "Invalid account id.")
	return false
}

// messageResource is an entry of messages/view.
type messageResource struct {
	ID       string `json:"messageId"`
	Folder   string `json:"folderId"`
	Subject  string `json:"subject"`
	Summary  string `json:"summary"`
	Sender   string `json:"sender"`
	From     string `json:"fromAddress"`
	To       string `json:"toAddress"`
	Received string `json:"receivedTime"` // milliseconds
	Status   string `json:"status"`       // 0 unread, 1 read
}

// listMessages knows start (1) and limit (10, at most 200).
func (d *Zoho) listMessages(w http.ResponseWriter, r *http.Request) {
	if !mine(w, r) {
		return
	}
	start, okStart := number(r, "start", 1, 1_000_000)
	limit, okLimit := number(r, "limit", 10, 200)
	if !okStart || !okLimit {
		apiError(w, http.StatusBadRequest, "INVALID_INPUT", "start begins at 1, limit is 1 to 200.")
		return
	}
	all := d.mail.List(person(r), "INBOX")
	first := min(start-1, len(all))
	list := []messageResource{}
	for _, m := range all[first:min(first+limit, len(all))] {
		list = append(list, resource(m))
	}
	data(w, list)
}

func resource(m mailbox.Message) messageResource {
	name, address, _ := strings.Cut(m.From, " <")
	status := "1"
	if m.Has("UNREAD") {
		status = "0"
	}
	return messageResource{
		ID: m.ID, Folder: "1", Subject: m.Subject, Summary: m.Text, Sender: name, From: strings.TrimSuffix(address, ">"), To: m.To,
		Received: strconv.FormatInt(m.Date.UnixMilli(), 10), Status: status,
	}
}

// sendMessage takes {"fromAddress", "toAddress", "subject", "content"}.
func (d *Zoho) sendMessage(w http.ResponseWriter, r *http.Request) {
	if !mine(w, r) {
		return
	}
	var in struct {
		From    string `json:"fromAddress"`
		To      string `json:"toAddress"`
		Subject string `json:"subject"`
		Content string `json:"content"`
	}
	p := person(r)
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxForm)).Decode(&in)
	if err != nil || in.To == "" || in.From != p.Email {
		apiError(w, http.StatusBadRequest, "INVALID_INPUT", "fromAddress must be the mailbox's, and toAddress be given.")
		return
	}
	m := d.mail.Send(p, mailbox.Message{
		From: p.Name + " <" + p.Email + ">", To: clip(in.To), Subject: clip(in.Subject), Text: clip(in.Content),
	})
	data(w, map[string]string{"messageId": m.ID, "fromAddress": in.From, "toAddress": in.To, "subject": m.Subject})
}

// clip keeps at most maxText bytes, up to a character's boundary.
func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "")
}

// number reads a query parameter between 1 and limit; fallback when it is absent.
func number(r *http.Request, name string, fallback, limit int) (int, bool) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return fallback, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 1 && n <= limit
}

func (d *Zoho) listTasks(w http.ResponseWriter, _ *http.Request) {
	data(w, map[string]any{"tasks": []any{map[string]any{"id": "1", "title": "Look over the cards", "status": "inprogress"}}})
}

// listCalendars is Zoho Calendar's, listContacts Zoho Contacts': each has its form.
func (d *Zoho) listCalendars(w http.ResponseWriter, r *http.Request) {
	p := person(r)
	writeJSON(w, http.StatusOK, map[string]any{"calendars": []any{map[string]any{
		"uid": "c" + mailID(p), "name": p.GivenName, "owner": p.Email, "isdefault": true, "privilege": "owner", "category": "own",
	}}})
}

func (d *Zoho) listContacts(w http.ResponseWriter, r *http.Request) {
	page, okPage := number(r, "page", 1, 1_000_000)
	size, okSize := number(r, "per_page", 200, 200)
	if !okPage || !okSize {
		apiError(w, http.StatusBadRequest, "INVALID_INPUT", "page begins at 1, per_page is 1 to 200.")
		return
	}
	all := mailbox.Contacts()
	first := min((page-1)*size, len(all))
	end := min(first+size, len(all))
	list := []any{}
	for _, c := range all[first:end] {
		list = append(list, map[string]any{
			"contact_id": c.ID, "first_name": c.GivenName, "last_name": c.FamilyName,
			"emails": []any{map[string]any{"email_id": c.Email, "is_primary": true}},
		})
	}
	writeJSON(w, http.StatusOK, map[string]any{"status_code": 200, "resource_name": "contacts", "has_more": end < len(all), "contacts": list})
}
