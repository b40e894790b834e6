package sugarcrm

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/sandbox/gate"
	"github.com/avain-project/avain/internal/sandbox/ledger"
)

// standard is the client that each instance has, without a secret.
const standard = "sugar"

// Password is a persona's, by the persona's key.
func Password(key string) string { return "sugar-password-of-" + key }

// UserID is a persona's id at an instance.
func UserID(key string) string {
	p, _ := ledger.PersonaByKey(key)
	s := p.Subject + p.Subject
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:32]
}

// platforms are those that an instance knows.
func platforms() []string { return []string{"base", "mobile", "portal", "opi", "avain", "avain-test"} }

// call is the body of a token call.
type call struct {
	Grant        string `json:"grant_type"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	Username     string `json:"username"`
	Password     string `json:"password"`
	Refresh      string `json:"refresh_token"`
	Platform     string `json:"platform"`
}

// token answers both grant types of an instance; they are counted, and fail, separately.
func (d *SugarCRM) token(w http.ResponseWriter, r *http.Request, instance string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var in call
	if err != nil || json.Unmarshal(body, &in) != nil {
		refuse(w, http.StatusBadRequest, "invalid_request", "Invalid JSON")
		return
	}
	switch in.Grant {
	case "password":
		d.gated(gate.Code, func(w http.ResponseWriter, _ *http.Request) { d.logIn(w, in, instance) })(w, r)
	case "refresh_token":
		d.gated(gate.Refresh, func(w http.ResponseWriter, _ *http.Request) { d.renew(w, in, instance) })(w, r)
	default:
		refuse(w, http.StatusBadRequest, "unsupported_grant_type", "")
	}
}

// admitted checks platform and client, as an instance does before it looks at anybody.
func (d *SugarCRM) admitted(w http.ResponseWriter, in *call) bool {
	if in.Platform == "" {
		in.Platform = "base"
	}
	if !slices.Contains(platforms(), in.Platform) {
		refuse(w, http.StatusUnprocessableEntity, "invalid_parameter", "Invalid platform")
		return false
	}
	if in.ClientID == standard && in.ClientSecret == "" {
		return true
	}
	if d.ledger.Authenticate(in.ClientID, in.ClientSecret) != nil {
		refuse(w, http.StatusBadRequest, "invalid_client", "The client credentials are invalid")
		return false
	}
	return true
}

func (d *SugarCRM) logIn(w http.ResponseWriter, in call, instance string) {
	if !d.admitted(w, &in) {
		return
	}
	name, _, _ := strings.Cut(strings.ToLower(in.Username), "@"+ledger.Domain)
	key, tag, _ := strings.Cut(name, "+")
	persona, known := ledger.PersonaByKey(key)
	switch {
	case !known || in.Password != Password(key) || tag == "inactive":
		refuse(w, http.StatusUnauthorized, "need_login", "You must specify a valid username and password.")
	case tag == "locked":
		refuse(w, http.StatusUnauthorized, "need_login", "You have been locked out and cannot log in using the existing password.")
	case tag == "license":
		refuse(w, http.StatusForbidden, "license_seats_needed", "The number of active users exceeds the number of licenses.")
	case tag == "maintenance":
		refuse(w, http.StatusUnauthorized, "need_login", "Application is in maintenance mode.")
	default:
		d.begin(w, in, d.at(persona, instance, in.Platform), tag)
	}
}

// at is the persona as a user of an instance, in the sessions of one platform.
func (d *SugarCRM) at(p ledger.Persona, instance, platform string) ledger.Persona {
	p.Subject, p.Tenant = UserID(p.Key), instance+" "+platform
	return p
}

// begin ends the session that the user has on the platform, and begins another.
func (d *SugarCRM) begin(w http.ResponseWriter, in call, p ledger.Persona, tag string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := p.Key + " " + p.Tenant
	if former, ok := d.sessions[key]; ok {
		_ = d.ledger.Revoke(former) // it may be over already
	}
	tags := ledger.Tags{Rotate: true, NoRefresh: tag == "norefresh", Revoked: tag == "revoked"}
	code, _ := d.ledger.Approve(ledger.Consent{ClientID: in.ClientID, Persona: p, Tags: tags, Offline: true, ForceConsent: true})
	t, err := d.ledger.Redeem(ledger.Redemption{ClientID: in.ClientID, Code: code})
	if err != nil {
		refuse(w, http.StatusInternalServerError, "fatal_error", err.Error())
		return
	}
	d.sessions[key] = t.Access
	if t.Refresh != "" {
		d.sessions[key] = t.Refresh
	}
	writeTokens(w, t)
}

// renew takes a refresh token once, and only for its own platform.
func (d *SugarCRM) renew(w http.ResponseWriter, in call, instance string) {
	if !d.admitted(w, &in) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	p, _, ok := d.ledger.Granted(in.Refresh)
	if !ok || p.Tenant != instance+" "+in.Platform {
		refuse(w, http.StatusBadRequest, "invalid_grant", "Invalid refresh token")
		return
	}
	t, err := d.ledger.Refresh(in.ClientID, in.Refresh, nil)
	if err != nil {
		refuse(w, http.StatusBadRequest, "invalid_grant", "Invalid refresh token")
		return
	}
	d.sessions[p.Key+" "+p.Tenant] = t.Refresh
	writeTokens(w, t)
}

// logOut ends the caller's session.
func (d *SugarCRM) logOut(w http.ResponseWriter, r *http.Request) {
	if err := d.ledger.Revoke(tokenOf(r)); err != nil && !errors.Is(err, ledger.ErrUnknownToken) {
		refuse(w, http.StatusInternalServerError, "fatal_error", err.Error())
		return
	}
	writeJSON(w, http.StatusOK, map[string]bool{"success": true})
}

func writeTokens(w http.ResponseWriter, t ledger.Tokens) {
	writeJSON(w, http.StatusOK, map[string]any{
		"access_token": t.Access, "expires_in": int(t.Life.Seconds()), "token_type": "bearer", "scope": nil, "refresh_token": t.Refresh,
		"refresh_expires_in": 1209600, "download_token": "sandbox-download",
	})
}
