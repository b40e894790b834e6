package api

import (
	"cmp"
	"net/http"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
)

// The standards face: the same flow and the same tokens for clients that know OAuth 2.0
// and nothing of the contract. oauth_client.go reads their requests, oauth_metadata.go
// describes all of it to them.

// oauthTokens is the answer of RFC 6749 §5.1. There is no expires_in, and no refresh
// token: an access token lasts until it is revoked.
type oauthTokens struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	Scope       string `json:"scope"`
	AccountID   int64  `json:"account_id"`
}

// oauthIntrospected is the answer of RFC 7662 §2.2, and below it what Avain adds. Of a
// token that is not active nothing is told but that.
type oauthIntrospected struct {
	Active    bool   `json:"active"`
	Scope     string `json:"scope"`
	ClientID  string `json:"client_id"`
	Username  string `json:"username"`
	TokenType string `json:"token_type"`
	IssuedAt  int64  `json:"iat"` // Unix seconds
	Subject   string `json:"sub"`
	Issuer    string `json:"iss"`

	AccountID    int64    `json:"account_id"`
	ServiceType  string   `json:"service_type"`
	NativeScopes []string `json:"native_scopes"`
	TokenStatus  string   `json:"token_status"`
}

type oauthInactive struct {
	Active bool `json:"active"`
}

// oauthFailed is the body of RFC 6749 §5.2.
type oauthFailed struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

func (s *Server) oauthAuthorize(w http.ResponseWriter, r *http.Request) {
	s.begin(w, r, s.Connect.AuthorizeStandard)
}

func (s *Server) oauthToken(w http.ResponseWriter, r *http.Request) {
	form, app, err := s.oauthCaller(r)
	if err != nil {
		s.oauthFail(w, r, err)
		return
	}
	out, err := s.oauthRedeem(r, form, app)
	if err != nil {
		s.oauthFail(w, r, err)
		return
	}
	w.Header().Set("Pragma", "no-cache") // RFC 6749 §5.1 wants it beside Cache-Control
	writeJSON(w, http.StatusOK, oauthTokens{
		AccessToken: out.AccessToken.Reveal(), TokenType: "Bearer", Scope: scope.Join(out.Ceiling), AccountID: int64(out.AccountID),
	})
}

func (s *Server) oauthRedeem(r *http.Request, form oauthForm, app account.Application) (connect.Redeemed, error) {
	grant, err := form.need("grant_type")
	if err == nil && grant != "authorization_code" {
		err = fault.New(fault.GrantUnsupported, "")
	}
	if err != nil {
		return connect.Redeemed{}, err
	}
	code, err := form.need("code")
	if err != nil {
		return connect.Redeemed{}, err
	}
	redirectURI, err := form.need("redirect_uri")
	if err != nil {
		return connect.Redeemed{}, err
	}
	out, err := s.Connect.Redeem(r.Context(), app, connect.Presented{
		Code: secret.New(code), Verifier: secret.New(form.get("code_verifier")), RedirectURI: redirectURI,
	}, note(r).requestID)
	if fault.Is(err, fault.CodeInvalid) && !app.Settings.Public { // a public one has drawn already
		err = cmp.Or(s.limits.address(s.addressOf(r)), err)
	}
	return out, err
}

// oauthRevoke takes token_type_hint, too, and has no use for it: there is one type.
func (s *Server) oauthRevoke(w http.ResponseWriter, r *http.Request) {
	form, app, err := s.oauthCaller(r)
	var token string
	if err == nil {
		token, err = form.need("token")
	}
	if err == nil {
		err = s.Access.Revoke(r.Context(), app, secret.New(token), s.Now())
	}
	if err != nil {
		s.oauthFail(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}

// oauthIntrospect is for clients with a secret: whoever has a token could else look
// behind it with a client id, which is no secret.
func (s *Server) oauthIntrospect(w http.ResponseWriter, r *http.Request) {
	form, app, err := s.oauthCaller(r)
	if err == nil && app.Settings.Public {
		err = fault.New(fault.ClientUnauthorized, "Applications without a secret cannot ask here.")
	}
	var token string
	if err == nil {
		token, err = form.need("token")
	}
	if err != nil {
		s.oauthFail(w, r, err)
		return
	}
	held, acct, active, err := s.Access.Introspect(r.Context(), app, secret.New(token))
	switch {
	case err != nil:
		s.oauthFail(w, r, err)
	case !active:
		writeJSON(w, http.StatusOK, oauthInactive{})
	default:
		note(r).account = acct.ID
		writeJSON(w, http.StatusOK, oauthIntrospected{
			Active: true, Scope: scope.Join(held.Ceiling), ClientID: app.ClientID, Username: acct.LoginString, TokenType: "Bearer",
			IssuedAt: held.CreatedAt.Unix(), Subject: acct.ID.String(), Issuer: connect.Issuer(s.PublicURL),
			AccountID: int64(acct.ID), ServiceType: string(acct.ServiceType), NativeScopes: texts(acct.NativeScopes), TokenStatus: string(acct.TokenStatus),
		})
	}
}

// oauthFail shows a fault as RFC 6749 §5.2 has it.
func (s *Server) oauthFail(w http.ResponseWriter, r *http.Request, err error) {
	f := s.noted(w, r, err)
	writeJSON(w, statuses[f.Kind()], oauthFailed{Error: oauthError(f), Description: connect.Description(f)})
}

func oauthError(f *fault.Error) string {
	switch f.Code {
	case fault.ClientUnauthorized:
		return "invalid_client"
	case fault.GrantUnsupported:
		return "unsupported_grant_type"
	case fault.CodeInvalid, fault.CodeUsed, fault.CodeExpired, fault.VerifierMissing, fault.VerifierMismatch, fault.RedirectMismatch, fault.TokenForeign:
		return "invalid_grant"
	}
	switch f.Kind() {
	case fault.Invalid, fault.TooLarge:
		return "invalid_request"
	case fault.TooMany, fault.Unavailable:
		return "temporarily_unavailable" // RFC 6749 has no word for it here; the status says it, too
	}
	return "server_error"
}
