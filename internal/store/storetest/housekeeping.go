package storetest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/store"
)

func testAudit(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	event := store.AuditEvent{At: noon, Kind: "code.replayed", ApplicationID: "a", AccountID: 7, RequestID: "r", Detail: "d"}
	for range 3 {
		w.ok(s.AppendAudit(w.ctx(), event))
	}
	events := must(s.AuditEvents(w.ctx(), 2))(t)
	if len(events) != 2 || events[0].ID <= events[1].ID {
		t.Fatalf("events = %v, want the newest two, newest first", events)
	}
	event.ID = events[0].ID
	equal(t, events[0], event)
}

func testMeta(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	_, err := s.Meta(w.ctx(), "key")
	w.is(err, store.ErrNotFound)
	for _, value := range []string{"one\x00", "two"} {
		w.ok(s.AddMeta(w.ctx(), "key", []byte(value)))
		equal(t, string(must(s.Meta(w.ctx(), "key"))(t)), "one\x00") // the first one stays
	}
	w.is(s.ReplaceMeta(w.ctx(), "key", []byte("two"), []byte("three")), store.ErrConflict)
	w.is(s.ReplaceMeta(w.ctx(), "absent", nil, []byte("three")), store.ErrConflict)
	w.ok(s.ReplaceMeta(w.ctx(), "key", []byte("one\x00"), []byte("three")))
	equal(t, string(must(s.Meta(w.ctx(), "key"))(t)), "three")
}

func testSweep(t *testing.T, s *store.Store) {
	w := newWorld(t, s.At(func() time.Time { return noon }))
	a := w.connected("ada")
	expired, consumed := w.newAttempt(), w.newAttempt()
	consumed.ExpiresAt = expired.ExpiresAt.Add(time.Minute)
	w.ok(s.CreateAttempt(w.ctx(), expired))
	w.ok(s.CreateAttempt(w.ctx(), consumed))
	must(s.ConsumeAttempt(w.ctx(), consumed.StateHash, consumed.BrowserHash, noon))(t)
	w.withCode(a)
	revoked, live := w.withToken(a), w.withToken(a)
	w.ok(s.RevokeToken(w.ctx(), revoked.ID, noon))

	for _, step := range []struct {
		after time.Duration
		want  store.SweepReport
	}{
		{time.Hour, store.SweepReport{}},
		{75 * time.Minute, store.SweepReport{}},                                       // both expire 15 minutes after noon, or 16
		{75*time.Minute + time.Second, store.SweepReport{Attempts: 1}},                //
		{77 * time.Minute, store.SweepReport{Attempts: 1}},                            // the consumed one
		{24*time.Hour + time.Minute, store.SweepReport{}},                             // the code lives one minute
		{24*time.Hour + 61*time.Second, store.SweepReport{Codes: 1}},                  //
		{30*24*time.Hour + time.Millisecond, store.SweepReport{Tokens: 1, Events: 1}}, // the revoked one, and that of the account
		{1000 * 24 * time.Hour, store.SweepReport{}},                                  // the live one stays
	} {
		equal(t, must(s.Sweep(w.ctx(), noon.Add(step.after)))(t), step.want)
	}
	equal(t, must(s.Tokens(w.ctx(), a.ID))(t), []store.Token{live})
}

func testEachSealed(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	attempt, cred := w.newAttempt(), newCredential()
	attempt.Result = []byte("sealed result")
	w.ok(s.CreateAttempt(w.ctx(), attempt))
	w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: w.newAccount("ada"), New: true, Credential: cred}))
	must(s.WipeCredential(w.ctx(), w.connected("bob").ID, 1, store.TokenState{Status: account.TokenDead}))(t)
	secret := must(s.ApplicationSecrets(w.ctx(), w.app.ID))(t)[0]

	signing := store.SigningSecret{ID: account.NewRecordID(), ApplicationID: w.app.ID, Sealed: []byte("sealed signing")}
	w.ok(s.SetSigningSecret(w.ctx(), signing, false))

	want := []store.Sealed{
		{Label: store.LabelApplicationSecret, RecordID: secret.ID, KeyOwner: w.app.ID, DataKey: w.app.DataKey, Value: secret.Sealed},
		{Label: store.LabelSigningSecret, RecordID: signing.ID, KeyOwner: w.app.ID, DataKey: w.app.DataKey, Value: signing.Sealed},
		{Label: store.LabelRegistrationSecrets, RecordID: w.reg.ID, KeyOwner: w.reg.ID, DataKey: w.reg.DataKey, Value: w.reg.Sealed},
		{Label: store.LabelVerifier, RecordID: attempt.ID, KeyOwner: w.reg.ID, DataKey: w.reg.DataKey, Value: attempt.Verifier},
		{Label: store.LabelResult, RecordID: attempt.ID, KeyOwner: w.reg.ID, DataKey: w.reg.DataKey, Value: attempt.Result},
		{Label: store.LabelCredential, RecordID: cred.RecordID, KeyOwner: cred.RecordID, DataKey: cred.DataKey, Value: cred.Sealed},
	}
	var got []store.Sealed
	w.ok(s.EachSealed(w.ctx(), func(v store.Sealed) error { got = append(got, v); return nil }))
	equal(t, got, want)

	stop := errors.New("stop")
	calls := 0
	w.is(s.EachSealed(w.ctx(), func(store.Sealed) error { calls++; return stop }), stop)
	equal(t, calls, 1)
}

