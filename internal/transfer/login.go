package transfer

import (
	"errors"
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
)

// login reads a name and a password.
func (w *wanted) login(p provider.Provider, r Row) error {
	if r.RefreshToken != "" || r.AccessToken != "" || r.Place != nil || r.Tenant != "" {
		return rejection("refreshToken: the service has none; it takes password, email and serverUrl")
	}
	if r.Password == "" && w.account.TokenStatus != account.TokenDead {
		return rejection("password: it is missing")
	}
	if r.Servers != nil || r.Password == "" {
		return w.loginAt(r)
	}
	reader, reads := p.(provider.LoginReader)
	if !reads {
		return rejection("serviceType: no logins can be brought for it")
	}
	if r.ServerURL == "" {
		return rejection("serverUrl: it is missing: which server takes the password")
	}
	form := reader.Fill(provider.Known{Email: r.Email, Username: r.LoginString, ServerURL: r.ServerURL, SendingURL: r.ServerInfo})
	form.Password, form.Scopes = secret.New(string(r.Password)), []scope.Scope{scope.MailRead}
	if r.ServerInfo != "" {
		form.Scopes = append(form.Scopes, scope.MailSend)
	}
	login, who, err := reader.ReadLogin(form)
	var told *provider.Error
	switch {
	case errors.As(err, &told):
		return rejectf("%s: %s", memberOf(told.Field), told.Cause)
	case err != nil:
		return rejection("serverUrl: it is not written as it must be")
	case r.AuthUserID != "" && r.AuthUserID != who.Subject:
		return rejection("authUserId: it is not that of the login; leave it out")
	}
	who.Name = r.Name
	w.keep(login, who)
	return nil
}

// loginAt is a login as an export writes it: with its servers, one by one.
func (w *wanted) loginAt(r Row) error {
	scheme, _, ok := strings.Cut(r.AuthUserID, "://")
	if !ok || !strings.EqualFold(scheme, string(w.info.ServiceType)) {
		return rejection("authUserId: with servers, it is written as an export of Avain does")
	}
	login := provider.Login{Username: r.LoginString, Password: secret.New(string(r.Password))}
	for _, s := range r.Servers {
		known := slices.Contains([]string{"imap", "smtp", "ews"}, s.Protocol)
		secured := slices.Contains(append(provider.Securities(), provider.SecurityNone), provider.Security(s.Security))
		if !known || !secured || s.Port < 1 || s.Port > 65535 || s.Host == "" || strings.ContainsAny(s.Host, "/@\\ ") ||
			strings.ContainsFunc(s.Host+s.Path, unformatted) || s.Path != "" && s.Path[0] != '/' {
			return rejection("servers: one of them is not written as an export of Avain does")
		}
		login.Servers = append(login.Servers, provider.Server{Protocol: s.Protocol, Host: s.Host, Port: s.Port, Security: provider.Security(s.Security), Path: s.Path})
	}
	if r.Password != "" && (len(login.Servers) == 0 || login.Username == "") {
		return rejection("servers: with them go loginString and at least one")
	}
	w.keep(login, account.Identity{
		Subject: r.AuthUserID, OrgID: r.AuthOrgID, Email: r.Email, EmailVerified: r.EmailVerified && r.Email != "", Name: r.Name,
	})
	if r.Password == "" {
		w.port.Login = nil
	}
	if r.AuthNativeScopes != nil {
		w.port.Tokens.NativeScopes = r.AuthNativeScopes
	}
	return nil
}

// keep takes the login over. What it is good for are its servers.
func (w *wanted) keep(login provider.Login, who account.Identity) {
	w.port.Login = &login
	for _, s := range login.Servers {
		w.port.Tokens.NativeScopes = append(w.port.Tokens.NativeScopes, s.Protocol)
	}
	w.account.Identity, w.account.LoginString = who, login.Username
}

// memberOf is the row's word for a field of the sign-in page.
func memberOf(field string) string {
	switch {
	case field == "username":
		return "loginString"
	case strings.HasPrefix(field, "imap"), field == "":
		return "serverUrl"
	case strings.HasPrefix(field, "smtp"):
		return "serverInfo"
	}
	return field
}
