package microsoft

import (
	"fmt"
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
func (d *Microsoft) authorize(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead { // a GET pattern takes HEAD too
		w.Header().Set("Allow", "GET, POST")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	f := d.gate.Enter(Vendor, gate.Authorize)
	if f.Kind != gate.Error {
		d.gate.Play(w, r, f, d.failing(gate.Authorize), d.ask)
		return
	}
	if req, ok := d.read(w, r); ok { // an error here travels by the browser
		d.redirectError(w, r, req, problem{code: f.Error, text: f.Description}, http.StatusFound)
	}
}

func declined() problem {
	return problem{"access_denied", 65004, "User declined to consent to access the app."}
}

func (d *Microsoft) ask(w http.ResponseWriter, r *http.Request) {
	req, ok := d.read(w, r)
	if !ok {
		return
	}
	tags := req.hint.Tags
	switch {
	case tags.Deny:
		d.redirectError(w, r, req, declined(), http.StatusFound)
	case tags.Admin && !d.admitted(req.client.ID, in(req.tenant, req.hint.Persona).Tenant):
		d.redirectError(w, r, req, problem{"access_denied", 90094, "The grant requires admin permission. " +
			req.client.Title() + " needs permission to access resources in your organization that only an admin can grant."}, http.StatusFound)
	case tags.Auto || tags.Admin:
		d.approve(w, r, req, req.hint.Persona, http.StatusFound)
	case req.prompt == "none":
		d.redirectError(w, r, req, problem{"interaction_required", 50058, "A silent sign-in request was sent but no user is signed in."}, http.StatusFound)
	default:
		d.pages.Write(w, http.StatusOK, consentPage(req, r.URL.RequestURI()))
	}
}

// decide answers the consent form. Its action is the URL of the page, so the
// request is read from the query a second time and nothing is kept in between.
func (d *Microsoft) decide(w http.ResponseWriter, r *http.Request) {
	persona, allowed, ok := d.form(w, r)
	if !ok {
		return
	}
	req, ok := d.read(w, r)
	switch {
	case !ok:
	case !allowed:
		d.redirectError(w, r, req, declined(), http.StatusSeeOther)
	default:
		d.approve(w, r, req, persona, http.StatusSeeOther)
	}
}

// form reads the posted page. The persona is there where the answer is yes.
func (d *Microsoft) form(w http.ResponseWriter, r *http.Request) (p ledger.Persona, allowed, ok bool) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		d.blocked(w, problem{"invalid_request", 90014, "The form could not be read."})
		return p, false, false
	}
	if r.PostForm.Get("decision") != "allow" {
		return p, false, true
	}
	if p, ok = ledger.PersonaByKey(r.PostForm.Get("persona")); !ok {
		d.blocked(w, problem{"invalid_request", 90014, "Go back and choose whom to sign in as."})
	}
	return p, true, ok
}

// approve records the consent and sends the browser back with a code.
func (d *Microsoft) approve(w http.ResponseWriter, r *http.Request, req request, p ledger.Persona, status int) {
	scopes := req.scopes
	if req.hint.Tags.Untick {
		scopes = withoutLast(scopes)
	}
	code, _ := d.ledger.Approve(ledger.Consent{
		ClientID: req.client.ID, Persona: in(req.tenant, p), Tags: req.hint.Tags, Scopes: scopes,
		RedirectURI: req.redirectURI, Challenge: req.challenge,
		Offline: slices.Contains(scopes, "offline_access"), ForceConsent: true,
	})
	redirect(w, r, req, url.Values{"code": {code}, "session_state": {guid("session of " + p.Key)}}, status)
}

func consentPage(req request, action string) page.Consent {
	c := page.Consent{
		Vendor: "Microsoft", Client: req.client.Title(), Action: action,
		Note: "Microsoft lets nobody choose among these, it is all or nothing:",
	}
	for i, p := range ledger.Personas() {
		checked := p.Key == req.hint.Persona.Key || !req.hinted && i == 0
		c.Personas = append(c.Personas, page.Choice{Key: p.Key, Name: p.Name, Email: p.Email, Checked: checked})
	}
	for _, s := range req.scopes {
		if !slices.ContainsFunc(c.Scopes, func(o page.Scope) bool { return o.Words == words(s) }) {
			c.Scopes = append(c.Scopes, page.Scope{Name: s, Words: words(s), Checked: true, Fixed: true})
		}
	}
	return c
}

// askAdmin shows the page on which an administrator admits the application.
func (d *Microsoft) askAdmin(w http.ResponseWriter, r *http.Request) {
	req, q, ok := d.prove(w, r)
	if !ok {
		return
	}
	req.scopes, _ = parseScopes(q.Get("scope"))
	c := consentPage(req, r.URL.RequestURI())
	c.Note = "For everybody of the organization of the person chosen, who plays its administrator:"
	d.pages.Write(w, http.StatusOK, c)
}

// decideAdmin answers that page. From then on +admin holds nobody of that
// organization back.
func (d *Microsoft) decideAdmin(w http.ResponseWriter, r *http.Request) {
	persona, allowed, ok := d.form(w, r)
	if !ok {
		return
	}
	req, q, ok := d.prove(w, r)
	if !ok {
		return
	}
	if !allowed {
		redirect(w, r, req, url.Values{"admin_consent": {"True"}, "error": {"access_denied"}, "error_subcode": {"cancel"}}, http.StatusSeeOther)
		return
	}
	tenant := in(req.tenant, persona).Tenant
	d.admit(req.client.ID, tenant)
	redirect(w, r, req, url.Values{"admin_consent": {"True"}, "tenant": {tenant}, "scope": {q.Get("scope")}}, http.StatusSeeOther)
}

// blocked shows an error page; the browser goes nowhere from it.
func (d *Microsoft) blocked(w http.ResponseWriter, p problem) {
	d.pages.Write(w, http.StatusBadRequest, page.Failure{Vendor: "Microsoft", Code: p.code, Text: p.describe()})
}

// describe is the text with its number, as every description begins.
func (p problem) describe() string {
	if p.number == 0 {
		return p.text
	}
	return fmt.Sprintf("AADSTS%d: %s", p.number, p.text)
}

func (d *Microsoft) redirectError(w http.ResponseWriter, r *http.Request, req request, p problem, status int) {
	v := url.Values{"error": {p.code}}
	if p.text != "" {
		v.Set("error_description", p.describe()+d.trail())
	}
	if p.number == 65004 {
		v.Set("error_subcode", "cancel")
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
