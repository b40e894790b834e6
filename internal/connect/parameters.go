package connect

import (
	"cmp"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/scope"
)

// The parameters of authorize that Avain reads, and the longest value it takes,
// in bytes. Others are ignored: real clients send several that mean nothing here.
var bounds = map[string]int{
	"clientId": 64, "serviceType": 32, "scopes": 2048, "nativeScopes": 2048, "responseType": 16,
	"returnUrl": 2048, "state": 2048, "accountId": 20, "clientOrgId": 255, "loginHint": 320,
	"prompt": 64, "ensureScopes": 5, "ensureAccess": 5, "authEmail": 320, "recycle": 5,
	"codeChallenge": 128, "codeChallengeMethod": 16,
	"serverUrl": 1024,
}

// userBounds are those of a user's sign-in besides, which the contract's face alone has.
var userBounds = map[string]int{
	"accountRole": 16, "userAccount": 16, "userId": 128, "timestamp": 20, "userSignature": 128, "mailboxInfo": 1024,
}

// parameters are the query of authorize, read with the checks that every one of
// them gets.
type parameters struct{ query url.Values }

// one reads a parameter that may be given once; lists, which generated clients send
// key by key, are read by list. Absent and empty are the same.
func (p parameters) one(name string) (string, error) {
	values := p.query[name]
	if len(values) > 1 {
		return "", fault.New(fault.ParameterRepeated, "It is "+name+".")
	}
	if len(values) == 0 {
		return "", nil
	}
	return values[0], check(name, values[0])
}

func check(name, value string) error {
	if most := cmp.Or(bounds[name], userBounds[name]); len(value) > most {
		return fault.Newf(fault.ParameterTooLong, "It is %s; at most %d bytes.", name, most)
	}
	if !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
		return fault.Newf(fault.ParameterInvalid, "It is %s; control characters and broken UTF-8 are not taken.", name)
	}
	return nil
}

func (p parameters) boolean(name string, absent bool) (bool, error) {
	value, err := p.one(name)
	if err != nil {
		return false, err
	}
	switch strings.ToLower(value) {
	case "":
		return absent, nil
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	}
	return false, fault.Newf(fault.ParameterInvalid, "It is %s; true or false.", name)
}

func (p parameters) list(name string) ([]string, error) {
	total := 0
	for _, v := range p.query[name] {
		total += len(v) + 1
		if err := check(name, v); err != nil {
			return nil, err
		}
	}
	if total > bounds[name]+1 {
		return nil, fault.Newf(fault.ParameterTooLong, "It is %s; at most %d bytes in all.", name, bounds[name])
	}
	return scope.Split(p.query[name]), nil
}

// request is what an application asks for, once its return URL is proven.
type request struct {
	serviceType  account.ServiceType // "" until it is chosen
	scopes       []scope.Scope
	nativeScopes []string
	scopesGiven  bool
	accountID    account.ID
	clientOrgID  string
	loginHint    string
	serverURL    string
	prompt       string
	authEmail    string
	challenge    string
	ensureScopes *bool // nil where authorize does not say
	ensureAccess bool
	recycle      bool
	user         asUser
}

func (p parameters) request(providers provider.Registry) (request, error) {
	r, err := p.readService(providers)
	if err != nil {
		return request{}, err
	}
	for _, read := range []func(*request) error{
		p.readScopes, p.readAccount, p.readPrompt, p.readChallenge, p.readSwitches,
	} {
		if err := read(&r); err != nil {
			return request{}, err
		}
	}
	return r, nil
}

// readService begins a request with the service that is asked for; one without is
// chosen later (choose.go).
func (p parameters) readService(providers provider.Registry) (request, error) {
	value, err := p.one("serviceType")
	if err != nil || value == "" {
		return request{}, err
	}
	t, ok := providers.Parse(value)
	if !ok {
		return request{}, fault.Newf(fault.ServiceTypeUnknown, "Known are %s.", joined(providers.ServiceTypes()))
	}
	return request{serviceType: t}, nil
}

func (p parameters) readScopes(r *request) error {
	words, err := p.list("scopes")
	if err != nil {
		return err
	}
	if r.scopes, err = scope.ParseAll(words); err != nil {
		return fault.New(fault.ScopeUnknown, capitalized(err.Error())+".")
	}
	if r.nativeScopes, err = p.list("nativeScopes"); err != nil {
		return err
	}
	for _, n := range r.nativeScopes {
		if !scopeToken(n) {
			return fault.New(fault.ParameterInvalid, "It is nativeScopes; a scope has no quotes, backslashes or letters beyond ASCII (RFC 6749 §3.3).")
		}
	}
	r.scopesGiven = len(r.scopes)+len(r.nativeScopes) > 0
	return nil
}

func (p parameters) readAccount(r *request) error {
	value, err := p.one("accountId")
	if err != nil {
		return err
	}
	if value != "" {
		if r.accountID, err = account.ParseID(value); err != nil {
			return fault.New(fault.ParameterInvalid, "It is accountId; a number as the token exchange returned it.")
		}
	}
	for name, into := range map[string]*string{
		"clientOrgId": &r.clientOrgID, "loginHint": &r.loginHint, "serverUrl": &r.serverURL, "authEmail": &r.authEmail,
	} {
		if *into, err = p.one(name); err != nil {
			return err
		}
	}
	return nil
}

func (p parameters) readPrompt(r *request) error {
	value, err := p.one("prompt")
	if err != nil {
		return err
	}
	for _, word := range strings.Fields(value) {
		switch word {
		case "none", "login", "consent", "select_account":
		default:
			return fault.New(fault.ParameterInvalid, "It is prompt; none, login, consent or select_account.")
		}
	}
	r.prompt = strings.Join(strings.Fields(value), " ")
	return nil
}

func (p parameters) readChallenge(r *request) error {
	challenge, err := p.one("codeChallenge")
	if err != nil {
		return err
	}
	method, err := p.one("codeChallengeMethod")
	if err != nil {
		return err
	}
	if challenge == "" && method == "" {
		return nil
	}
	if !validChallenge(challenge) || (method != "" && method != "S256") {
		return fault.New(fault.ChallengeInvalid, "")
	}
	r.challenge = challenge
	return nil
}

func (p parameters) readSwitches(r *request) (err error) {
	given, err := p.one("ensureScopes")
	if err != nil {
		return err
	}
	if given != "" {
		insists, err := p.boolean("ensureScopes", false)
		if err != nil {
			return err
		}
		r.ensureScopes = &insists
	}
	if r.ensureAccess, err = p.boolean("ensureAccess", false); err != nil {
		return err
	}
	r.recycle, err = p.boolean("recycle", true)
	return err
}

// scopeToken is the grammar of RFC 6749 §3.3.
func scopeToken(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r < 0x21 || r == '"' || r == '\\' || r > 0x7e
	})
}

func joined[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = string(v)
	}
	return strings.Join(words, ", ")
}

func capitalized(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
