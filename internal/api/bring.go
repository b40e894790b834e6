package api

import (
	"net/http"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
)

// Bounds of what an application brings, in bytes.
const (
	maxBrought = 1024
	maxTokens  = 16 << 10
)

// accountIn is the contract's ApiAccountInDto (appendix B), as far as it is used. What is
// secret in it is never answered, logged or quoted.
type accountIn struct {
	ServiceType     string   `json:"serviceType"`
	ServiceProvider string   `json:"serviceProvider"`
	AuthScopes      []string `json:"authScopes"`
	AuthOrgID       string   `json:"authOrgId"`
	AuthUserID      string   `json:"authUserId"`
	ClientOrgID     string   `json:"clientOrgId"`
	ServerURL       string   `json:"serverUrl"`
	ServerInfo      string   `json:"serverInfo"`
	LoginString     string   `json:"loginString"`
	OAuthClientID   string   `json:"oauthClientId"`
	Active          *bool    `json:"active"`
	AuthString1     string   `json:"authString1"`
	AuthString2     string   `json:"authString2"`
	Password        string   `json:"password"`
	AuthObtainedAt  string   `json:"authObtainedAt"`
	AuthExpiresAt   string   `json:"authExpiresAt"`
	Email           string   `json:"email"`
	Email2          string   `json:"email2"`
	Name            string   `json:"name"`
	Timezone        string   `json:"timezone"`
	CopyToSent      bool     `json:"copyToSent"`
	TrustServer     bool     `json:"trustServer"`
	Daemon          bool     `json:"daemon"`
}

func (in accountIn) check() error {
	for _, f := range []struct {
		name, value string
		most        int
	}{
		{"serviceType", in.ServiceType, 32},
		{"serviceProvider", in.ServiceProvider, 32},
		{"authOrgId", in.AuthOrgID, maxOrg},
		{"authUserId", in.AuthUserID, maxBrought},
		{"clientOrgId", in.ClientOrgID, maxClientOrg},
		{"serverUrl", in.ServerURL, maxBrought},
		{"serverInfo", in.ServerInfo, maxBrought},
		{"loginString", in.LoginString, 512},
		{"oauthClientId", in.OAuthClientID, maxBrought},
		{"authString1", in.AuthString1, maxTokens},
		{"authString2", in.AuthString2, maxTokens},
		{"password", in.Password, maxBrought},
		{"email", in.Email, 320},
		{"email2", in.Email2, 320},
		{"name", in.Name, maxBrought},
		{"timezone", in.Timezone, 64},
	} {
		if err := bounded(f.name, f.value, f.most); err != nil {
			return err
		}
	}
	for name, value := range map[string]string{"authObtainedAt": in.AuthObtainedAt, "authExpiresAt": in.AuthExpiresAt} {
		if _, err := time.Parse(time.RFC3339, value); value != "" && err != nil {
			return fault.Newf(fault.ParameterInvalid, "It is %s; a time as in RFC 3339.", name)
		}
	}
	switch {
	case in.ServiceType == "":
		return fault.New(fault.ParameterMissing, "It is serviceType.")
	case in.Active != nil && !*in.Active:
		return fault.New(fault.ParameterInvalid, "It is active; an account is active as long as it is there. DELETE removes it.")
	case in.Daemon:
		return fault.New(fault.ParameterInvalid, "It is daemon; service accounts are made at /v1/am/svc_accounts.")
	}
	return nil
}

