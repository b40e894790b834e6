package hubspot

import (
	"context"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
)

var _ provider.Adopter = (*Driver)(nil)

// Identify implements provider.Adopter: introspection knows the scopes as well.
func (d *Driver) Identify(ctx context.Context, reg account.Registration, held provider.Tokens) (provider.Tokens, account.Identity, error) {
	told, err := d.introspect(ctx, reg, held.Access)
	if err != nil {
		return held, account.Identity{}, err
	}
	held.NativeScopes = told.Scopes
	return held, told.identity(), nil
}
