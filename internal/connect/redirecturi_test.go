package connect

import (
	"net/url"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/store"
)

// Sign-ins that an older version began are finished by this one, beside which it may
// still run.
func TestAnAttemptOfAnOlderVersionHasTheOldRedirectURI(t *testing.T) {
	t.Parallel()
	s := &Service{Config: Config{PublicURL: &url.URL{Scheme: "https", Host: "avain.example"}}}
	for _, c := range []struct{ kept, relay, want string }{
		{"", "", "https://avain.example/v1/auth/callback"},
		{"", "https://relay.example/", "https://relay.example/"},
		{"https://connect.example/v1/auth/callback", "https://relay.example/", "https://connect.example/v1/auth/callback"},
	} {
		if got := s.redirectURI(store.Attempt{RedirectURI: c.kept}, account.Registration{CallbackURL: c.relay}); got != c.want {
			t.Errorf("kept %q, relay %q: %q, want %q", c.kept, c.relay, got, c.want)
		}
	}
}
