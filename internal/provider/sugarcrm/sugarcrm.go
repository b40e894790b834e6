package sugarcrm

import (
	"context"
	"net/http"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/oauth"
)

// Driver is the SugarCRM provider. It is stateless.
type Driver struct {
	identity oauth.Client // the cloud's identity service, at hosts of a fixed list
	instance oauth.Client // an instance, at a host that somebody typed
	carry    http.RoundTripper
}

var (
	_ provider.Granter    = (*Driver)(nil)
	_ provider.Finder     = (*Driver)(nil)
	_ provider.Redirector = (*Driver)(nil)
	_ provider.Carrier    = (*Driver)(nil)
)

// tokenHeader takes the access token. Bearer works as well, but not behind every web
// server: PHP does not always get to see the Authorization header.
const tokenHeader = "OAuth-Token"

// New makes the driver. It dials instances through clients.Typed alone.
func New(clients outbound.Clients) *Driver {
	typed := clients.Typed
	if typed == nil { // a registry of drivers that are only asked what they are
		typed = outbound.NewTyped(outbound.TypedConfig{})
	}
	return &Driver{
		identity: oauth.Client{HTTP: clients.API, Troubles: atIdentityService()},
		instance: oauth.Client{HTTP: straight(typed.Client()), Troubles: atInstance(), Own: own, Header: tokenHeader},
		carry:    typed.Stream(),
	}
}

// straight follows no redirect: what goes to an instance goes to the one that was typed.
func straight(client *http.Client) *http.Client {
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client
}

// Info implements provider.Provider.
func (d *Driver) Info() provider.Info {
	return provider.Info{
		ServiceType: account.SugarCRM,
		Title:       "SugarCRM",
		Button:      button(),
		Scopes:      scopes(),
		Direct:      direct(),
		Subject:     "host/user",
		AssumedLife: time.Hour,
		KeepAlive:   4 * 24 * time.Hour, // a refresh token lives for two weeks
		Tenants:     true,
	}
}

// scopes: those that an instance's own sign-in asks of the identity service. One of them
// opens all that the person may see, and a password does the same; so no unified scope
// has a twin.
func scopes() provider.ScopeMap {
	return provider.ScopeMap{
		Always:    []string{"offline", "https://apis.sugarcrm.com/auth/crm", "profile", "email"},
		Canonical: map[string]string{"offline_access": "offline"},
	}
}

// Refresh implements provider.Refresher: where the grant was made, and for the same
// platform. An instance gives a new refresh token each time, and ends the one before.
func (d *Driver) Refresh(ctx context.Context, reg account.Registration, held provider.Tokens) (provider.Tokens, error) {
	if !ofInstance(held.Place) {
		return d.refreshCloud(ctx, reg, held)
	}
	if held.Refresh.IsZero() {
		return provider.Tokens{}, &provider.Error{
			Class: provider.Dead, Code: provider.CodeNoRefresh,
			Cause: "the instance gave no refresh token when the account was connected", Cure: signInAgain,
		}
	}
	return d.token(ctx, reg, held.Place.API, map[string]string{
		"grant_type": "refresh_token", "refresh_token": held.Refresh.Reveal(), "platform": platformOf(reg, held),
	})
}

// Revoke implements provider.Revoker. An instance ends a session that says so itself;
// where its access token has ended, a new one is fetched first.
func (d *Driver) Revoke(ctx context.Context, reg account.Registration, held provider.Tokens) error {
	if held.Access.IsZero() && held.Refresh.IsZero() {
		return nil
	}
	if !ofInstance(held.Place) {
		return d.revokeCloud(ctx, reg, held)
	}
	err := d.logOut(ctx, reg, held)
	if !refuses(err) {
		return err
	}
	answer, err := d.Refresh(ctx, reg, held)
	if isDead(err) {
		return nil // gone already
	}
	if err != nil {
		return err
	}
	if err := d.logOut(ctx, reg, held.Merge(answer)); !refuses(err) {
		return err
	}
	return nil
}

// Ping implements provider.Pinger.
func (d *Driver) Ping(ctx context.Context, reg account.Registration, held provider.Tokens) error {
	_, err := d.who(ctx, reg, held)
	return err
}

// Authorize implements provider.Authorizer.
func (d *Driver) Authorize(r *http.Request, held provider.Tokens) {
	r.Header.Set(tokenHeader, held.Access.Reveal())
}

// Carry implements provider.Carrier.
func (d *Driver) Carry() http.RoundTripper { return d.carry }
