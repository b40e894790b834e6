package google_test

import (
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider/google"
	"github.com/avain-project/avain/internal/provider/providertest"
	"github.com/avain-project/avain/internal/sandbox"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Run(t, open)
}

// open puts the driver before a sandbox of its own.
func open(t *testing.T) providertest.Subject {
	t.Helper()
	v := providertest.Serve(t, "Google", sandbox.Fault{Kind: "error", Error: "invalid_client", Status: 401})
	e := v.Box.GoogleEndpoints(v.URL)
	s := v.Subject(
		google.New(outbound.New(outbound.Config{APITimeout: 2 * time.Second})),
		account.Endpoints{Authorize: e.Authorize, Token: e.Token, Revoke: e.Revoke, Userinfo: e.Userinfo, API: e.API},
		"openid", "email", "profile", "https://www.googleapis.com/auth/gmail.readonly",
	)
	s.DirectPath = "gmail/v1/users/me/messages"
	return s
}
