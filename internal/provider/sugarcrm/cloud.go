package sugarcrm

import (
	"cmp"
	"context"
	"errors"
	"net/url"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
)

// AuthorizeURL implements provider.Redirector: the page of the identity service that the
// instance has announced.
func (d *Driver) AuthorizeURL(reg account.Registration, req provider.AuthRequest) (string, error) {
	placed, err := atService(reg, req.Place)
	if err != nil {
		return "", err
	}
	extra := url.Values{}
	if req.LoginHint != "" {
		extra.Set("login_hint", req.LoginHint)
	}
	if req.Prompt != "" {
		extra.Set("prompt", req.Prompt)
	}
	return d.identity.AuthorizeURL(placed, req, extra)
}

// Exchange implements provider.Redirector. The place is the one that the person was sent
// to, and is believed anew.
func (d *Driver) Exchange(ctx context.Context, reg account.Registration, cb provider.Callback) (provider.Tokens, account.Identity, error) {
	placed, err := atService(reg, cb.Place)
	if err != nil {
		return provider.Tokens{}, account.Identity{}, err
	}
	answer, err := d.identity.Exchange(ctx, placed, cb, nil)
	if err != nil {
		return provider.Tokens{}, account.Identity{}, err
	}
	tokens := answer.Tokens
	tokens.Place = cb.Place
	if tokens.NativeScopes == nil {
		tokens.NativeScopes = cb.NativeScopes // RFC 6749 §5.1: absent means as asked
	}
	who, err := d.who(ctx, reg, tokens)
	return tokens, who, err
}

func (d *Driver) refreshCloud(ctx context.Context, reg account.Registration, held provider.Tokens) (provider.Tokens, error) {
	placed, err := atService(reg, held.Place)
	if err != nil {
		return provider.Tokens{}, err
	}
	answer, err := d.identity.Refresh(ctx, placed, held)
	return answer.Tokens, err
}

func (d *Driver) revokeCloud(ctx context.Context, reg account.Registration, held provider.Tokens) error {
	placed, err := atService(reg, held.Place)
	if err != nil {
		return err
	}
	return d.identity.Revoke(ctx, placed, held)
}

// believed is a place of the cloud: both of its hosts must be SugarCRM's.
func believed(reg account.Registration, where provider.Place) (provider.Place, error) {
	service, err := identityServices().Believe(reg, where.Accounts)
	if err != nil {
		return provider.Place{}, err
	}
	instance, err := cloudInstances().Believe(reg, where.API)
	return provider.Place{Accounts: service, API: instance}, err
}

// atService is the registration with the endpoints of the place's identity service, where
// it has none of its own. The paths are those of an instance's configuration (idmMode).
// A registration with its own token endpoint can be asked about without a place.
func atService(reg account.Registration, where provider.Place) (account.Registration, error) {
	if where == (provider.Place{}) && reg.Endpoints.Token != "" {
		return reg, nil
	}
	if where == (provider.Place{}) || ofInstance(where) {
		return reg, unclear(errors.New("there is no identity service to sign in at"))
	}
	where, err := believed(reg, where)
	if err != nil {
		return reg, err
	}
	e := &reg.Endpoints
	e.Authorize = cmp.Or(e.Authorize, where.Accounts+"/oauth2/auth")
	e.Token = cmp.Or(e.Token, where.Accounts+"/oauth2/token")
	e.Revoke = cmp.Or(e.Revoke, where.Accounts+"/oauth2/revoke")
	return reg, nil
}
