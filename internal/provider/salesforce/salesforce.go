package salesforce

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/oauth"
)

// Driver is the Salesforce provider. It is stateless.
type Driver struct{ client oauth.Client }

// New makes the driver.
func New(clients outbound.Clients) *Driver {
	return &Driver{client: oauth.Client{HTTP: clients.API, Troubles: troubles(), Own: own}}
}

// Info implements provider.Provider.
func (d *Driver) Info() provider.Info {
	return provider.Info{
		ServiceType: account.Salesforce,
		Title:       "Salesforce",
		Button:      button(),
		Scopes:      scopes(),
		Direct:      direct(),
		Subject:     "org/user", OrgInSubject: true,
		AssumedLife: time.Hour,          // an org's default is two
		KeepAlive:   7 * 24 * time.Hour, // an org may end what lies unused; by the month, or sooner
		Tenants:     true,
	}
}

// scopes: help.salesforce.com, remoteaccess_oauth_tokens_scopes. A CRM has no
// mailbox, and api opens all that the person may see: no unified scope has a twin.
func scopes() provider.ScopeMap {
	return provider.ScopeMap{
		Always:    []string{"api", "refresh_token", "openid"},
		Canonical: map[string]string{"offline_access": "refresh_token"},
	}
}

// AuthorizeURL implements provider.Redirector.
func (d *Driver) AuthorizeURL(reg account.Registration, req provider.AuthRequest) (string, error) {
	reg, err := at(reg, provider.Place{})
	if err != nil {
		return "", err
	}
	extra := url.Values{}
	if req.LoginHint != "" {
		extra.Set("login_hint", req.LoginHint)
	}
	if prompt := prompt(req); prompt != "" {
		extra.Set("prompt", prompt)
	}
	return d.client.AuthorizeURL(reg, req, extra)
}

// prompt keeps what Salesforce knows: login, consent and select_account. Asking
// again is for consent; none is left out, since it would make asking impossible.
func prompt(req provider.AuthRequest) string {
	words := slices.DeleteFunc(strings.Fields(req.Prompt), func(w string) bool { return req.ForceConsent && w == "none" })
	if req.ForceConsent && !slices.Contains(words, "consent") {
		words = append(words, "consent")
	}
	return strings.Join(words, " ")
}

// Exchange implements provider.Redirector. Nothing is sent to the instance before it
// is believed.
func (d *Driver) Exchange(ctx context.Context, reg account.Registration, cb provider.Callback) (provider.Tokens, account.Identity, error) {
	placed, err := at(reg, provider.Place{})
	if err != nil {
		return provider.Tokens{}, account.Identity{}, err
	}
	answer, err := d.client.Exchange(ctx, placed, cb, nil)
	if err != nil {
		return provider.Tokens{}, account.Identity{}, err
	}
	tokens := answer.Tokens
	if tokens.NativeScopes == nil {
		tokens.NativeScopes = cb.NativeScopes // RFC 6749 §5.1: absent means as asked
	}
	if tokens.Place, err = place(reg, answer); err != nil {
		return provider.Tokens{}, account.Identity{}, err
	}
	who, err := d.identity(ctx, reg, tokens)
	if err == nil {
		err = who.agrees(answer.Text("id"))
	}
	if err != nil {
		return provider.Tokens{}, account.Identity{}, err
	}
	return tokens, who.identity(), nil
}

// Refresh implements provider.Refresher: where the grant was made. An org may have
// moved, so the instance is read again; one that is not believed is dropped, and the
// old one stays (docs/decisions/0020).
func (d *Driver) Refresh(ctx context.Context, reg account.Registration, held provider.Tokens) (provider.Tokens, error) {
	placed, err := at(reg, held.Place)
	if err != nil {
		return provider.Tokens{}, err
	}
	answer, err := d.client.Refresh(ctx, placed, held)
	if err != nil {
		return provider.Tokens{}, err
	}
	tokens := answer.Tokens
	if who, ok := ownerIn(answer.Text("id")); ok {
		tokens.Owner.Subject = who.identity().Subject
	}
	if named := answer.Text("instance_url"); named != "" {
		if instance, err := instances().Believe(reg, named); err == nil {
			tokens.Place.API = instance
		}
	}
	return tokens, nil
}

// Revoke implements provider.Revoker. The refresh token ends with the access tokens
// that came of it; other grants of the person live on.
func (d *Driver) Revoke(ctx context.Context, reg account.Registration, held provider.Tokens) error {
	placed, err := at(reg, held.Place)
	if err != nil {
		return err
	}
	return d.client.Revoke(ctx, placed, held)
}

// Ping implements provider.Pinger with the identity endpoint, which every grant
// reaches and which counts against no limit of the org's API.
func (d *Driver) Ping(ctx context.Context, reg account.Registration, held provider.Tokens) error {
	_, err := d.identity(ctx, reg, held)
	return err
}
