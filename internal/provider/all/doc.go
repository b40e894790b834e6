// Package all names every provider that Avain has. A new provider is one folder
// beside this one and one line in [Registry].
package all

import (
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/ews"
	"github.com/avain-project/avain/internal/provider/google"
	"github.com/avain-project/avain/internal/provider/hubspot"
	"github.com/avain-project/avain/internal/provider/imap"
	"github.com/avain-project/avain/internal/provider/office365"
	"github.com/avain-project/avain/internal/provider/salesforce"
	"github.com/avain-project/avain/internal/provider/sugarcrm"
	"github.com/avain-project/avain/internal/provider/zoho"
)

// Registry makes the providers.
func Registry(clients outbound.Clients) provider.Registry {
	return provider.NewRegistry(
		ews.New(clients.Typed),
		google.New(clients),
		hubspot.New(clients),
		imap.New(clients.Typed),
		office365.New(clients),
		salesforce.New(clients),
		sugarcrm.New(clients),
		zoho.New(clients),
	)
}
