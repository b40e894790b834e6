package api

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
)

// oauthForm are the parameters of a request to the standards face: its body's alone.
type oauthForm struct{ values url.Values }

// oauthParameters are those that a program's requests may have, all of them once
// (RFC 6749 §3.2, RFC 7636 §4.5, RFC 7009 §2.1, RFC 7662 §2.1). Others are ignored.
var oauthParameters = []string{
	"client_id", "client_secret", "grant_type", "code", "redirect_uri", "code_verifier", "token", "token_type_hint",
}

// readOAuthForm reads the body. In the address, which logs and histories keep, none of
// the parameters is taken.
func readOAuthForm(r *http.Request) (oauthForm, error) {
	query := r.URL.Query()
	for _, name := range oauthParameters {
		if query.Has(name) {
			return oauthForm{}, fault.Newf(fault.ParameterInvalid, "It is %s, which belongs in the body, never in the address.", name)
		}
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/x-www-form-urlencoded" {
		return oauthForm{}, fault.New(fault.ParameterInvalid, "It is the body; application/x-www-form-urlencoded.")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return oauthForm{}, err
		}
		return oauthForm{}, fault.New(fault.ParameterInvalid, "The body broke off.")
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return oauthForm{}, fault.New(fault.ParameterInvalid, "The body is malformed: check its percent signs.")
	}
	for _, name := range oauthParameters {
		if len(values[name]) > 1 {
			return oauthForm{}, fault.New(fault.ParameterRepeated, "It is "+name+".")
		}
	}
	return oauthForm{values}, nil
}

func (f oauthForm) get(name string) string { return f.values.Get(name) }

// need is get for what must not be absent or empty.
func (f oauthForm) need(name string) (string, error) {
	if value := f.get(name); value != "" {
		return value, nil
	}
	return "", fault.New(fault.ParameterMissing, "It is "+name+".")
}

// oauthClient finds out which application asks: by HTTP Basic, by client_id and
// client_secret in the body, or, where it has no secret, by client_id alone. Never by
// two ways at once (RFC 6749 §2.3).
func (s *Server) oauthClient(r *http.Request, form oauthForm) (account.Application, error) {
	id, pass := form.get("client_id"), form.get("client_secret")
	switch headers := r.Header.Values("Authorization"); {
	case len(headers) > 1:
		return account.Application{}, fault.New(fault.ParameterRepeated, "It is the header Authorization.")
	case len(headers) == 1:
		user, password, ok := r.BasicAuth()
		if !ok {
			return account.Application{}, fault.New(fault.ClientUnauthorized, "")
		}
		user, password = formDecoded(user), formDecoded(password)
		if pass != "" || id != "" && id != user {
			return account.Application{}, fault.New(fault.ParameterInvalid,
				"The client says who it is twice: send the header Authorization, or client_id and client_secret in the body.")
		}
		id, pass = user, password
	}
	if id == "" {
		return account.Application{}, fault.New(fault.ClientUnauthorized, "")
	}
	note(r).byApplication = pass != "" // no browser may hold a secret: see cors
	return s.proven(r, id, pass)
}

// oauthCaller reads the request and who sends it.
func (s *Server) oauthCaller(r *http.Request) (oauthForm, account.Application, error) {
	form, err := readOAuthForm(r)
	if err != nil {
		return oauthForm{}, account.Application{}, err
	}
	app, err := s.oauthClient(r, form)
	return form, app, err
}
