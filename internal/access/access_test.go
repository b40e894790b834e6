package access_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// records is a store in memory that counts how often it is asked for a bearer.
type records struct {
	applications []store.Application
	secrets      map[string][]store.ApplicationSecret
	accounts     map[account.ID]account.Account
	tokens       []store.Token
	old, newer   secret.Text // live secrets of client-a
	asked        int
	changes      uint64
	err          error
}

// Changes: these records change under the tests' hands, so nothing is remembered.
func (r *records) Changes() uint64 {
	r.changes++
	return r.changes
}

func (r *records) Application(_ context.Context, id string) (store.Application, error) {
	return r.find(func(a store.Application) bool { return a.ID == id })
}

func (r *records) ApplicationByClientID(_ context.Context, clientID string) (store.Application, error) {
	return r.find(func(a store.Application) bool { return a.ClientID == clientID })
}

func (r *records) find(is func(store.Application) bool) (store.Application, error) {
	for _, a := range r.applications {
		if is(a) {
			return a, r.err
		}
	}
	return store.Application{}, errors.Join(r.err, store.ErrNotFound)
}

func (r *records) ApplicationSecrets(_ context.Context, id string) ([]store.ApplicationSecret, error) {
	return r.secrets[id], r.err
}

func (r *records) Account(_ context.Context, id account.ID) (account.Account, error) {
	a, ok := r.accounts[id]
	if !ok {
		return a, store.ErrNotFound
	}
	return a, r.err
}

func (r *records) Bearer(_ context.Context, hash []byte) (store.Token, account.Account, error) {
	r.asked++
	for _, t := range r.tokens {
		if bytes.Equal(t.Hash, hash) {
			return t, r.accounts[t.AccountID], r.err
		}
	}
	return store.Token{}, account.Account{}, errors.Join(r.err, store.ErrNotFound)
}

func (r *records) RevokeToken(_ context.Context, id string, now time.Time) error {
	for i, t := range r.tokens {
		if t.ID == id {
			r.tokens[i].RevokedAt = now
			return r.err
		}
	}
	return errors.Join(r.err, store.ErrNotFound)
}

var errDisk = errors.New("the disk is on fire")

func twoApplications() *records {
	held := func(t secret.Text) store.ApplicationSecret { return store.ApplicationSecret{Hash: access.Hash(t)} }
	old, newer := access.NewSecret(), access.NewSecret()
	return &records{
		old: old, newer: newer,
		applications: []store.Application{
			{Application: account.Application{ID: "a", ClientID: "client-a"}},
			{Application: account.Application{ID: "p", ClientID: "client-p", Settings: account.Settings{Public: true}}},
		},
		secrets:  map[string][]store.ApplicationSecret{"a": {held(newer), held(old)}},
		accounts: map[account.ID]account.Account{7: {ID: 7, ApplicationID: "a"}, 8: {ID: 8, ApplicationID: "p"}},
	}
}

func TestApplicationNeedsOneOfItsLiveSecrets(t *testing.T) {
	t.Parallel()
	r := twoApplications()
	s := access.New(r)
	for _, live := range []secret.Text{r.old, r.newer} {
		if app, err := s.Application(t.Context(), "client-a", live); err != nil || app.ID != "a" {
			t.Errorf("a live secret: %v, %v", app, err)
		}
	}
	for name, c := range map[string]struct {
		clientID string
		secret   secret.Text
	}{
		"a secret never made":       {"client-a", access.NewSecret()},
		"none":                      {"client-a", secret.Text{}},
		"none, public":              {"client-p", secret.Text{}},
		"another application's":     {"client-p", r.old},
		"an application that isn't": {"client-x", r.old},
	} {
		if app, err := s.Application(t.Context(), c.clientID, c.secret); !fault.Is(err, fault.ClientUnauthorized) || app.ID != "" {
			t.Errorf("%s: %v, %v", name, app, err)
		}
	}
	if app, err := s.PublicApplication(t.Context(), "client-p"); err != nil || app.ID != "p" {
		t.Errorf("a public application: %v, %v", app, err)
	}
	for _, id := range []string{"client-a", "client-x", ""} {
		if _, err := s.PublicApplication(t.Context(), id); !fault.Is(err, fault.ClientUnauthorized) {
			t.Errorf("%q passes without a secret: %v", id, err)
		}
	}
}

