package credential_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
)

// All of a sign-in comes through the wait, but for the time that its access token has
// lost.
func TestASignInWaits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	reg, err := b.Registration(t.Context(), b.stored().RegistrationID)
	b.ok(err)
	in := credential.SignIn{
		Tokens: provider.Tokens{
			Access: secret.New("access"), Refresh: secret.New("refresh"), Life: time.Hour, NativeScopes: []string{"mail"}, Tenant: "tenant",
			Place:  provider.Place{Accounts: "https://accounts.example", API: "https://api.example"},
			Others: map[string]provider.ResourceToken{"https://other.example": {Access: secret.New("other"), Expires: noon.Add(time.Hour)}},
		},
		Identity: account.Identity{Subject: "ada", OrgID: "org", Email: "ada@example.com", EmailVerified: true, Name: "Ada"},
	}
	sealed, err := b.SealSignIn(reg, "attempt", in)
	b.ok(err)
	if _, err := b.OpenSignIn(reg, "another", sealed); err == nil {
		t.Error("it opens in another attempt")
	}
	same := cmp.Comparer(func(x, y secret.Text) bool { return x.Reveal() == y.Reveal() })
	for _, wait := range []struct{ before, left time.Duration }{
		{0, time.Hour},
		{20 * time.Minute, 40 * time.Minute},
		{time.Hour, 1}, // over, and not unknown
	} {
		b.advance(wait.before)
		out, err := b.OpenSignIn(reg, "attempt", sealed)
		b.ok(err)
		want := in
		want.Tokens.Life = wait.left
		if d := cmp.Diff(want, out, same); d != "" {
			t.Errorf("after %s more: %s", wait.before, d)
		}
	}
}
