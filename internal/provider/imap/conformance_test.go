package imap_test

import (
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/imap"
	"github.com/avain-project/avain/internal/provider/providertest"
	"github.com/avain-project/avain/internal/sandbox"
	"github.com/avain-project/avain/internal/scope"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	const kept = "the password is what is kept, and is good until its server says no"
	providertest.Run(t, func(t *testing.T) providertest.Subject {
		w := setup(t)
		return providertest.Subject{
			Provider: imap.New(outbound.NewTyped(w.typed)), Registration: account.Registration{ServiceType: account.IMAP},
			Form: w.refusedAs,
			Calls: func() int {
				n := w.box.Stats()["IMAP"]
				return n.IMAPLogin + n.SMTPLogin
			},
			Without: map[providertest.Promise]string{
				providertest.Refreshes: kept, providertest.Rotates: kept, providertest.Withholds: kept,
				providertest.Revokes:                  "no protocol of mail takes a password back: its person changes it",
				providertest.Pings:                    "Verify signs in again, which is the least that proves a password",
				providertest.Probes:                   "a sign-in opens the mailbox and proves it",
				providertest.ProbesNoMail:             "a sign-in without a mailbox is refused (TestARefusedPasswordIsTriedOnce)",
				providertest.Passes:                   "IMAP and SMTP are no HTTP: direct.unavailable",
				providertest.Narrows:                  "a password opens all that its servers can do",
				providertest.NeedsAdmin:               "a server says so when it is asked to log in: the form's refusal as admin",
				providertest.Refuses(provider.Config): "nothing is registered at a mail server that could be wrong",
			},
		}
	})
}

// refusedAs is a form that ends in that class; "" works.
func (w *world) refusedAs(t *testing.T, class provider.Class) provider.Form {
	t.Helper()
	form := w.form(scope.MailRead)
	switch class {
	case provider.Dead:
		form.Values["email"] = "bob@sandbox.test" // with Ada's password
	case provider.User:
		form.Values["email"] = "ada+imapoff@sandbox.test"
	case provider.Later:
		form.Values["email"] = "ada+busy@sandbox.test"
	case provider.Admin:
		w.fault(sandbox.Fault{Endpoint: "imap", Kind: "error", Error: "LOGINDISABLED"})
	}
	return form
}
