package api

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/user"
)

// How many accounts of a user one answer has.
const (
	accountsOfUser = 1000 // in the user itself
	accountsOnPage = 100
)

// userOut is the contract's EndUserDto (appendices B and C).
type userOut struct {
	ID              string           `json:"id"`
	AppID           int64            `json:"appId"`
	Email           string           `json:"email"`
	Name            string           `json:"name"`
	AuthOrgID       string           `json:"authOrgId,omitempty"`
	CreatedAt       jsonTime         `json:"createdAt"`
	LastActivity    jsonTime         `json:"lastActivity"`
	TrustedIdentity bool             `json:"trustedIdentity"`
	WorkHours       json.RawMessage  `json:"workHours,omitempty"`
	Accounts        []userAccountOut `json:"accounts"`
}

// userAccountOut is the contract's EndUserAccountDto.
type userAccountOut struct {
	ID               int64    `json:"id"`
	ParentID         int64    `json:"parentId,omitempty"`
	ServiceType      string   `json:"serviceType"`
	UserAccountType  string   `json:"userAccountType"`
	Type             string   `json:"type"`
	Active           bool     `json:"active"`
	LoginString      string   `json:"loginString"`
	Email            string   `json:"email"`
	Name             string   `json:"name"`
	ClientOrgID      string   `json:"clientOrgId,omitempty"`
	AuthUserID       string   `json:"authUserId"`
	AuthOrgID        string   `json:"authOrgId,omitempty"`
	AuthObtainedAt   jsonTime `json:"authObtainedAt"`
	TokenStatus      string   `json:"tokenStatus"`
	Scopes           []string `json:"scopes"`
	AuthScopes       []string `json:"authScopes"`
	NativeScopes     []string `json:"nativeScopes"`
	AuthNativeScopes []string `json:"authNativeScopes"`
	HasAPIErrors     bool     `json:"hasApiErrors"`
	BookingCount     int      `json:"bookingCount"`
	TrackingActive   bool     `json:"trackingActive"`
	TemplatesCount   int      `json:"templatesCount"`
	CreatedAt        jsonTime `json:"createdAt"`
	UpdatedAt        jsonTime `json:"updatedAt"`
}

// userAccountsPage is the contract's EndUserAccountsPage: a page by token.
type userAccountsPage struct {
	NextPageToken string           `json:"nextPageToken,omitempty"`
	Length        int              `json:"length"`
	Records       []userAccountOut `json:"records"`
}

func userAccountJSON(a account.Account) userAccountOut {
	scopes, native := texts(a.Scopes), texts(a.NativeScopes)
	return userAccountOut{
		ID: int64(a.ID), ParentID: int64(a.ParentID), ServiceType: string(a.ServiceType), UserAccountType: string(a.UserRole),
		Type: string(a.Kind), Active: true, LoginString: a.LoginString, Email: a.Identity.Email, Name: a.Identity.Name,
		ClientOrgID: a.ClientOrgID, AuthUserID: a.Identity.Subject, AuthOrgID: a.Identity.OrgID,
		AuthObtainedAt: jsonTime(a.AuthObtainedAt), TokenStatus: string(a.TokenStatus),
		Scopes: scopes, AuthScopes: scopes, NativeScopes: native, AuthNativeScopes: native,
		HasAPIErrors: a.TokenStatus != account.TokenActive, CreatedAt: jsonTime(a.CreatedAt), UpdatedAt: jsonTime(a.UpdatedAt),
	}
}

func userAccountsJSON(list []account.Account) []userAccountOut {
	out := make([]userAccountOut, len(list))
	for i, a := range list {
		out[i] = userAccountJSON(a)
	}
	return out
}

