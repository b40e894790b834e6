package google

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/sandbox/gate"
	"github.com/avain-project/avain/internal/sandbox/ledger"
)

// token answers both grant types; they are counted, and fail, separately.
func (d *Google) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		oauthError(w, http.StatusBadRequest, "invalid_request", "The form could not be read.")
		return
	}
	switch grant := r.PostForm.Get("grant_type"); grant {
	case "authorization_code":
		d.gated(gate.Code, d.authenticated(d.redeem))(w, r)
	case "refresh_token":
		d.gated(gate.Refresh, d.authenticated(d.refresh))(w, r)
	default:
		oauthError(w, http.StatusBadRequest, "unsupported_grant_type", "Invalid grant_type: "+grant)
	}
}

// authenticated checks the client, by Basic or by the form (RFC 6749 §2.3.1).
func (d *Google) authenticated(next func(w http.ResponseWriter, form url.Values, clientID string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for name, values := range r.PostForm {
			if len(values) > 1 { // RFC 6749 §3.2
				oauthError(w, http.StatusBadRequest, "invalid_request", "Parameter is repeated: "+name)
				return
			}
		}
		id, secret, ok := clientCredentials(r)
		if !ok {
			oauthError(w, http.StatusBadRequest, "invalid_request", "Could not determine client ID from request.")
			return
		}
		switch err := d.ledger.Authenticate(id, secret); {
		case errors.Is(err, ledger.ErrUnknownClient):
			oauthError(w, http.StatusUnauthorized, "invalid_client", "The OAuth client was not found.")
		case err != nil:
			oauthError(w, http.StatusUnauthorized, "invalid_client", "Unauthorized")
		default:
			next(w, r.PostForm, id)
		}
	}
}

func clientCredentials(r *http.Request) (id, secret string, ok bool) {
	user, password, basic := r.BasicAuth()
	if !basic {
		id = r.PostForm.Get("client_id")
		return id, r.PostForm.Get("client_secret"), id != ""
	}
	id, err := url.QueryUnescape(user) // both halves are form-encoded
	if err != nil {
		return "", "", false
	}
	secret, err = url.QueryUnescape(password)
	return id, secret, err == nil && id != ""
}

func (d *Google) redeem(w http.ResponseWriter, form url.Values, clientID string) {
	t, err := d.ledger.Redeem(ledger.Redemption{
		ClientID: clientID, Code: form.Get("code"),
		RedirectURI: form.Get("redirect_uri"), Verifier: form.Get("code_verifier"),
	})
	switch {
	case err == nil:
		writeTokens(w, t)
	case errors.Is(err, ledger.ErrRedirectMismatch):
		oauthError(w, http.StatusBadRequest, "redirect_uri_mismatch", "Bad Request")
	case errors.Is(err, ledger.ErrVerifierMissing):
		oauthError(w, http.StatusBadRequest, "invalid_grant", "Missing code verifier.")
	case errors.Is(err, ledger.ErrVerifierWrong):
		oauthError(w, http.StatusBadRequest, "invalid_grant", "Invalid code verifier.")
	case errors.Is(err, ledger.ErrUnknownCode):
		oauthError(w, http.StatusBadRequest, "invalid_grant", "Malformed auth code.")
	default:
		oauthError(w, http.StatusBadRequest, "invalid_grant", "Bad Request")
	}
}

func (d *Google) refresh(w http.ResponseWriter, form url.Values, clientID string) {
	scopes, invalid := parseScopes(form.Get("scope"))
	if len(invalid) > 0 {
		oauthError(w, http.StatusBadRequest, "invalid_scope", "Bad Request")
		return
	}
	t, err := d.ledger.Refresh(clientID, form.Get("refresh_token"), scopes)
	switch {
	case err == nil:
		writeTokens(w, t)
	case errors.Is(err, ledger.ErrOtherClient):
		oauthError(w, http.StatusUnauthorized, "unauthorized_client", "Unauthorized")
	case errors.Is(err, ledger.ErrScopeNotGranted):
		oauthError(w, http.StatusBadRequest, "invalid_scope", "Bad Request")
	default:
		oauthError(w, http.StatusBadRequest, "invalid_grant", "Token has been expired or revoked.")
	}
}

// revoke takes a token from the form or, as Google does, from the query.
func (d *Google) revoke(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil || r.Form.Get("token") == "" {
		oauthError(w, http.StatusBadRequest, "invalid_request", "Missing required parameter: token")
		return
	}
	if err := d.ledger.Revoke(r.Form.Get("token")); err != nil {
		oauthError(w, http.StatusBadRequest, "invalid_token", "Token expired or revoked")
		return
	}
	writeJSON(w, http.StatusOK, struct{}{})
}

func writeTokens(w http.ResponseWriter, t ledger.Tokens) {
	w.Header().Set("Pragma", "no-cache")
	writeJSON(w, http.StatusOK, struct {
		AccessToken  string `json:"access_token"`
		ExpiresIn    int    `json:"expires_in"`
		RefreshToken string `json:"refresh_token,omitempty"`
		Scope        string `json:"scope"`
		TokenType    string `json:"token_type"`
	}{t.Access, int(t.Life / time.Second), t.Refresh, strings.Join(t.Scopes, " "), "Bearer"})
}

func oauthError(w http.ResponseWriter, status int, code, description string) {
	writeJSON(w, status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description,omitempty"`
	}{code, description})
}

// writeJSON indents as Google does and forbids caching where nothing else was
// said.
func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		http.Error(w, "sandbox: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate")
	}
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
}
