package connect

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/weburl"
)

// The flow has a second face, which speaks as RFC 6749 and its kin do, for clients that
// know nothing of the contract. It is the same flow: the request is put into the
// contract's words, and the answer into the standard's.

// The paths of the standards face, at the public URL. The first one leads on to an
// application's alias as AuthorizePath does; programs call the second.
const (
	StandardAuthorizePath = "/oauth/authorize"
	StandardTokenPath     = "/oauth/token"
)

// standardWords are the parameters of authorize by the contract's names. Those of no
// RFC are the contract's own, spelled as their neighbours are.
var standardWords = map[string]string{
	"clientId": "client_id", "returnUrl": "redirect_uri", "scopes": "scope", "state": "state",
	"codeChallenge": "code_challenge", "codeChallengeMethod": "code_challenge_method",
	"loginHint": "login_hint", "prompt": "prompt",
	"serviceType": "service_type", "nativeScopes": "native_scopes", "accountId": "account_id", "clientOrgId": "client_org_id",
	"serverUrl": "server_url", "authEmail": "auth_email", "recycle": "recycle",
	"ensureScopes": "ensure_scopes", "ensureAccess": "ensure_access",
}

// standard is what a request of the standards face has besides; nil is the contract's.
type standard struct {
	issuer string
	query  url.Values // as it came
}

// AuthorizeStandard is [Service.Authorize] in the words of RFC 6749 §4.1.1 and RFC 7636
// §4.3; answers name the issuer (RFC 9207).
func (s *Service) AuthorizeStandard(ctx context.Context, at *url.URL, rawQuery string, browser secret.Text, admit func(applicationID string) error) Outcome {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return shown(malformed())
	}
	out := s.open(ctx, at, asked{
		path: StandardAuthorizePath, rawQuery: rawQuery, query: inContractWords(query),
		standard: &standard{issuer: Issuer(s.PublicURL), query: query},
	}, browser, admit)
	if out.Fault != nil {
		said := *out.Fault
		said.Detail = reworded.Replace(said.Detail)
		out.Fault = &said
	}
	return out
}

// Issuer is this server's name among authorization servers (RFC 8414 §2). There is one,
// whatever host an application's sign-ins run at: clients compare it with the address
// that they read the metadata from.
func Issuer(public *url.URL) string { return public.String() }

// inContractWords drops what is no parameter of the standards face. response_type stays
// away: of its values there is one here, which is the contract's default.
func inContractWords(query url.Values) url.Values {
	out := url.Values{}
	for contract, standard := range standardWords {
		if values, ok := query[standard]; ok {
			out[contract] = values
		}
	}
	return out
}

// inStandardWords is a whole request of the contract, as the standard has it.
func inStandardWords(query url.Values) url.Values {
	out := url.Values{"response_type": {"code"}}
	for contract, values := range query {
		if word := standardWords[contract]; word != "" {
			out[word] = values
		}
	}
	if out.Has("code_challenge") {
		out.Set("code_challenge_method", "S256")
	}
	return out
}

// word is the face's name for a parameter.
func (s *standard) word(contract string) string {
	if s == nil {
		return contract
	}
	return standardWords[contract]
}

func (s *standard) iss() string {
	if s == nil {
		return ""
	}
	return s.issuer
}

// prove compares the redirect URI with the registered ones as text (RFC 9700 §4.1.3),
// which is stricter than the contract: its clients may add a query. The port of a
// loopback address alone is free (RFC 8252 §7.3).
func (s *standard) prove(app account.Application, redirectURI string) error {
	if s == nil || slices.Contains(app.ReturnURLs, redirectURI) {
		return nil
	}
	if got, loopback := portless(redirectURI); loopback && slices.ContainsFunc(app.ReturnURLs, func(registered string) bool {
		want, _ := portless(registered)
		return want == got
	}) {
		return nil
	}
	return fault.New(fault.ReturnURLInvalid, "")
}

// portless is a URL without its port, where it leads to this machine by http.
func portless(raw string) (without string, loopback bool) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" || !weburl.Loopback(u.Hostname()) {
		return raw, false
	}
	u.Host = strings.TrimSuffix(u.Host, ":"+u.Port())
	return u.String(), true
}

// check is what the standard asks beyond the contract, once the redirect URI is proven.
func (s *standard) check() error {
	if s == nil {
		return nil
	}
	for _, once := range []string{"response_type", "response_mode", "scope", "native_scopes"} {
		if len(s.query[once]) > 1 {
			return fault.New(fault.ParameterRepeated, "It is "+once+".")
		}
	}
	switch s.query.Get("response_type") {
	case "":
		return fault.New(fault.ParameterMissing, "It is response_type.")
	case "code":
	default: // no token in an address (RFC 9700 §2.1.2)
		return fault.New(fault.ResponseTypeUnknown, "At this address only code is taken.")
	}
	for _, object := range []string{"request", "request_uri"} { // RFC 9101: what it asks for must not be passed over
		if s.query.Has(object) {
			return fault.New(fault.ParameterInvalid, "It is "+object+"; request objects are not taken.")
		}
	}
	if mode := s.query.Get("response_mode"); mode != "" && mode != "query" {
		return fault.New(fault.ParameterInvalid, "It is response_mode; query.")
	}
	if s.query.Get("code_challenge") != "" && s.query.Get("code_challenge_method") == "" {
		return fault.New(fault.ChallengeInvalid, "Name the method: without it, RFC 7636 means plain.")
	}
	return nil
}

// standard adds the answer to the redirect URI.
func (r reply) standard(answer url.Values) string {
	answer.Set("iss", r.issuer)
	return answerURL(r.returnURL, r.withState(answer), false, false)
}

// redirectError is the code of RFC 6749 §4.1.2.1 for a fault.
func redirectError(f *fault.Error) string {
	switch f.Code {
	case fault.ScopeUnknown:
		return "invalid_scope"
	case fault.ResponseTypeUnknown:
		return "unsupported_response_type"
	case fault.StateExpired, fault.StateUsed, fault.IssuerMismatch: // of the sign-in, not of the request
		return "access_denied"
	case fault.ProviderConfig, fault.ProviderMalformed, fault.ProviderHost:
		return "server_error"
	}
	switch f.Kind() {
	case fault.Invalid:
		return "invalid_request"
	case fault.Forbidden:
		return "access_denied"
	case fault.TooMany, fault.Upstream, fault.Timeout, fault.Unavailable:
		return "temporarily_unavailable"
	}
	return "server_error"
}

// Description is the error_description of a fault: our code, then the sentences, in the
// standard's words and in the characters that RFC 6749 §5.2 leaves it.
func Description(f *fault.Error) string {
	text := strings.TrimPrefix(f.Message(), string(f.Code)+": ")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r < ' ' || r > '~' || r == '\\':
			return '?'
		}
		return r
	}, reworded.Replace(string(f.Code)+": "+text))
}

// reworded puts the contract's names, as faults mention them, into the standard's.
// Those that are words of English stay, but where they stand for the name.
var reworded = strings.NewReplacer(
	"codeChallengeMethod", "code_challenge_method", "codeChallenge", "code_challenge", "codeVerifier", "code_verifier",
	"clientId", "client_id", "clientSecret", "client_secret", "returnUrl", "redirect_uri", "responseType", "response_type",
	"It is scopes", "It is scope", "nativeScopes", "native_scopes", "serviceType", "service_type", "accountId", "account_id",
	"clientOrgId", "client_org_id", "loginHint", "login_hint", "serverUrl", "server_url", "authEmail", "auth_email",
	"ensureScopes", "ensure_scopes", "ensureAccess", "ensure_access", "…", "...",
)
