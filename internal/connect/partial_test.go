package connect

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// keeping opens the one sign-in that an attempt holds.
type keeping struct {
	Credentials
	first credential.SignIn
}

func (k keeping) OpenSignIn(credential.Registered, string, []byte) (credential.SignIn, error) {
	return k.first, nil
}

// Of two sign-ins of one person the one with less missing counts. Those of two people
// have nothing to do with each other.
func TestASecondSignInBesideTheHeldOne(t *testing.T) {
	t.Parallel()
	signIn := func(subject, refresh string, native ...string) credential.SignIn {
		return credential.SignIn{
			Identity: account.Identity{Subject: subject},
			Tokens:   provider.Tokens{Access: secret.New("access " + subject), Refresh: secret.New(refresh), NativeScopes: native},
		}
	}
	type outcome struct {
		Subject, Refresh string
		NativeScopes     []string
	}
	for _, c := range []struct {
		why           string
		first, second credential.SignIn
		want          outcome
	}{
		{"the rest is given", signIn("ada", "r1", "mail"), signIn("ada", "r2", "mail", "cal"), outcome{"ada", "r2", []string{"mail", "cal"}}},
		{"the same again", signIn("ada", "r1", "mail"), signIn("ada", "r2", "mail"), outcome{"ada", "r2", []string{"mail"}}},
		{"less than before", signIn("ada", "r1", "mail"), signIn("ada", "r2"), outcome{"ada", "r1", []string{"mail"}}},
		{"no refresh token the second time", signIn("ada", "r1", "mail"), signIn("ada", "", "mail", "cal"), outcome{"ada", "r1", []string{"mail", "cal"}}},
		{"somebody else", signIn("ada", "r1", "mail"), signIn("bob", "", "mail", "cal"), outcome{"bob", "", []string{"mail", "cal"}}},
		{"somebody else who gives less", signIn("ada", "r1", "mail"), signIn("bob", "r2"), outcome{"bob", "r2", nil}},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			s := New(Config{Credentials: keeping{first: c.first}})
			r := run{
				attempt: store.Attempt{Held: []byte("sealed"), Scopes: []scope.Scope{scope.MailRead, scope.CalendarRead}},
				info: provider.Info{Scopes: provider.ScopeMap{
					Native: map[scope.Scope][]string{scope.MailRead: {"mail"}, scope.CalendarRead: {"cal"}},
				}},
			}
			f, err := s.withHeld(finishing{run: r, SignIn: c.second})
			if err != nil {
				t.Fatal(err)
			}
			got := outcome{f.Identity.Subject, f.Tokens.Refresh.Reveal(), f.Tokens.NativeScopes}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}
