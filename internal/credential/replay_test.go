package credential_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/credential/journal"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/store"
)

var errDiskFull = errors.New("the disk is full")

// process is another process like b, by the same clock, with its journal in dir; "" for one
// without a folder.
func (b *bench) process(dir string) *bench {
	other := b.replica()
	other.journals(dir, b.clock)
	return other
}

// journals gives b a journal in dir, and that clock.
func (b *bench) journals(dir string, clock func() time.Time) {
	cfg := b.Config
	cfg.Now, cfg.Logger = clock, slog.New(slog.NewTextHandler(b, nil))
	cfg.Journal = journal.New(journal.Config{Dir: dir, Logger: cfg.Logger})
	b.Service = credential.New(cfg)
}

// unsaved is a process whose account has been renewed and could not be stored: strictly
// rotating, so that what it has is all there is.
func unsaved(t *testing.T, dir string) *bench {
	t.Helper()
	b := setup(t)
	b.journals(dir, b.clock)
	b.advance(2 * time.Hour)
	valid := "refresh-0"
	b.vendor.plays(func(n int, h provider.Tokens) (provider.Tokens, error) {
		if h.Refresh.Reveal() != valid {
			return provider.Tokens{}, &provider.Error{Class: provider.Dead, Code: "invalid_grant"}
		}
		valid = next(n).Refresh.Reveal()
		return next(n), nil
	})
	b.store.breakDown(errDiskFull)
	b.fails(fault.StoreUnavailable)
	return b
}

func (b *bench) logs() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.String()
}

// renewedOnce checks that the answer is in use, and nobody has asked again.
func (b *bench) renewedOnce() {
	b.Helper()
	b.gets("access-1")
	if n, left := b.vendor.refreshes(), b.Journal.Len(); n != 1 || left != 0 {
		b.Errorf("%d refreshes, and %d entries are left", n, left)
	}
	if a := b.stored(); a.TokenStatus != account.TokenActive || a.TokenError != "" {
		b.Errorf("the account is %s: %q", a.TokenStatus, a.TokenError)
	}
}

func TestAnAnswerThatCouldNotBeSavedOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := unsaved(t, dir)
	b.store.breakDown(nil)
	next := b.process(dir)
	b.ok(next.Replay(t.Context()))
	if a := b.stored(); a.CredentialGeneration != 2 {
		t.Fatalf("after the start it is generation %d", a.CredentialGeneration)
	}
	next.renewedOnce()
}

// A command that runs beside the server finds what the server keeps.
// One that the store refuses stands in nobody else's way, whichever comes first.
func TestAnEntryThatIsRefusedKeepsNoOtherWaiting(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ids := []account.ID{b.id}
	for range 2 * credential.RefusedAtOnce {
		b.connectWith(firstTokens())
		ids = append(ids, b.id)
	}
	b.journals(t.TempDir(), b.clock)
	b.advance(2 * time.Hour)
	b.store.breakDown(errDiskFull)
	for _, b.id = range ids {
		b.fails(fault.StoreUnavailable)
	}
	b.store.breakDown(nil)
	cfg := b.Config
	last := ids[len(ids)-1]
	cfg.Store = oneTaken{b.store, last}
	b.Service = credential.New(cfg)
	for range 3 {
		if err := b.Replay(t.Context()); !errors.Is(err, errDiskFull) {
			t.Fatalf("replayed: %v", err)
		}
	}
	if left := b.Journal.Len(); left != len(ids)-1 {
		t.Errorf("%d entries are left of %d, of which one is taken", left, len(ids))
	}
}

// oneTaken is a store that saves for one account alone.
type oneTaken struct {
	credential.Store
	id account.ID
}

func (o oneTaken) SaveCredential(ctx context.Context, c store.Credential, expect int64, state store.TokenState) error {
	if c.AccountID != o.id {
		return errDiskFull
	}
	return o.Store.SaveCredential(ctx, c, expect, state)
}

