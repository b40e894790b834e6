package zoho

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/sandbox/gate"
	"github.com/avain-project/avain/internal/sandbox/ledger"
	"github.com/avain-project/avain/internal/sandbox/page"
)

// request is an authorization request that may be answered by a redirect.
type request struct {
	client      ledger.Client
	redirectURI string
	state       string

	scopes    []string
	challenge string
	offline   bool
	consent   bool
	hint      ledger.Hint
	hinted    bool
}

// problem is an error that goes back to the client.
type problem struct{ code, text string }

// authorize answers GET: with the consent page, or at once where the login hint's
// tags say so.
func (d *Zoho) authorize(w http.ResponseWriter, r *http.Request) {
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

func (d *Zoho) ask(w http.ResponseWriter, r *http.Request) {
	req, ok := d.read(w, r)
	if !ok {
		return
	}
	tags := req.hint.Tags
	switch {
	case tags.Deny, tags.Admin:
		redirectError(w, r, req, problem{code: "access_denied"}, http.StatusFound)
	case tags.Auto:
		d.approve(w, r, req, req.hint.Persona, http.StatusFound)
	default:
		d.pages.Write(w, http.StatusOK, consentPage(req, r.URL.RequestURI()))
	}
}

// decide answers the consent form. Its action is the URL of the page, so the
// request is read from the query a second time and nothing is kept in between.
func (d *Zoho) decide(w http.ResponseWriter, r *http.Request) {
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
		redirectError(w, r, req, problem{code: "access_denied"}, http.StatusSeeOther)
		return
	}
	persona, ok := ledger.PersonaByKey(r.PostForm.Get("persona"))
	if !ok {
		d.blocked(w, "invalid_request", "Go back and choose whom to sign in as.")
		return
	}
	d.approve(w, r, req, persona, http.StatusSeeOther)
}

// approve records the consent and sends the browser back with a code and the
// person's centre.
func (d *Zoho) approve(w http.ResponseWriter, r *http.Request, req request, p ledger.Persona, status int) {
	scopes := req.scopes
	if req.hint.Tags.Untick {
		scopes = withoutLast(scopes)
	}
	p = atHome(p)
	code, _ := d.ledger.Approve(ledger.Consent{
		ClientID: req.client.ID, Persona: p, Tags: req.hint.Tags, Scopes: scopes,
		RedirectURI: req.redirectURI, Challenge: req.challenge, Offline: req.offline, ForceConsent: req.consent,
	})
	redirect(w, r, req, url.Values{"code": {code}, "location": {p.Tenant}, "accounts-server": {accounts(r, p.Tenant)}}, status)
}

func consentPage(req request, action string) page.Consent {
	c := page.Consent{
		Vendor: Vendor, Client: req.client.Title(), Action: action,
		Note: "Zoho lets nobody choose among these, it is all or nothing:",
	}
	for i, p := range ledger.Personas() {
		checked := p.Key == req.hint.Persona.Key || !req.hinted && i == 0
		c.Personas = append(c.Personas, page.Choice{Key: p.Key, Name: p.Name, Email: p.Email, Checked: checked})
	}
	for _, s := range req.scopes {
		c.Scopes = append(c.Scopes, page.Scope{Name: s, Words: words(s), Checked: true, Fixed: true})
	}
	return c
}

// read checks the request. When it says false it has answered: with a page while
// the client or the redirect URI are not proven, with a redirect afterwards.
func (d *Zoho) read(w http.ResponseWriter, r *http.Request) (request, bool) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		d.blocked(w, "invalid_request", "The query could not be read: "+err.Error())
		return request{}, false
	}
	req := request{state: q.Get("state"), redirectURI: q.Get("redirect_uri")}
	var ok bool
	req.client, ok = d.ledger.Client(q.Get("client_id"))
	req.hint, req.hinted, err = ledger.ParseHint(q.Get("login_hint"))
	switch {
	case !ok || len(q["client_id"]) != 1:
		d.blocked(w, "invalid_client", "Client ID passed does not exist. Register client_id with the sandbox first.")
	case !req.client.Redirects(req.redirectURI) || len(q["redirect_uri"]) != 1:
		d.blocked(w, "invalid_redirect_uri", "The redirect_uri "+req.redirectURI+" does not match the one configured for the client.")
	case err != nil:
		d.blocked(w, "invalid_request", err.Error())
	default:
		p, bad := req.fill(q)
		if bad {
			redirectError(w, r, req, p, http.StatusFound)
		}
		return req, !bad
	}
	return request{}, false
}

// fill reads what is checked after the redirect URI is proven.
func (req *request) fill(q url.Values) (problem, bool) {
	for name, values := range q {
		if len(values) > 1 {
			return problem{"invalid_request", "parameter " + name + " is repeated"}, true
		}
	}
	var invalid []string
	req.scopes, invalid = parseScopes(q.Get("scope"))
	req.challenge, req.offline, req.consent = q.Get("code_challenge"), q.Get("access_type") == "offline", q.Get("prompt") == "consent"
	switch {
	case q.Get("response_type") != "code":
		return problem{"invalid_response_type", "only response_type=code is answered"}, true
	case len(invalid) > 0:
		return problem{"invalid_scope", "not scopes of Zoho: " + strings.Join(invalid, " ")}, true
	case len(req.scopes) == 0:
		return problem{"invalid_scope", "scope is missing"}, true
	case !slices.Contains([]string{"", "online", "offline"}, q.Get("access_type")):
		return problem{"invalid_request", "access_type is online or offline"}, true
	case q.Get("prompt") != "" && !req.consent:
		return problem{"invalid_request", "prompt is consent"}, true
	case req.challenge != "" && (len(req.challenge) != 43 || q.Get("code_challenge_method") != "S256"): // base64url of a SHA-256
		return problem{"invalid_request", "code_challenge must be 43 characters, its method S256"}, true
	}
	return problem{}, false
}

// blocked shows an error page; the browser goes nowhere from it.
func (d *Zoho) blocked(w http.ResponseWriter, code, text string) {
	d.pages.Write(w, http.StatusBadRequest, page.Failure{Vendor: Vendor, Code: code, Text: text})
}

func redirectError(w http.ResponseWriter, r *http.Request, req request, p problem, status int) {
	v := url.Values{"error": {p.code}}
	if p.text != "" {
		v.Set("error_description", p.text)
	}
	redirect(w, r, req, v, status)
}

// redirect adds v and the state to the redirect URI, whose own query stays as it
// is.
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
