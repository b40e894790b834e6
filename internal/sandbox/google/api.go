package google

import (
	"context"
	"net/http"
	"strings"

	"github.com/avain-project/avain/internal/sandbox/ledger"
)

type accessKey struct{}

// person is who the bearer of an API call acts for.
func person(r *http.Request) ledger.Persona {
	a, _ := r.Context().Value(accessKey{}).(ledger.Access)
	return a.Persona
}

// bearer reads the Authorization header, the only place a token is taken from.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}

// needs lets calls through whose token is alive and has at least one of the
// scopes; nil asks for a live token only.
func (d *Google) needs(anyOf []string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		frontEnd(w.Header())
		a, err := d.ledger.Check(bearer(r))
		if err != nil {
			w.Header().Set("WWW-Authenticate", `Bearer realm="https://accounts.google.com/", error="invalid_token"`)
			apiError(w, http.StatusUnauthorized, "Request had invalid authentication credentials. Expected OAuth 2 access token, "+
				"login cookie or other valid authentication credential.", "UNAUTHENTICATED", "authError")
			return
		}
		if len(anyOf) > 0 && !a.Has(anyOf...) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="https://accounts.google.com/", error="insufficient_scope", scope="`+strings.Join(anyOf, " ")+`"`)
			apiError(w, http.StatusForbidden, "Request had insufficient authentication scopes.", "PERMISSION_DENIED", "insufficientPermissions")
			return
		}
		next(w, r.WithContext(context.WithValue(r.Context(), accessKey{}, a)))
	}
}

// hasMail answers as Gmail does where the person has no mailbox, or the organization
// has switched Gmail off.
func hasMail(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if a, _ := r.Context().Value(accessKey{}).(ledger.Access); a.NoMail {
			apiError(w, http.StatusBadRequest, "Mail service not enabled", "FAILED_PRECONDITION", "failedPrecondition")
			return
		}
		next(w, r)
	}
}

// frontEnd sets what Google's front end adds to API answers. Some of it is of no
// business to a caller behind a proxy: Set-Cookie, Alt-Svc, Server.
func frontEnd(h http.Header) {
	h.Set("Server", "ESF")
	h.Set("Alt-Svc", `h3=":443"; ma=2592000,h3-29=":443"; ma=2592000`)
	h.Add("Set-Cookie", "NID=511=sandbox; expires=Wed, 20-May-2099 00:00:00 GMT; path=/; HttpOnly")
	h.Set("Vary", "Origin, X-Origin, Referer")
	h.Set("X-XSS-Protection", "0")
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "private")
}

func (d *Google) noSuchMethod(w http.ResponseWriter, _ *http.Request) {
	notFound(w)
}

func notFound(w http.ResponseWriter) {
	apiError(w, http.StatusNotFound, "Requested entity was not found.", "NOT_FOUND", "notFound")
}

// apiError writes an error as Google's APIs do,
// https://cloud.google.com/apis/design/errors with the older errors list that
// Gmail and Calendar still carry.
func apiError(w http.ResponseWriter, code int, message, status, reason string) {
	type item struct {
		Message string `json:"message"`
		Domain  string `json:"domain"`
		Reason  string `json:"reason"`
	}
	type body struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Errors  []item `json:"errors"`
		Status  string `json:"status"`
	}
	writeJSON(w, code, map[string]body{"error": {
		Code: code, Message: message, Status: status,
		Errors: []item{{Message: message, Domain: "global", Reason: reason}},
	}})
}

// rpcStatus is google.rpc.Code's name for an HTTP status.
func rpcStatus(code int) string {
	switch code {
	case http.StatusBadRequest:
		return "INVALID_ARGUMENT"
	case http.StatusUnauthorized:
		return "UNAUTHENTICATED"
	case http.StatusForbidden:
		return "PERMISSION_DENIED"
	case http.StatusNotFound:
		return "NOT_FOUND"
	case http.StatusTooManyRequests:
		return "RESOURCE_EXHAUSTED"
	case http.StatusServiceUnavailable:
		return "UNAVAILABLE"
	case http.StatusGatewayTimeout:
		return "DEADLINE_EXCEEDED"
	case http.StatusInternalServerError:
		return "INTERNAL"
	default:
		return "UNKNOWN"
	}
}
