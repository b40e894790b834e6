package store_test

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/sqlite"
)

// counting counts the changes that reach the engine.
type counting struct {
	store.Engine
	writes atomic.Int64
}

func (c *counting) Write(ctx context.Context, fn func(context.Context, store.Querier) error) error {
	c.writes.Add(1)
	return c.Engine.Write(ctx, fn)
}

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// withRegistration is a store with one application "app" and its registration "reg".
func withRegistration(t *testing.T) (*store.Store, *counting) {
	t.Helper()
	engine, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "avain.db")})
	if err != nil {
		t.Fatal(err)
	}
	counted := &counting{Engine: engine}
	s := store.New(counted)
	t.Cleanup(func() { _ = s.Close() })
	_, err = s.Migrate(t.Context())
	err = errors.Join(err, s.CreateApplication(t.Context(), store.Application{Application: account.Application{ID: "app", ClientID: "client"}}))
	err = errors.Join(err, s.SaveRegistration(t.Context(), store.Registration{Registration: account.Registration{
		ID: "reg", ApplicationID: "app", ServiceType: account.Google, ClientID: "client", Current: true,
	}}))
	if err != nil {
		t.Fatal(err)
	}
	return s, counted
}

func attempt(n int) store.Attempt {
	name := strconv.Itoa(n)
	return store.Attempt{
		ID: name, StateHash: []byte(name), ApplicationID: "app", RegistrationID: "reg", ServiceType: account.Google,
		BrowserHash: []byte("browser"), CreatedAt: noon, ExpiresAt: noon.Add(15 * time.Minute),
	}
}

// Anybody can send a state that does not exist: it must not wait for the writer, nor
// let others wait.
func TestAnUnknownStateWritesNothing(t *testing.T) {
	t.Parallel()
	s, engine := withRegistration(t)
	if err := s.CreateAttempt(t.Context(), attempt(1)); err != nil {
		t.Fatal(err)
	}
	engine.writes.Store(0)
	for state, browser := range map[string]string{"unknown": "browser", "1": "another"} {
		if _, err := s.ConsumeAttempt(t.Context(), []byte(state), []byte(browser), noon); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s in %s: %v", state, browser, err)
		}
	}
	if _, err := s.ConsumeAttempt(t.Context(), []byte("1"), []byte("browser"), noon); err != nil {
		t.Errorf("the right one: %v", err)
	}
	if n := engine.writes.Load(); n != 1 {
		t.Errorf("%d writes, want that of the attempt that was open", n)
	}
}

// One long deletion would keep every sign-in waiting.
func TestSweepGoesInBatches(t *testing.T) {
	t.Parallel()
	s, engine := withRegistration(t)
	const many = 1100
	failed := make(chan error, many)
	for n := range many {
		go func() { failed <- s.CreateAttempt(t.Context(), attempt(n)) }()
	}
	for range many {
		if err := <-failed; err != nil {
			t.Fatal(err)
		}
	}
	engine.writes.Store(0)
	report, err := s.Sweep(t.Context(), noon.Add(2*time.Hour))
	if err != nil || report != (store.SweepReport{Attempts: many}) {
		t.Errorf("swept %+v, %v", report, err)
	}
	if n := engine.writes.Load(); n < 3+2 { // of at most 500 rows each; codes and tokens take one
		t.Errorf("%d writes", n)
	}
}
