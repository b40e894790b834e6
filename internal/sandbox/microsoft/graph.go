package microsoft

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/sandbox/ledger"
)

type accessKey struct{}

// person is who the bearer of an API call acts for.
func person(r *http.Request) ledger.Persona {
	a, _ := r.Context().Value(accessKey{}).(ledger.Access)
	return a.Persona
}

// needs lets calls through whose token is alive, is for Graph, and has at least
// one of the scopes; nil asks for a live token only.
func (d *Microsoft) needs(anyOf []string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d.frontEnd(w.Header(), r)
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		a, err := d.ledger.Check(token)
		switch {
		case !strings.EqualFold(scheme, "Bearer") || err != nil:
			w.Header().Set("WWW-Authenticate", `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error="invalid_token"`)
			d.graphError(w, http.StatusUnauthorized, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
		case slices.ContainsFunc(a.Scopes, func(s string) bool { return resourceOf(s) == outlook }):
			d.graphError(w, http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience.")
		case len(anyOf) > 0 && !a.Has(anyOf...):
			d.graphError(w, http.StatusForbidden, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
		default:
			next(w, r.WithContext(context.WithValue(r.Context(), accessKey{}, a)))
		}
	}
}

// hasMailbox answers as Graph does for a person without a mailbox in Microsoft 365,
// where calendar, contacts and tasks lie too.
func (d *Microsoft) hasMailbox(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if a, _ := r.Context().Value(accessKey{}).(ledger.Access); a.NoMail {
			d.graphError(w, http.StatusNotFound, "MailboxNotEnabledForRESTAPI", "The mailbox is either inactive, soft-deleted, or is hosted on-premise.")
			return
		}
		next(w, r)
	}
}

// frontEnd sets what Graph adds to its answers. Some of it is of no business to a
// caller behind a proxy.
func (d *Microsoft) frontEnd(h http.Header, r *http.Request) {
	h.Set("Request-Id", guid("request "+d.now().String()+r.URL.Path))
	h.Set("Client-Request-Id", guid("request "+d.now().String()+r.URL.Path))
	if id := r.Header.Get("Client-Request-Id"); id != "" {
		h.Set("Client-Request-Id", id)
	}
	h.Set("X-Ms-Ags-Diagnostic", `{"ServerInfo":{"DataCenter":"Sandbox","Slice":"E","Ring":"1"}}`)
	h.Set("Strict-Transport-Security", "max-age=31536000")
	h.Set("Odata-Version", "4.0")
	h.Set("Cache-Control", "private")
}

// me is the person as Graph's user resource.
func (d *Microsoft) me(w http.ResponseWriter, r *http.Request) {
	p := person(r)
	writeJSON(w, http.StatusOK, map[string]any{
		"@odata.context": base(r) + APIPath + "/$metadata#users/$entity",
		"id":             p.Subject, "displayName": p.Name, "givenName": p.GivenName, "surname": p.FamilyName,
		"mail": p.Email, "userPrincipalName": principal(p),
		"businessPhones": []string{}, "jobTitle": nil, "mobilePhone": nil, "officeLocation": nil, "preferredLanguage": nil,
	})
}

func (d *Microsoft) noSuchResource(w http.ResponseWriter, _ *http.Request) {
	d.graphError(w, http.StatusNotFound, "ResourceNotFound", "Resource not found for the segment.")
}

// graphError writes an error as Graph does:
// https://learn.microsoft.com/graph/errors.
func (d *Microsoft) graphError(w http.ResponseWriter, status int, code, message string) {
	type inner struct {
		Date            string `json:"date"`
		RequestID       string `json:"request-id"`
		ClientRequestID string `json:"client-request-id"`
	}
	type body struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Inner   inner  `json:"innerError"`
	}
	writeJSON(w, status, map[string]body{"error": {code, message, inner{
		d.now().UTC().Format(time.RFC3339), w.Header().Get("Request-Id"), w.Header().Get("Client-Request-Id"),
	}}})
}

// graphCode is Graph's word for a status.
func graphCode(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "InvalidAuthenticationToken"
	case http.StatusForbidden:
		return "ErrorAccessDenied"
	case http.StatusNotFound:
		return "ResourceNotFound"
	case http.StatusTooManyRequests:
		return "TooManyRequests"
	case http.StatusServiceUnavailable:
		return "ServiceNotAvailable"
	case http.StatusGatewayTimeout:
		return "GatewayTimeout"
	default:
		return "UnknownError"
	}
}
