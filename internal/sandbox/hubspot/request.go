package hubspot

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/sandbox/ledger"
)

// request is an authorization request that may be answered by a redirect.
type request struct {
	client      ledger.Client
	redirectURI string
	state       string

	required, optional []string // scope and optional_scope, without repeats
	challenge          string
	hint               ledger.Hint
	hinted             bool
}

// scopeName is what a scope of HubSpot looks like; their list is long and grows.
var scopeName = regexp.MustCompile(`^[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)*$`)

// read checks the request. When it says false it has answered, with a page:
// HubSpot sends nobody back with what is wrong about a request.
func (d *HubSpot) read(w http.ResponseWriter, r *http.Request) (request, bool) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		d.blocked(w, "invalid_request", "The query could not be read: "+err.Error())
		return request{}, false
	}
	req := request{redirectURI: q.Get("redirect_uri"), state: q.Get("state"), challenge: q.Get("code_challenge")}
	var ok bool
	if req.client, ok = d.ledger.Client(q.Get("client_id")); !ok {
		d.blocked(w, "invalid_client", "An invalid app client_id was provided. Register it with the sandbox first.")
		return request{}, false
	}
	req.hint, req.hinted, err = ledger.ParseHint(q.Get("login_hint"))
	var invalid []string
	req.required, invalid = parseScopes(q.Get("scope"), invalid)
	req.optional, invalid = parseScopes(q.Get("optional_scope"), invalid)
	req.optional = slices.DeleteFunc(req.optional, func(s string) bool { return slices.Contains(req.required, s) })
	missing := slices.DeleteFunc(append([]string{"oauth"}, req.client.RequiredScopes...), func(s string) bool { return slices.Contains(req.required, s) })
	code, text := "", ""
	switch {
	case err != nil:
		code, text = "invalid_request", err.Error()
	case !req.client.Redirects(req.redirectURI):
		code, text = "redirect_uri_mismatch", "Redirect URL "+req.redirectURI+" doesn't match the app's redirect URLs."
	case repeated(q) != "":
		code, text = "invalid_request", "The parameter "+repeated(q)+" is repeated."
	case len(invalid) > 0:
		code, text = "invalid_scope", "These are no scopes: "+strings.Join(invalid, " ")
	case len(missing) > 0:
		code, text = "insufficient_scopes", "Authorization failed because the provided scopes are insufficient; scope lacks "+strings.Join(missing, " ")
	case req.challenge != "" && (len(req.challenge) != 43 || q.Get("code_challenge_method") != "S256"): // base64url of a SHA-256
		code, text = "invalid_request", "code_challenge must be 43 characters, and its method S256."
	default:
		return req, true
	}
	d.blocked(w, code, text)
	return request{}, false
}

// repeated names a parameter that stands there twice (RFC 6749 §3.1).
func repeated(q url.Values) string {
	for name, values := range q {
		if len(values) > 1 {
			return name
		}
	}
	return ""
}

func parseScopes(param string, invalid []string) (scopes, alsoInvalid []string) {
	for _, s := range strings.Fields(param) {
		switch {
		case !scopeName.MatchString(s):
			invalid = append(invalid, s)
		case !slices.Contains(scopes, s):
			scopes = append(scopes, s)
		}
	}
	return scopes, invalid
}
