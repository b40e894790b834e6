package salesforce

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/sandbox/gate"
	"github.com/avain-project/avain/internal/sandbox/ledger"
	"github.com/avain-project/avain/internal/sandbox/page"
)

// authorize answers GET: with the consent page, or at once where the login
// hint's tags say so.
func (d *Salesforce) authorize(w http.ResponseWriter, r *http.Request) {
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
		redirectError(w, r, req, problem{f.Error, f.Description}, http.StatusFound)
	}
}

func declined() problem { return problem{"access_denied", "end-user denied authorization"} }

func (d *Salesforce) ask(w http.ResponseWriter, r *http.Request) {
	req, ok := d.read(w, r)
	if !ok {
		return
	}
	tags := req.hint.Tags
	switch {
	case tags.Deny:
		redirectError(w, r, req, declined(), http.StatusFound)
	case tags.Admin:
		redirectError(w, r, req, problem{"OAUTH_EC_APP_NOT_FOUND", "External client app is not installed in this org"}, http.StatusFound)
	case tags.Auto:
		d.approve(w, r, req, req.hint.Persona, http.StatusFound)
	case slices.Contains(req.prompts, "none"):
		redirectError(w, r, req, problem{"immediate_unsuccessful", ""}, http.StatusFound)
	default:
		d.pages.Write(w, http.StatusOK, consentPage(req, r.URL.RequestURI()))
	}
}

// decide answers the consent form. Its action is the URL of the page, so the
// request is read from the query a second time and nothing is kept in between.
func (d *Salesforce) decide(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		d.blocked(w, problem{"invalid_request", "The form could not be read."})
		return
	}
	req, ok := d.read(w, r)
	if !ok {
		return
	}
	if r.PostForm.Get("decision") != "allow" {
		redirectError(w, r, req, declined(), http.StatusSeeOther)
		return
	}
	persona, ok := ledger.PersonaByKey(r.PostForm.Get("persona"))
	if !ok {
		d.blocked(w, problem{"invalid_request", "Go back and choose whom to sign in as."})
		return
	}
	d.approve(w, r, req, persona, http.StatusSeeOther)
}

// approve records the consent and sends the browser back with a code.
func (d *Salesforce) approve(w http.ResponseWriter, r *http.Request, req request, p ledger.Persona, status int) {
	scopes := req.scopes
	if req.hint.Tags.Untick {
		scopes = withoutLast(scopes)
	}
	code, _ := d.ledger.Approve(ledger.Consent{
		ClientID: req.client.ID, Persona: at(p), Tags: req.hint.Tags, Scopes: scopes,
		RedirectURI: req.redirectURI, Challenge: req.challenge,
		Offline: slices.Contains(scopes, "refresh_token"), ForceConsent: true,
	})
	redirect(w, r, req, url.Values{"code": {code}}, status)
}

// blocked shows an error page; the browser goes nowhere from it.
func (d *Salesforce) blocked(w http.ResponseWriter, p problem) {
	d.pages.Write(w, http.StatusBadRequest, page.Failure{Vendor: Vendor, Code: p.code, Text: p.text})
}

func redirectError(w http.ResponseWriter, r *http.Request, req request, p problem, status int) {
	v := url.Values{"error": {p.code}}
	if p.text != "" {
		v.Set("error_description", p.text)
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
