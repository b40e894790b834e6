package ews

import (
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
)

var _ provider.LoginReader = (*Provider)(nil)

// ReadLogin implements provider.LoginReader. Where only autodiscover could tell the server,
// there is none.
func (p *Provider) ReadLogin(form provider.Form) (provider.Login, account.Identity, error) {
	t, err := read(form)
	if err != nil {
		return provider.Login{}, account.Identity{}, err
	}
	if t.server.host == "" || t.server.autodiscovers() {
		return provider.Login{}, account.Identity{}, invalid(fieldServer, "the server of the web services is not named", "name it, as in https://mail.example.com/EWS/Exchange.asmx")
	}
	t.login.Servers = []provider.Server{t.server.server()}
	return t.login, account.Identity{Subject: subject(t.login.Username, t.server), Email: t.email}, nil
}

// Fill implements provider.Filler.
func (p *Provider) Fill(known provider.Known) provider.Form {
	return provider.Form{Values: map[string]string{
		fieldEmail: known.Email, fieldUsername: known.Username, fieldServer: known.ServerURL,
	}}
}
