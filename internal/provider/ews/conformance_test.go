package ews_test

import (
	"net/http"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/providertest"
	"github.com/avain-project/avain/internal/secret"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	const kept = "the password is what is kept, and is good until its server says no"
	providertest.Run(t, func(t *testing.T) providertest.Subject {
		w := setup(t)
		return providertest.Subject{
			Provider: w.provider(), Registration: account.Registration{ServiceType: account.EWS},
			Form: w.refusedAs, DirectPath: "EWS/Exchange.asmx",
			Calls: func() int { return w.box.Stats()["EWS"].EWSLogin },
			Without: map[providertest.Promise]string{
				providertest.Refreshes: kept, providertest.Rotates: kept, providertest.Withholds: kept,
				providertest.Revokes:                  "a directory takes no password back: its person changes it",
				providertest.Pings:                    "Verify signs in again, which is the least that proves a password",
				providertest.Probes:                   "a sign-in opens the inbox and proves it",
				providertest.ProbesNoMail:             "a sign-in without a mailbox is refused",
				providertest.Narrows:                  "a password opens all that the web services have",
				providertest.NeedsAdmin:               "a server says so when it is asked to log in: the form's refusal as admin",
				providertest.Refuses(provider.Config): "nothing is registered at an Exchange server that could be wrong",
			},
		}
	})
}

// refusedAs is a form that ends in that class; "" works.
func (w *world) refusedAs(t *testing.T, class provider.Class) provider.Form {
	t.Helper()
	form := w.form()
	switch class {
	case provider.Dead:
		form.Password = secret.New("wrong-password")
	case provider.User:
		form.Values["username"] = "ada+disabled@sandbox.test"
	case provider.Later:
		form.Values["username"] = "ada+busy@sandbox.test"
	case provider.Admin:
		w.serve(exchange, func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("WWW-Authenticate", `Bearer realm="x"`)
			rw.WriteHeader(http.StatusUnauthorized)
		})
	}
	return form
}
