package api

import (
	"context"
	"net/http"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/fault"
)

// accountOut is the contract's ApiAccountOutDto (§6.1, appendix B). The fields
// that a strict reader insists on are always there.
type accountOut struct {
	ID                  int64    `json:"id"`
	ParentID            int64    `json:"parentId,omitempty"`
	ServiceType         string   `json:"serviceType"`
	ServiceProvider     string   `json:"serviceProvider"`
	Active              bool     `json:"active"`
	TokenStatus         string   `json:"tokenStatus"`
	TokenError          string   `json:"tokenError,omitempty"`
	Type                string   `json:"type"`
	Daemon              bool     `json:"daemon"`
	LoginString         string   `json:"loginString"`
	Email               string   `json:"email"`
	MailboxAddress      string   `json:"mailboxAddress"`
	Name                string   `json:"name"`
	ClientOrgID         string   `json:"clientOrgId,omitempty"`
	AuthUserID          string   `json:"authUserId"`
	AuthOrgID           string   `json:"authOrgId,omitempty"`
	UserID              string   `json:"userId,omitempty"`
	TokenIssuedAt       jsonTime `json:"tokenIssuedAt"`
	AuthScopes          []string `json:"authScopes"`
	AuthNativeScopes    []string `json:"authNativeScopes"`
	AuthObtainedAt      jsonTime `json:"authObtainedAt"`
	AuthExpiresAt       jsonTime `json:"authExpiresAt"`
	CreatedAt           jsonTime `json:"createdAt"`
	UpdatedAt           jsonTime `json:"updatedAt"`
	ProviderAccessToken string   `json:"providerAccessToken,omitempty"`
}

// jsonTime is RFC 3339 in UTC to the second, and null where there is none.
type jsonTime time.Time

// MarshalJSON implements json.Marshaler.
func (t jsonTime) MarshalJSON() ([]byte, error) {
	if time.Time(t).IsZero() {
		return []byte("null"), nil
	}
	return time.Time(t).UTC().AppendFormat(nil, `"2006-01-02T15:04:05Z"`), nil
}

func accountJSON(a account.Account) accountOut {
	return accountOut{
		ID: int64(a.ID), ServiceType: string(a.ServiceType), ServiceProvider: string(a.ServiceType), Active: true,
		TokenStatus: string(a.TokenStatus), TokenError: a.TokenError, Type: string(a.Kind), Daemon: a.Kind == account.KindDaemon, ParentID: int64(a.ParentID), UserID: a.UserID,
		LoginString: a.LoginString, Email: a.Identity.Email, MailboxAddress: a.Identity.Email, Name: a.Identity.Name,
		ClientOrgID: a.ClientOrgID, AuthUserID: a.Identity.Subject, AuthOrgID: a.Identity.OrgID,
		TokenIssuedAt: jsonTime(a.TokenIssuedAt), AuthScopes: texts(a.Scopes), AuthNativeScopes: texts(a.NativeScopes),
		AuthObtainedAt: jsonTime(a.AuthObtainedAt), AuthExpiresAt: jsonTime(a.AuthExpiresAt),
		CreatedAt: jsonTime(a.CreatedAt), UpdatedAt: jsonTime(a.UpdatedAt),
	}
}

// texts is never nil: clients expect an array.
func texts[T ~string](in []T) []string {
	out := make([]string, len(in))
	for i, v := range in {
		out[i] = string(v)
	}
	return out
}

// done is the contract's OkResponse, with what became of the grant.
type done struct {
	Status string `json:"status"`
	Grant  string `json:"providerGrant,omitempty"`
}

func (s *Server) getAccount(w http.ResponseWriter, r *http.Request) {
	caller, err := s.caller(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	acct, q := caller.Account, queryOf(r)
	ping, withToken := q.flag("pingProvider"), q.flag("includeProviderAuth")
	if q.err != nil {
		s.fail(w, r, q.err)
		return
	}
	if ping {
		// What the ping finds out stands on the account, which is the answer.
		if err := s.Accounts.Ping(r.Context(), acct); err != nil && !fault.Is(err, fault.TokenDead) && !fault.Is(err, fault.RefreshFailed) {
			s.fail(w, r, err)
			return
		}
		if acct, err = s.Accounts.Account(r.Context(), acct.ID); err != nil {
			s.fail(w, r, err)
			return
		}
	}
	out := accountJSON(acct)
	if withToken {
		if err := s.maySeeProviderAuth(r, caller.ByApplication, caller.ApplicationID); err != nil {
			s.fail(w, r, err)
			return
		}
		token, expires, err := s.Accounts.ProviderToken(r.Context(), acct, note(r).requestID)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		out.ProviderAccessToken, out.AuthExpiresAt = token.Reveal(), jsonTime(expires)
	}
	writeJSON(w, http.StatusOK, out)
}

func (s *Server) maySeeProviderAuth(r *http.Request, byApplication bool, applicationID string) error {
	if !byApplication {
		return fault.New(fault.ProviderAuthDenied, "")
	}
	app, err := s.Access.Settings(r.Context(), applicationID)
	if err != nil {
		return err
	}
	if !app.Settings.ProviderAuth {
		return fault.New(fault.ProviderAuthDenied, "")
	}
	return nil
}

func (s *Server) deleteAccount(w http.ResponseWriter, r *http.Request) {
	s.end(w, r, s.Accounts.Delete)
}

func (s *Server) deleteAccountToken(w http.ResponseWriter, r *http.Request) {
	s.end(w, r, s.Accounts.Revoke)
}

// end ends the caller's account, or its credential. A token that lives in a
// browser is not enough for that.
func (s *Server) end(w http.ResponseWriter, r *http.Request, how func(context.Context, account.Account) (credential.Revocation, error)) {
	caller, err := s.caller(r)
	if err == nil && caller.Limited {
		err = fault.New(fault.TokenLimited, "")
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	grant, err := how(r.Context(), caller.Account)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, done{Status: "Ok", Grant: string(grant)})
}
