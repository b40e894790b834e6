package oauth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/oauth2"

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
	cfg := oauth2.Config{
		ClientID: reg.ClientID, RedirectURL: req.RedirectURI, Scopes: req.NativeScopes,
		Endpoint: oauth2.Endpoint{AuthURL: c.EndpointsFor(reg).Authorize},
	}
	return cfg.AuthCodeURL(req.State, opts...), nil
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
	form := maps.Clone(extra)
	if form == nil {
		form = url.Values{}
	}
	form.Set("grant_type", "authorization_code")
	form.Set("code", code)
	form.Set("redirect_uri", cb.RedirectURI)
	form.Set("code_verifier", cb.Verifier.Reveal()) // RFC 7636 §4.5
	return c.tokens(ctx, reg, form)
}

// Refresh asks for a new access token, with a scope parameter where scopes are
// given. What the provider leaves out, or says again, stays zero.
func (c *Client) Refresh(ctx context.Context, reg account.Registration, held provider.Tokens, scopes ...string) (Answer, error) {
	if held.Refresh.IsZero() {
		return Answer{}, &provider.Error{
			Class: provider.Dead, Code: provider.CodeNoRefresh,
			Cause: "the provider gave no refresh token when the account was connected", Cure: "connect the account again",
		}
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {held.Refresh.Reveal()}}
	if len(scopes) > 0 {
		form.Set("scope", strings.Join(scopes, " "))
	}
	answer, err := c.tokens(ctx, reg, form)
	if answer.Refresh.Equal(held.Refresh) {
		answer.Refresh = secret.Text{}
	}
	if _, listed := answer.members["scopes"]; !listed && len(answer.NativeScopes) == 0 {
		answer.NativeScopes = nil // an empty text is no scope (RFC 6749 §3.3), so it does not say
	}
	return answer, err
}

// tokens asks the token endpoint (RFC 6749 §3.2).
func (c *Client) tokens(ctx context.Context, reg account.Registration, form url.Values) (Answer, error) {
	var answer Answer
	err := c.Post(ctx, reg, c.EndpointsFor(reg).Token, form, &answer)
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
