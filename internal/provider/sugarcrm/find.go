package sugarcrm

import (
	"context"
	"fmt"
	"net/http"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
)

// announced is what an instance tells everybody, as far as it is used.
type announced struct {
	Config *struct {
		Cloud   bool   `json:"idmModeEnabled"`
		Service string `json:"stsUrl"`
	} `json:"config"`
}

// Find implements provider.Finder: it asks the instance how its people sign in. Where it
// announces the identity service and both hosts are SugarCRM's own, they go on there, if
// the registration has a client for it. Everybody else types the password.
func (d *Driver) Find(ctx context.Context, reg account.Registration, form provider.Form) (provider.Way, error) {
	server, err := instance(form.Values[fieldServer])
	if err != nil {
		return provider.Way{}, invalid(fieldServer, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server+rest+"/metadata/public?type_filter=config&platform=base", nil)
	if err != nil {
		return provider.Way{}, fmt.Errorf("build the request: %w", err)
	}
	var told announced
	if err := d.instance.Ask(req, &told); err != nil {
		return provider.Way{}, atForm(err, server)
	}
	if told.Config == nil {
		return provider.Way{}, noInstance(server, nil)
	}
	way := provider.Way{Values: map[string]string{fieldServer: server}, Source: "what the instance says of itself"}
	if !told.Config.Cloud {
		return way, nil
	}
	where, err := believed(reg, provider.Place{Accounts: told.Config.Service, API: server})
	switch {
	case err != nil:
		way.Unsure = "This server says that it belongs to SugarCRM's cloud, but it is none of the hosts there. Type your password only if you know this server."
	case cloudClient(reg):
		return provider.Way{Redirect: &where, Source: way.Source}, nil
	}
	return way, nil
}
