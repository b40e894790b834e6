package microsoft

import (
	"encoding/json"
	"net/http"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/sandbox/mailbox"
)

// maxText is how much of a sent message's texts is kept.
const maxText = 4 << 10

// address, recipient, body and mailResource are Graph's message resource.
type address struct {
	Name    string `json:"name,omitempty"`
	Address string `json:"address"`
}

type recipient struct {
	EmailAddress address `json:"emailAddress"`
}

type body struct {
	ContentType string `json:"contentType"`
	Content     string `json:"content"`
}

type mailResource struct {
	Etag        string      `json:"@odata.etag"`
	ID          string      `json:"id"`
	Received    string      `json:"receivedDateTime"`
	Sent        string      `json:"sentDateTime"`
	Subject     string      `json:"subject"`
	BodyPreview string      `json:"bodyPreview"`
	IsRead      bool        `json:"isRead"`
	IsDraft     bool        `json:"isDraft"`
	Attachments bool        `json:"hasAttachments"`
	Importance  string      `json:"importance"`
	From        recipient   `json:"from"`
	To          []recipient `json:"toRecipients"`
	Body        body        `json:"body"`
}

func resource(m mailbox.Message) mailResource {
	at := m.Date.UTC().Format(time.RFC3339)
	return mailResource{
		Etag: `W/"` + m.ID + `"`, ID: "AAMk" + m.ID, Received: at, Sent: at, Subject: m.Subject,
		BodyPreview: clip(m.Text, 255), IsRead: !m.Has("UNREAD"), Importance: "normal",
		From: recipientOf(m.From), To: []recipient{recipientOf(m.To)}, Body: body{"text", m.Text},
	}
}

func recipientOf(text string) recipient {
	if parsed, err := mail.ParseAddress(text); err == nil {
		return recipient{address{parsed.Name, parsed.Address}}
	}
	return recipient{address{Address: text}}
}

// labelOf is the label that a folder's messages carry; "" is no folder, all messages.
func labelOf(folder string) (string, bool) {
	label, ok := map[string]string{"": "", "inbox": "INBOX", "sentitems": "SENT"}[strings.ToLower(folder)]
	return label, ok
}

func (d *Microsoft) noSuchFolder(w http.ResponseWriter) {
	d.graphError(w, http.StatusNotFound, "ErrorItemNotFound", "The specified folder could not be found in the store.")
}

func (d *Microsoft) getFolder(w http.ResponseWriter, r *http.Request) {
	label, ok := labelOf(r.PathValue("folder"))
	if !ok {
		d.noSuchFolder(w)
		return
	}
	mails := d.mail.List(person(r), label)
	unread := 0
	for _, m := range mails {
		if m.Has("UNREAD") {
			unread++
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"@odata.context": base(r) + APIPath + "/$metadata#users('me')/mailFolders/$entity",
		"id":             "AAMk" + label, "displayName": map[string]string{"INBOX": "Inbox", "SENT": "Sent Items"}[label],
		"parentFolderId": "AAMkROOT", "childFolderCount": 0, "unreadItemCount": unread, "totalItemCount": len(mails), "isHidden": false,
	})
}

// listMessages knows $top (10, at most 1000) and $skip, and the folders inbox and
// sentitems; without a folder it lists both.
func (d *Microsoft) listMessages(w http.ResponseWriter, r *http.Request) {
	label, ok := labelOf(r.PathValue("folder"))
	if !ok {
		d.noSuchFolder(w)
		return
	}
	q := r.URL.Query()
	top, okTop := number(q, "$top", 10, 1, 1000)
	skip, okSkip := number(q, "$skip", 0, 0, 1_000_000)
	if !okTop || !okSkip {
		d.graphError(w, http.StatusBadRequest, "RequestBroker--ParseUri", "Invalid value for $top or $skip.")
		return
	}
	all := d.mail.List(person(r), label)
	end := min(skip+top, len(all))
	answer := map[string]any{"@odata.context": base(r) + APIPath + "/$metadata#users('me')/messages"}
	list := []mailResource{}
	for _, m := range all[min(skip, end):end] {
		list = append(list, resource(m))
	}
	answer["value"] = list
	if end < len(all) {
		q.Set("$skip", strconv.Itoa(end))
		answer["@odata.nextLink"] = base(r) + r.URL.EscapedPath() + "?" + q.Encode()
	}
	writeJSON(w, http.StatusOK, answer)
}

func number(q url.Values, name string, fallback, least, most int) (int, bool) {
	if q.Get(name) == "" {
		return fallback, true
	}
	n, err := strconv.Atoi(q.Get(name))
	return n, err == nil && n >= least && n <= most
}

func (d *Microsoft) getMessage(w http.ResponseWriter, r *http.Request) {
	m, ok := d.mail.Find(person(r), strings.TrimPrefix(r.PathValue("id"), "AAMk"))
	if !ok {
		d.graphError(w, http.StatusNotFound, "ErrorItemNotFound", "The specified object was not found in the store.")
		return
	}
	writeJSON(w, http.StatusOK, resource(m))
}

// sendMail takes {"message": …, "saveToSentItems": true} and answers 202 with no
// body.
func (d *Microsoft) sendMail(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Message struct {
			Subject string      `json:"subject"`
			Body    body        `json:"body"`
			To      []recipient `json:"toRecipients"`
		} `json:"message"`
		Save *bool `json:"saveToSentItems"`
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxForm)).Decode(&in)
	switch {
	case err != nil:
		d.graphError(w, http.StatusBadRequest, "RequestBodyRead", "The body is not a message: "+err.Error())
		return
	case len(in.Message.To) == 0:
		d.graphError(w, http.StatusBadRequest, "ErrorInvalidRecipients", "At least one recipient isn't valid.")
		return
	}
	if in.Save == nil || *in.Save {
		p := person(r)
		to := in.Message.To[0].EmailAddress
		d.mail.Send(p, mailbox.Message{
			From: p.Name + " <" + p.Email + ">", To: clip(to.Address, maxText),
			Subject: clip(in.Message.Subject, maxText), Text: clip(in.Message.Body.Content, maxText),
		})
	}
	w.WriteHeader(http.StatusAccepted)
}

// clip shortens to at most n bytes, at a character's boundary.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
