package sugarcrm

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/sandbox/gate"
	"github.com/avain-project/avain/internal/sandbox/ledger"
	"github.com/avain-project/avain/internal/sandbox/page"
)

// The identity service of the cloud, which is an OAuth server like many.

// problem is an error of OAuth (RFC 6749 §4.1.2.1, §5.2).
type problem struct{ code, text string }

// request is an authorization request that may be answered by a redirect.
type request struct {
	client      ledger.Client
	redirectURI string
	state       string
	scopes      []string
	challenge   string
	prompt      string
	hint        ledger.Hint
	hinted      bool
}

// authorize answers GET: with the consent page, or at once where the login hint's tags
// say so.
func (d *SugarCRM) authorize(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead { // a GET pattern takes HEAD too
		w.Header().Set("Allow", "GET, POST")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	f := d.gate.Enter(Vendor, gate.Authorize)
	if f.Kind != gate.Error {
		d.gate.Play(w, r, f, failing(true), d.ask)
		return
	}
	if req, ok := d.read(w, r); ok { // an error here travels by the browser
		redirectError(w, r, req, problem{f.Error, f.Description}, http.StatusFound)
	}
}

func declined() problem { return problem{"access_denied", "The resource owner denied the request"} }

func (d *SugarCRM) ask(w http.ResponseWriter, r *http.Request) {
	req, ok := d.read(w, r)
	if !ok {
		return
	}
	switch tags := req.hint.Tags; {
	case tags.Deny:
		redirectError(w, r, req, declined(), http.StatusFound)
	case tags.Admin:
		redirectError(w, r, req, problem{"unauthorized_client", "The tenant's administrator has not admitted the client"}, http.StatusFound)
	case tags.Auto:
		d.approve(w, r, req, req.hint.Persona, http.StatusFound)
	case req.prompt == "none":
		redirectError(w, r, req, problem{"login_required", ""}, http.StatusFound)
	default:
		d.pages.Write(w, http.StatusOK, consentPage(req, r.URL.RequestURI()))
	}
}

// decide answers the consent form. Its action is the URL of the page, so the request is
// read from the query a second time and nothing is kept in between.
func (d *SugarCRM) decide(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
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
func (d *SugarCRM) approve(w http.ResponseWriter, r *http.Request, req request, p ledger.Persona, status int) {
	code, _ := d.ledger.Approve(ledger.Consent{
		ClientID: req.client.ID, Persona: d.at(p, Cloud, "sts"), Tags: req.hint.Tags, Scopes: req.scopes,
		RedirectURI: req.redirectURI, Challenge: req.challenge,
		Offline: slices.Contains(req.scopes, "offline"), ForceConsent: true,
	})
	redirect(w, r, req, url.Values{"code": {code}}, status)
}

// read checks the request. When it says false it has answered: with a page while the
// client or the redirect URI are not proven, with a redirect afterwards.
func (d *SugarCRM) read(w http.ResponseWriter, r *http.Request) (request, bool) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		d.blocked(w, problem{"invalid_request", "The query could not be read."})
		return request{}, false
	}
	req := request{
		redirectURI: q.Get("redirect_uri"), state: q.Get("state"), scopes: strings.Fields(q.Get("scope")),
		challenge: q.Get("code_challenge"), prompt: q.Get("prompt"),
	}
	var ok bool
	if req.client, ok = d.ledger.Client(q.Get("client_id")); !ok || len(q["client_id"]) != 1 {
		d.blocked(w, problem{"invalid_client", "The requested OAuth 2.0 Client does not exist."})
		return request{}, false
	}
	if !req.client.Redirects(req.redirectURI) || len(q["redirect_uri"]) != 1 {
		d.blocked(w, problem{"invalid_request", "The redirect_uri is not registered: " + req.redirectURI})
		return request{}, false
	}
	if req.hint, req.hinted, err = ledger.ParseHint(q.Get("login_hint")); err != nil {
		d.blocked(w, problem{"invalid_request", err.Error()})
		return request{}, false
	}
	p, bad := problem{}, true
	switch {
	case q.Get("response_type") != "code":
		p = problem{"unsupported_response_type", ""}
	case len(req.scopes) == 0:
		p = problem{"invalid_scope", ""}
	case len(req.state) < 8: // as Ory Hydra has it
		p = problem{"invalid_state", "The state is too short"}
	case req.challenge != "" && (q.Get("code_challenge_method") != "S256" || len(req.challenge) != 43):
		p = problem{"invalid_request", "invalid code challenge"}
	default:
		bad = false
	}
	if bad {
		redirectError(w, r, req, p, http.StatusFound)
		return request{}, false
	}
	return req, true
}

