package hubspot

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/avain-project/avain/internal/sandbox/gate"
	"github.com/avain-project/avain/internal/sandbox/ledger"
)

// token answers both grant types; they are counted, and fail, separately.
func (d *HubSpot) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		oauthError(w, http.StatusBadRequest, "invalid_request", "", "the request body could not be read")
		return
	}
	switch grant := r.PostForm.Get("grant_type"); grant {
	case "authorization_code":
		d.gated(gate.Code, d.authenticated(d.redeem))(w, r)
	case "refresh_token":
		d.gated(gate.Refresh, d.authenticated(d.refresh))(w, r)
	default:
		oauthError(w, http.StatusBadRequest, "unsupported_grant_type", "BAD_GRANT_TYPE", "missing or unknown grant type")
	}
}

// authenticated checks the client's id and secret, which must be in the body, as
// must everything else.
func (d *HubSpot) authenticated(next func(w http.ResponseWriter, form url.Values, clientID string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			oauthError(w, http.StatusBadRequest, "invalid_request", "", "the request body could not be read")
			return
		}
		id := r.PostForm.Get("client_id")
		switch err := d.ledger.Authenticate(id, r.PostForm.Get("client_secret")); {
		case r.URL.RawQuery != "" || r.Header.Get("Authorization") != "":
			oauthError(w, http.StatusBadRequest, "invalid_request", "", "parameters and client credentials belong in the request body, and nowhere else")
		case repeated(r.PostForm) != "":
			oauthError(w, http.StatusBadRequest, "invalid_request", "", "the parameter "+repeated(r.PostForm)+" is repeated")
		case errors.Is(err, ledger.ErrUnknownClient):
			oauthError(w, http.StatusBadRequest, "invalid_client", "BAD_CLIENT_ID", "missing or unknown client id")
		case err != nil:
			oauthError(w, http.StatusBadRequest, "invalid_client", "BAD_CLIENT_SECRET", "missing or invalid client secret")
		default:
			next(w, r.PostForm, id)
		}
	}
}

func (d *HubSpot) redeem(w http.ResponseWriter, form url.Values, clientID string) {
	t, err := d.ledger.Redeem(ledger.Redemption{
		ClientID: clientID, Code: form.Get("code"), RedirectURI: form.Get("redirect_uri"), Verifier: form.Get("code_verifier"),
	})
	switch {
	case err == nil:
		writeTokens(w, t)
	case errors.Is(err, ledger.ErrRedirectMismatch):
		oauthError(w, http.StatusBadRequest, "invalid_grant", "MISMATCH_REDIRECT_URI_AUTH_CODE", "redirect uri does not match the one of the auth code")
	case errors.Is(err, ledger.ErrCodeExpired):
		oauthError(w, http.StatusBadRequest, "invalid_grant", "EXPIRED_AUTH_CODE", "auth code has expired")
	default:
		oauthError(w, http.StatusBadRequest, "invalid_grant", "BAD_AUTH_CODE", "missing or unknown auth code")
	}
}

// refresh answers with the refresh token that was sent, unless it rotates.
func (d *HubSpot) refresh(w http.ResponseWriter, form url.Values, clientID string) {
	t, err := d.ledger.Refresh(clientID, form.Get("refresh_token"), nil)
	if err != nil {
		oauthError(w, http.StatusBadRequest, "invalid_grant", "BAD_REFRESH_TOKEN", "refresh token is invalid, expired or revoked")
		return
	}
	if t.Refresh == "" {
		t.Refresh = form.Get("refresh_token")
	}
	writeTokens(w, t)
}

func writeTokens(w http.ResponseWriter, t ledger.Tokens) {
	writeJSON(w, http.StatusOK, struct {
		TokenType    string   `json:"token_type"`
		RefreshToken string   `json:"refresh_token,omitempty"`
		AccessToken  string   `json:"access_token"`
		HubID        int64    `json:"hub_id"`
		Scopes       []string `json:"scopes"`
		ExpiresIn    int      `json:"expires_in"`
		TokenUse     string   `json:"token_use"`
	}{"bearer", t.Refresh, t.Access, HubID(t.Persona.Key), t.Scopes, int(t.Life / time.Second), "access_token"})
}

// introspect tells what a token of this client stands for. One that has ended, or
// is another client's, is not active (RFC 7662 §2.2).
func (d *HubSpot) introspect(w http.ResponseWriter, form url.Values, clientID string) {
	token := form.Get("token")
	a, err := d.ledger.Check(token)
	use := "access_token"
	if p, scopes, ok := d.ledger.Granted(token); ok {
		a, err, use = ledger.Access{ClientID: clientID, Persona: p, Scopes: scopes}, nil, "refresh_token"
	}
	if err != nil || a.ClientID != clientID {
		writeJSON(w, http.StatusOK, map[string]bool{"active": false})
		return
	}
	told := map[string]any{
		"active": true, "token": token, "hub_id": HubID(a.Persona.Key), "user_id": UserID(a.Persona.Key), "client_id": clientID,
		"app_id": number("app", clientID), "user": a.Persona.Email, "hub_domain": a.Persona.Key + ".hubspot.sandbox.test",
		"scopes": a.Scopes, "token_use": use, "token_type": "Bearer",
	}
	if use == "access_token" {
		told["expires_in"] = int(a.Expires.Sub(d.now()) / time.Second)
		told["is_private_distribution"] = true
		told["signed_access_token"] = map[string]any{"hublet": "na1", "isUserLevel": false}
	}
	writeJSON(w, http.StatusOK, told)
}

// revoke takes a refresh token and no other.
func (d *HubSpot) revoke(w http.ResponseWriter, form url.Values, _ string) {
	if err := d.ledger.EndRefresh(form.Get("token")); err != nil {
		oauthError(w, http.StatusBadRequest, "invalid_grant", "BAD_REFRESH_TOKEN", "refresh token is invalid, expired or revoked")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// oauthError writes an error of the OAuth endpoints. status is HubSpot's own word
// for it, which the guide keeps for callers of v1; "" leaves it out.
func oauthError(w http.ResponseWriter, code int, oauth, status, text string) {
	writeJSON(w, code, struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Status      string `json:"status,omitempty"`
		Message     string `json:"message"`
	}{oauth, text, status, text})
}
