package google

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/sandbox/ledger"
	"github.com/avain-project/avain/internal/sandbox/mailbox"
)

// maxSend is the longest request body messages.send takes.
const maxSend = 5 << 20

// maxText is how much of a sent message's text is kept.
const maxText = 4 << 10

// mine answers false, and an error, when the path names another mailbox.
func mine(w http.ResponseWriter, r *http.Request) (ledger.Persona, bool) {
	p := person(r)
	if user := r.PathValue("user"); user != "me" && user != p.Email {
		apiError(w, http.StatusForbidden, "Delegation denied for "+p.Email, "PERMISSION_DENIED", "forbidden")
		return p, false
	}
	return p, true
}

// listMessages knows maxResults (100, at most 500), pageToken, labelIds (one) and
// q=in:sent.
func (d *Google) listMessages(w http.ResponseWriter, r *http.Request) {
	p, ok := mine(w, r)
	if !ok {
		return
	}
	q := r.URL.Query()
	label := q.Get("labelIds")
	if q.Get("q") == "in:sent" {
		label = "SENT"
	}
	size, okSize := number(r, "maxResults", 100, 500)
	start, okStart := offset(q.Get("pageToken"))
	if !okSize || !okStart {
		apiError(w, http.StatusBadRequest, "Invalid maxResults or pageToken", "INVALID_ARGUMENT", "invalidArgument")
		return
	}
	type ref struct {
		ID       string `json:"id"`
		ThreadID string `json:"threadId"`
	}
	var answer struct {
		Messages      []ref  `json:"messages,omitempty"`
		NextPageToken string `json:"nextPageToken,omitempty"`
		Estimate      int    `json:"resultSizeEstimate"`
	}
	all := d.mail.List(p, label)
	answer.Estimate = len(all)
	end := min(start+size, len(all))
	for _, m := range all[min(start, end):end] {
		answer.Messages = append(answer.Messages, ref{m.ID, m.ID})
	}
	if end < len(all) {
		answer.NextPageToken = pageToken(end)
	}
	writeJSON(w, http.StatusOK, answer)
}

// Page tokens look like Gmail's (a long number) and hide an offset.
const pageTokenBase = 7_000_000_000_000_000_000

func pageToken(offset int) string { return strconv.FormatInt(pageTokenBase+int64(offset), 10) }

func offset(token string) (int, bool) {
	if token == "" {
		return 0, true
	}
	n, err := strconv.ParseInt(token, 10, 64)
	n -= pageTokenBase
	return int(n), err == nil && n >= 0 && n < 1_000_000
}

// getMessage knows format=full (the default), metadata and minimal.
func (d *Google) getMessage(w http.ResponseWriter, r *http.Request) {
	p, ok := mine(w, r)
	if !ok {
		return
	}
	m, ok := d.mail.Find(p, r.PathValue("id"))
	if !ok {
		notFound(w)
		return
	}
	answer := resource(m)
	switch r.URL.Query().Get("format") {
	case "minimal":
		answer.Payload = nil
	case "metadata":
		answer.Payload.Body.Data = ""
	}
	writeJSON(w, http.StatusOK, answer)
}

// sendMessage takes {"raw": base64url of an RFC 5322 message}.
func (d *Google) sendMessage(w http.ResponseWriter, r *http.Request) {
	p, ok := mine(w, r)
	if !ok {
		return
	}
	var in struct {
		Raw string `json:"raw"`
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxSend)).Decode(&in)
	if err != nil || in.Raw == "" {
		apiError(w, http.StatusBadRequest, "'raw' RFC822 payload message string or uploading message via /upload/* URL required", "INVALID_ARGUMENT", "invalidArgument")
		return
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(in.Raw, "="))
	if err != nil {
		apiError(w, http.StatusBadRequest, "Invalid value for ByteString: raw is not base64url", "INVALID_ARGUMENT", "invalidArgument")
		return
	}
	m, err := readMail(raw)
	if err != nil || m.To == "" {
		apiError(w, http.StatusBadRequest, "Recipient address required", "INVALID_ARGUMENT", "invalidArgument")
		return
	}
	m.From = p.Name + " <" + p.Email + ">"
	m = d.mail.Send(p, m)
	writeJSON(w, http.StatusOK, struct {
		ID       string   `json:"id"`
		ThreadID string   `json:"threadId"`
		Labels   []string `json:"labelIds"`
	}{m.ID, m.ID, m.Labels})
}

// readMail keeps of a message what the mailbox shows.
func readMail(raw []byte) (mailbox.Message, error) {
	parsed, err := mail.ReadMessage(strings.NewReader(string(raw)))
	if err != nil {
		return mailbox.Message{}, err
	}
	text, err := io.ReadAll(io.LimitReader(parsed.Body, maxText))
	if err != nil {
		return mailbox.Message{}, err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject"))
	if err != nil {
		subject = parsed.Header.Get("Subject")
	}
	// Clipped, because the sent list is kept.
	return mailbox.Message{To: clip(parsed.Header.Get("To"), maxText), Subject: clip(subject, maxText), Text: string(text)}, nil
}

func (d *Google) profile(w http.ResponseWriter, r *http.Request) {
	p, ok := mine(w, r)
	if !ok {
		return
	}
	total := len(d.mail.List(p, ""))
	writeJSON(w, http.StatusOK, struct {
		Email     string `json:"emailAddress"`
		Messages  int    `json:"messagesTotal"`
		Threads   int    `json:"threadsTotal"`
		HistoryID string `json:"historyId"`
	}{p.Email, total, total, strconv.Itoa(1000 + total)})
}

// header, part and mailResource are Gmail's users.messages resource.
type header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type part struct {
	PartID   string   `json:"partId"`
	MimeType string   `json:"mimeType"`
	Filename string   `json:"filename"`
	Headers  []header `json:"headers"`
	Body     struct {
		Size int    `json:"size"`
		Data string `json:"data,omitempty"` // base64url, padded
	} `json:"body"`
}

type mailResource struct {
	ID           string   `json:"id"`
	ThreadID     string   `json:"threadId"`
	Labels       []string `json:"labelIds"`
	Snippet      string   `json:"snippet"`
	Payload      *part    `json:"payload,omitempty"`
	SizeEstimate int      `json:"sizeEstimate"`
	HistoryID    string   `json:"historyId"`
	InternalDate string   `json:"internalDate"` // milliseconds since 1970
}

func resource(m mailbox.Message) mailResource {
	body := &part{MimeType: "text/plain", Headers: []header{
		{"MIME-Version", "1.0"},
		{"Date", m.Date.Format(time.RFC1123Z)},
		{"Message-ID", "<" + m.ID + "@" + ledger.Domain + ">"},
		{"Subject", m.Subject},
		{"From", m.From},
		{"To", m.To},
		{"Content-Type", `text/plain; charset="UTF-8"`},
	}}
	body.Body.Size = len(m.Text)
	body.Body.Data = base64.URLEncoding.EncodeToString([]byte(m.Text))
	return mailResource{
		ID: m.ID, ThreadID: m.ID, Labels: m.Labels, Snippet: clip(strings.Join(strings.Fields(m.Text), " "), 200),
		Payload: body, SizeEstimate: len(m.Text) + 400, HistoryID: "1001",
		InternalDate: strconv.FormatInt(m.Date.UnixMilli(), 10),
	}
}

// clip shortens to at most n bytes, at a character's boundary.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
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
