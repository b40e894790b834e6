package oauth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
)

// Client speaks to one provider's OAuth endpoints. It is stateless and safe for
// concurrent use.
type Client struct {
	HTTP *http.Client
	// Endpoints are the provider's own; a registration may replace each.
	Endpoints account.Endpoints
	Troubles  []provider.Trouble
	// Own reads what an error body says in the provider's own words: the OAuth code
	// that they stand for ("": whatever stands in error), and a subtype for the table.
	// Of an identity call, CodeUnauthorized says that the token is refused. nil: it has
	// no words of its own.
	Own func(body []byte) (code, subtype string)
	// Scheme is the word before the access token in the Authorization header; "" is
	// Bearer.
	Scheme string
	// Header takes the access token alone, in place of the Authorization header.
	Header string
	// RevokeAlone: the revocation endpoint takes the token and nothing beside it.
	RevokeAlone bool
	// Gone are error codes with which that endpoint says that it does not know the
	// token, besides those of RFC 7009.
	Gone []string
}

// EndpointsFor lays the registration's endpoints over the provider's own.
func (c *Client) EndpointsFor(reg account.Registration) account.Endpoints {
	return account.Endpoints{
		Authorize: cmp.Or(reg.Endpoints.Authorize, c.Endpoints.Authorize),
		Token:     cmp.Or(reg.Endpoints.Token, c.Endpoints.Token),
		Revoke:    cmp.Or(reg.Endpoints.Revoke, c.Endpoints.Revoke),
		Userinfo:  cmp.Or(reg.Endpoints.Userinfo, c.Endpoints.Userinfo),
		API:       cmp.Or(reg.Endpoints.API, c.Endpoints.API),
	}
}

// AuthorizeURL builds the consent page's address, with PKCE S256 and whatever
// parameters the dialect adds.
func (c *Client) AuthorizeURL(reg account.Registration, req provider.AuthRequest, extra url.Values) (string, error) {
	opts := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(req.Verifier.Reveal())}
	for name, values := range extra {
		opts = append(opts, oauth2.SetAuthURLParam(name, values[0]))
	}
	cfg := c.config(reg, secret.Text{}, req.RedirectURI)
	cfg.Scopes = req.NativeScopes
	return cfg.AuthCodeURL(req.State, opts...), nil
}

// Answer is what a token endpoint gave.
type Answer struct {
	provider.Tokens
	IDToken secret.Text // OpenID Connect; zero where none came
	extra   func(string) any
}

// Text is a member of the answer that is peculiar to the dialect; "" where it is
// absent or no text.
func (a Answer) Text(name string) string {
	if a.extra == nil {
		return ""
	}
	text, _ := a.extra(name).(string)
	return text
}

// Exchange redeems the callback's code. extra are parameters of the dialect.
func (c *Client) Exchange(ctx context.Context, reg account.Registration, cb provider.Callback, extra url.Values) (Answer, error) {
	if code := cb.Params.Get("error"); code != "" {
		return Answer{}, c.classify(code, nil, cb.Params.Get("error_description"))
	}
	code := cb.Params.Get("code")
	if code == "" {
		return Answer{}, c.malformed(errors.New("the callback has neither code nor error"))
	}
	opts := []oauth2.AuthCodeOption{oauth2.VerifierOption(cb.Verifier.Reveal())}
	for name, values := range extra {
		opts = append(opts, oauth2.SetAuthURLParam(name, values[0]))
	}
	return c.token(reg, func(s secret.Text) (*oauth2.Token, error) {
		return c.config(reg, s, cb.RedirectURI).Exchange(c.with(ctx), code, opts...)
	})
}

// Refresh asks for a new access token, with a scope parameter where scopes are
// given. What the provider leaves out stays zero.
func (c *Client) Refresh(ctx context.Context, reg account.Registration, held provider.Tokens, scopes ...string) (Answer, error) {
	if held.Refresh.IsZero() {
		return Answer{}, &provider.Error{
			Class: provider.Dead, Code: provider.CodeNoRefresh,
			Cause: "the provider gave no refresh token when the account was connected", Cure: "connect the account again",
		}
	}
	answer, err := c.token(reg, func(s secret.Text) (*oauth2.Token, error) {
		// The library's own refresh has no scope parameter; this one takes any grant.
		request := clientcredentials.Config{
			ClientID: reg.ClientID, ClientSecret: s.Reveal(), TokenURL: c.EndpointsFor(reg).Token, Scopes: scopes,
			AuthStyle:      oauth2.AuthStyleInParams,
			EndpointParams: url.Values{"grant_type": {"refresh_token"}, "refresh_token": {held.Refresh.Reveal()}},
		}
		return request.Token(c.with(ctx))
	})
	// The library fills an absent refresh token with the old one.
	if answer.Refresh.Equal(held.Refresh) {
		answer.Refresh = secret.Text{}
	}
	return answer, err
}

// Revoke ends the grant (RFC 7009). A token that the provider no longer knows is
// as good as revoked.
func (c *Client) Revoke(ctx context.Context, reg account.Registration, held provider.Tokens) error {
	token := held.Refresh
	if token.IsZero() {
		token = held.Access
	}
	if token.IsZero() {
		return nil
	}
	return eachSecret(reg, func(s secret.Text) error {
		// The client says who it is here too (§2.1). Some providers, Google among them,
		// want the token alone and do not mind more.
		form := url.Values{"token": {token.Reveal()}}
		if !c.RevokeAlone {
			form.Set("client_id", reg.ClientID)
		}
		if !c.RevokeAlone && !s.IsZero() {
			form.Set("client_secret", s.Reveal())
		}
		return c.revoke(ctx, c.EndpointsFor(reg).Revoke, form)
	})
}