// asVisitor serves a user's call: who calls is known, and errors are shown.
func (s *Server) asVisitor(w http.ResponseWriter, r *http.Request, serve func(v visit) (any, error)) {
	v, err := s.user(r)
	var answer any
	if err == nil {
		answer, err = serve(v)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (s *Server) getUser(w http.ResponseWriter, r *http.Request) {
	s.asVisitor(w, r, func(v visit) (any, error) { return s.userJSON(r, v.User) })
}

// userJSON is the user with the accounts, whose primary one says who it is.
func (s *Server) userJSON(r *http.Request, u user.User) (userOut, error) {
	list, err := s.Users.Accounts(r.Context(), u, account.Account{}, accountsOfUser)
	if err != nil {
		return userOut{}, err
	}
	out := userOut{
		ID: u.ID, AppID: account.Application{ID: u.ApplicationID}.Number(), CreatedAt: jsonTime(u.CreatedAt), LastActivity: jsonTime(u.ActiveAt),
		WorkHours: json.RawMessage(u.WorkHours), Accounts: userAccountsJSON(list),
	}
	if len(list) > 0 && list[0].UserRole == account.UserPrimary {
		who := list[0].Identity
		out.Email, out.Name, out.AuthOrgID, out.TrustedIdentity = who.Email, who.Name, who.OrgID, who.EmailVerified
	}
	return out, nil
}

func (s *Server) patchUserSettings(w http.ResponseWriter, r *http.Request) {
	s.asVisitor(w, r, func(v visit) (any, error) {
		hours, given, err := readWorkHours(r)
		if err == nil && given {
			v.User, err = s.Users.SetWorkHours(r.Context(), v.User, hours)
		}
		if err != nil {
			return nil, err
		}
		return s.userJSON(r, v.User)
	})
}

func (s *Server) listUserAccounts(w http.ResponseWriter, r *http.Request) {
	s.asVisitor(w, r, func(v visit) (any, error) {
		after, err := parseAccountsToken(r.URL.Query().Get("pageToken"))
		if err != nil {
			return nil, err
		}
		list, err := s.Users.Accounts(r.Context(), v.User, after, accountsOnPage+1)
		if err != nil {
			return nil, err
		}
		var page userAccountsPage
		if len(list) > accountsOnPage {
			list = list[:accountsOnPage]
			page.NextPageToken = accountsToken(list[accountsOnPage-1])
		}
		page.Records, page.Length = userAccountsJSON(list), len(list)
		return page, nil
	})
}

// accountsToken is where the next page begins: behind that account.
func accountsToken(last account.Account) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s %d %d", last.UserRole, last.CreatedAt.UnixMilli(), last.ID))
}

func parseAccountsToken(token string) (after account.Account, err error) {
	if token == "" {
		return after, nil
	}
	var role account.UserRole
	var created, id int64
	plain, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		_, err = fmt.Sscanf(string(plain), "%s %d %d", &role, &created, &id)
	}
	if err != nil || id <= 0 {
		return after, fault.New(fault.PageTokenInvalid, "")
	}
	return account.Account{ID: account.ID(id), UserRole: role, CreatedAt: time.UnixMilli(created)}, nil
}

// userAccount is the account of a user's path; anybody else's is unknown.
func (s *Server) userAccount(r *http.Request, v visit) (account.Account, error) {
	id, err := account.ParseID(r.PathValue("id"))
	if err != nil {
		return account.Account{}, fault.New(fault.AccountUnknown, "")
	}
	note(r).account = id
	return s.Users.Account(r.Context(), v.User, id)
}

func (s *Server) getUserAccount(w http.ResponseWriter, r *http.Request) {
	s.asVisitor(w, r, func(v visit) (any, error) {
		acct, err := s.userAccount(r, v)
		return userAccountJSON(acct), err
	})
}

// deleteUserAccount ends one of the user's accounts; with the primary one goes the user,
// and the session.
func (s *Server) deleteUserAccount(w http.ResponseWriter, r *http.Request) {
	s.asVisitor(w, r, func(v visit) (any, error) {
		acct, err := s.userAccount(r, v)
		if err != nil {
			return nil, err
		}
		grant, err := s.Accounts.Delete(r.Context(), acct)
		if err != nil {
			return nil, err
		}
		if acct.UserRole == account.UserPrimary {
			v.forget(w)
		}
		return done{Status: "Ok", Grant: string(grant)}, nil
	})
}

// manageUserAccount answers for an account that stands under a service account. One that
// does not is told so.
func (s *Server) manageUserAccount(w http.ResponseWriter, r *http.Request) {
	s.asVisitor(w, r, func(v visit) (any, error) {
		acct, err := s.userAccount(r, v)
		if err == nil && acct.ParentID == 0 {
			err = fault.New(fault.AccountUnmanaged, "")
		}
		return userAccountJSON(acct), err
	})
}

// logout ends this session, not the user's others.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	s.asVisitor(w, r, func(v visit) (any, error) {
		if err := s.Users.End(r.Context(), v.token); err != nil {
			return nil, err
		}
		v.forget(w)
		return done{Status: "Ok"}, nil
	})
}

// forget takes the session out of the browser.
func (v visit) forget(w http.ResponseWriter) {
	if v.byCookie {
		setSession(w, v.app, v.mailbox, v.secure, "")
	}
}

// ended is the last page of a sign-in that has no return URL.
func (s *Server) ended(w http.ResponseWriter, r *http.Request) {
	out, origins := s.Connect.Ended(r.Context(), note(r).at, r.URL.RawQuery)
	switch {
	case out.Fault != nil:
		s.show(w, r, out)
	case acceptsHTML(r):
		s.Pages.End(w, look(r, out), EndPage{Origins: origins})
	default:
		writeJSON(w, http.StatusOK, done{Status: "Ok"})
	}
}
