package salesforce

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/avain-project/avain/internal/sandbox/gate"
	"github.com/avain-project/avain/internal/sandbox/ledger"
)

// token answers both grant types; they are counted, and fail, separately.
func (d *Salesforce) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		oauthError(w, http.StatusBadRequest, problem{"invalid_request", "The form could not be read."})
		return
	}
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		d.gated(gate.Code, d.authenticated(d.redeem))(w, r)
	case "refresh_token":
		d.gated(gate.Refresh, d.authenticated(d.refresh))(w, r)
	default:
		oauthError(w, http.StatusBadRequest, problem{"unsupported_grant_type", "grant type not supported"})
	}
}

// authenticated checks the client's secret, which must be in the form.
func (d *Salesforce) authenticated(next func(w http.ResponseWriter, r *http.Request, clientID string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for name, values := range r.PostForm {
			if len(values) > 1 { // RFC 6749 §3.2
				oauthError(w, http.StatusBadRequest, problem{"invalid_request", "parameter " + name + " is repeated"})
				return
			}
		}
		id := r.PostForm.Get("client_id")
		switch err := d.ledger.Authenticate(id, r.PostForm.Get("client_secret")); {
		case errors.Is(err, ledger.ErrUnknownClient):
			oauthError(w, http.StatusBadRequest, problem{"invalid_client_id", "client identifier invalid"})
		case err != nil:
			oauthError(w, http.StatusBadRequest, problem{"invalid_client", "invalid client credentials"})
		default:
			next(w, r, id)
		}
	}
}

func (d *Salesforce) redeem(w http.ResponseWriter, r *http.Request, clientID string) {
	form := r.PostForm
	t, err := d.ledger.Redeem(ledger.Redemption{
		ClientID: clientID, Code: form.Get("code"), RedirectURI: form.Get("redirect_uri"), Verifier: form.Get("code_verifier"),
	})
	switch {
	case err == nil:
		d.writeTokens(w, r, t)
	case errors.Is(err, ledger.ErrRedirectMismatch):
		oauthError(w, http.StatusBadRequest, problem{"redirect_uri_mismatch", "redirect_uri must match configuration"})
	case errors.Is(err, ledger.ErrVerifierMissing), errors.Is(err, ledger.ErrVerifierWrong), errors.Is(err, ledger.ErrVerifierUnexpected):
		oauthError(w, http.StatusBadRequest, problem{"invalid_grant", "invalid code verifier"})
	case errors.Is(err, ledger.ErrCodeExpired):
		oauthError(w, http.StatusBadRequest, problem{"invalid_grant", "expired authorization code"})
	default:
		oauthError(w, http.StatusBadRequest, problem{"invalid_grant", "invalid authorization code"})
	}
}

// refresh takes no scope: the new access token has those of the grant.
func (d *Salesforce) refresh(w http.ResponseWriter, r *http.Request, clientID string) {
	if r.PostForm.Has("scope") {
		oauthError(w, http.StatusBadRequest, problem{"invalid_request", "scope parameter not supported"})
		return
	}
	t, err := d.ledger.Refresh(clientID, r.PostForm.Get("refresh_token"), nil)
	if err != nil {
		oauthError(w, http.StatusBadRequest, problem{"invalid_grant", "expired access/refresh token"})
		return
	}
	d.writeTokens(w, r, t)
}

// revoke takes a token of either kind from the form or the query.
func (d *Salesforce) revoke(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil || r.Form.Get("token") == "" {
		oauthError(w, http.StatusBadRequest, problem{"unsupported_token_type", "this token type is not supported"})
		return
	}
	if err := d.ledger.Revoke(r.Form.Get("token")); err != nil {
		oauthError(w, http.StatusBadRequest, problem{"invalid_token", "invalid token: " + Vendor})
	}
}

// writeTokens says everything but how long the access token lives.
func (d *Salesforce) writeTokens(w http.ResponseWriter, r *http.Request, t ledger.Tokens) {
	p := t.Persona
	issued := strconv.FormatInt(d.now().UnixMilli(), 10)
	id := base(r) + Prefix + "/id/" + p.Tenant + "/" + p.Subject
	mac := hmac.New(sha256.New, []byte("sandbox"))
	mac.Write([]byte(id + issued))
	writeJSON(w, http.StatusOK, struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token,omitempty"`
		Signature    string `json:"signature"`
		Scope        string `json:"scope"`
		InstanceURL  string `json:"instance_url"`
		ID           string `json:"id"`
		TokenType    string `json:"token_type"`
		IssuedAt     string `json:"issued_at"`
	}{
		t.Access, t.Refresh, base64.StdEncoding.EncodeToString(mac.Sum(nil)), strings.Join(t.Scopes, " "),
		base(r) + instances + p.Tenant, id, "Bearer", issued,
	})
}

// base is the sandbox's own address, by the name the caller used.
func base(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

func oauthError(w http.ResponseWriter, status int, p problem) {
	writeJSON(w, status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description,omitempty"`
	}{p.code, p.text})
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
		h.Set("Cache-Control", "no-cache, no-store")
	}
	w.WriteHeader(status)
	_, _ = w.Write(b)
}
