package signin

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

//go:embed page.html style.css
var files embed.FS

// Pages writes the pages. It is safe for concurrent use.
type Pages struct {
	page   *template.Template
	style  template.CSS
	policy string
}

// New parses the embedded template and style sheet.
func New() (*Pages, error) {
	css, err := files.ReadFile("style.css")
	if err != nil {
		return nil, fmt.Errorf("signin: read the style sheet: %w", err)
	}
	page, err := template.ParseFS(files, "page.html")
	if err != nil {
		return nil, fmt.Errorf("signin: parse the page: %w", err)
	}
	sum := sha256.Sum256(css)
	return &Pages{
		page:  page,
		style: template.CSS(css), //nolint:gosec // our own embedded file
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; " +
			"frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
	}, nil
}

// ErrorPage is a fault as a person meets it.
type ErrorPage struct {
	Status    int    // the HTTP status
	Code      string // "state.expired", for whoever helps the person
	Message   string // sentences: what went wrong first, then what to do next
	RequestID string
	// ApplicationName is what the person wants to connect; it may be empty.
	ApplicationName string
	// BackURL leads back to the application; empty for no link. It must be proven
	// to belong to the application before it comes here.
	BackURL string
}

// Error writes headers, status and body of an error page.
func (p *Pages) Error(w http.ResponseWriter, page ErrorPage) {
	lead, rest := sentences(strings.TrimPrefix(page.Message, page.Code+": "))
	if lead == "" {
		lead = "Something went wrong."
	}
	p.write(w, page.Status, view{
		Application: page.ApplicationName, Lead: lead, Rest: rest,
		Back: backLink(page.BackURL), Label: "Back to " + named(page.ApplicationName),
		Code: page.Code, RequestID: page.RequestID,
	})
}

// view is what the template shows.
type view struct {
	Style             template.CSS
	Application, Lead string
	Rest, Label       string
	Back              template.URL
	Code, RequestID   string
}

func (p *Pages) write(w http.ResponseWriter, status int, v view) {
	v.Style = p.style
	var body bytes.Buffer
	if err := p.page.Execute(&body, v); err != nil {
		// Tests draw every page, so this is out of reach; the person still gets the words.
		http.Error(w, v.Lead+" "+v.Rest, status)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Security-Policy", p.policy)
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // a browser that went away is no trouble of ours
}

// sentences cuts a message after its first sentence: a full stop followed by a
// space and a capital. "avain.example" and "e.g. this" do not end one.
func sentences(message string) (first, rest string) {
	message = strings.TrimSpace(message)
	for i := range len(message) {
		if !strings.ContainsRune(".!?", rune(message[i])) {
			continue
		}
		after := strings.TrimLeft(message[i+1:], " ")
		next, _ := utf8.DecodeRuneInString(after)
		if len(after) < len(message)-i-1 && unicode.IsUpper(next) {
			return message[:i+1], after
		}
	}
	return message, ""
}

func named(application string) string {
	if application == "" {
		return "the application"
	}
	return application
}