func (c *Client) revoke(ctx context.Context, endpoint string, form url.Values) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("build the revocation: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := c.HTTP.Do(req)
	if err != nil {
		return c.transport(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, _ := io.ReadAll(res.Body)
	var answer struct{ Error string }
	_ = json.Unmarshal(body, &answer)
	gone := append([]string{"invalid_token", "unsupported_token_type"}, c.Gone...)
	if slices.Contains(gone, answer.Error) || res.StatusCode == http.StatusOK && answer.Error == "" {
		return nil // some say what went wrong with status 200
	}
	return c.answer(res, answer.Error, nil, "")
}

// GetJSON reads an identity endpoint with the access token.
func (c *Client) GetJSON(ctx context.Context, endpoint string, access secret.Text, into any) error {
	res, err := c.get(ctx, endpoint, access)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusOK {
		return c.denied(res, body)
	}
	if err != nil {
		if errors.Is(err, outbound.ErrTooLarge) {
			return c.malformed(err)
		}
		return c.transport(err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return c.malformed(errors.New("the identity is not JSON"))
	}
	return nil
}

// denied is the error that an identity call was answered with.
func (c *Client) denied(res *http.Response, body []byte) error {
	code, subtypes := "", []string(nil)
	if res.StatusCode < 500 { // a server's own trouble refuses nobody
		code, subtypes = c.own(body, "")
	}
	if res.StatusCode == http.StatusUnauthorized || code == provider.CodeUnauthorized {
		return &provider.Error{
			Class: provider.User, Code: provider.CodeUnauthorized,
			Cause: "the provider refuses the access token", Cure: "connect the account again",
		}
	}
	return c.answer(res, code, subtypes, "")
}

func (c *Client) get(ctx context.Context, endpoint string, access secret.Text) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint, nil)
	if err != nil {
		return nil, fmt.Errorf("build the request: %w", err)
	}
	if c.Header != "" {
		req.Header.Set(c.Header, access.Reveal())
	} else {
		req.Header.Set("Authorization", cmp.Or(c.Scheme, "Bearer")+" "+access.Reveal())
	}
	req.Header.Set("Accept", "application/json")
	res, err := c.HTTP.Do(req)
	if err != nil {
		return nil, c.transport(err)
	}
	return res, nil
}

func (c *Client) config(reg account.Registration, clientSecret secret.Text, redirectURI string) *oauth2.Config {
	e := c.EndpointsFor(reg)
	return &oauth2.Config{
		ClientID: reg.ClientID, ClientSecret: clientSecret.Reveal(), RedirectURL: redirectURI,
		Endpoint: oauth2.Endpoint{AuthURL: e.Authorize, TokenURL: e.Token, AuthStyle: oauth2.AuthStyleInParams},
	}
}

func (c *Client) with(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, c.HTTP)
}

// token makes a token call and classifies what it failed with.
func (c *Client) token(reg account.Registration, call func(secret.Text) (*oauth2.Token, error)) (Answer, error) {
	var answer Answer
	err := eachSecret(reg, func(s secret.Text) error {
		token, err := call(s)
		if err != nil {
			return c.failure(err)
		}
		answer = answerOf(token)
		return nil
	})
	return answer, err
}

// eachSecret tries the registration's secrets in order: while one is being
// replaced, two are live, and only invalid_client asks for the next.
func eachSecret(reg account.Registration, call func(secret.Text) error) error {
	secrets := reg.Secrets
	if len(secrets) == 0 {
		secrets = []secret.Text{{}}
	}
	var failure error
	for _, s := range secrets {
		failure = call(s)
		var refused *provider.Error
		if !errors.As(failure, &refused) || refused.Code != "invalid_client" {
			break
		}
	}
	return failure
}

func answerOf(t *oauth2.Token) Answer {
	out := Answer{Tokens: provider.Tokens{Access: secret.New(t.AccessToken), Refresh: secret.New(t.RefreshToken), Life: lifeOf(t)}, extra: t.Extra}
	out.NativeScopes = scopesOf(t)
	if id, ok := t.Extra("id_token").(string); ok {
		out.IDToken = secret.New(id)
	}
	return out
}

// scopesOf reads scope, or the list scopes that HubSpot has in its place; nil where
// the answer has neither.
func scopesOf(t *oauth2.Token) []string {
	if granted, ok := t.Extra("scope").(string); ok {
		return strings.Fields(granted)
	}
	list, ok := t.Extra("scopes").([]any)
	if !ok {
		return nil
	}
	scopes := []string{}
	for _, entry := range list {
		if s, ok := entry.(string); ok {
			scopes = append(scopes, s)
		}
	}
	return scopes
}

// lifeOf reads expires_in, which the library keeps for some grants only. Some
// providers write the number as a string. Where expires_in_sec is there too, as Zoho
// has it, expires_in counts milliseconds.
func lifeOf(t *oauth2.Token) time.Duration {
	seconds := float64(t.ExpiresIn)
	for _, name := range []string{"expires_in", "expires_in_sec"} {
		switch raw := t.Extra(name).(type) {
		case float64:
			seconds = raw
		case string:
			if n, err := strconv.ParseFloat(raw, 64); err == nil {
				seconds = n
			}
		}
	}
	const most = float64(100 * 365 * 24 * 3600) // beyond it a Duration would overflow
	return time.Duration(max(0, min(seconds, most))) * time.Second
}
