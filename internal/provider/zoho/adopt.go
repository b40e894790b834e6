package zoho

import (
	"context"
	"net/url"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/oauth"
)

var _ provider.Locator = (*Driver)(nil)

// Locate implements provider.Locator: the server is that of the person's data centre
// (accounts.zoho.eu), since the grant is known at no other. Without one, it is where the
// registration's people sign in.
func (d *Driver) Locate(reg account.Registration, server string) (provider.Place, error) {
	params := url.Values{}
	if server != "" {
		if !strings.Contains(server, "://") {
			server = "https://" + server
		}
		params.Set("accounts-server", server)
	}
	accounts, err := home(reg, params)
	return provider.Place{Accounts: accounts}, err
}

// Identify implements provider.Adopter. Without an id_token nobody vouches for the address.
func (d *Driver) Identify(ctx context.Context, reg account.Registration, held provider.Tokens) (provider.Tokens, account.Identity, error) {
	there, err := at(reg, held.Place.Accounts)
	if err != nil {
		return held, account.Identity{}, err
	}
	who, err := d.identify(ctx, there, centreOf(held.Place.Accounts), oauth.Answer{Tokens: held})
	return held, who, err
}
