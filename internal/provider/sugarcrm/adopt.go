package sugarcrm

import (
	"context"
	"errors"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
)

var (
	_ provider.Locator = (*Driver)(nil)
	_ provider.Filler  = (*Driver)(nil)
)

// Locate implements provider.Locator: the server is the instance, and the grant its own.
// One of the identity service cannot be brought: only an instance's own announcement tells
// which service has made it.
func (d *Driver) Locate(_ account.Registration, server string) (provider.Place, error) {
	if server == "" {
		return provider.Place{}, errors.New("the instance's address is missing")
	}
	at, err := instance(server)
	return ownPlace(at), err
}

// Identify implements provider.Adopter.
func (d *Driver) Identify(ctx context.Context, reg account.Registration, held provider.Tokens) (provider.Tokens, account.Identity, error) {
	held.Tenant = platformOf(reg, held)
	who, err := d.who(ctx, reg, held)
	return held, who, err
}

// Fill implements provider.Filler.
func (d *Driver) Fill(known provider.Known) provider.Form {
	name := known.Username
	if name == "" {
		name = known.Email
	}
	return provider.Form{Values: map[string]string{fieldServer: known.ServerURL, fieldUsername: name}}
}
