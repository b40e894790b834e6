package microsoft

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/sandbox/ledger"
)

// request is an authorization request that may be answered by a redirect.
type request struct {
	tenant      string // of the path
	client      ledger.Client
	redirectURI string
	state       string

	scopes    []string
	challenge string
	nonce     string
	prompt    string
	hint      ledger.Hint
	hinted    bool
}

// problem is an error with its AADSTS number, 0 for none.
type problem struct {
	code   string
	number int
	text   string
}

// read checks the request. When it says false it has answered: with a page while
// the client or the redirect URI are not proven, with a redirect afterwards.
func (d *Microsoft) read(w http.ResponseWriter, r *http.Request) (request, bool) {
	req, q, ok := d.prove(w, r)
	if !ok {
		return request{}, false
	}
	if p, bad := req.fill(q); bad {
		d.redirectError(w, r, req, p, http.StatusFound)
		return request{}, false
	}
	return req, true
}

// prove reads what must hold before anything is redirected.
func (d *Microsoft) prove(w http.ResponseWriter, r *http.Request) (request, url.Values, bool) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		d.blocked(w, problem{"invalid_request", 9002313, "The query could not be read: " + err.Error()})
		return request{}, nil, false
	}
	req := request{tenant: r.PathValue("tenant"), state: q.Get("state"), redirectURI: q.Get("redirect_uri")}
	var ok bool
	req.client, ok = d.ledger.Client(q.Get("client_id"))
	req.hint, req.hinted, err = ledger.ParseHint(q.Get("login_hint"))
	switch {
	case !knownTenant(req.tenant):
		d.blocked(w, problem{"invalid_request", 90002, "Tenant '" + req.tenant + "' not found. Use common, organizations, " + ledger.Domain + " or a tenant id."})
	case !ok || len(q["client_id"]) != 1:
		d.blocked(w, problem{"unauthorized_client", 700016, "Application with identifier '" + q.Get("client_id") + "' was not found in the directory. Register it with the sandbox first."})
	case !req.client.Redirects(req.redirectURI) || len(q["redirect_uri"]) != 1:
		d.blocked(w, problem{"invalid_request", 50011, "The redirect URI '" + req.redirectURI + "' specified in the request does not match the redirect URIs configured for the application."})
	case err != nil:
		d.blocked(w, problem{"invalid_request", 90014, err.Error()})
	default:
		return req, q, true
	}
	return request{}, nil, false
}

// fill reads what is checked after the redirect URI is proven.
func (req *request) fill(q url.Values) (problem, bool) {
	for name, values := range q {
		if len(values) > 1 { // RFC 6749 §3.1
			return problem{"invalid_request", 9000411, "The parameter '" + name + "' is duplicated."}, true
		}
	}
	var invalid []string
	req.scopes, invalid = parseScopes(q.Get("scope"))
	req.challenge, req.nonce, req.prompt = q.Get("code_challenge"), q.Get("nonce"), q.Get("prompt")
	switch {
	case q.Get("response_type") != "code":
		return problem{"unsupported_response_type", 70005, "Only response_type=code is answered."}, true
	case !slices.Contains([]string{"", "query"}, q.Get("response_mode")):
		return problem{"invalid_request", 70007, "'" + q.Get("response_mode") + "' is not a supported value of 'response_mode'."}, true
	case len(invalid) > 0:
		return problem{"invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid. The scope " + strings.Join(invalid, " ") + " is not valid."}, true
	case len(req.scopes) == 0:
		return problem{"invalid_request", 90014, "The required field 'scope' is missing from the request."}, true
	case req.challenge != "" && (len(req.challenge) != 43 || q.Get("code_challenge_method") != "S256"): // base64url of a SHA-256
		return problem{"invalid_request", 50147, "The size of the code challenge parameter is not valid, or its method not S256."}, true
	case !slices.Contains([]string{"", "login", "none", "consent", "select_account"}, req.prompt):
		return problem{"invalid_request", 90023, "Unsupported 'prompt' value."}, true
	}
	return problem{}, false
}