// brought is the account that a request brings, and how it is told from others.
func (s *Server) brought(r *http.Request, app account.Application) (connect.Brought, error) {
	var in accountIn
	if err := readObject(r, &in); err != nil {
		return connect.Brought{}, err
	}
	if err := in.check(); err != nil {
		return connect.Brought{}, err
	}
	service, ok := s.Providers.Parse(in.ServiceType)
	if !ok {
		return connect.Brought{}, fault.New(fault.ServiceTypeUnknown, "")
	}
	b := connect.Brought{
		Application: app, ServiceType: service, OAuthClient: in.OAuthClientID, ClientOrgID: in.ClientOrgID,
		Login:    provider.Known{Email: strings.TrimSpace(in.Email), Username: strings.TrimSpace(in.LoginString), ServerURL: in.ServerURL},
		Password: secret.New(in.Password), RequestID: note(r).requestID,
		Admit:       func(mailboxes []string) error { return s.logins.draw(app.ID, mailboxes, "") },
		AdmitSearch: func() error { return s.searches.draw(app.ID, nil, "") },
	}
	if strings.HasPrefix(in.ServerInfo, "smtp") {
		b.Login.SendingURL = in.ServerInfo
	}
	if in.AuthScopes != nil {
		scopes, err := scope.ParseAll(scope.Split(in.AuthScopes))
		if err != nil {
			return b, fault.Newf(fault.ScopeUnknown, "Known are %s.", scope.Join(scope.All()))
		}
		b.Scopes = scopes
	}
	p, _ := s.Providers.Of(service)
	return b, in.credential(&b, p)
}

// credential finds a password or tokens, whatever member they came in.
func (in accountIn) credential(b *connect.Brought, p provider.Provider) error {
	_, byPassword := p.(provider.Filler)
	_, byTokens := p.(provider.Adopter)
	if byPassword && !byTokens && b.Password.IsZero() { // seen in clients
		b.Password = secret.New(in.AuthString1)
	}
	switch {
	case byPassword && b.Password.IsZero() && !byTokens:
		return fault.New(fault.ParameterMissing, "It is password.")
	case byPassword && !b.Password.IsZero():
		if b.Login.Email == "" {
			b.Login.Email = b.Login.Username
		}
		if b.Login.Username == b.Login.Email {
			b.Login.Username = ""
		}
		if b.Login.Email == "" {
			return fault.New(fault.ParameterMissing, "It is email, or loginString.")
		}
	default:
		b.Password, b.Refresh, b.Access = secret.Text{}, secret.New(in.AuthString1), secret.New(in.AuthString2)
	}
	return nil
}

// owned reads whose account it shall be, and what tells it from others.
func (q *query) owned(b *connect.Brought) {
	b.UserID, b.EnsureAccess = q.text("userId", maxUser), q.flag("ensureAccess")
	switch role := account.UserRole(q.text("userAccount", 16)); {
	case role == "" && b.UserID != "":
		q.fail(fault.New(fault.ParameterMissing, "It is userAccount: primary or secondary, with userId."))
	case role != "" && role != account.UserPrimary && role != account.UserSecondary:
		q.fail(fault.New(fault.ParameterInvalid, "It is userAccount: primary or secondary."))
	case role != "" && b.UserID == "":
		q.fail(fault.New(fault.ParameterMissing, "It is userId, with userAccount."))
	default:
		b.UserRole = role
	}
	for _, word := range scope.Split(q.values["recycleKeys"]) {
		key, ok := connect.ParseKey(word)
		if !ok {
			q.fail(fault.Newf(fault.ParameterInvalid, "It is recycleKeys; known are %v.", connect.Keys()))
		}
		b.Recycle = append(b.Recycle, key)
	}
}

func (s *Server) bringAccount(w http.ResponseWriter, r *http.Request, app account.Application) {
	b, err := s.brought(r, app)
	if err == nil {
		q := queryOf(r)
		q.owned(&b)
		err = q.err
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	taken, err := s.Connect.Bring(r.Context(), b)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	note(r).account = taken.AccountID
	writeJSON(w, http.StatusOK, saved{AccountID: int64(taken.AccountID), AccessToken: taken.AccessToken.Reveal(), UserID: taken.UserID})
}

func (s *Server) tryAccount(w http.ResponseWriter, r *http.Request, app account.Application) {
	b, err := s.brought(r, app)
	if err == nil {
		err = s.Connect.Try(r.Context(), b)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, done{Status: "Ok"})
}
