package hubspot

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/oauth"
)

// version is the date in HubSpot's paths. Each is served for 18 months
// (developers.hubspot.com/docs/api-reference/2026-03/overview).
const version = "2026-03"

const api = "https://api.hubapi.com/"

// Driver is the HubSpot provider. It is stateless.
type Driver struct{ client oauth.Client }

// New makes the driver.
func New(clients outbound.Clients) *Driver {
	return &Driver{client: oauth.Client{
		HTTP: clients.API,
		Endpoints: account.Endpoints{
			Authorize: "https://app.hubspot.com/oauth/authorize",
			Token:     api + "oauth/" + version + "/token",
			Revoke:    api + "oauth/" + version + "/token/revoke",
			Userinfo:  api + "oauth/" + version + "/token/introspect",
		},
		Troubles: troubles(),
		Own:      own,
	}}
}

// Info implements provider.Provider.
func (d *Driver) Info() provider.Info {
	return provider.Info{
		ServiceType: account.Hubspot,
		Title:       "HubSpot",
		Button:      button(),
		Scopes:      scopes(),
		Direct:      direct(),
		Subject:     "hub/user", OrgInSubject: true,
		AssumedLife: 30 * time.Minute,
	}
}

// direct: one host serves every API, in every region. The headers are those of
// developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines.
func direct() provider.Direct {
	return provider.Direct{
		Hosts: []provider.DirectHost{{Base: api}},
		ResponseHeaders: []string{
			"X-HubSpot-RateLimit-Daily", "X-HubSpot-RateLimit-Daily-Remaining", "X-HubSpot-RateLimit-Interval-Milliseconds",
			"X-HubSpot-RateLimit-Max", "X-HubSpot-RateLimit-Remaining", "X-HubSpot-RateLimit-Secondly",
			"X-HubSpot-RateLimit-Secondly-Remaining", "X-HubSpot-Correlation-Id",
		},
	}
}

// AuthorizeURL implements provider.Redirector. HubSpot documents no login_hint and
// no prompt; the first is sent all the same, since it can do no harm.
func (d *Driver) AuthorizeURL(reg account.Registration, req provider.AuthRequest) (string, error) {
	extra := url.Values{}
	required, optional := divided(reg, req.NativeScopes)
	if len(optional) > 0 {
		extra.Set("optional_scope", strings.Join(optional, " "))
	}
	if req.LoginHint != "" {
		extra.Set("login_hint", req.LoginHint)
	}
	req.NativeScopes = required
	return d.client.AuthorizeURL(reg, req, extra)
}

// Exchange implements provider.Redirector. Whatever the token endpoint says of
// scopes, introspection has the last word.
func (d *Driver) Exchange(ctx context.Context, reg account.Registration, cb provider.Callback) (provider.Tokens, account.Identity, error) {
	answer, err := d.client.Exchange(ctx, reg, cb, nil)
	if err != nil {
		return provider.Tokens{}, account.Identity{}, err
	}
	tokens := answer.Tokens
	told, err := d.introspect(ctx, reg, tokens.Access)
	if err != nil {
		return provider.Tokens{}, account.Identity{}, err
	}
	tokens.NativeScopes = told.Scopes
	return tokens, told.identity(), nil
}

// Refresh implements provider.Refresher. The answer names the HubSpot account, and not
// the person.
func (d *Driver) Refresh(ctx context.Context, reg account.Registration, held provider.Tokens) (provider.Tokens, error) {
	answer, err := d.client.Refresh(ctx, reg, held)
	answer.Owner.OrgID = answer.Number("hub_id")
	return answer.Tokens, err
}

// Revoke implements provider.Revoker. It ends the refresh token; an access token
// lives on until its half hour is over.
func (d *Driver) Revoke(ctx context.Context, reg account.Registration, held provider.Tokens) error {
	if held.Refresh.IsZero() {
		return nil
	}
	err := d.client.Post(ctx, reg, d.client.EndpointsFor(reg).Revoke, url.Values{
		"token": {held.Refresh.Reveal()}, "token_type_hint": {"refresh_token"},
	}, nil)
	var refused *provider.Error
	if errors.As(err, &refused) && refused.Class == provider.Dead {
		return nil // it was gone already
	}
	return err
}

// Ping implements provider.Pinger with introspection, which every grant reaches.
func (d *Driver) Ping(ctx context.Context, reg account.Registration, held provider.Tokens) error {
	_, err := d.introspect(ctx, reg, held.Access)
	return err
}
