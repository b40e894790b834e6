package credential_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
)

// goes is where a session of the account leads, or the error.
func (b *bench) goes() (string, error) {
	session, err := b.Use(b.Context(), b.stored(), "anything")
	if err != nil {
		return "", err
	}
	return session.Endpoint.String(), nil
}

// A grant's place is sealed with its tokens, outlives answers without one, and is
// where calls go.
func TestCallsGoWhereTheGrantBelongs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.vendor.direct = provider.Direct{
		Hosts: []provider.DirectHost{{Base: "{api}/v1/"}}, Named: provider.Hosts{Suffixes: []string{".vendor.test"}},
	}
	if _, err := b.goes(); !fault.Is(err, fault.PathInvalid) {
		t.Errorf("a grant without a place goes somewhere: %v", err)
	}
	var seen []provider.Place
	answers := []provider.Place{{Accounts: "https://accounts.vendor.test", API: "https://eu.vendor.test"}, {}, {API: "https://in.vendor.test"}}
	b.vendor.plays(func(n int, held provider.Tokens) (provider.Tokens, error) {
		seen = append(seen, held.Place)
		answer := next(n)
		answer.Place = answers[n-1]
		return answer, nil
	})
	for _, want := range []string{"https://eu.vendor.test/v1/", "https://eu.vendor.test/v1/", "https://in.vendor.test/v1/"} {
		b.ok(b.Renew(b.Context(), b.stored()))
		if got, err := b.goes(); err != nil || got != want {
			t.Errorf("calls go to %q, %v; want %q", got, err, want)
		}
	}
	if d := cmp.Diff([]provider.Place{{}, answers[0], answers[0]}, seen); d != "" {
		t.Errorf("the refreshes were given: %s", d)
	}
}

func TestAPlaceThatIsNotBelievedGetsNoCall(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.vendor.direct = provider.Direct{Hosts: []provider.DirectHost{{Base: "{api}/"}}, Named: provider.Hosts{Suffixes: []string{".vendor.test"}}}
	b.vendor.plays(func(n int, _ provider.Tokens) (provider.Tokens, error) {
		answer := next(n)
		answer.Place.API = "https://attacker.example"
		return answer, nil
	})
	b.ok(b.Renew(b.Context(), b.stored()))
	b.fails(fault.ProviderHost)
}

func TestAWaitingSignInKeepsItsPlace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	reg, err := b.Registration(b.Context(), b.stored().RegistrationID)
	b.ok(err)
	in := credential.SignIn{Tokens: firstTokens(), Identity: account.Identity{Subject: "ada"}}
	in.Tokens.Place = provider.Place{Accounts: "https://accounts.vendor.test", API: "https://eu.vendor.test"}
	sealed, err := b.SealSignIn(reg, "attempt", in)
	b.ok(err)
	b.advance(time.Minute)
	out, err := b.OpenSignIn(reg, "attempt", sealed)
	b.ok(err)
	if d := cmp.Diff(in.Tokens.Place, out.Tokens.Place); d != "" {
		t.Error(d)
	}
}
