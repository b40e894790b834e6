package microsoft

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/sandbox/gate"
	"github.com/avain-project/avain/internal/sandbox/ledger"
)

// token answers both grant types; they are counted, and fail, separately.
func (d *Microsoft) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		d.oauthError(w, http.StatusBadRequest, problem{"invalid_request", 900144, "The request body could not be read."})
		return
	}
	switch grant := r.PostForm.Get("grant_type"); grant {
	case "authorization_code":
		d.gated(gate.Code, d.authenticated(d.redeem))(w, r)
	case "refresh_token":
		d.gated(gate.Refresh, d.authenticated(d.refresh))(w, r)
	default:
		d.oauthError(w, http.StatusBadRequest, problem{"unsupported_grant_type", 70003, "The app requested an unsupported grant type '" + grant + "'."})
	}
}

// authenticated checks the client's secret, which must be in the form.
func (d *Microsoft) authenticated(next func(w http.ResponseWriter, r *http.Request, clientID string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for name, values := range r.PostForm {
			if len(values) > 1 { // RFC 6749 §3.2
				d.oauthError(w, http.StatusBadRequest, problem{"invalid_request", 9000411, "The parameter '" + name + "' is duplicated."})
				return
			}
		}
		id := r.PostForm.Get("client_id")
		switch err := d.ledger.Authenticate(id, r.PostForm.Get("client_secret")); {
		case !knownTenant(r.PathValue("tenant")):
			d.oauthError(w, http.StatusBadRequest, problem{"invalid_request", 90002, "Tenant '" + r.PathValue("tenant") + "' not found."})
		case errors.Is(err, ledger.ErrUnknownClient):
			d.oauthError(w, http.StatusBadRequest, problem{"unauthorized_client", 700016, "Application with identifier '" + id + "' was not found in the directory."})
		case err != nil:
			d.oauthError(w, http.StatusUnauthorized, problem{"invalid_client", 7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID."})
		default:
			next(w, r, id)
		}
	}
}

func (d *Microsoft) redeem(w http.ResponseWriter, r *http.Request, clientID string) {
	form := r.PostForm
	person, granted, known := d.ledger.Granted(form.Get("code"))
	if known && in(r.PathValue("tenant"), person).Tenant != person.Tenant {
		d.oauthError(w, http.StatusBadRequest, elsewhere())
		return
	}
	asked, _ := parseScopes(form.Get("scope"))
	scopes, several := one(asked, granted)
	if several {
		d.oauthError(w, http.StatusBadRequest, problem{"invalid_request", 28000, "Provided value for the input parameter scope is not valid because it contains more than one resource."})
		return
	}
	t, err := d.ledger.Redeem(ledger.Redemption{
		ClientID: clientID, Code: form.Get("code"), Scopes: scopes,
		RedirectURI: form.Get("redirect_uri"), Verifier: form.Get("code_verifier"),
	})
	if err == nil {
		d.writeTokens(w, r, clientID, t)
		return
	}
	p := problem{"invalid_grant", 70000, "The provided value for the 'code' parameter is not valid."}
	switch {
	case errors.Is(err, ledger.ErrCodeUsed):
		p.number, p.text = 54005, "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token."
	case errors.Is(err, ledger.ErrCodeExpired):
		p.number, p.text = 70008, "The provided authorization code or refresh token has expired due to inactivity."
	case errors.Is(err, ledger.ErrRedirectMismatch):
		p.number, p.text = 500112, "The reply address does not match the reply address provided when requesting Authorization code."
	case errors.Is(err, ledger.ErrVerifierMissing), errors.Is(err, ledger.ErrVerifierWrong), errors.Is(err, ledger.ErrVerifierUnexpected):
		p.number, p.text = 501481, "The Code_Verifier does not match the code_challenge supplied in the authorization request."
	}
	d.oauthError(w, http.StatusBadRequest, p)
}

func elsewhere() problem {
	return problem{"invalid_grant", 50020, "User account does not exist in the tenant of this request; the grant was made in another one."}
}

func (d *Microsoft) refresh(w http.ResponseWriter, r *http.Request, clientID string) {
	form := r.PostForm
	person, granted, known := d.ledger.Granted(form.Get("refresh_token"))
	if known && in(r.PathValue("tenant"), person).Tenant != person.Tenant {
		d.oauthError(w, http.StatusBadRequest, elsewhere())
		return
	}
	asked, invalid := parseScopes(form.Get("scope"))
	if len(invalid) > 0 {
		d.oauthError(w, http.StatusBadRequest, problem{"invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid."})
		return
	}
	scopes, _ := one(asked, granted)
	if known && (len(ungranted(asked, granted)) > 0 || !slices.ContainsFunc(scopes, func(s string) bool { return resourceOf(s) != "" })) {
		d.oauthError(w, http.StatusBadRequest, problem{"invalid_grant", 65001, "The user or administrator has not consented to use the application. Send an interactive authorization request for this user and resource."})
		return
	}
	t, err := d.ledger.Refresh(clientID, form.Get("refresh_token"), scopes)
	if len(asked) > 0 && !slices.Contains(asked, "offline_access") {
		t.Refresh = "" // "only provided if offline_access scope was requested"
	}
	switch {
	case err == nil:
		d.writeTokens(w, r, clientID, t)
	case errors.Is(err, ledger.ErrOtherClient):
		d.oauthError(w, http.StatusBadRequest, problem{"invalid_grant", 70000, "The provided value for the input parameter 'refresh_token' was issued to another client."})
	default:
		d.oauthError(w, http.StatusBadRequest, problem{"invalid_grant", 50173, "The provided grant has expired due to it being revoked, a fresh auth token is needed."})
	}
}

func (d *Microsoft) writeTokens(w http.ResponseWriter, r *http.Request, clientID string, t ledger.Tokens) {
	answer := struct {
		TokenType    string `json:"token_type"`
		Scope        string `json:"scope"`
		ExpiresIn    int    `json:"expires_in"`
		ExtExpiresIn int    `json:"ext_expires_in"`
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token,omitempty"`
		IDToken      string `json:"id_token,omitempty"`
	}{"Bearer", told(t.Scopes), int(t.Life / time.Second), int(t.Life / time.Second), t.Access, t.Refresh, ""}
	if slices.Contains(t.Scopes, "openid") {
		answer.IDToken = d.idToken(r, clientID, t)
	}
	writeJSON(w, http.StatusOK, answer)
}

// idToken is a JWT of the claims that the scopes open, signed with the client's
// secret (HS256).
func (d *Microsoft) idToken(r *http.Request, clientID string, t ledger.Tokens) string {
	client, _ := d.ledger.Client(clientID)
	p, now := t.Persona, d.now().Unix()
	claims := map[string]any{
		"aud": clientID, "iss": base(r) + Prefix + "/" + p.Tenant + "/v2.0", "iat": now, "nbf": now, "exp": now + 3600,
		"sub": guid(p.Subject + " at " + clientID), "tid": p.Tenant, "ver": "2.0", "uti": guid(t.Access)[:22],
	}
	if slices.Contains(t.Scopes, "profile") {
		claims["name"], claims["preferred_username"], claims["oid"] = p.Name, p.Email, p.Subject
	}
	if slices.Contains(t.Scopes, "email") {
		claims["email"] = p.Email
	}
	part := func(v any) string {
		b, _ := json.Marshal(v) // strings and numbers always marshal
		return base64.RawURLEncoding.EncodeToString(b)
	}
	signed := part(map[string]string{"typ": "JWT", "alg": "HS256"}) + "." + part(claims)
	mac := hmac.New(sha256.New, []byte(client.Secret))
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// base is the sandbox's own address, by the name the caller used.
func base(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// trail is what every description ends with.
func (d *Microsoft) trail() string {
	stamp := d.now().UTC().Format("2006-01-02 15:04:05Z")
	return " Trace ID: " + guid("trace "+stamp) + " Correlation ID: " + guid("correlation "+stamp) + " Timestamp: " + stamp
}

func (d *Microsoft) oauthError(w http.ResponseWriter, status int, p problem) {
	stamp := d.now().UTC().Format("2006-01-02 15:04:05Z")
	answer := struct {
		Error         string `json:"error"`
		Description   string `json:"error_description"`
		Codes         []int  `json:"error_codes,omitempty"`
		Timestamp     string `json:"timestamp"`
		TraceID       string `json:"trace_id"`
		CorrelationID string `json:"correlation_id"`
	}{p.code, p.describe() + d.trail(), nil, stamp, guid("trace " + stamp), guid("correlation " + stamp)}
	if p.number != 0 {
		answer.Codes = []int{p.number}
	}
	// A fault's description may bring a number of its own.
	if number, ok := numberOf(p.text); ok {
		answer.Codes = []int{number}
	}
	writeJSON(w, status, answer)
}

// numberOf reads the number that a description begins with.
func numberOf(text string) (int, bool) {
	rest, ok := strings.CutPrefix(text, "AADSTS")
	if !ok {
		return 0, false
	}
	n := 0
	for i, c := range rest {
		if c < '0' || c > '9' {
			return n, i > 0 && c == ':'
		}
		n = n*10 + int(c-'0')
	}
	return 0, false
}

// writeJSON forbids caching where nothing else was said.
func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "sandbox: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store, no-cache")
	}
	w.WriteHeader(status)
	_, _ = w.Write(b)
}
