package api

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/secret"
)

const accountHeader = "X-Aurinko-Account-Id"

// caller finds out who calls for which account: a bearer, the application's own
// credentials with the account's id, or a user's session with it (contract §1.1, acct-1
// to acct-4).
func (s *Server) caller(r *http.Request) (access.Caller, error) {
	if inQuery(r) {
		return access.Caller{}, fault.New(fault.TokenInQuery, "")
	}
	header := r.Header.Get("Authorization")
	scheme, rest, _ := strings.Cut(header, " ")
	switch {
	case header == "":
		return s.userCaller(r)
	case strings.EqualFold(scheme, "Basic"):
		return s.applicationCaller(r)
	case strings.EqualFold(scheme, "Bearer"):
		return s.bearer(r, secret.New(strings.TrimSpace(rest)))
	}
	return access.Caller{}, fault.New(fault.NotAuthenticated, "")
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
	if named := r.Header.Get(accountHeader); named != "" && named != caller.Account.ID.String() {
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
	named := r.Header.Get(accountHeader)
	if named == "" {
		return 0, fault.New(fault.ParameterMissing, "It is the header "+accountHeader+".")
	}
	id, err := account.ParseID(named)
	if err != nil {
		return 0, fault.New(fault.ParameterInvalid, "It is the header "+accountHeader+"; a number.")
	}
	return id, nil
}
