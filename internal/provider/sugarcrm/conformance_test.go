package sugarcrm_test

import (
	"crypto/x509"
	"net/netip"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/providertest"
	"github.com/avain-project/avain/internal/provider/sugarcrm"
	"github.com/avain-project/avain/internal/sandbox"
)

// The suite signs people in by redirect: at the identity service of the cloud. The
// sign-in by password is tried in form_test.go.
func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Run(t, func(t *testing.T) providertest.Subject { return open(t).Subject })
}

// opened is a driver before a sandbox of its own.
type opened struct {
	providertest.Subject
	driver *sugarcrm.Driver
	box    *sandbox.Sandbox
	secure string // where the instances are
}

func open(t *testing.T) opened {
	t.Helper()
	v := providertest.Serve(t, "SugarCRM", sandbox.Fault{Kind: "error", Status: 401, Error: "invalid_client"})
	secure, err := v.Box.ListenHTTPS(t.Context(), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = secure.Close() })
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(secure.CA)
	driver := sugarcrm.New(outbound.New(outbound.Config{APITimeout: 2 * time.Second, Typed: outbound.TypedConfig{
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Roots: roots, Total: 2 * time.Second,
	}}))
	e := v.Box.SugarCRMEndpoints(v.URL, secure.URL)
	s := v.Subject(
		driver, account.Endpoints{Authorize: e.Authorize, Token: e.Token, Revoke: e.Revoke, Userinfo: e.Userinfo},
		"offline", "https://apis.sugarcrm.com/auth/crm", "profile", "email",
	)
	s.Place = provider.Place{Accounts: secure.URL + "/sugarcrm/sts", API: secure.URL + sandbox.SugarCRMCloud}
	return opened{Subject: s, driver: driver, box: v.Box, secure: secure.URL}
}
