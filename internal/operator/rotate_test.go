package operator_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/storetest"
)

// filled is a desk whose store holds an application, a registration and n accounts.
func filled(t *testing.T, n int) *bench {
	t.Helper()
	b := setup(t)
	if err := b.EnsureKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	reg := b.registration(t, b.application(t, "CRM"))
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { b.connect(t, reg, fmt.Sprint("person ", i), account.ID(i+1)) })
	}
	group.Wait()
	return b
}

// adopt makes a change as the command does.
func (b *bench) adopt(t *testing.T, c operator.RingChange, err error) operator.RingChange {
	t.Helper()
	if err == nil {
		err = b.Adopt(t.Context(), c)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (b *bench) next(t *testing.T) operator.RingChange {
	t.Helper()
	c, err := b.NextKey(t.Context())
	return b.adopt(t, c, err)
}

// rewrap runs to the end, and wants so many data keys wrapped anew.
func (b *bench) rewrap(t *testing.T, want int) {
	t.Helper()
	report, err := b.Rewrap(t.Context(), nil)
	if err != nil || report.Rewrapped != want || len(report.Failed) != 0 || report.KeyID != b.Ring.ID() {
		t.Errorf("%+v, %v; want %d", report, err, want)
	}
}

// opensAll wants everything to open with keys that are used so.
func (b *bench) opensAll(t *testing.T, want ...operator.KeyUse) {
	t.Helper()
	report, err := b.KeyCheck(t.Context(), nil)
	if err != nil || len(report.Failed) > 0 {
		t.Errorf("%+v, %v", report, err)
	}
	if d := cmp.Diff(want, report.Keys); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func ringFrom(t *testing.T, text secret.Text) *seal.Ring {
	t.Helper()
	r, err := seal.ParseRing(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRotation(t *testing.T) {
	t.Parallel()
	b := filled(t, 3)
	old := b.Ring.ID()
	first := b.next(t)
	if !first.Changed || first.KeyID == old || b.Ring.ID() != first.KeyID {
		t.Fatalf("%+v", first)
	}
	b.opensAll(t, operator.KeyUse{ID: old, State: seal.Older, DataKeys: 5}, operator.KeyUse{ID: first.KeyID, State: seal.Primary})
	if _, err := b.DropKeys(t.Context()); err == nil || !strings.Contains(err.Error(), old) {
		t.Errorf("a key that is needed can be dropped: %v", err)
	}
	if again := b.next(t); again.Changed {
		t.Errorf("a rotation that was begun is not finished first: %+v", again)
	}
	b.rewrap(t, 5)
	b.rewrap(t, 0)
	b.opensAll(t, operator.KeyUse{ID: old, State: seal.Older}, operator.KeyUse{ID: first.KeyID, State: seal.Primary, DataKeys: 5})

	dropped, err := b.DropKeys(t.Context())
	if b.adopt(t, dropped, err); dropped.KeyID != old || !dropped.Changed {
		t.Errorf("%+v", dropped)
	}
	b.opensAll(t, operator.KeyUse{ID: first.KeyID, State: seal.Primary, DataKeys: 5})
	if err := deskOn(b.store, ringFrom(t, dropped.Key)).EnsureKey(t.Context()); err != nil {
		t.Errorf("the ring that is left: %v", err)
	}
	if nothing, err := b.DropKeys(t.Context()); err != nil || nothing.Changed {
		t.Errorf("%+v, %v", nothing, err)
	}
	if second := b.next(t); !second.Changed || second.KeyID == first.KeyID {
		t.Errorf("the next rotation: %+v", second)
	}
	events, err := b.AuditEvents(t.Context(), 99)
	var kinds []string
	for _, e := range events {
		if strings.HasPrefix(e.Kind, "key.") {
			kinds = append(kinds, e.Kind)
		}
	}
	if got := strings.Join(kinds, " "); err != nil || got != "key.promoted key.dropped key.rotated key.promoted" {
		t.Errorf("the trail, newest first: %s, %v", got, err)
	}
}

// A rotation that ends in the middle, however that is, goes on where it was.
func TestARotationIsResumed(t *testing.T) {
	t.Parallel()
	const accounts = 450 // three batches
	b := filled(t, accounts)
	b.next(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := b.Rewrap(ctx, func(done, total int) {
		if total != accounts+2 {
			t.Errorf("%d of %d", done, total)
		}
		if done > 200 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("it goes on: %v", err)
	}
	report, err := b.KeyCheck(t.Context(), nil)
	if err != nil || len(report.Failed) > 0 || report.Keys[0].DataKeys == 0 || report.Keys[1].DataKeys == 0 {
		t.Fatalf("in the middle: %+v, %v", report, err)
	}
	left := report.Keys[0].DataKeys

	later := deskOn(b.store, ringFrom(t, encodedRing(t, b.Ring)))
	if c := later.next(t); c.Changed {
		t.Errorf("a second key before the first has taken over: %+v", c)
	}
	later.rewrap(t, left)
	later.opensAll(t, operator.KeyUse{ID: report.Keys[0].ID, State: seal.Older},
		operator.KeyUse{ID: b.Ring.ID(), State: seal.Primary, DataKeys: accounts + 2})
}

func encodedRing(t *testing.T, r *seal.Ring) secret.Text {
	t.Helper()
	text, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// From its begin on, a rotation cannot be overlooked: not by the ring of before, and not
// by one with another new key.
func TestARotationIsMarked(t *testing.T) {
	t.Parallel()
	b := filled(t, 1)
	before := encodedRing(t, b.Ring)
	b.next(t)
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := b.Rewrap(ctx, func(int, int) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	var wrong *operator.WrongKeyError
	if err := deskOn(b.store, ringFrom(t, before)).EnsureKey(t.Context()); !errors.As(err, &wrong) || !wrong.Rotating ||
		wrong.Recorded != b.Ring.ID() || !strings.Contains(err.Error(), "rotation") {
		t.Errorf("the ring of before: %v", err)
	}
	if ids, err := operator.RecordedKeys(t.Context(), b.store); err != nil || len(ids) != 2 || ids[1] != b.Ring.ID() {
		t.Errorf("recorded: %v, %v", ids, err)
	}
	elsewhere := deskOn(b.store, ringFrom(t, before))
	other, err := elsewhere.Ring.WithNewKey()
	if err == nil {
		other, err = other.Promoted()
	}
	if err != nil {
		t.Fatal(err)
	}
	elsewhere.Ring.Adopt(other)
	if report, err := elsewhere.Rewrap(t.Context(), nil); !errors.Is(err, seal.ErrWrongKey) || report.Rewrapped > 0 {
		t.Errorf("another key took over: %+v, %v", report, err)
	}
}

// racing writes between the look at the data keys and their replacement.
type racing struct {
	operator.Store
	meanwhile func()
}

func (r *racing) Rewrap(ctx context.Context, of store.KeyHolder, batch []store.Rewrapped) (int, error) {
	if of == store.HolderCredentials && r.meanwhile != nil {
		r.meanwhile()
		r.meanwhile = nil
	}
	return r.Store.Rewrap(ctx, of, batch)
}

// A sign-in that comes in between, at a server that has the old ring, is not overwritten,
// and is wrapped anew like the rest.
func TestARotationOverwritesNobody(t *testing.T) {
	t.Parallel()
	b := filled(t, 2)
	stale := deskOn(b.store, ringFrom(t, encodedRing(t, b.Ring)))
	regs, err := stale.Registrations(t.Context(), "")
	if err != nil || len(regs) != 1 {
		t.Fatalf("%v, %v", regs, err)
	}
	b.Store = &racing{Store: b.store, meanwhile: func() {
		stale.connect(t, regs[0], "late", 99)
		plan, err := stale.credentials.Plan(t.Context(), nil, regs[0].Registration, tokensOf("again"))
		if err == nil {
			plan.Credential.AccountID = 1
			err = b.store.SaveCredential(t.Context(), *plan.Credential, 1, store.TokenState{Status: account.TokenActive})
		}
		if err != nil {
			t.Error(err)
		}
	}}
	b.next(t)
	b.rewrap(t, 5) // of it two in a second walk: the late one, and the one that was replaced meanwhile
	b.opensAll(t, operator.KeyUse{ID: stale.Ring.ID(), State: seal.Older}, operator.KeyUse{ID: b.Ring.ID(), State: seal.Primary, DataKeys: 5})
}

// forever has a server that goes on with the old key.
type forever struct {
	operator.Store
	old *bench
	reg operator.Registration
	t   *testing.T
	n   account.ID
}

func (f *forever) DataKeys(ctx context.Context, of store.KeyHolder, after string, n int) ([]store.WrappedKey, error) {
	if of == store.HolderCredentials && after == "" {
		f.n++
		f.old.connect(f.t, f.reg, fmt.Sprint("late ", f.n), 100+f.n)
	}
	return f.Store.DataKeys(ctx, of, after, n)
}

func TestAServerWithoutTheNewRingIsNoticed(t *testing.T) {
	t.Parallel()
	b := filled(t, 1)
	old := deskOn(b.store, ringFrom(t, encodedRing(t, b.Ring)))
	regs, err := old.Registrations(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	b.next(t)
	b.Store = &forever{Store: b.store, old: old, reg: regs[0], t: t}
	if _, err := b.Rewrap(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "give each of them the new key ring") {
		t.Errorf("it ends with %v", err)
	}
}

func TestWhatDoesNotOpenKeepsTheOldKey(t *testing.T) {
	t.Parallel()
	b := filled(t, 2)
	keys, err := b.store.DataKeys(t.Context(), store.HolderCredentials, "", 1)
	if err != nil || len(keys) != 1 {
		t.Fatalf("%v, %v", keys, err)
	}
	damaged := append([]byte(nil), keys[0].DataKey...)
	damaged[20] ^= 1
	if n, err := b.store.Rewrap(t.Context(), store.HolderCredentials, []store.Rewrapped{{RecordID: keys[0].RecordID, From: keys[0].DataKey, To: damaged}}); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	b.next(t)
	report, err := b.Rewrap(t.Context(), nil)
	if err != nil || report.Rewrapped != 3 || len(report.Failed) != 1 || report.Failed[0] != "credentials "+keys[0].RecordID {
		t.Errorf("%+v, %v", report, err)
	}
	if _, err := b.DropKeys(t.Context()); err == nil {
		t.Error("the old key can be dropped")
	}
}

func TestAKeyWaitsUntilItIsPromoted(t *testing.T) {
	t.Parallel()
	b := filled(t, 1)
	old := b.Ring.ID()
	added, err := b.AddKey()
	b.adopt(t, added, err)
	if b.Ring.ID() != old || added.KeyID == old {
		t.Errorf("%+v", added)
	}
	_, err = b.AddKey()
	wantUsage(t, "a second one", err)
	if next := b.next(t); next.KeyID != added.KeyID || !next.Changed {
		t.Errorf("%+v, want the one that waited", next)
	}
}

// A running server takes over what is in the file, and nothing that its data do not know.
func TestFollowKey(t *testing.T) {
	t.Parallel()
	b := filled(t, 1)
	server := deskOn(b.store, ringFrom(t, encodedRing(t, b.Ring)))
	foreign, err := seal.NewRing()
	if err != nil {
		t.Fatal(err)
	}
	file := encodedRing(t, foreign)
	server.FollowKey(func() (secret.Text, error) { return file, nil })
	if changed, err := server.Ring.ReadAnew(); changed || !errors.Is(err, seal.ErrWrongKey) {
		t.Errorf("a foreign ring: %v, %v", changed, err)
	}
	file = b.next(t).Key
	if changed, err := server.Ring.ReadAnew(); !changed || err != nil || server.Ring.ID() != b.Ring.ID() {
		t.Errorf("the new ring: %v, %v", changed, err)
	}
	if changed, err := server.Ring.ReadAnew(); changed || err != nil {
		t.Errorf("nothing new: %v, %v", changed, err)
	}
}

func TestNoKeyIsRecordedBeforeTheFirstStart(t *testing.T) {
	t.Parallel()
	if ids, err := operator.RecordedKeys(t.Context(), storetest.Open(t)); err != nil || ids != nil {
		t.Errorf("%v, %v", ids, err)
	}
}

func tokensOf(name string) provider.Tokens {
	return provider.Tokens{Access: secret.New(name), Refresh: secret.New(name)}
}
