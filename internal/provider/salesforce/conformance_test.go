package salesforce_test

import (
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider/providertest"
	"github.com/avain-project/avain/internal/provider/salesforce"
	"github.com/avain-project/avain/internal/sandbox"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Run(t, func(t *testing.T) providertest.Subject { return open(t).Subject })
}

// opened is a driver before a sandbox of its own.
type opened struct {
	providertest.Subject
	driver *salesforce.Driver
	box    *sandbox.Sandbox
	url    string
}

func newDriver() *salesforce.Driver {
	return salesforce.New(outbound.New(outbound.Config{APITimeout: 2 * time.Second}))
}

func open(t *testing.T) opened {
	t.Helper()
	v := providertest.Serve(t, "Salesforce", sandbox.Fault{Kind: "error", Error: "invalid_client", Description: "invalid client credentials"})
	e, driver := v.Box.SalesforceEndpoints(v.URL), newDriver()
	s := v.Subject(
		driver,
		account.Endpoints{Authorize: e.Authorize, Token: e.Token, Revoke: e.Revoke},
		"api", "refresh_token", "openid", "chatter_api",
	)
	s.DirectPath = "services/data/v60.0/sobjects"
	s.Without = map[providertest.Promise]string{
		providertest.Probes:       "Avain unifies no scope of Salesforce's, so there is no area to prove",
		providertest.ProbesNoMail: "a CRM has no mailbox",
	}
	return opened{driver: driver, box: v.Box, url: v.URL, Subject: s}
}
