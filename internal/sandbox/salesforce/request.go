package salesforce

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

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
	prompts   []string
	hint      ledger.Hint
	hinted    bool
}

// problem is an error that goes back to the client (RFC 6749 §4.1.2.1).
type problem struct{ code, text string }

// read checks the request. When it says false it has answered: with a page while
// the client or the redirect URI are not proven, with a redirect afterwards.
func (d *Salesforce) read(w http.ResponseWriter, r *http.Request) (request, bool) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		d.blocked(w, problem{"invalid_request", "The query could not be read."})
		return request{}, false
	}
	var req request
	var ok bool
	if req.client, ok = d.ledger.Client(q.Get("client_id")); !ok || len(q["client_id"]) != 1 {
		d.blocked(w, problem{"invalid_client_id", "client identifier invalid"})
		return request{}, false
	}
	req.redirectURI = q.Get("redirect_uri")
	if !req.client.Redirects(req.redirectURI) || len(q["redirect_uri"]) != 1 {
		d.blocked(w, problem{"redirect_uri_mismatch", "redirect_uri must match configuration: " + req.redirectURI})
		return request{}, false
	}
	if req.hint, req.hinted, err = ledger.ParseHint(q.Get("login_hint")); err != nil {
		d.blocked(w, problem{"invalid_request", err.Error()})
		return request{}, false
	}
	req.state = q.Get("state")
	if p, bad := req.fill(q); bad {
		redirectError(w, r, req, p, http.StatusFound)
		return request{}, false
	}
	return req, true
}

// fill reads what is checked after the redirect URI is proven.
func (req *request) fill(q url.Values) (problem, bool) {
	for name, values := range q {
		if len(values) > 1 { // RFC 6749 §3.1
			return problem{"invalid_request", "parameter " + name + " is repeated"}, true
		}
	}
	req.scopes = scopesOf(q.Get("scope"))
	req.challenge, req.prompts = q.Get("code_challenge"), strings.Fields(q.Get("prompt"))
	switch {
	case q.Get("response_type") != "code":
		return problem{"unsupported_response_type", "response type not supported"}, true
	case len(req.scopes) == 0:
		return problem{"invalid_scope", "the requested scope is invalid, unknown, or malformed"}, true
	case req.challenge != "" && (q.Get("code_challenge_method") != "S256" || len(req.challenge) != 43):
		return problem{"invalid_request", "invalid code challenge"}, true
	case slices.ContainsFunc(req.prompts, func(p string) bool {
		return !slices.Contains([]string{"login", "consent", "select_account", "none"}, p)
	}):
		return problem{"invalid_request", "invalid prompt"}, true
	}
	return problem{}, false
}

// scopesOf splits a scope parameter and drops repeats. offline_access is another name
// of refresh_token.
func scopesOf(param string) []string {
	var scopes []string
	for _, s := range strings.Fields(param) {
		if s == "offline_access" {
			s = "refresh_token"
		}
		if !slices.Contains(scopes, s) {
			scopes = append(scopes, s)
		}
	}
	return scopes
}

// ofSignIn are the scopes that are never left out.
func ofSignIn() []string { return []string{"api", "refresh_token", "openid", "id", "profile", "email"} }

// withoutLast leaves out the last scope that is not part of signing in.
func withoutLast(scopes []string) []string {
	for i := len(scopes) - 1; i >= 0; i-- {
		if !slices.Contains(ofSignIn(), scopes[i]) {
			return slices.Delete(slices.Clone(scopes), i, i+1)
		}
	}
	return scopes
}

func consentPage(req request, action string) page.Consent {
	c := page.Consent{
		Vendor: Vendor, Client: req.client.Title(), Action: action,
		Note: "Salesforce lets nobody choose among these, it is all or nothing:",
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

// words says what a scope means to a person, as Salesforce's own page does.
func words(scope string) string {
	switch scope {
	case "api":
		return "Manage user data via APIs"
	case "refresh_token":
		return "Perform requests at any time"
	case "openid":
		return "Access unique user identifiers"
	case "id":
		return "Access the identity URL service"
	case "full":
		return "Full access"
	default:
		return "Use: " + scope
	}
}
