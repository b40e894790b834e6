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

// The suite signs people in by redirect, at the identity service of the cloud, and by
// password at an instance; form_test.go has more of that.
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
	o := opened{driver: driver, box: v.Box, secure: secure.URL}
	s.DirectPath = "rest/v11/Contacts"
	s.Form = o.refusedAs
	s.Without = map[providertest.Promise]string{
		providertest.Probes:                 "Avain unifies no scope of SugarCRM's, so there is no area to prove",
		providertest.ProbesNoMail:           "a CRM has no mailbox",
		providertest.Narrows:                "the identity service lets nobody leave a scope out",
		providertest.NeedsAdmin:             "the identity service has no answer for it; an instance's is told at the form",
		providertest.Refuses(provider.Dead): "nothing is held yet that could be dead: a refused password is the person's to mend",
	}
	o.Subject = s
	return o
}

// refusedAs is a form that ends in that class; "" works.
func (o opened) refusedAs(t *testing.T, class provider.Class) provider.Form {
	t.Helper()
	switch class {
	case provider.User:
		return o.form("password", "wrong")
	case provider.Admin:
		return o.form("username", "ada+license")
	case provider.Later:
		return o.form("username", "ada+maintenance")
	case provider.Config:
		err := o.box.SetFaults([]sandbox.Fault{{Vendor: "SugarCRM", Endpoint: "code", Kind: "error", Status: 401, Error: "invalid_client"}})
		if err != nil {
			t.Fatal(err)
		}
	}
	return o.form()
}