func testEndedContext(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	ctx, cancel := context.WithCancel(w.ctx())
	cancel()
	_, readErr := s.Application(ctx, w.app.ID)
	for _, err := range []error{readErr, s.AddMeta(ctx, "key", []byte("value"))} {
		w.is(err, context.Canceled)
		if errors.Is(err, store.ErrUnavailable) {
			t.Errorf("a caller that went away is no failure of the database: %v", err)
		}
	}
	_, err := s.Meta(w.ctx(), "key")
	w.is(err, store.ErrNotFound)
}

func testClosed(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	w.ok(s.Ping(w.ctx()))
	w.ok(s.Close())
	w.is(s.Ping(w.ctx()), store.ErrUnavailable)
	w.is(s.AddMeta(w.ctx(), "key", nil), store.ErrUnavailable)
	_, err := s.Application(w.ctx(), w.app.ID)
	w.is(err, store.ErrUnavailable)
	_, _, err = s.Bearer(w.ctx(), hashOf("x"))
	w.is(err, store.ErrUnavailable)
	w.ok(s.Close()) // again is no error
}

func testBackup(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	path := filepath.Join(t.TempDir(), "copy ä#1%.db")
	err := s.Backup(w.ctx(), path)
	if errors.Is(err, errors.ErrUnsupported) { // and says what to use instead
		if _, found := os.Stat(path); !errors.Is(found, fs.ErrNotExist) || errors.Is(err, store.ErrUnavailable) {
			t.Errorf("a backup that is not offered: %v, file %v", err, found)
		}
		return
	}
	w.ok(err)
	if err := s.Backup(w.ctx(), path); err == nil {
		t.Error("a backup must not go over an existing file")
	}
	w.ok(s.AddMeta(w.ctx(), "after", []byte("the backup")))
}

// Whatever people type comes back as it was.
func testAnyText(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	long := strings.Repeat("0123456789abcdef", 1<<16) // 1 MiB
	for _, text := range []string{"Ää 汉字 🔑 \u202e", `quote ' " \ $1 ? --`, "line\nbreak\ttab", "", long} {
		a := w.newAccount("subject " + text)
		org := text[:min(len(text), 255)]
		a.Identity.Email = a.Identity.Email[:min(len(a.Identity.Email), 1<<10)] // lists are read by these two: every way in has their bounds
		a.Identity.Name, a.ClientOrgID, a.TokenError = text, org, text
		cred := newCredential()
		cred.Sealed = append([]byte(text), 0, 0xff)
		w.ok(s.SaveConnection(w.ctx(), store.Connection{Account: a, New: true, Credential: cred}))
		equal(t, must(s.AccountByIdentity(w.ctx(), w.app.ID, account.Google, a.Identity.Subject, org))(t), a)
		equal(t, string(must(s.Credential(w.ctx(), a.ID))(t).Sealed), string(cred.Sealed))
	}
}

func testMigrationStatus(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	for _, read := range []func(context.Context) (store.MigrationReport, error){s.MigrationStatus, s.Migrate} {
		r := must(read(w.ctx()))(t)
		if r.Current == 0 || r.Current != r.Latest || len(r.Pending)+len(r.Applied) != 0 {
			t.Errorf("report = %+v, want a schema up to date", r)
		}
	}
	equal(t, must(s.Application(w.ctx(), w.app.ID))(t), w.app)
}
