package api

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
)

const accountHeader = "X-Aurinko-Account-Id"

// exchangeToken is the X-Aurinko-Auth-Type of acct-5, which is not taken.
const exchangeToken = "exchangeIdToken"

func checkAuthType(r *http.Request) error {
	if kind, ok := header(r, "X-Aurinko-Auth-Type", "X-Aurinko-AuthType"); !ok || strings.EqualFold(kind, exchangeToken) {
		return fault.New(fault.AuthTypeUnknown, "")
	}
	return nil
}

// prepare would trade an Exchange identity token for one of ours (contract §3.6).
func (s *Server) prepare(w http.ResponseWriter, r *http.Request) {
	s.fail(w, r, fault.New(fault.AuthTypeUnknown, ""))
}

// caller finds out who calls for which account: a bearer, the application's own
// credentials with the account's id, or a user's session with it (contract §1.1, acct-1
// to acct-4).
func (s *Server) caller(r *http.Request) (access.Caller, error) {
	if inQuery(r) {
		return access.Caller{}, fault.New(fault.TokenInQuery, "")
	}
	if err := checkAuthType(r); err != nil {
		return access.Caller{}, err
	}
	authorization, ok := header(r, "Authorization")
	scheme, rest, _ := strings.Cut(authorization, " ")
	switch {
	case !ok:
		return access.Caller{}, fault.New(fault.NotAuthenticated, "")
	case authorization == "":
		return s.userCaller(r)
	case strings.EqualFold(scheme, "Basic"):
		return s.applicationCaller(r)
	case strings.EqualFold(scheme, "Bearer"):
		return s.bearer(r, secret.New(strings.TrimSpace(rest)))
	}
	return access.Caller{}, fault.New(fault.NotAuthenticated, "")
}

// need is a route of a unified API, for callers who have all of those scopes:
//
//	mux.HandleFunc("GET /v1/email/messages", s.need(s.listMessages, scope.MailRead))
func (s *Server) need(next func(http.ResponseWriter, *http.Request, access.Caller), scopes ...scope.Scope) http.HandlerFunc {
	return s.cors(func(w http.ResponseWriter, r *http.Request) {
		caller, err := s.caller(r)
		if err == nil {
			err = caller.Need(scopes...)
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		next(w, r, caller)
	})
}

// inQuery finds a token in the address, where logs and histories keep it; behind
// /v1/direct ours would go to the provider besides. Other people's tokens are
// theirs to send, beside ours in the header.
func inQuery(r *http.Request) bool {
	query := r.URL.Query()
	return strings.Contains(r.URL.RawQuery, access.TokenPrefix) || strings.Contains(r.URL.RawQuery, access.SessionPrefix) ||
		r.Header.Get("Authorization") == "" && (query.Has("access_token") || query.Has("accessToken"))
}

func (s *Server) bearer(r *http.Request, token secret.Text) (access.Caller, error) {
	caller, err := s.Access.Bearer(r.Context(), token)
	if err != nil {
		return access.Caller{}, cmp.Or(s.limits.address(s.addressOf(r)), err)
	}
	note(r).application, note(r).account = caller.ApplicationID, caller.Account.ID
	if err := s.limits.calls(caller.ApplicationID); err != nil {
		return access.Caller{}, err
	}
	// Clients send both; they must agree.
	if named, ok := header(r, accountHeader); !ok || named != "" && named != caller.Account.ID.String() {
		mismatch := fault.New(fault.AccountUnknown, "The bearer belongs to another account than "+accountHeader+" names.")
		return access.Caller{}, cmp.Or(s.limits.address(s.addressOf(r)), error(mismatch))
	}
	return caller, nil
}

func (s *Server) applicationCaller(r *http.Request) (access.Caller, error) {
	app, err := s.application(r)
	if err != nil {
		return access.Caller{}, err
	}
	if app.Settings.Public {
		return access.Caller{}, fault.New(fault.ClientUnauthorized, "")
	}
	id, err := namedAccount(r)
	if err != nil {
		return access.Caller{}, err
	}
	caller, err := s.Access.ForAccount(r.Context(), app, id)
	if err != nil {
		return access.Caller{}, err
	}
	note(r).account = id
	return caller, nil
}

// namedAccount is the account that a call names in its header.
func namedAccount(r *http.Request) (account.ID, error) {
	named, ok := header(r, accountHeader)
	if !ok {
		return 0, fault.New(fault.ParameterRepeated, "It is the header "+accountHeader+".")
	}
	if named == "" {
		return 0, fault.New(fault.ParameterMissing, "It is the header "+accountHeader+".")
	}
	id, err := account.ParseID(named)
	if err != nil {
		return 0, fault.New(fault.ParameterInvalid, "It is the header "+accountHeader+"; a number.")
	}
	return id, nil
}