func TestWhoeverRefreshesNextSavesItFirst(t *testing.T) {
	t.Parallel()
	for name, dir := range map[string]string{"from the folder": t.TempDir(), "from memory": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := unsaved(t, dir)
			for range 2 {
				b.fails(fault.StoreUnavailable)
			}
			if n := b.vendor.refreshes(); n != 1 {
				t.Fatalf("%d refreshes while an answer waits", n)
			}
			b.store.breakDown(nil)
			if dir != "" {
				b = b.process(dir)
			}
			b.renewedOnce()
		})
	}
}

func TestTheBackgroundSavesItFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.vendor.keepAlive = 60 * 24 * time.Hour
	b.reconnect(firstTokens())
	b.advance(60 * 24 * time.Hour)
	b.store.breakDown(errDiskFull)
	for range 2 {
		_, err := b.RenewDue(t.Context())
		b.ok(err)
		b.advance(2 * time.Minute)
	}
	if n := b.vendor.refreshes(); n != 1 {
		t.Errorf("%d refreshes while an answer waits", n)
	}
	b.store.breakDown(nil)
	_, err := b.RenewDue(t.Context())
	b.ok(err)
	b.renewedOnce()
}

// Another server knows nothing of the journal: it leaves the account alone, and then does not
// take the provider's refusal for the end.
func TestOtherReplicasWaitForTheJournal(t *testing.T) {
	t.Parallel()
	b := unsaved(t, t.TempDir())
	other := b.process("")
	other.fails(fault.ProviderUnavailable)
	if n := b.vendor.refreshes(); n != 1 {
		t.Fatalf("%d refreshes: the old token was used again", n)
	}
	b.advance(time.Minute)
	other.fails(fault.ProviderUnavailable)
	if a := b.stored(); b.vendor.refreshes() != 2 || a.TokenStatus != account.TokenActive {
		t.Fatalf("after %d refreshes the account is %s", b.vendor.refreshes(), a.TokenStatus)
	}
	b.advance(10 * time.Minute)
	other.fails(fault.TokenDead) // the server with the journal never came back …
	b.store.breakDown(nil)
	b.ok(b.Replay(t.Context())) // … until now
	other.gets("access-1")
	if a := b.stored(); a.TokenStatus != account.TokenActive || a.TokenError != "" {
		t.Errorf("the account is %s: %q", a.TokenStatus, a.TokenError)
	}
}

func TestAnOvertakenAnswerIsDropped(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(b *bench){
		"by a sign-in":    func(b *bench) { b.storeAnother(next(9)) },
		"by a revocation": func(b *bench) { b.wipe() },
		"by a deletion":   func(b *bench) { b.ok(b.store.DeleteAccount(context.Background(), b.id, noon)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := unsaved(t, t.TempDir())
			change(b)
			b.store.breakDown(nil)
			before, err := b.store.Credential(t.Context(), b.id)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				t.Fatal(err)
			}
			b.ok(b.Replay(t.Context()))
			after, err := b.store.Credential(t.Context(), b.id)
			if err != nil && !errors.Is(err, store.ErrNotFound) || after.Generation != before.Generation || !bytes.Equal(after.Sealed, before.Sealed) {
				t.Errorf("the replay has changed the credential: generation %d, was %d; %v", after.Generation, before.Generation, err)
			}
			if b.Journal.Len() != 0 || !strings.Contains(b.logs(), "dropped") {
				t.Errorf("%d entries are left, and the log says %s", b.Journal.Len(), b.logs())
			}
		})
	}
}

// storeAnother stores what a sign-in in another process brought.
func (b *bench) storeAnother(tokens provider.Tokens) { b.process("").reconnect(tokens) }

func (b *bench) wipe() {
	_, err := b.store.WipeCredential(context.Background(), b.id, b.stored().CredentialGeneration, store.TokenState{Status: account.TokenDead})
	b.ok(err)
}

// The save came about, and the connection broke before we were told.
func TestASaveThatWasTakenForFailedIsNoOtherCredential(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := unsaved(t, dir)
	content := b.files(dir)
	b.store.breakDown(nil)
	b.ok(b.Replay(t.Context()))
	for name, entry := range content {
		b.ok(os.WriteFile(name, entry, 0o600))
	}
	again := b.process(dir)
	b.ok(again.Replay(t.Context()))
	if again.logs() != "" {
		t.Errorf("the log says %s", again.logs())
	}
	again.renewedOnce()
}

