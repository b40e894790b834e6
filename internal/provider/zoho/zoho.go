package zoho

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/oauth"
)

// scheme is Zoho's word before an access token.
const scheme = "Zoho-oauthtoken"

// Driver is the Zoho provider. It is stateless.
type Driver struct{ client oauth.Client }

// New makes the driver.
func New(clients outbound.Clients) *Driver {
	return &Driver{client: oauth.Client{
		HTTP: clients.API, Troubles: troubles(), Scheme: scheme, RevokeAlone: true, Gone: []string{"invalid_code"},
	}}
}

// Info implements provider.Provider.
func (d *Driver) Info() provider.Info {
	return provider.Info{
		ServiceType: account.Zoho,
		Title:       "Zoho",
		Button:      button(),
		Scopes:      scopes(),
		Direct:      direct(),
		Subject:     "centre/zuid",
		AssumedLife: time.Hour,
		Centres:     centreNames(),
		// Without prompt=consent the refresh token comes once (web-apps/authorization).
		WithholdsRefresh: true,
	}
}

// AuthorizeURL implements provider.Redirector. prompt=consent is asked for each time:
// it is the only word that Zoho knows, and without it no refresh token comes again.
func (d *Driver) AuthorizeURL(reg account.Registration, req provider.AuthRequest) (string, error) {
	reg, err := at(reg, "")
	if err != nil {
		return "", err
	}
	extra := url.Values{"access_type": {"offline"}, "prompt": {"consent"}}
	if req.LoginHint != "" {
		extra.Set("login_hint", req.LoginHint)
	}
	req.NativeScopes = []string{strings.Join(req.NativeScopes, ",")}
	return d.client.AuthorizeURL(reg, req, extra)
}

// Exchange implements provider.Redirector, at the centre that the callback names.
func (d *Driver) Exchange(ctx context.Context, reg account.Registration, cb provider.Callback) (provider.Tokens, account.Identity, error) {
	accounts, err := home(reg, cb.Params)
	if err != nil {
		return provider.Tokens{}, account.Identity{}, err
	}
	there, err := at(reg, accounts)
	if err != nil {
		return provider.Tokens{}, account.Identity{}, err
	}
	answer, err := d.client.Exchange(ctx, there, cb, nil)
	if err != nil {
		return provider.Tokens{}, account.Identity{}, limited(err)
	}
	tokens := answer.Tokens
	tokens.Place.Accounts = accounts
	if named := answer.Text("api_domain"); named != "" {
		if tokens.Place.API, err = apiHosts().Believe(reg, named); err != nil {
			return provider.Tokens{}, account.Identity{}, err
		}
	}
	if tokens.NativeScopes = separated(tokens.NativeScopes); tokens.NativeScopes == nil {
		tokens.NativeScopes = cb.NativeScopes // RFC 6749 §5.1: absent means as asked
	}
	who, err := d.identify(ctx, there, centreOf(accounts), answer)
	return tokens, who, err
}

// Refresh implements provider.Refresher, at the grant's centre. An API that is not
// Zoho's is dropped, and the old one stays: the token is good.
func (d *Driver) Refresh(ctx context.Context, reg account.Registration, held provider.Tokens) (provider.Tokens, error) {
	there, err := at(reg, held.Place.Accounts)
	if err != nil {
		return provider.Tokens{}, err
	}
	answer, err := d.client.Refresh(ctx, there, held)
	if err != nil {
		return provider.Tokens{}, limited(err)
	}
	tokens := answer.Tokens
	tokens.NativeScopes = separated(tokens.NativeScopes)
	if named, err := apiHosts().Believe(reg, answer.Text("api_domain")); err == nil {
		tokens.Place.API = named
	}
	return tokens, nil
}

// Revoke implements provider.Revoker. It ends that one grant of the person.
func (d *Driver) Revoke(ctx context.Context, reg account.Registration, held provider.Tokens) error {
	there, err := at(reg, held.Place.Accounts)
	if err != nil {
		return err
	}
	return limited(d.client.Revoke(ctx, there, held))
}

// Authorize implements provider.Authorizer.
func (d *Driver) Authorize(req *http.Request, held provider.Tokens) {
	req.Header.Set("Authorization", scheme+" "+held.Access.Reveal())
}
