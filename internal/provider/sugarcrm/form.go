package sugarcrm

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/oauth"
)

// The names of the form's fields. The password's value travels apart.
const (
	fieldServer   = "serverUrl"
	fieldUsername = "username"
	fieldPassword = "password"
)

// Fields implements provider.Former. The first is the instance, which decides how the
// person signs in.
func (d *Driver) Fields(hint provider.Hint) []provider.Field {
	return []provider.Field{
		{
			Name: fieldServer, Label: "SugarCRM address", Help: "As in your browser when you use SugarCRM: acme.sugarondemand.com.",
			Value: hint.ServerURL, Kind: provider.FieldHost, Autocomplete: "url", Required: true,
		},
		{Name: fieldUsername, Label: "User name", Value: hint.Email, Kind: provider.FieldText, Autocomplete: "username", Required: true},
		{
			Name: fieldPassword, Label: "Password", Help: "It is used once to get access, and not kept.",
			Kind: provider.FieldPassword, Autocomplete: "current-password", Required: true,
		},
	}
}

// Mailboxes implements provider.Former. The name counts at the host: ports and paths have
// many spellings, of which one instance may take all.
func (d *Driver) Mailboxes(form provider.Form) []string {
	name := strings.ToLower(strings.TrimSpace(form.Values[fieldUsername]))
	server, err := instance(form.Values[fieldServer])
	if err != nil { // it will not be tried
		return []string{name}
	}
	u, err := url.Parse(server)
	if err != nil {
		return []string{name}
	}
	return []string{name + "@" + u.Hostname()}
}

// Grant implements provider.Granter: one attempt, at the instance that was typed.
func (d *Driver) Grant(ctx context.Context, reg account.Registration, form provider.Form) (provider.Tokens, account.Identity, error) {
	server, err := instance(form.Values[fieldServer])
	if err != nil {
		return provider.Tokens{}, account.Identity{}, invalid(fieldServer, err)
	}
	if named, err := at(reg, ownPlace(server)); err != nil || named != server {
		return provider.Tokens{}, account.Identity{}, invalid(fieldServer, errors.New("the application has its accounts at another instance"))
	}
	if len(reg.Secrets) > 1 { // a password is tried once, whatever the instance says of the client
		reg.Secrets = reg.Secrets[:1]
	}
	platform := platformOf(reg, provider.Tokens{})
	tokens, err := d.token(ctx, reg, server, map[string]string{
		"grant_type": "password", "username": strings.TrimSpace(form.Values[fieldUsername]), "password": form.Password.Reveal(), "platform": platform,
	})
	if err != nil {
		return provider.Tokens{}, account.Identity{}, atForm(err, server)
	}
	tokens.Place, tokens.Tenant = ownPlace(server), platform
	who, err := d.who(ctx, reg, tokens)
	if err != nil {
		return provider.Tokens{}, account.Identity{}, atForm(err, server)
	}
	return tokens, who, nil
}

// token makes one call of an instance's token endpoint.
func (d *Driver) token(ctx context.Context, reg account.Registration, server string, members map[string]string) (provider.Tokens, error) {
	server, err := at(reg, ownPlace(server))
	if err != nil {
		return provider.Tokens{}, err
	}
	members["current_language"] = "en_us" // of the error's text, which tells trouble apart
	var answer oauth.Answer
	err = d.instance.PostJSON(ctx, instanceClient(reg), server+rest+"/oauth2/token", members, &answer)
	answer.NativeScopes = nil // an instance has no scopes
	return answer.Tokens, err
}

// logOut ends the session that a grant of the instance is.
func (d *Driver) logOut(ctx context.Context, reg account.Registration, held provider.Tokens) error {
	server, err := at(reg, held.Place)
	if err != nil {
		return err
	}
	return d.post(ctx, server+rest+"/oauth2/logout", held.Access, map[string]string{
		"refresh_token": held.Refresh.Reveal(), "platform": platformOf(reg, held),
	})
}
