package api

import (
	"net/http"
	"time"
)

// Bounds of every request but the pass-through's, which lifts them once the caller
// is known.
const (
	maxBody    = 64 << 10 // bytes
	bodyTime   = 30 * time.Second
	answerTime = 5 * time.Minute
)

// routes is the whole contract that is served, on one screen. The pass-through
// (/v1/direct/…) is taken off before: see server.go.
func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()

	// The flow, for browsers. It takes GET alone, and a form POST: page refuses the
	// rest, HEAD too, which the mux would count among GET.
	mux.HandleFunc("/v1/auth/authorize", s.page(s.authorize))
	mux.HandleFunc("/v1/auth/authorizeUser", s.page(s.authorizeUser))
	mux.HandleFunc("/v1/auth/done", s.page(s.ended))
	mux.HandleFunc("/v1/auth/reauthorize", s.page(s.reauthorize))
	mux.HandleFunc("/v1/auth/callback", s.page(s.callback))
	mux.HandleFunc("/v1/auth/partial", s.page(s.partial))
	mux.HandleFunc("/v1/auth/form", s.page(s.showForm, http.MethodPost))
	mux.HandleFunc("POST /v1/auth/form", s.page(s.submitForm, http.MethodPost))

	mux.HandleFunc("GET /v1/auth/logo/{hash}", s.logo)

	// The exchange, for applications.
	mux.HandleFunc("POST /v1/auth/token/{code}", s.redeem)
	mux.HandleFunc("GET /v1/auth/token/{code}", s.redeemDeprecated)

	// One account, by bearer or by application and account id.
	mux.HandleFunc("GET /v1/account", s.cors(s.getAccount))
	mux.HandleFunc("DELETE /v1/account", s.cors(s.deleteAccount))
	mux.HandleFunc("DELETE /v1/account/token", s.cors(s.deleteAccountToken))
	mux.HandleFunc("OPTIONS /v1/account", s.preflight)
	mux.HandleFunc("OPTIONS /v1/account/token", s.preflight)

	// The same flow and tokens in the words of OAuth 2.0: see oauth.go.
	mux.HandleFunc("GET /.well-known/oauth-authorization-server", s.describeOAuth)
	mux.HandleFunc("/oauth/authorize", s.page(s.oauthAuthorize))
	mux.HandleFunc("POST /oauth/token", s.cors(s.oauthToken))
	mux.HandleFunc("POST /oauth/revoke", s.cors(s.oauthRevoke))
	mux.HandleFunc("POST /oauth/introspect", s.oauthIntrospect)
	mux.HandleFunc("OPTIONS /oauth/token", s.preflight)
	mux.HandleFunc("OPTIONS /oauth/revoke", s.preflight)

	// A user, by a session in a cookie or a header.
	mux.HandleFunc("GET /v1/user", s.cors(s.getUser))
	mux.HandleFunc("PATCH /v1/user/settings", s.cors(s.patchUserSettings))
	mux.HandleFunc("GET /v1/user/accounts", s.cors(s.listUserAccounts))
	mux.HandleFunc("GET /v1/user/accounts/{id}", s.cors(s.getUserAccount))
	mux.HandleFunc("DELETE /v1/user/accounts/{id}", s.cors(s.deleteUserAccount))
	mux.HandleFunc("POST /v1/user/accounts/{id}/managed", s.cors(s.manageUserAccount))
	mux.HandleFunc("POST /v1/user/logout", s.cors(s.logout))
	mux.HandleFunc("OPTIONS /v1/user", s.preflight)
	mux.HandleFunc("OPTIONS /v1/user/settings", s.preflight)
	mux.HandleFunc("OPTIONS /v1/user/accounts", s.preflight)
	mux.HandleFunc("OPTIONS /v1/user/accounts/{id}", s.preflight)
	mux.HandleFunc("OPTIONS /v1/user/accounts/{id}/managed", s.preflight)
	mux.HandleFunc("OPTIONS /v1/user/logout", s.preflight)

	// The application's own view, by its client id and secret.
	mux.HandleFunc("GET /v1/am/accounts", s.managing(s.listAccounts))
	mux.HandleFunc("POST /v1/am/accounts", s.managing(s.bringAccount))
	mux.HandleFunc("POST /v1/am/accounts/connect", s.managing(s.tryAccount))
	mux.HandleFunc("GET /v1/am/accounts/{id}", s.managing(s.getAccountByID))
	mux.HandleFunc("DELETE /v1/am/accounts/{id}", s.managing(s.deleteAccountByID))
	mux.HandleFunc("GET /v1/am/oauth_regs", s.managing(s.listRegistrations))
	mux.HandleFunc("GET /v1/am/application", s.managing(s.getApplication))
	mux.HandleFunc("GET /v1/users/{userId}/accounts", s.managing(s.listAccountsOfUser))

	// What is not taken, said clearly.
	mux.HandleFunc("POST /v1/auth/prepare", s.prepare)

	// For whoever operates the server.
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("GET /{$}", s.home)

	// For whoever writes or generates a client.
	mux.HandleFunc("GET /openapi.yaml", s.document)
	return mux
}
