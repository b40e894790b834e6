package hubspot

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/sandbox/gate"
	"github.com/avain-project/avain/internal/sandbox/ledger"
	"github.com/avain-project/avain/internal/sandbox/page"
)

// authorize answers GET: with the page that installs the app, or at once where the
// login hint's tags say so.
func (d *HubSpot) authorize(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead { // a GET pattern takes HEAD too
		w.Header().Set("Allow", "GET, POST")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	f := d.gate.Enter(Vendor, gate.Authorize)
	if f.Kind != gate.Error {
		d.gate.Play(w, r, f, failing(gate.Authorize), d.ask)
		return
	}
	if req, ok := d.read(w, r); ok { // an error here travels by the browser
		redirectError(w, r, req, f.Error, f.Description, http.StatusFound)
	}
}

func (d *HubSpot) ask(w http.ResponseWriter, r *http.Request) {
	req, ok := d.read(w, r)
	if !ok {
		return
	}
	tags := req.hint.Tags
	switch {
	case tags.Deny:
		declined(w, r, req, http.StatusFound)
	case tags.Admin:
		// HubSpot keeps these people on its own page.
		d.blocked(w, "missing_permission", "You don't have permission to connect apps to this account. Ask a super admin, or somebody with HubSpot Marketplace access.")
	case tags.Auto:
		granted := slices.Clone(req.optional)
		if tags.Untick && len(granted) > 0 {
			granted = granted[:len(granted)-1]
		}
		d.approve(w, r, req, req.hint.Persona, granted, http.StatusFound)
	default:
		d.pages.Write(w, http.StatusOK, consentPage(req, r.URL.RequestURI()))
	}
}

// decide answers the form. Its action is the URL of the page, so the request is
// read from the query a second time and nothing is kept in between.
func (d *HubSpot) decide(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		d.blocked(w, "invalid_request", "The form could not be read.")
		return
	}
	req, ok := d.read(w, r)
	if !ok {
		return
	}
	if r.PostForm.Get("decision") != "allow" {
		declined(w, r, req, http.StatusSeeOther)
		return
	}
	persona, ok := ledger.PersonaByKey(r.PostForm.Get("persona"))
	if !ok {
		d.blocked(w, "invalid_request", "Go back and choose whom to sign in as.")
		return
	}
	ticked := slices.DeleteFunc(slices.Clone(req.optional), func(s string) bool { return !slices.Contains(r.PostForm["scope"], s) })
	d.approve(w, r, req, persona, ticked, http.StatusSeeOther)
}

// approve installs the app and sends the browser back with a code.
func (d *HubSpot) approve(w http.ResponseWriter, r *http.Request, req request, p ledger.Persona, optional []string, status int) {
	code, _ := d.ledger.Approve(ledger.Consent{
		ClientID: req.client.ID, Persona: p, Tags: req.hint.Tags, Scopes: slices.Concat(req.required, optional),
		RedirectURI: req.redirectURI, Challenge: req.challenge, Offline: true, ForceConsent: true,
	})
	redirect(w, r, req, url.Values{"code": {code}}, status)
}

func consentPage(req request, action string) page.Consent {
	c := page.Consent{Vendor: "HubSpot", Client: req.client.Title(), Action: action, Note: "The app requires these, and without them nobody connects it:"}
	for i, p := range ledger.Personas() {
		checked := p.Key == req.hint.Persona.Key || !req.hinted && i == 0
		c.Personas = append(c.Personas, page.Choice{Key: p.Key, Name: p.Name, Email: p.Email, Checked: checked})
	}
	for _, s := range req.required {
		c.Scopes = append(c.Scopes, page.Scope{Name: s, Words: words(s), Checked: true, Fixed: true})
	}
	for i, s := range req.optional {
		left := req.hint.Tags.Untick && i == len(req.optional)-1
		c.Scopes = append(c.Scopes, page.Scope{Name: s, Words: words(s), Checked: !left})
	}
	return c
}

// words says what a scope means to a person.
func words(scope string) string {
	switch scope {
	case "oauth":
		return "Sign you in"
	case contactsRead:
		return "View properties and details about contacts"
	case contactsWrite:
		return "Create, delete, or make changes to contacts"
	}
	return "Use: " + scope
}

// blocked shows an error page; the browser goes nowhere from it.
func (d *HubSpot) blocked(w http.ResponseWriter, code, text string) {
	d.pages.Write(w, http.StatusBadRequest, page.Failure{Vendor: "HubSpot", Code: code, Text: "Couldn't complete the connection. " + text})
}

func declined(w http.ResponseWriter, r *http.Request, req request, status int) {
	redirectError(w, r, req, "access_denied", "The user denied access to the app", status)
}

func redirectError(w http.ResponseWriter, r *http.Request, req request, code, description string, status int) {
	v := url.Values{"error": {code}}
	if description != "" {
		v.Set("error_description", description)
	}
	redirect(w, r, req, v, status)
}

// redirect adds v and the state to the redirect URI, whose own query stays as it
// is (RFC 6749 §3.1.2).
func redirect(w http.ResponseWriter, r *http.Request, req request, v url.Values, status int) {
	if req.state != "" {
		v.Set("state", req.state)
	}
	separator := "?"
	if strings.Contains(req.redirectURI, "?") {
		separator = "&"
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, req.redirectURI+separator+v.Encode(), status)
}
