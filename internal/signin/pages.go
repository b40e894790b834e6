package signin

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"

	"github.com/avain-project/avain/internal/signin/texts"
)

//go:embed *.html style.css end.js
var files embed.FS

// pageNames are the pages: each is a file <name>.html that defines "main", drawn
// inside layout.html.
func pageNames() []string {
	return []string{"error", "choose", "partial", "admin", "approved", "form", "done", "end"}
}

// Pages writes the pages. It is safe for concurrent use.
type Pages struct {
	pages map[string]*template.Template // by name
	texts *texts.Catalogue
	css   string // of every page
	end   string // script of the page "end"
}

// New parses the embedded templates, the style sheet and the texts.
func New() (*Pages, error) {
	css, err := files.ReadFile("style.css")
	if err != nil {
		return nil, fmt.Errorf("signin: read the style sheet: %w", err)
	}
	end, err := files.ReadFile("end.js")
	if err != nil {
		return nil, fmt.Errorf("signin: read the script: %w", err)
	}
	catalogue, err := texts.Load()
	if err != nil {
		return nil, fmt.Errorf("signin: %w", err)
	}
	pages := map[string]*template.Template{}
	for _, name := range pageNames() {
		page, err := template.ParseFS(files, "layout.html", name+".html")
		if err != nil {
			return nil, fmt.Errorf("signin: parse the page %s: %w", name, err)
		}
		pages[name] = page
	}
	return &Pages{pages: pages, texts: catalogue, css: string(css), end: string(end)}, nil
}

// words are the texts for whoever looks.
func (p *Pages) words(look Look) words { return words{p.texts.Match(look.Languages)} }

// sheet is one page before it is drawn.
type sheet struct {
	look     Look
	status   int
	name     string // of its template
	title    string
	css      string // besides that of every page
	referrer string // policy; "" is no-referrer
	script   string // of the page; almost none has one
	view     any    // what the page's own template shows
}

// frame is what layout.html shows around a page.
type frame struct {
	words
	Title, Application   string
	LogoPath             string
	PrivacyURL, TermsURL string
	Style                template.CSS
	Script               template.JS
	View                 any
}

// draw writes headers, status and body.
func (p *Pages) draw(w http.ResponseWriter, s sheet) {
	text, face := p.words(s.look), s.look.Brand
	css := p.css + theme(face) + s.css
	around := frame{
		words: text, Title: s.title, Application: s.look.ApplicationName, LogoPath: logoPath(face),
		PrivacyURL: face.PrivacyURL, TermsURL: face.TermsURL,
		Script: template.JS(s.script),           //nolint:gosec // our own
		Style:  template.CSS(css), View: s.view, //nolint:gosec // our own words, and colours that were read
	}
	var body bytes.Buffer
	if err := p.pages[s.name].ExecuteTemplate(&body, "layout.html", around); err != nil {
		// Tests draw every page, so this is out of reach; the person still gets the words.
		http.Error(w, s.title, s.status)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", text.Tag)
	h.Add("Vary", "Accept-Language")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", cmp.Or(s.referrer, "no-referrer"))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Security-Policy", policy(css, s.script, around.LogoPath != ""))
	w.WriteHeader(s.status)
	_, _ = w.Write(body.Bytes()) // a browser that went away is no trouble of ours
}

// policy admits the style sheet and the script by their hashes, a picture of our own where
// there is one, and nothing else.
func policy(css, script string, picture bool) string {
	admitted := "default-src 'none'; style-src " + hashSource(css) + "; "
	if script != "" {
		admitted += "script-src " + hashSource(script) + "; "
	}
	if picture {
		admitted += "img-src 'self'; "
	}
	return admitted + "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
}

// hashSource admits a text by its hash (CSP Level 3, §2.3.1).
func hashSource(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
