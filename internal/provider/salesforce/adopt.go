package salesforce

import (
	"context"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
)

var _ provider.Locator = (*Driver)(nil)

// Locate implements provider.Locator: the server is the org's instance, which a refresh
// names as well. Nothing is sent to one that is not believed.
func (d *Driver) Locate(reg account.Registration, server string) (provider.Place, error) {
	var where provider.Place
	var err error
	if reg.Endpoints.Token == "" {
		if where.Accounts, err = signIn(reg.Tenant); err != nil {
			return provider.Place{}, err
		}
	}
	if server == "" {
		return where, nil
	}
	if !strings.Contains(server, "://") {
		server = "https://" + server
	}
	where.API, err = instances().Believe(reg, server)
	return where, err
}

// Identify implements provider.Adopter.
func (d *Driver) Identify(ctx context.Context, reg account.Registration, held provider.Tokens) (provider.Tokens, account.Identity, error) {
	who, err := d.identity(ctx, reg, held)
	if err != nil {
		return held, account.Identity{}, err
	}
	return held, who.identity(), nil
}