func (b *bench) files(dir string) map[string][]byte {
	b.Helper()
	content := map[string][]byte{}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	b.ok(err)
	for _, name := range names {
		content[name], err = os.ReadFile(name)
		b.ok(err)
	}
	return content
}

func TestTheJournalHoldsNoTokenInTheClear(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := unsaved(t, dir)
	files := b.files(dir)
	for name, content := range files {
		if bytes.Contains(content, []byte("access-1")) || bytes.Contains(content, []byte("refresh-1")) {
			t.Errorf("%s holds tokens", name)
		}
	}
	if log := b.logs(); len(files) != 1 || strings.Contains(log, "access-") || strings.Contains(log, "refresh-1") {
		t.Errorf("%d files; the log: %s", len(files), log)
	}
}

// An entry that another key has sealed, or that belongs to another database, destroys nothing.
func TestAForeignEntryIsSetAside(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(b, next *bench){
		"of another key": func(_, next *bench) {
			cfg := next.Config
			ring, err := seal.NewRing()
			next.ok(err)
			cfg.Ring = ring
			next.Service = credential.New(cfg)
		},
		"of another database": func(b, _ *bench) {
			c, err := b.store.Credential(context.Background(), b.id)
			b.ok(err)
			c.RecordID = account.NewRecordID()
			b.ok(b.store.SaveCredential(context.Background(), c, c.Generation, store.TokenState{Status: account.TokenActive}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			b := unsaved(t, dir)
			b.store.breakDown(nil)
			next := b.process(dir)
			change(b, next)
			before := b.stored().CredentialGeneration
			b.ok(next.Replay(t.Context()))
			if n := len(b.files(dir)); n != 1 {
				t.Errorf("%d files", n)
			}
			for name := range b.files(dir) {
				if !strings.HasSuffix(name, ".aside") || !strings.Contains(next.logs(), filepath.Base(name)) {
					t.Errorf("there is %s, and the log says %s", name, next.logs())
				}
			}
			if got := b.stored().CredentialGeneration; got != before {
				t.Errorf("generation %d became %d", before, got)
			}
		})
	}
}

// The ring was changed meanwhile, and the stored data key wrapped anew: the entry's old
// wrapping does not come back.
func TestAReplayKeepsTheDataKeyAsItIsWrappedNow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.journals(t.TempDir(), b.clock)
	stored, err := b.store.Credential(t.Context(), b.id)
	b.ok(err)
	kept := stored
	kept.DataKey = []byte("wrapped by a key that is gone")
	_, err = b.Journal.Keep(journal.Entry{Credential: kept, Expect: stored.Generation, State: store.TokenState{Status: account.TokenActive}})
	b.ok(err)
	b.ok(b.Replay(t.Context()))
	after, err := b.store.Credential(t.Context(), b.id)
	b.ok(err)
	if after.Generation != stored.Generation+1 || !bytes.Equal(after.DataKey, stored.DataKey) {
		t.Errorf("generation %d, data key %q", after.Generation, after.DataKey)
	}
}

// A sign-in that brings no refresh token goes on with the newest one.
func TestASignInTakesOverWhatWaits(t *testing.T) {
	t.Parallel()
	b := unsaved(t, t.TempDir())
	b.store.breakDown(nil)
	tokens := next(8)
	tokens.Refresh = provider.Tokens{}.Refresh
	b.reconnect(tokens)
	b.advance(2 * time.Hour)
	b.gets("access-2")
}

// revoking is the vendor with a way to end grants.
type revoking struct {
	*vendor
	ended *string
}

func (r revoking) Revoke(_ context.Context, _ account.Registration, t provider.Tokens) error {
	*r.ended = t.Refresh.Reveal()
	return nil
}

func TestARevocationEndsTheNewestToken(t *testing.T) {
	t.Parallel()
	b := unsaved(t, t.TempDir())
	b.store.breakDown(nil)
	ended := ""
	cfg := b.Config
	cfg.Providers = provider.NewRegistry(revoking{b.vendor, &ended})
	_, err := credential.New(cfg).Revoke(t.Context(), b.stored())
	b.ok(err)
	if ended != "refresh-1" {
		t.Errorf("the provider was asked to end %q", ended)
	}
}
