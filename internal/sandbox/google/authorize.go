package google

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
func (d *Google) authorize(w http.ResponseWriter, r *http.Request) {
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

func (d *Google) ask(w http.ResponseWriter, r *http.Request) {
	req, ok := d.read(w, r)
	if !ok {
		return
	}
	tags := req.hint.Tags
	switch {
	case tags.Deny:
		redirectError(w, r, req, problem{code: "access_denied"}, http.StatusFound)
	case tags.Admin:
		redirectError(w, r, req, problem{code: "admin_policy_enforced"}, http.StatusFound)
	case tags.Auto:
		granted := req.scopes
		if tags.Untick {
			granted = withoutLast(granted)
		}
		d.approve(w, r, req, req.hint.Persona, granted, http.StatusFound)
	case slices.Contains(req.prompts, "none"):
		redirectError(w, r, req, problem{"interaction_required", "prompt=none, but a person has to choose"}, http.StatusFound)
	default:
		d.pages.Write(w, http.StatusOK, consentPage(req, r.URL.RequestURI()))
	}
}

// decide answers the consent form. Its action is the URL of the page, so the
// request is read from the query a second time and nothing is kept in between.
func (d *Google) decide(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		d.blocked(w, http.StatusBadRequest, "invalid_request", "The form could not be read.")
		return
	}
	req, ok := d.read(w, r)
	if !ok {
		return
	}
	if r.PostForm.Get("decision") != "allow" {
		redirectError(w, r, req, problem{code: "access_denied"}, http.StatusSeeOther)
		return
	}
	persona, ok := ledger.PersonaByKey(r.PostForm.Get("persona"))
	if !ok {
		d.blocked(w, http.StatusBadRequest, "invalid_request", "Go back and choose whom to sign in as.")
		return
	}
	ticked := slices.DeleteFunc(slices.Clone(req.scopes), func(s string) bool {
		return !fixed(s) && !slices.Contains(r.PostForm["scope"], s)
	})
	d.approve(w, r, req, persona, ticked, http.StatusSeeOther)
}

// approve records the consent and sends the browser back with a code.
func (d *Google) approve(w http.ResponseWriter, r *http.Request, req request, p ledger.Persona, scopes []string, status int) {
	if len(scopes) == 0 {
		redirectError(w, r, req, problem{code: "access_denied"}, status)
		return
	}
	code, granted := d.ledger.Approve(ledger.Consent{
		ClientID: req.client.ID, Persona: p, Tags: req.hint.Tags, Scopes: scopes,
		RedirectURI: req.redirectURI, Challenge: req.challenge,
		Offline: req.offline, ForceConsent: slices.Contains(req.prompts, "consent"),
		IncludeGranted: req.includeGranted,
	})
	prompt := "none"
	if len(req.prompts) > 0 {
		prompt = strings.Join(req.prompts, " ")
	}
	redirect(w, r, req, url.Values{
		"code": {code}, "scope": {strings.Join(granted, " ")}, "authuser": {"0"}, "prompt": {prompt},
		"iss": {"http://" + r.Host + IssuerPath},
	}, status)
}

func consentPage(req request, action string) page.Consent {
	c := page.Consent{Vendor: Vendor, Client: req.client.Title(), Action: action}
	for i, p := range ledger.Personas() {
		checked := p.Key == req.hint.Persona.Key || !req.hinted && i == 0
		c.Personas = append(c.Personas, page.Choice{Key: p.Key, Name: p.Name, Email: p.Email, Checked: checked})
	}
	ticked := req.scopes
	if req.hint.Tags.Untick {
		ticked = withoutLast(ticked)
	}
	for _, s := range req.scopes {
		c.Scopes = append(c.Scopes, page.Scope{Name: s, Words: words(s), Checked: slices.Contains(ticked, s), Fixed: fixed(s)})
	}
	return c
}

// blocked shows an error page; the browser goes nowhere from it.
func (d *Google) blocked(w http.ResponseWriter, status int, code, text string) {
	d.pages.Write(w, status, page.Failure{Vendor: Vendor, Code: code, Text: text})
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
