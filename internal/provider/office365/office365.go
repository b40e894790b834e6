package office365

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

// Driver is the Microsoft provider. It is stateless.
type Driver struct{ client oauth.Client }

// New makes the driver.
func New(clients outbound.Clients) *Driver {
	return &Driver{client: oauth.Client{HTTP: clients.API, Troubles: troubles()}}
}

// Info implements provider.Provider.
func (d *Driver) Info() provider.Info {
	return provider.Info{
		ServiceType: account.Office365,
		Title:       "Microsoft 365",
		Button:      button(),
		Scopes:      scopes(),
		Direct:      direct(),
		AssumedLife: time.Hour,
		KeepAlive:   30 * 24 * time.Hour, // a refresh token lives for 90 days
		Tenants:     true,
		// learn.microsoft.com/entra/identity-platform/refresh-tokens, "Token lifetime": old
		// refresh tokens are not revoked when they are used.
		Subject: "tid/oid", OrgInSubject: true, TenantIsOrg: true,
		HonoursReplaced: true,
	}
}

// AuthorizeURL implements provider.Redirector.
func (d *Driver) AuthorizeURL(reg account.Registration, req provider.AuthRequest) (string, error) {
	extra := url.Values{"response_mode": {"query"}}
	if req.LoginHint != "" {
		extra.Set("login_hint", req.LoginHint)
	}
	if prompt := prompt(req); prompt != "" {
		extra.Set("prompt", prompt)
	}
	req.NativeScopes = spelled(reg.Cloud, req.NativeScopes)
	return d.client.AuthorizeURL(at(reg, ""), req, extra)
}

// prompt picks one word: Microsoft takes no two.
func prompt(req provider.AuthRequest) string {
	words := strings.Fields(req.Prompt)
	if req.ForceConsent {
		words = []string{"consent"}
	}
	for _, w := range []string{"consent", "login", "select_account"} {
		if slices.Contains(words, w) {
			return w
		}
	}
	return strings.Join(words, " ")
}

// AdminConsentURL implements provider.AdminConsenter.
func (d *Driver) AdminConsentURL(reg account.Registration, tenant string, nativeScopes []string, redirectURI, state string) (string, error) {
	return adminConsentURL(reg, tenant, url.Values{
		"client_id": {reg.ClientID}, "redirect_uri": {redirectURI}, "state": {state},
		"scope": {strings.Join(spelled(reg.Cloud, own(reg.Cloud, nativeScopes)), " ")},
	})
}

// Exchange implements provider.Redirector.
func (d *Driver) Exchange(ctx context.Context, reg account.Registration, cb provider.Callback) (provider.Tokens, account.Identity, error) {
	// A consent may be for several resources, a token is for one: Graph's.
	asked := url.Values{"scope": {strings.Join(spelled(reg.Cloud, own(reg.Cloud, cb.NativeScopes)), " ")}}
	answer, err := d.client.Exchange(ctx, at(reg, ""), cb, asked)
	if err != nil {
		return provider.Tokens{}, account.Identity{}, err
	}
	tokens := answer.Tokens
	tokens.NativeScopes = granted(reg.Cloud, tokens.NativeScopes, cb.NativeScopes)
	if tokens.NativeScopes == nil {
		tokens.NativeScopes = cb.NativeScopes // RFC 6749 §5.1: absent means as asked
	}
	who, err := d.identify(ctx, reg, answer)
	tokens.Tenant = who.OrgID
	return tokens, who, err
}

// Refresh implements provider.Refresher: at the tenant where the grant was made,
// for Graph.
func (d *Driver) Refresh(ctx context.Context, reg account.Registration, held provider.Tokens) (provider.Tokens, error) {
	scopes := spelled(reg.Cloud, own(reg.Cloud, held.NativeScopes))
	answer, err := d.client.Refresh(ctx, at(reg, held.Tenant), held, renewable(scopes)...)
	answer.NativeScopes = granted(reg.Cloud, answer.NativeScopes, held.NativeScopes)
	return owned(reg, answer), err
}

// RefreshFor implements provider.ResourceRefresher. It asks for those scopes of the
// resource that were consented to, or for whatever was.
func (d *Driver) RefreshFor(ctx context.Context, reg account.Registration, held provider.Tokens, resource string) (provider.Tokens, error) {
	scopes := slices.DeleteFunc(slices.Clone(held.NativeScopes), func(s string) bool {
		return !strings.HasPrefix(s, strings.TrimSuffix(resource, "/")+"/")
	})
	if len(scopes) == 0 {
		scopes = []string{strings.TrimSuffix(resource, "/") + "/.default"}
	}
	answer, err := d.client.Refresh(ctx, at(reg, held.Tenant), held, renewable(scopes)...)
	answer.NativeScopes = nil
	return owned(reg, answer), err
}

// owned are the tokens of a refresh, with whose they are where an id_token says so.
func owned(reg account.Registration, answer oauth.Answer) provider.Tokens {
	if c, err := readClaims(reg, answer.IDToken); err == nil {
		answer.Owner.Subject = c.subject()
	}
	return answer.Tokens
}

// renewable adds what the next refresh token depends on.
func renewable(scopes []string) []string {
	if len(scopes) == 0 || slices.Contains(scopes, offlineAccess) {
		return scopes
	}
	return append(slices.Clone(scopes), offlineAccess)
}

// Ping implements provider.Pinger with Graph's /me, which every grant reaches.
func (d *Driver) Ping(ctx context.Context, reg account.Registration, held provider.Tokens) error {
	_, err := d.me(ctx, reg, held.Access)
	return err
}
