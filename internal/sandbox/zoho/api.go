package zoho

import (
	"context"
	"net/http"
	"strings"

	"github.com/avain-project/avain/internal/sandbox/ledger"
)

// scheme is Zoho's word before an access token.
const scheme = "Zoho-oauthtoken"

type accessKey struct{}

// person is who the bearer of an API call acts for.
func person(r *http.Request) ledger.Persona {
	a, _ := r.Context().Value(accessKey{}).(ledger.Access)
	return a.Persona
}

// needs lets calls through whose token is alive, is of the path's centre, and has at
// least one of the scopes; nil asks for a live token only.
func (d *Zoho) needs(anyOf []string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		frontEnd(w.Header())
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), scheme+" ")
		a, err := d.ledger.Check(token)
		switch {
		case !ok, err != nil, a.Persona.Tenant != r.PathValue("centre"):
			apiError(w, http.StatusUnauthorized, "INVALID_OAUTHTOKEN", "The token has ended, or is of another data center.")
		case len(anyOf) > 0 && !a.Has(anyOf...):
			apiError(w, http.StatusUnauthorized, "INVALID_OAUTHSCOPE", "The scope of this call was not granted.")
		default:
			next(w, r.WithContext(context.WithValue(r.Context(), accessKey{}, a)))
		}
	}
}

// hasMail answers as Zoho Mail does for a person without a mailbox.
func hasMail(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if a, _ := r.Context().Value(accessKey{}).(ledger.Access); a.NoMail {
			apiError(w, http.StatusNotFound, "ACCOUNT_NOT_EXISTS", "The user has no mail account.")
			return
		}
		next(w, r)
	}
}

// frontEnd sets what Zoho's front end adds to its answers. Some of it is of no
// business to a caller behind a proxy.
func frontEnd(h http.Header) {
	h.Set("Server", "ZGS")
	h.Add("Set-Cookie", "zalb_sandbox=1; Path=/; Secure; HttpOnly")
	h.Set("Strict-Transport-Security", "max-age=63072000")
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Cache-Control", "private")
}

func noSuchURL(w http.ResponseWriter, _ *http.Request) {
	apiError(w, http.StatusNotFound, "URL_RULE_NOT_CONFIGURED", "Invalid URL.")
}

// apiError writes an error as Zoho Mail does; other services have other forms.
func apiError(w http.ResponseWriter, status int, code, text string) {
	writeJSON(w, status, map[string]any{
		"status": map[string]any{"code": status, "description": text}, "data": map[string]string{"errorCode": code, "moreInfo": text},
	})
}

// apiCode is Zoho's word for a status.
func apiCode(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "INVALID_OAUTHTOKEN"
	case http.StatusForbidden:
		return "NO_PERMISSION"
	case http.StatusNotFound:
		return "URL_RULE_NOT_CONFIGURED"
	case http.StatusTooManyRequests:
		return "URL_ROLLING_THROTTLES_LIMIT_EXCEEDED"
	case http.StatusBadRequest:
		return "INVALID_INPUT"
	default:
		return "INTERNAL_ERROR"
	}
}
