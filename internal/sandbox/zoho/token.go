package zoho

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/sandbox/gate"
	"github.com/avain-project/avain/internal/sandbox/ledger"
)

// A refresh token makes at most so many access tokens in the time.
const (
	mostRefreshes = 10
	window        = 10 * time.Minute
)

// token answers both grant types; they are counted, and fail, separately.
func (d *Zoho) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		oauthError(w, http.StatusOK, "invalid_request", "")
		return
	}
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		d.gated(gate.Code, d.authenticated(d.redeem))(w, r)
	case "refresh_token":
		d.gated(gate.Refresh, d.authenticated(d.refresh))(w, r)
	default:
		oauthError(w, http.StatusOK, "unsupported_grant_type", "")
	}
}

// authenticated checks the client's secret, which is the centre's own where the
// client has one there.
func (d *Zoho) authenticated(next func(w http.ResponseWriter, r *http.Request, clientID string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, values := range r.PostForm {
			if len(values) > 1 {
				oauthError(w, http.StatusOK, "invalid_request", "")
				return
			}
		}
		client, known := d.ledger.Client(r.PostForm.Get("client_id"))
		secret := client.Secret
		if own, ok := client.CentreSecrets[r.PathValue("centre")]; ok {
			secret = own
		}
		if !known || subtle.ConstantTimeCompare([]byte(secret), []byte(r.PostForm.Get("client_secret"))) != 1 {
			oauthError(w, http.StatusOK, "invalid_client", "")
			return
		}
		next(w, r, client.ID)
	}
}

// here tells whether a code or a refresh token is of the centre of the path.
func (d *Zoho) here(r *http.Request, value string) bool {
	p, _, known := d.ledger.Granted(value)
	return !known || p.Tenant == r.PathValue("centre")
}

func (d *Zoho) redeem(w http.ResponseWriter, r *http.Request, clientID string) {
	form := r.PostForm
	if !d.here(r, form.Get("code")) {
		oauthError(w, http.StatusOK, "invalid_code", "")
		return
	}
	t, err := d.ledger.Redeem(ledger.Redemption{
		ClientID: clientID, Code: form.Get("code"), RedirectURI: form.Get("redirect_uri"), Verifier: form.Get("code_verifier"),
	})
	switch {
	case err == nil:
		d.writeTokens(w, r, clientID, t)
	case errors.Is(err, ledger.ErrRedirectMismatch):
		oauthError(w, http.StatusOK, "invalid_redirect_uri", "")
	default:
		oauthError(w, http.StatusOK, "invalid_code", "")
	}
}

func (d *Zoho) refresh(w http.ResponseWriter, r *http.Request, clientID string) {
	token := r.PostForm.Get("refresh_token")
	if _, _, known := d.ledger.Granted(token); !known || !d.here(r, token) {
		oauthError(w, http.StatusOK, "invalid_code", "")
		return
	}
	if d.tooMany(token) {
		oauthError(w, http.StatusBadRequest, "Access Denied", "You have made too many requests continuously. Please try again after some time.")
		return
	}
	t, err := d.ledger.Refresh(clientID, token, nil)
	if err != nil {
		oauthError(w, http.StatusOK, "invalid_code", "")
		return
	}
	d.writeTokens(w, r, clientID, t)
}

// tooMany counts a use of the refresh token, or says that it has had enough.
func (d *Zoho) tooMany(token string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	began := d.now().Add(-window)
	for t, uses := range d.refreshed { // what is over is forgotten
		if d.refreshed[t] = slices.DeleteFunc(uses, began.After); len(d.refreshed[t]) == 0 {
			delete(d.refreshed, t)
		}
	}
	if len(d.refreshed[token]) >= mostRefreshes {
		return true
	}
	d.refreshed[token] = append(d.refreshed[token], d.now())
	return false
}

// revoke ends a grant. It takes the token from the form or the query, and no client.
func (d *Zoho) revoke(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil || !d.here(r, r.Form.Get("token")) || d.ledger.Revoke(r.Form.Get("token")) != nil {
		oauthError(w, http.StatusBadRequest, "invalid_code", "")
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"status": "success"})
}

func (d *Zoho) writeTokens(w http.ResponseWriter, r *http.Request, clientID string, t ledger.Tokens) {
	answer := struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token,omitempty"`
		Scope        string `json:"scope"`
		APIDomain    string `json:"api_domain"`
		TokenType    string `json:"token_type"`
		ExpiresIn    int    `json:"expires_in"`
		IDToken      string `json:"id_token,omitempty"`
	}{t.Access, t.Refresh, strings.Join(t.Scopes, " "), accounts(r, t.Persona.Tenant) + apiPath, "Bearer", int(t.Life / time.Second), ""}
	if r.PostForm.Get("grant_type") == "authorization_code" && slices.Contains(t.Scopes, scopeEmail) {
		answer.IDToken = d.idToken(r, clientID, t)
	}
	writeJSON(w, http.StatusOK, answer)
}

// idToken is a JWT, signed with the client's secret (HS256).
func (d *Zoho) idToken(r *http.Request, clientID string, t ledger.Tokens) string {
	client, _ := d.ledger.Client(clientID)
	now := d.now().Unix()
	part := func(v any) string {
		b, _ := json.Marshal(v) // strings and numbers always marshal
		return base64.RawURLEncoding.EncodeToString(b)
	}
	signed := part(map[string]string{"typ": "JWT", "alg": "HS256"}) + "." + part(map[string]any{
		"aud": clientID, "iss": accounts(r, t.Persona.Tenant), "iat": now, "exp": now + 3600,
		"sub": fmt.Sprintf("%d.1", zuid(t.Persona)), "email": t.Persona.Email, "email_verified": true,
	})
	mac := hmac.New(sha256.New, []byte(client.Secret))
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// userinfo takes Bearer as well as Zoho's own word.
func (d *Zoho) userinfo(w http.ResponseWriter, r *http.Request) {
	word, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	a, err := d.ledger.Check(token)
	switch {
	case !strings.EqualFold(word, "Bearer") && word != scheme, err != nil, a.Persona.Tenant != r.PathValue("centre"):
		writeJSON(w, http.StatusUnauthorized, map[string]string{"response": "failure", "cause": "INVALID_OAUTHTOKEN"})
		return
	case !a.Has(scopeProfile):
		writeJSON(w, http.StatusUnauthorized, map[string]string{"response": "failure", "cause": "INVALID_OAUTHSCOPE"})
		return
	}
	p := a.Persona
	writeJSON(w, http.StatusOK, map[string]any{
		"First_Name": p.GivenName, "Last_Name": p.FamilyName, "Display_Name": p.Name, "Email": p.Email, "ZUID": zuid(p),
	})
}

func oauthError(w http.ResponseWriter, status int, code, description string) {
	answer := map[string]string{"error": code}
	if description != "" {
		answer["error_description"], answer["status"] = description, "failure"
	}
	writeJSON(w, status, answer)
}

// writeJSON forbids caching where nothing else was said.
func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "sandbox: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json;charset=UTF-8")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, _ = w.Write(b)
}
