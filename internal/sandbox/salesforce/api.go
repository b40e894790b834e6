package salesforce

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

// bearer is what the call's token stands for; false where it is none of the org's.
func (d *Salesforce) bearer(r *http.Request, org string) (ledger.Access, bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	a, err := d.ledger.Check(token)
	return a, err == nil && strings.EqualFold(scheme, "Bearer") && a.Persona.Tenant == org
}

// needsToken lets calls through whose token is alive, of that org, and for the API.
func (d *Salesforce) needsToken(org string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
		w.Header().Set("Sforce-Limit-Info", "api-usage=18/15000")
		a, ok := d.bearer(r, org)
		switch {
		case !ok:
			w.Header().Set("WWW-Authenticate", "Token")
			apiError(w, http.StatusUnauthorized, "INVALID_SESSION_ID", "Session expired or invalid")
		case !a.Has("api", "full"):
			apiError(w, http.StatusUnauthorized, "INVALID_SESSION_ID", "This session is not valid for use with the REST API")
		default:
			next(w, r.WithContext(context.WithValue(r.Context(), accessKey{}, a)))
		}
	}
}

// identity is the person behind the token. It refuses in its own way.
func (d *Salesforce) identity(org string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a, ok := d.bearer(r, org)
		if !ok {
			bare(w, http.StatusForbidden, "Bad_OAuth_Token")
			return
		}
		p := a.Persona
		writeJSON(w, http.StatusOK, map[string]any{
			"sub":     base(r) + Prefix + "/id/" + p.Tenant + "/" + p.Subject,
			"user_id": p.Subject, "organization_id": p.Tenant,
			"preferred_username": p.Email, "nickname": p.Key, "name": p.Name, "given_name": p.GivenName, "family_name": p.FamilyName,
			"email": p.Email, "email_verified": true, "active": true, "user_type": "STANDARD", "language": "en_US", "locale": "en_US",
			"urls": map[string]string{"rest": base(r) + instances + p.Tenant + "/services/data/v{version}/"},
		})
	}
}

// bare is how the identity endpoint says what is wrong: by one word.
func bare(w http.ResponseWriter, status int, word string) {
	w.Header().Set("Content-Type", "text/html;charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(word))
}

func (d *Salesforce) noSuchResource(w http.ResponseWriter, _ *http.Request) {
	apiError(w, http.StatusNotFound, "NOT_FOUND", "The requested resource does not exist")
}

// apiError writes an error as the REST API does: a list of one.
func apiError(w http.ResponseWriter, status int, code, message string) {
	type entry struct {
		Message string `json:"message"`
		Code    string `json:"errorCode"`
	}
	writeJSON(w, status, []entry{{message, code}})
}

// apiCode is the API's word for a status.
func apiCode(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "MALFORMED_QUERY"
	case http.StatusUnauthorized:
		return "INVALID_SESSION_ID"
	case http.StatusForbidden, http.StatusTooManyRequests:
		return "REQUEST_LIMIT_EXCEEDED"
	case http.StatusNotFound:
		return "NOT_FOUND"
	case http.StatusServiceUnavailable:
		return "SERVER_UNAVAILABLE"
	default:
		return "UNKNOWN_EXCEPTION"
	}
}