func consentPage(req request, action string) page.Consent {
	c := page.Consent{Vendor: Vendor, Client: req.client.Title(), Action: action, Note: "This is the sign-in of SugarCRM's cloud."}
	for i, p := range ledger.Personas() {
		checked := p.Key == req.hint.Persona.Key || !req.hinted && i == 0
		c.Personas = append(c.Personas, page.Choice{Key: p.Key, Name: p.Name, Email: p.Email, Checked: checked})
	}
	for _, s := range req.scopes {
		c.Scopes = append(c.Scopes, page.Scope{Name: s, Words: "Use: " + s, Checked: true, Fixed: true})
	}
	return c
}

// blocked shows an error page; the browser goes nowhere from it.
func (d *SugarCRM) blocked(w http.ResponseWriter, p problem) {
	d.pages.Write(w, http.StatusBadRequest, page.Failure{Vendor: Vendor, Code: p.code, Text: p.text})
}

func redirectError(w http.ResponseWriter, r *http.Request, req request, p problem, status int) {
	v := url.Values{"error": {p.code}}
	if p.text != "" {
		v.Set("error_description", p.text)
	}
	redirect(w, r, req, v, status)
}

// redirect adds v and the state to the redirect URI, whose own query stays as it is
// (RFC 6749 §3.1.2).
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

// serviceToken answers both grant types of the identity service.
func (d *SugarCRM) serviceToken(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		oauthError(w, http.StatusBadRequest, problem{"invalid_request", "The form could not be read."})
		return
	}
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		d.gated(gate.Code, d.redeem)(w, r)
	case "refresh_token":
		d.gated(gate.Refresh, d.refresh)(w, r)
	default:
		oauthError(w, http.StatusBadRequest, problem{"unsupported_grant_type", ""})
	}
}

// client authenticates the caller; it has answered where that fails.
func (d *SugarCRM) client(w http.ResponseWriter, r *http.Request) (string, bool) {
	id := r.PostForm.Get("client_id")
	if err := d.ledger.Authenticate(id, r.PostForm.Get("client_secret")); err != nil {
		oauthError(w, http.StatusUnauthorized, problem{"invalid_client", "Client authentication failed"})
		return "", false
	}
	return id, true
}

func (d *SugarCRM) redeem(w http.ResponseWriter, r *http.Request) {
	id, ok := d.client(w, r)
	if !ok {
		return
	}
	t, err := d.ledger.Redeem(ledger.Redemption{
		ClientID: id, Code: r.PostForm.Get("code"), RedirectURI: r.PostForm.Get("redirect_uri"), Verifier: r.PostForm.Get("code_verifier"),
	})
	d.answer(w, t, err)
}

func (d *SugarCRM) refresh(w http.ResponseWriter, r *http.Request) {
	id, ok := d.client(w, r)
	if !ok {
		return
	}
	t, err := d.ledger.Refresh(id, r.PostForm.Get("refresh_token"), nil)
	d.answer(w, t, err)
}

func (d *SugarCRM) answer(w http.ResponseWriter, t ledger.Tokens, err error) {
	if err != nil {
		oauthError(w, http.StatusBadRequest, problem{"invalid_grant", "The provided authorization grant is invalid, expired or revoked"})
		return
	}
	answer := map[string]any{
		"access_token": t.Access, "expires_in": int(t.Life.Seconds()), "token_type": "bearer", "scope": strings.Join(t.Scopes, " "),
	}
	if t.Refresh != "" {
		answer["refresh_token"] = t.Refresh
	}
	writeJSON(w, http.StatusOK, answer)
}

func (d *SugarCRM) serviceRevoke(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		oauthError(w, http.StatusBadRequest, problem{"invalid_request", "The form could not be read."})
		return
	}
	if _, ok := d.client(w, r); ok {
		_ = d.ledger.Revoke(r.PostForm.Get("token")) // RFC 7009 §2.2: unknown is as good as revoked
	}
}

func oauthError(w http.ResponseWriter, status int, p problem) {
	writeJSON(w, status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description,omitempty"`
	}{p.code, p.text})
}
