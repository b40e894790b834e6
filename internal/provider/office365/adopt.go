package office365

import (
	"context"
	"slices"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
)

var _ provider.Adopter = (*Driver)(nil)

// Identify implements provider.Adopter. Graph knows the person and not the tenant: that
// stands in an id_token, which comes with a refresh alone. Microsoft honours a refresh token
// that was replaced, so that a refresh more ends nothing.
func (d *Driver) Identify(ctx context.Context, reg account.Registration, held provider.Tokens) (provider.Tokens, account.Identity, error) {
	if held.Refresh.IsZero() {
		return held, account.Identity{}, &provider.Error{
			Class: provider.User, Code: provider.CodeNoRefresh,
			Cause: "Microsoft does not say whose a bare access token is", Cure: "send the refresh token",
		}
	}
	// openid brings an id_token with a refresh (OpenID Connect Core §12.2).
	scopes := append(slices.Clone(spelled(reg.Cloud, own(reg.Cloud, held.NativeScopes))), "openid", "profile", "email")
	answer, err := d.client.Refresh(ctx, at(reg, held.Tenant), held, renewable(scopes)...)
	if err != nil {
		return held, account.Identity{}, err
	}
	answer.NativeScopes = granted(reg.Cloud, answer.NativeScopes, held.NativeScopes)
	held = held.Merge(answer.Tokens)
	who, err := d.identify(ctx, reg, answer)
	held.Tenant = who.OrgID
	return held, who, err
}
