package credential_test

import (
	"bytes"
	"context"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// former is a service by form; seen is what it was last asked to prove.
type former struct {
	seen   provider.Login
	calls  int
	answer error
}

func (*former) Info() provider.Info                   { return provider.Info{ServiceType: account.IMAP} }
func (*former) Fields(provider.Hint) []provider.Field { return nil }
func (*former) Mailboxes(provider.Form) []string      { return nil }
func (f *former) Verify(_ context.Context, _ account.Registration, l provider.Login) error {
	f.seen, f.calls = l, f.calls+1
	return f.answer
}

func (*former) SignIn(context.Context, account.Registration, provider.Form) (provider.Login, account.Identity, error) {
	return provider.Login{}, account.Identity{}, nil
}

// byForm makes the bench's account one of a service by form.
func byForm(t *testing.T) (*bench, *former, *account.Account) {
	t.Helper()
	b, f := setup(t), &former{}
	b.Providers[account.IMAP] = f
	reg, err := credential.SealRegistration(b.Ring, account.Registration{
		ID: account.NewRecordID(), ApplicationID: b.stored().ApplicationID, ServiceType: account.IMAP, Current: true, CreatedAt: noon, UpdatedAt: noon,
	}, nil)
	b.ok(err)
	b.ok(b.store.SaveRegistration(t.Context(), reg))
	b.id = 8
	acct := account.Account{
		ID: b.id, ApplicationID: reg.ApplicationID, RegistrationID: reg.ID, ServiceType: account.IMAP, Kind: account.KindPersonal,
		Identity: account.Identity{Subject: "mail.test/ada"}, TokenStatus: account.TokenActive, CreatedAt: noon, UpdatedAt: noon,
	}
	b.saves(nil, acct, ada("first", "imap", "smtp"), "imap", "smtp")
	return b, f, &acct
}

func ada(password string, protocols ...string) provider.Login {
	l := provider.Login{Username: "ada", Password: secret.New(password)}
	for _, p := range protocols {
		l.Servers = append(l.Servers, provider.Server{Protocol: p, Host: "mail.test", Port: 993, Security: provider.SecurityTLS})
	}
	return l
}

// saves plans a login and stores the plan.
func (b *bench) saves(existing *account.Account, acct account.Account, login provider.Login, native ...string) credential.Plan {
	b.Helper()
	plan, err := b.PlanLogin(b.Context(), existing, account.Registration{ID: acct.RegistrationID, ServiceType: account.IMAP}, login, native)
	b.ok(err)
	if plan.Credential == nil {
		b.Fatal("the login is not stored")
	}
	b.ok(b.store.SaveConnection(b.Context(), store.Connection{
		Account: acct, New: existing == nil, Credential: plan.Credential, ExpectGeneration: plan.ExpectGeneration,
	}))
	return plan
}

func TestALoginIsSealedAndReplaced(t *testing.T) {
	t.Parallel()
	b, f, acct := byForm(t)
	record, err := b.store.Credential(t.Context(), acct.ID)
	b.ok(err)
	for _, bare := range []string{"first", "mail.test", "ada"} {
		if bytes.Contains(record.Sealed, []byte(bare)) {
			t.Errorf("%q is stored in the clear", bare)
		}
	}
	for _, c := range []struct {
		why      string
		password string
		native   []string
		servers  int
	}{
		{"the same password keeps what it has proven", "first", []string{"imap", "smtp"}, 2},
		{"another password counts for what it proves", "second", []string{"imap"}, 1},
	} {
		now := b.stored()
		plan := b.saves(&now, *acct, ada(c.password, "imap"), "imap")
		if d := cmp.Diff(c.native, plan.NativeScopes); d != "" {
			t.Errorf("%s: native scopes %s", c.why, d)
		}
		b.ok(b.Ping(t.Context(), b.stored()))
		if f.seen.Password.Reveal() != c.password || len(f.seen.Servers) != c.servers || f.seen.Username != "ada" {
			t.Errorf("%s: proven is %+v", c.why, f.seen)
		}
	}
}

func TestWhatALoginCannotDo(t *testing.T) {
	t.Parallel()
	b, f, _ := byForm(t)
	b.fails(fault.DirectUnavailable)
	if _, _, err := b.ProviderToken(t.Context(), b.stored(), "request"); !fault.Is(err, fault.ProviderAuthDenied) {
		t.Errorf("handing the password out: %v", err)
	}
	b.ok(b.Renew(t.Context(), b.stored())) // proves it instead
	if f.calls != 1 {
		t.Errorf("%d proofs", f.calls)
	}
	if outcome, err := b.Revoke(t.Context(), b.stored()); err != nil || outcome != credential.Unsupported {
		t.Errorf("revoked: %s, %v", outcome, err)
	}
	if err := b.Ping(t.Context(), b.stored()); !fault.Is(err, fault.TokenDead) || f.calls != 1 {
		t.Errorf("a wiped login: %v after %d proofs", err, f.calls)
	}
}

// Directories lock a person out after a few tries, whoever makes them at once.
func TestCallersAtOnceTryARefusedPasswordOnce(t *testing.T) {
	t.Parallel()
	b, f, _ := byForm(t)
	f.answer = &provider.Error{Class: provider.User, Code: provider.CodeLoginRefused}
	seen := b.stored() // by all of them, before the first has tried
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			if err := b.Ping(t.Context(), seen); err != nil && !fault.Is(err, fault.TokenDead) {
				t.Error(err)
			}
		})
	}
	callers.Wait()
	if f.calls != 1 {
		t.Errorf("the password was tried %d times", f.calls)
	}
}

// A refusal ends the login that was refused, and no other.
func TestARefusalOfAnOlderLoginMarksNothing(t *testing.T) {
	t.Parallel()
	b, f, acct := byForm(t)
	old := b.stored()
	f.answer = &provider.Error{Class: provider.User, Code: provider.CodeLoginRefused}
	racing := &racer{former: f, before: func() { b.saves(&old, *acct, ada("second", "imap"), "imap") }}
	b.Providers[account.IMAP] = racing
	b.ok(b.Ping(t.Context(), old))
	if got := b.stored().TokenStatus; got != account.TokenActive {
		t.Errorf("the newer login is %s", got)
	}
	b.ok(b.Ping(t.Context(), b.stored()))
	if got := b.stored().TokenStatus; got != account.TokenDead {
		t.Errorf("the refused login is %s", got)
	}
}

// racer lets something happen while a login is proven, once.
type racer struct {
	*former
	before func()
}

func (r *racer) Verify(ctx context.Context, reg account.Registration, l provider.Login) error {
	if r.before != nil {
		r.before()
		r.before = nil
	}
	return r.former.Verify(ctx, reg, l)
}
