package google

import (
	"fmt"
	"net/http"

	"github.com/avain-project/avain/internal/sandbox/ledger"
)

// userinfo answers with the claims the token's scopes open. There is no hd: the
// personas are not of a Workspace domain.
func (d *Google) userinfo(w http.ResponseWriter, r *http.Request) {
	a, err := d.ledger.Check(bearer(r))
	if err != nil {
		w.Header().Set("WWW-Authenticate", `Bearer realm="https://accounts.google.com/", error="invalid_token"`)
		oauthError(w, http.StatusUnauthorized, "invalid_request", "Invalid Credentials")
		return
	}
	if !a.Has(scopeOpenID, scopeEmail, scopeProfile) {
		oauthError(w, http.StatusForbidden, "insufficient_scope", "The token has none of openid, email and profile.")
		return
	}
	p := a.Persona
	claims := map[string]any{"sub": p.Subject, "picture": photoURL(r, p)}
	if a.Has(scopeEmail) {
		claims["email"], claims["email_verified"] = p.Email, true
	}
	if a.Has(scopeProfile) {
		claims["name"], claims["given_name"], claims["family_name"] = p.Name, p.GivenName, p.FamilyName
	}
	writeJSON(w, http.StatusOK, claims)
}

// photoURL points back at the sandbox, by the name the caller used: a
// demonstration needs no network.
func photoURL(r *http.Request, p ledger.Persona) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host + Prefix + "/photo/" + p.Key
}

func (d *Google) photo(w http.ResponseWriter, r *http.Request) {
	p, ok := ledger.PersonaByKey(r.PathValue("persona"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "max-age=86400")
	_, _ = fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96"><rect width="96" height="96" fill="#7a3e00"/>`+
		`<text x="48" y="62" font-family="sans-serif" font-size="40" text-anchor="middle" fill="#fff">%c%c</text></svg>`,
		p.GivenName[0], p.FamilyName[0])
}
