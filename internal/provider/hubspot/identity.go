package hubspot

import (
	"context"
	"errors"
	"net/url"
	"strconv"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
)

// introspection is PublicAccessTokenInfoResponse, as far as it is used.
type introspection struct {
	Active   bool     `json:"active"`
	HubID    int64    `json:"hub_id"` // the HubSpot account, once called portal
	UserID   int64    `json:"user_id"`
	ClientID string   `json:"client_id"`
	User     string   `json:"user"` // the person's address
	Scopes   []string `json:"scopes"`
}

// identity is the person in one HubSpot account: the same person in another one has
// other data, another grant, and another subject.
//
// The address is not vouched for. HubSpot says nowhere that it has verified it, and
// an account with single sign-on names its people itself.
func (i introspection) identity() account.Identity {
	hub := strconv.FormatInt(i.HubID, 10)
	return account.Identity{Subject: hub + "/" + strconv.FormatInt(i.UserID, 10), OrgID: hub, Email: i.User}
}

// introspect asks what an access token stands for.
func (d *Driver) introspect(ctx context.Context, reg account.Registration, access secret.Text) (introspection, error) {
	var told introspection
	err := d.client.Post(ctx, reg, d.client.EndpointsFor(reg).Userinfo, url.Values{
		"token": {access.Reveal()}, "token_type_hint": {"access_token"},
	}, &told)
	if err != nil {
		return introspection{}, err
	}
	if !told.Active {
		return introspection{}, &provider.Error{
			Class: provider.User, Code: provider.CodeUnauthorized,
			Cause: "HubSpot says that the access token has ended", Cure: again,
		}
	}
	if err := told.check(reg); err != nil {
		return introspection{}, &provider.Error{
			Class: provider.Later, Code: provider.CodeMalformed, Cause: "HubSpot does not say who signed in", Cure: "try again later", Err: err,
		}
	}
	return told, nil
}

func (i introspection) check(reg account.Registration) error {
	switch {
	case i.HubID <= 0:
		return errors.New("the introspection has no hub_id")
	case i.UserID <= 0:
		return errors.New("the introspection has no user_id")
	case i.ClientID != "" && i.ClientID != reg.ClientID:
		return errors.New("the access token is another application's")
	case i.Scopes == nil:
		return errors.New("the introspection has no scopes")
	}
	return nil
}
