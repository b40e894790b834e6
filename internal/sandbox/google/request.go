package google

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/sandbox/ledger"
)

// request is an authorization request that may be answered by a redirect.
type request struct {
	client      ledger.Client
	redirectURI string
	state       string

	scopes         []string
	challenge      string
	offline        bool
	includeGranted bool
	prompts        []string
	hint           ledger.Hint
	hinted         bool
}

// problem is an error that goes back to the client (RFC 6749 §4.1.2.1).
type problem struct{ code, text string }

// read checks the request. When it says false it has answered: with a page while
// the client or the redirect URI are not proven, with a redirect afterwards.
func (d *Google) read(w http.ResponseWriter, r *http.Request) (request, bool) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		d.blocked(w, http.StatusBadRequest, "invalid_request", "The query could not be read: "+err.Error())
		return request{}, false
	}
	var req request
	var ok bool
	if req.client, ok = d.ledger.Client(q.Get("client_id")); !ok || len(q["client_id"]) != 1 {
		d.blocked(w, http.StatusUnauthorized, "invalid_client", "The OAuth client was not found. Register client_id with the sandbox first.")
		return request{}, false
	}
	req.redirectURI = q.Get("redirect_uri")
	if !req.client.Redirects(req.redirectURI) || len(q["redirect_uri"]) != 1 {
		d.blocked(w, http.StatusBadRequest, "redirect_uri_mismatch",
			"The redirect_uri "+req.redirectURI+" is not one of those registered for this client; it must match character by character.")
		return request{}, false
	}
	if req.hint, req.hinted, err = ledger.ParseHint(q.Get("login_hint")); err != nil {
		d.blocked(w, http.StatusBadRequest, "invalid_request", err.Error())
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
	var invalid []string
	req.scopes, invalid = parseScopes(q.Get("scope"))
	req.challenge = q.Get("code_challenge")
	req.offline = q.Get("access_type") == "offline"
	req.includeGranted = q.Get("include_granted_scopes") == "true"
	req.prompts = strings.Fields(q.Get("prompt"))
	switch {
	case q.Get("response_type") == "":
		return problem{"invalid_request", "response_type is missing"}, true
	case q.Get("response_type") != "code":
		return problem{"unsupported_response_type", "only response_type=code is answered"}, true
	case len(invalid) > 0:
		return problem{"invalid_scope", "not scopes of Google: " + strings.Join(invalid, " ")}, true
	case len(req.scopes) == 0:
		return problem{"invalid_request", "scope is missing"}, true
	case !slices.Contains([]string{"", "online", "offline"}, q.Get("access_type")):
		return problem{"invalid_request", "access_type is online or offline"}, true
	}
	if err := checkChallenge(req.challenge, q.Get("code_challenge_method")); err != nil {
		return problem{"invalid_request", err.Error()}, true
	}
	if err := checkPrompts(req.prompts); err != nil {
		return problem{"invalid_request", err.Error()}, true
	}
	return problem{}, false
}

func checkChallenge(challenge, method string) error {
	switch {
	case challenge == "" && method == "":
		return nil
	case method != "S256":
		return errors.New("code_challenge_method must be S256")
	case len(challenge) != 43: // base64url of a SHA-256
		return errors.New("code_challenge must be 43 characters")
	}
	return nil
}

func checkPrompts(prompts []string) error {
	for _, p := range prompts {
		if !slices.Contains([]string{"none", "consent", "select_account"}, p) {
			return errors.New("prompt is none, consent or select_account")
		}
		if p == "none" && len(prompts) > 1 {
			return errors.New("prompt=none stands alone")
		}
	}
	return nil
}
