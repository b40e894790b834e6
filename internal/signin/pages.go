package signin

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
)

//go:embed *.html style.css
var files embed.FS

// pageNames are the pages: each is a file <name>.html that defines "main", drawn
// inside layout.html.
func pageNames() []string {
	return []string{"error", "choose", "partial", "admin", "approved", "form", "done"}
}

// Pages writes the pages. It is safe for concurrent use.
type Pages struct {
	pages    map[string]*template.Template // by name
	style    template.CSS
	policy   string
	referrer string // policy
}

// New parses the embedded templates and the style sheet.
func New() (*Pages, error) {
	css, err := files.ReadFile("style.css")
	if err != nil {
		return nil, fmt.Errorf("signin: read the style sheet: %w", err)
	}
	pages := map[string]*template.Template{}
	for _, name := range pageNames() {
		page, err := template.ParseFS(files, "layout.html", name+".html")
		if err != nil {
			return nil, fmt.Errorf("signin: parse the page %s: %w", name, err)
		}
		pages[name] = page
	}
	return dressed(pages, string(css)), nil
}

// dressed are pages with a style sheet, and the policy that admits it and nothing
// else.
func dressed(pages map[string]*template.Template, css string) *Pages {
	sum := sha256.Sum256([]byte(css))
	return &Pages{
		pages: pages, referrer: "no-referrer",
		style: template.CSS(css), //nolint:gosec // our own words alone
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; " +
			"frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
	}
}

// sending are the pages with another referrer policy.
func (p *Pages) sending(referrer string) *Pages {
	other := *p
	other.referrer = referrer
	return &other
}

// frame is what layout.html shows around a page.
type frame struct {
	Title string
	Style template.CSS
	View  any // what the page's own template shows
}

func (p *Pages) write(w http.ResponseWriter, status int, name, title string, view any) {
	var body bytes.Buffer
	if err := p.pages[name].ExecuteTemplate(&body, "layout.html", frame{Title: title, Style: p.style, View: view}); err != nil {
		// Tests draw every page, so this is out of reach; the person still gets the words.
		http.Error(w, title, status)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", p.referrer)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Security-Policy", p.policy)
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // a browser that went away is no trouble of ours
}
