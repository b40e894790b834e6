package hubspot_test

import (
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider/hubspot"
	"github.com/avain-project/avain/internal/provider/providertest"
	"github.com/avain-project/avain/internal/sandbox"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Run(t, func(t *testing.T) providertest.Subject { return open(t).Subject })
}

// opened is a driver before a sandbox of its own.
type opened struct {
	providertest.Subject
	driver *hubspot.Driver
	box    *sandbox.Sandbox
}

func newDriver() *hubspot.Driver {
	return hubspot.New(outbound.New(outbound.Config{APITimeout: 2 * time.Second}))
}

func open(t *testing.T) opened {
	t.Helper()
	v := providertest.Serve(t, "Hubspot", sandbox.Fault{Kind: "error", Error: "invalid_client", Description: "BAD_CLIENT_SECRET missing or invalid client secret"})
	e, driver := v.Box.HubspotEndpoints(v.URL), newDriver()
	s := v.Subject(
		driver,
		account.Endpoints{Authorize: e.Authorize, Token: e.Token, Revoke: e.Revoke, Userinfo: e.Userinfo, API: e.API},
		"oauth", "crm.objects.contacts.read",
	)
	s.DirectPath = "crm/objects/2026-03/contacts"
	s.Without = map[providertest.Promise]string{
		providertest.ProbesNoMail: "a CRM has no mailbox",
		providertest.NeedsAdmin:   "HubSpot tells that on its own page, and nobody comes back from it",
	}
	return opened{driver: driver, box: v.Box, Subject: s}
}
