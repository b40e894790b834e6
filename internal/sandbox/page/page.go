package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
)

//go:embed *.html style.css
var files embed.FS

// Consent is the page on which a person allows or denies a request. Its form
// posts persona, scope (repeated) and decision=allow|deny to Action.
type Consent struct {
	Vendor   string // "Google"
	Client   string // the application that asks
	Action   string // path and query the form posts to
	Personas []Choice
	Scopes   []Scope
	Note     string // above the scopes that cannot be left out; empty: they are part of signing in
}

// Choosable are the scopes that a person may leave out.
func (c Consent) Choosable() []Scope {
	return slices.DeleteFunc(slices.Clone(c.Scopes), func(s Scope) bool { return s.Fixed })
}

// Fixed are the scopes that always come with signing in.
func (c Consent) Fixed() []Scope {
	return slices.DeleteFunc(slices.Clone(c.Scopes), func(s Scope) bool { return !s.Fixed })
}

// Choice is a persona to sign in as.
type Choice struct {
	Key, Name, Email string
	Checked          bool
}

// Scope is one tick-box.
type Scope struct {
	Name    string // as the vendor spells it; the value that is posted
	Words   string // what it means to a person
	Checked bool
	Fixed   bool // cannot be left out
}

// Parts is the name cut at its slashes, behind which a page may break the line.
func (s Scope) Parts() []string { return strings.Split(s.Name, "/") }

// Failure is the page for requests that must not be redirected anywhere.
type Failure struct {
	Vendor string
	Code   string // "redirect_uri_mismatch"
	Text   string
}

// Index is the page at "/".
type Index struct {
	Personas []Choice
	Tags     []Line
	Vendors  []Vendor
	Control  []Line
}

// Vendor is one vendor's endpoints.
type Vendor struct {
	Name      string
	Endpoints []Line
}

// Line is a term and what is said about it.
type Line struct{ Term, Text string }

// Pages holds the parsed templates.
type Pages struct {
	templates *template.Template
	style     template.CSS
	policy    string
}

// Parse reads the embedded templates. It panics when they are broken, which a
// test shows before anybody else does.
func Parse() *Pages {
	css, err := files.ReadFile("style.css")
	if err != nil {
		panic(fmt.Sprintf("sandbox: embedded style sheet: %v", err))
	}
	sum := sha256.Sum256(css)
	return &Pages{
		templates: template.Must(template.ParseFS(files, "*.html")),
		style:     template.CSS(css), //nolint:gosec // our own embedded file
		// No form-action: the consent form ends at the client, another origin.
		policy: "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; style-src 'sha256-" +
			base64.StdEncoding.EncodeToString(sum[:]) + "'",
	}
}

// Write draws page, which is a [Consent], [Failure] or [Index].
func (p *Pages) Write(w http.ResponseWriter, status int, page any) {
	name := "index.html"
	switch page.(type) {
	case Consent:
		name = "consent.html"
	case Failure:
		name = "failure.html"
	}
	var b bytes.Buffer
	if err := p.templates.ExecuteTemplate(&b, name, view{Style: p.style, Page: page}); err != nil {
		http.Error(w, "sandbox: page "+name+": "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", p.policy)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

type view struct {
	Style template.CSS
	Page  any
}
