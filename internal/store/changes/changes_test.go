package changes

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// state is what a database tells.
type state struct {
	text string
	err  error
	hang bool
}

// source is a database that tells what the test sets.
type source struct{ atomic.Pointer[state] }

func (s *source) look(ctx context.Context) (string, error) {
	now := s.Load()
	if now.hang {
		<-ctx.Done()
		return "", ctx.Err()
	}
	return now.text, now.err
}

func watch(t *testing.T) (*source, *Watcher) {
	t.Helper()
	s := &source{}
	s.Store(&state{text: "a"})
	w, err := Watch(t.Context(), s.look)
	if err != nil {
		t.Fatal(err)
	}
	return s, w
}

// pass lets the bubble's clock run, and the watcher with it.
func pass(d time.Duration) {
	time.Sleep(d) // of the bubble: nobody waits
	synctest.Wait()
}

func TestStandsStillOnlyWhileNothingChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, w := watch(t)
		defer w.Close()
		before := w.Current()
		if pass(time.Hour); w.Current() != before {
			t.Error("it counts where nothing has changed")
		}
		w.Committed()
		own := w.Current()
		if own == before {
			t.Error("a change of our own is not seen at once")
		}
		s.Store(&state{text: "b"})
		if pass(Every); w.Current() == own {
			t.Error("a change of another process is not seen by the next look")
		}
	})
}

func TestNothingRepeatsWhileBlind(t *testing.T) {
	t.Parallel()
	for name, blind := range map[string]state{"it fails": {text: "a", err: errors.New("gone")}, "it hangs": {text: "a", hang: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, w := watch(t)
				defer w.Close()
				s.Store(&blind)
				pass(blindAfter + Every)
				before := w.Current()
				if w.Current() == before {
					t.Error("two answers are equal although nobody can look")
				}
				s.Store(&state{text: "a"}) // perhaps another server, which only looks the same
				pass(20 * blindAfter)
				after := w.Current()
				if after == before || w.Current() != after {
					t.Error("it does not stand still again")
				}
			})
		})
	}
}

// One failed look is no blindness, but what follows may be another server.
func TestAFailureIsAChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, w := watch(t)
		defer w.Close()
		before := w.Current()
		s.Store(&state{err: errors.New("gone")})
		pass(Every)
		s.Store(&state{text: "a"})
		if pass(Every); w.Current() == before {
			t.Error("the failure left no trace")
		}
	})
}

func TestWatchNeedsAFirstLook(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	if _, err := Watch(t.Context(), func(context.Context) (string, error) { return "", gone }); !errors.Is(err, gone) {
		t.Errorf("error = %v", err)
	}
}