func TestForAccountStaysWithinTheApplication(t *testing.T) {
	t.Parallel()
	s := access.New(twoApplications())
	app := account.Application{ID: "a"}
	if caller, err := s.ForAccount(t.Context(), app, 7); err != nil || !caller.ByApplication || caller.Account.ID != 7 || caller.ApplicationID != "a" {
		t.Errorf("its own account: %+v, %v", caller, err)
	}
	for _, id := range []account.ID{8, 9} {
		if caller, err := s.ForAccount(t.Context(), app, id); !fault.Is(err, fault.AccountUnknown) || caller.Account.ID != 0 {
			t.Errorf("account %d: %+v, %v", id, caller, err)
		}
	}
}

func TestBearer(t *testing.T) {
	t.Parallel()
	r := twoApplications()
	grant := func(id account.ID, limited bool) (secret.Text, *store.Token) {
		token, record := access.Grant("a", id, []scope.Scope{scope.MailRead}, limited, time.Unix(1, 0))
		r.tokens = append(r.tokens, record)
		return token, &r.tokens[len(r.tokens)-1]
	}
	live, _ := grant(7, true)
	want := access.Caller{
		ApplicationID: "a", Account: r.accounts[7], Limited: true, Ceiling: []scope.Scope{scope.MailRead},
	}
	s := access.New(r)
	if caller, err := s.Bearer(t.Context(), live); err != nil || !cmp.Equal(want, caller) {
		t.Errorf("a live token: %v, %s", err, cmp.Diff(want, caller))
	}
	revoked, record := grant(7, false)
	record.RevokedAt = time.Unix(2, 0)
	orphan, _ := grant(99, false)
	for name, token := range map[string]secret.Text{"revoked": revoked, "of a deleted account": orphan} {
		if _, err := s.Bearer(t.Context(), token); !fault.Is(err, fault.TokenRevoked) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Bearer(t.Context(), access.NewToken()); !fault.Is(err, fault.NotAuthenticated) {
		t.Errorf("a token never issued: %v", err)
	}
}

// The checksum spares the store every mistyped or foreign token.
func TestAMalformedBearerNeverReachesTheStore(t *testing.T) {
	t.Parallel()
	r := twoApplications()
	s := access.New(r)
	good := access.NewToken().Reveal()
	changed := []byte(good)
	changed[20] ^= 1
	for _, bad := range []string{
		"", " ", "avain_at_", good[:len(good)-1], good + "x", " " + good, string(changed), good[len(access.TokenPrefix):],
		access.NewSecret().Reveal(), access.NewCode().Reveal(), "AVAIN_AT_" + good[len(access.TokenPrefix):],
	} {
		if _, err := s.Bearer(t.Context(), secret.New(bad)); !fault.Is(err, fault.NotAuthenticated) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if r.asked != 0 {
		t.Errorf("the store was asked %d times", r.asked)
	}
}

func TestAStoreInTroubleIsNoWrongPassword(t *testing.T) {
	t.Parallel()
	r := twoApplications()
	r.err = errDisk
	s := access.New(r)
	_, byApp := s.Application(t.Context(), "client-a", r.old)
	_, byPublic := s.PublicApplication(t.Context(), "client-p")
	_, byAccount := s.ForAccount(t.Context(), account.Application{ID: "a"}, 7)
	_, bySettings := s.Settings(t.Context(), "a")
	token, record := access.Grant("a", 7, nil, false, time.Unix(1, 0))
	r.tokens = append(r.tokens, record)
	_, byBearer := s.Bearer(t.Context(), token)
	for name, err := range map[string]error{
		"Application": byApp, "PublicApplication": byPublic, "ForAccount": byAccount, "Settings": bySettings, "Bearer": byBearer,
	} {
		if !fault.Is(err, fault.StoreUnavailable) || !errors.Is(err, errDisk) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatIsMintedIsRandomAndTold(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		for _, m := range []struct {
			text   secret.Text
			prefix string
			length int
		}{
			{access.NewToken(), "avain_at_", 9 + 43 + 6},
			{access.NewSecret(), "avain_cs_", 9 + 43 + 6},
			{access.NewSession(), "avain_us_", 9 + 43 + 6},
			{access.NewCode(), "", 43},
			{access.NewNonce(), "", 43},
		} {
			bare := m.text.Reveal()
			if len(bare) != m.length || bare[:len(m.prefix)] != m.prefix || seen[bare] {
				t.Fatalf("minted %q", bare)
			}
			seen[bare] = true
		}
	}
}
