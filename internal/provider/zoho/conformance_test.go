package zoho_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider/providertest"
	"github.com/avain-project/avain/internal/provider/zoho"
	"github.com/avain-project/avain/internal/sandbox"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Run(t, func(t *testing.T) providertest.Subject { return open(t).Subject })
}

// opened is a driver before a sandbox of its own.
type opened struct {
	providertest.Subject
	driver *zoho.Driver
	box    *sandbox.Sandbox
	url    string
}

func newDriver() *zoho.Driver {
	return zoho.New(outbound.New(outbound.Config{APITimeout: 2 * time.Second}))
}

func newDriverWith(client *http.Client) *zoho.Driver {
	return zoho.New(outbound.Clients{API: client})
}

func open(t *testing.T) opened {
	t.Helper()
	v := providertest.Serve(t, "Zoho", sandbox.Fault{Kind: "error", Error: "invalid_client", Status: 200})
	e, driver := v.Box.ZohoEndpoints(v.URL), newDriver()
	s := v.Subject(
		driver,
		account.Endpoints{Authorize: e.Authorize, Token: e.Token, Revoke: e.Revoke, Userinfo: e.Userinfo},
		"AaaServer.profile.READ", "email", "ZohoMail.accounts.READ",
	)
	s.DirectPath = "api/accounts"
	s.Without = map[providertest.Promise]string{
		providertest.NeedsAdmin: "Zoho documents no answer that asks for an administrator",
	}
	return opened{driver: driver, box: v.Box, url: v.URL, Subject: s}
}
