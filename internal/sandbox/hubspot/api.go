package hubspot

import (
	"context"
	"net/http"
	"strings"

	"github.com/avain-project/avain/internal/sandbox/ledger"
)

const (
	contactsRead  = "crm.objects.contacts.read"
	contactsWrite = "crm.objects.contacts.write"
)

type accessKey struct{}

// person is who the bearer of an API call acts for.
func person(r *http.Request) ledger.Persona {
	a, _ := r.Context().Value(accessKey{}).(ledger.Access)
	return a.Persona
}

// needs lets calls through whose token is alive and has the scope; "" asks for a
// live token only.
func (d *HubSpot) needs(scope string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		frontEnd(w.Header())
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		a, err := d.ledger.Check(token)
		switch {
		case !strings.EqualFold(scheme, "Bearer"):
			apiError(w, http.StatusUnauthorized, "INVALID_AUTHENTICATION", "Authentication credentials not found. This API supports OAuth 2.0 authentication.")
		case err != nil:
			apiError(w, http.StatusUnauthorized, "EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired some time ago.")
		case scope != "" && !a.Has(scope):
			writeJSON(w, http.StatusForbidden, map[string]any{
				"status": "error", "message": "This app hasn't been granted all required scopes to make this call.",
				"correlationId": correlation, "category": "MISSING_SCOPES",
				"errors": []any{map[string]any{
					"message": "One or more of the following scopes are required.", "context": map[string]any{"requiredGranularScopes": []string{scope}},
				}},
			})
		default:
			next(w, r.WithContext(context.WithValue(r.Context(), accessKey{}, a)))
		}
	}
}

// frontEnd sets what HubSpot's front end adds to API answers. Some of it is of no
// business to a caller behind a proxy.
func frontEnd(h http.Header) {
	h.Set("X-Hubspot-Correlation-Id", correlation)
	h.Set("X-Hubspot-Ratelimit-Max", "110")
	h.Set("X-Hubspot-Ratelimit-Remaining", "109")
	h.Set("X-Hubspot-Ratelimit-Interval-Milliseconds", "10000")
	h.Set("Server", "cloudflare")
	h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload")
	h.Add("Set-Cookie", "__cf_bm=sandbox; path=/; HttpOnly; Secure; SameSite=None")
	h.Set("Access-Control-Allow-Credentials", "false")
}

// correlation is what a person would tell HubSpot's support.
const correlation = "aeb5f871-7f07-4993-9211-075dc63e7cbf"

// tooMany is the answer to a caller beyond its limit.
func tooMany(w http.ResponseWriter) {
	h := w.Header()
	h.Set("X-Hubspot-Ratelimit-Max", "110")
	h.Set("X-Hubspot-Ratelimit-Remaining", "0")
	h.Set("X-Hubspot-Ratelimit-Interval-Milliseconds", "10000")
	writeJSON(w, http.StatusTooManyRequests, map[string]any{
		"status": "error", "message": "You have reached your ten_secondly_rolling limit.", "errorType": "RATE_LIMIT",
		"category": "RATE_LIMITS", "policyName": "TEN_SECONDLY_ROLLING", "correlationId": correlation,
	})
}

// apiError writes an error as HubSpot's APIs do.
func apiError(w http.ResponseWriter, status int, category, message string) {
	writeJSON(w, status, map[string]any{"status": "error", "message": message, "correlationId": correlation, "category": category})
}

func noSuchPath(w http.ResponseWriter, _ *http.Request) {
	apiError(w, http.StatusNotFound, "OBJECT_NOT_FOUND", "resource not found")
}

// category is HubSpot's word for a status.
func category(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "VALIDATION_ERROR"
	case http.StatusUnauthorized:
		return "EXPIRED_AUTHENTICATION"
	case http.StatusForbidden:
		return "MISSING_SCOPES"
	case http.StatusNotFound:
		return "OBJECT_NOT_FOUND"
	default:
		return "INTERNAL_ERROR"
	}
}
