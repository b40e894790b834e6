package google

import (
	"context"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
)

var _ provider.Adopter = (*Driver)(nil)

// Identify implements provider.Adopter.
func (d *Driver) Identify(ctx context.Context, reg account.Registration, held provider.Tokens) (provider.Tokens, account.Identity, error) {
	who, err := d.identity(ctx, reg, held)
	return held, who, err
}
