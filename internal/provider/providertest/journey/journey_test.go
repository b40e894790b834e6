package journey_test

import (
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider/google"
	"github.com/avain-project/avain/internal/provider/providertest"
	"github.com/avain-project/avain/internal/provider/providertest/journey"
	"github.com/avain-project/avain/internal/sandbox"
)

// The journey is held to a driver that works, before the sandbox's vendor.
func TestTheJourneyAtGoogle(t *testing.T) {
	t.Parallel()
	v := providertest.Serve(t, "Google", sandbox.Fault{Kind: "error", Error: "invalid_client", Status: 401})
	e := v.Box.GoogleEndpoints(v.URL)
	journey.Run(t, v.Subject(
		google.New(outbound.New(outbound.Config{APITimeout: 2 * time.Second})),
		account.Endpoints{Authorize: e.Authorize, Token: e.Token, Revoke: e.Revoke, Userinfo: e.Userinfo, API: e.API},
		"https://www.googleapis.com/auth/gmail.readonly",
	), "gmail/v1/users/me/messages")
}
