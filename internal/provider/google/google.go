package google

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

// Driver is the Google provider. It is stateless.
type Driver struct{ client oauth.Client }

// New makes the driver.
func New(clients outbound.Clients) *Driver {
	return &Driver{client: oauth.Client{
		HTTP: clients.API,
		Endpoints: account.Endpoints{
			Authorize: "https://accounts.google.com/o/oauth2/v2/auth",
			Token:     "https://oauth2.googleapis.com/token",
			Revoke:    "https://oauth2.googleapis.com/revoke",
			Userinfo:  "https://openidconnect.googleapis.com/v1/userinfo",
		},
		Troubles: troubles,
	}}
}

// Info implements provider.Provider.
func (d *Driver) Info() provider.Info {
	return provider.Info{
		ServiceType: account.Google,
		Title:       "Google",
		Button:      button(),
		Scopes:      scopes,
		Direct:      direct,
		Issuer:      "https://accounts.google.com",
		AssumedLife: time.Hour,
		KeepAlive:   60 * 24 * time.Hour, // unused for six months, it ends

		WithholdsRefresh: true,
		// developers.google.com/identity/protocols/oauth2/web-server#offline: the answer to a
		// refresh has no refresh token.
		Subject:      "sub",
		RefreshStays: true,
	}
}

// AuthorizeURL implements provider.Redirector.
func (d *Driver) AuthorizeURL(reg account.Registration, req provider.AuthRequest) (string, error) {
	extra := url.Values{"access_type": {"offline"}}
	if req.LoginHint != "" {
		extra.Set("login_hint", req.LoginHint)
	}
	if prompt := prompt(req); prompt != "" {
		extra.Set("prompt", prompt)
	}
	// Google then unites the new grant with what the person gave before; only a
	// renewal wants that, or one application would inherit another's access.
	if req.Renewing {
		extra.Set("include_granted_scopes", "true")
	}
	return d.client.AuthorizeURL(reg, req, extra)
}

// prompt keeps what the application asked for and adds consent where it must be
// forced; "none" would make that impossible.
func prompt(req provider.AuthRequest) string {
	words := strings.Fields(req.Prompt)
	if !req.ForceConsent {
		return strings.Join(words, " ")
	}
	kept := []string{"consent"}
	for _, w := range words {
		if w == "select_account" {
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, " ")
}

// Exchange implements provider.Redirector.
func (d *Driver) Exchange(ctx context.Context, reg account.Registration, cb provider.Callback) (provider.Tokens, account.Identity, error) {
	answer, err := d.client.Exchange(ctx, reg, cb, nil)
	if err != nil {
		return provider.Tokens{}, account.Identity{}, err
	}
	tokens := answer.Tokens
	if tokens.NativeScopes == nil {
		tokens.NativeScopes = cb.NativeScopes // RFC 6749 §5.1: absent means as asked
	}
	identity, err := d.identity(ctx, reg, tokens)
	return tokens, identity, err
}

func (d *Driver) identity(ctx context.Context, reg account.Registration, tokens provider.Tokens) (account.Identity, error) {
	var who struct {
		Sub           string `json:"sub"`
		Email         string `json:"email"`
		EmailVerified bool   `json:"email_verified"`
		Name          string `json:"name"`
		HostedDomain  string `json:"hd"`
	}
	if err := d.client.GetJSON(ctx, d.client.EndpointsFor(reg).Userinfo, tokens.Access, &who); err != nil {
		return account.Identity{}, err
	}
	if who.Sub == "" {
		return account.Identity{}, &provider.Error{
			Class: provider.Later, Code: provider.CodeMalformed, Cause: "the identity has no sub",
			Cure: "try again later", Err: errors.New("userinfo without sub"),
		}
	}
	return account.Identity{
		Subject: who.Sub, OrgID: who.HostedDomain,
		Email: who.Email, EmailVerified: who.EmailVerified, Name: who.Name,
	}, nil
}

// Refresh implements provider.Refresher. With openid an id_token comes too, and says
// whose the answer is.
func (d *Driver) Refresh(ctx context.Context, reg account.Registration, held provider.Tokens) (provider.Tokens, error) {
	answer, err := d.client.Refresh(ctx, reg, held)
	var said struct {
		Audience string `json:"aud"`
		Sub      string `json:"sub"`
	}
	if oauth.Claims(answer.IDToken, &said) == nil && said.Audience == reg.ClientID {
		answer.Owner.Subject = said.Sub
	}
	return answer.Tokens, err
}

// Revoke implements provider.Revoker. Google ends the whole grant of the person
// to the client, whichever of its tokens is sent.
func (d *Driver) Revoke(ctx context.Context, reg account.Registration, held provider.Tokens) error {
	return d.client.Revoke(ctx, reg, held)
}

// Ping implements provider.Pinger with the identity endpoint, which every grant
// reaches.
func (d *Driver) Ping(ctx context.Context, reg account.Registration, held provider.Tokens) error {
	_, err := d.identity(ctx, reg, held)
	return err
}
