package office365_test

import (
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider/office365"
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
	driver *office365.Driver
	box    *sandbox.Sandbox
	url    string
}

func newDriver() *office365.Driver {
	return office365.New(outbound.New(outbound.Config{APITimeout: 2 * time.Second}))
}

func open(t *testing.T) opened {
	t.Helper()
	v := providertest.Serve(t, "Office365", sandbox.Fault{Kind: "error", Error: "invalid_client", Description: "AADSTS7000222: The provided client secret keys are expired.", Status: 401})
	e, driver := v.Box.Office365Endpoints(v.URL), newDriver()
	s := v.Subject(
		driver,
		account.Endpoints{Authorize: e.Authorize, Token: e.Token, Userinfo: e.Userinfo, API: e.API},
		"openid", "profile", "email", "offline_access", "User.Read", "Mail.Read",
	)
	s.DirectPath = "me/messages"
	s.Without = map[providertest.Promise]string{
		providertest.Revokes: "Microsoft has no endpoint that ends one grant (docs/providers/office365.md)",
	}
	return opened{driver: driver, box: v.Box, url: v.URL, Subject: s}
}
