package storetest

import (
	"testing"
	"time"

	"github.com/avain-project/avain/internal/store"
)

// heldAttempt is consumed, and holds a sign-in for the returned choice.
func (w *world) heldAttempt() (store.Attempt, []byte) {
	w.Helper()
	a := w.newAttempt()
	a.RestAsked = false
	w.ok(w.CreateAttempt(w.ctx(), a))
	must(w.ConsumeAttempt(w.ctx(), a.StateHash, a.BrowserHash, noon))(w)
	a.ConsumedAt, a.Held, a.ChoiceHash, a.ExpiresAt = noon, []byte("sealed sign-in"), hashOf("choice of "+a.ID), noon.Add(time.Hour)
	a.Result = []byte("sealed page")
	w.ok(w.HoldAttempt(w.ctx(), holdOf(a)))
	return a, a.ChoiceHash
}

func holdOf(a store.Attempt) store.Hold {
	return store.Hold{AttemptID: a.ID, Held: a.Held, ChoiceHash: a.ChoiceHash, Result: a.Result, ExpiresAt: a.ExpiresAt}
}

func testHeldAttempt(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	open := w.newAttempt()
	w.ok(s.CreateAttempt(w.ctx(), open))
	w.is(s.HoldAttempt(w.ctx(), holdOf(open)), store.ErrNotFound) // not consumed
	w.is(s.HoldAttempt(w.ctx(), store.Hold{AttemptID: "gone"}), store.ErrNotFound)

	a, choice := w.heldAttempt()
	w.is(s.HoldAttempt(w.ctx(), holdOf(a)), store.ErrNotFound) // it has a result
	equal(t, must(s.AttemptByChoice(w.ctx(), choice))(t), a)
	equal(t, must(s.Attempt(w.ctx(), a.StateHash))(t), a)
	_, err := s.AttemptByChoice(w.ctx(), hashOf("another"))
	w.is(err, store.ErrNotFound)

	w.ok(s.ReleaseAttempt(w.ctx(), choice))
	w.is(s.ReleaseAttempt(w.ctx(), choice), store.ErrNotFound)
	a.Held = nil
	equal(t, must(s.AttemptByChoice(w.ctx(), choice))(t), a) // it can still be told what happened
}

func testContinuedAttempt(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a, choice := w.heldAttempt()
	rest, again, forced, late := w.newAttempt(), w.newAttempt(), w.newAttempt(), w.newAttempt()
	rest.Held = []byte("sealed anew")
	w.ok(s.AskRest(w.ctx(), choice, rest))
	a.RestAsked = true // the other choice stays open
	equal(t, must(s.Attempt(w.ctx(), a.StateHash))(t), a)
	equal(t, must(s.Attempt(w.ctx(), rest.StateHash))(t), rest)
	w.is(s.AskRest(w.ctx(), choice, again), store.ErrNotFound)

	w.ok(s.ContinueAttempt(w.ctx(), choice, forced))
	a.Held = nil
	equal(t, must(s.Attempt(w.ctx(), a.StateHash))(t), a)
	w.is(s.ContinueAttempt(w.ctx(), choice, late), store.ErrNotFound)
	w.is(s.AskRest(w.ctx(), choice, late), store.ErrNotFound)
	for _, never := range []store.Attempt{again, late} {
		_, err := s.Attempt(w.ctx(), never.StateHash)
		w.is(err, store.ErrNotFound)
	}
}

// Whatever the person clicks, and how often: one choice is carried out.
func testChoiceMadeOnce(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a, choice := w.heldAttempt()
	oneWins(t, race(12, func(i int) error {
		switch i % 3 {
		case 0:
			return s.ReleaseAttempt(w.ctx(), choice)
		case 1:
			return s.ContinueAttempt(w.ctx(), choice, w.newAttempt())
		default:
			return s.SaveConnection(w.ctx(), store.Connection{
				Account: w.newAccount("ada"), New: true, Fresh: true, Credential: newCredential(),
				StateHash: a.StateHash, Result: []byte("sealed redirect"), ChoiceHash: choice,
			})
		}
	}), store.ErrNotFound)
}

func testConnectionAfterChoice(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a, choice := w.heldAttempt()
	acct := w.newAccount("ada")
	c := store.Connection{Account: acct, New: true, Credential: newCredential(), ChoiceHash: choice}
	w.ok(s.SaveConnection(w.ctx(), c))
	a.Held = nil
	equal(t, must(s.Attempt(w.ctx(), a.StateHash))(t), a)

	c.Account, c.Credential = w.newAccount("bob"), newCredential()
	w.is(s.SaveConnection(w.ctx(), c), store.ErrNotFound)
	_, err := s.Account(w.ctx(), c.Account.ID)
	w.is(err, store.ErrNotFound)
}

// Where the rest was asked for, both sign-ins wait. The end of the second ends the first,
// and not the other way round: the person may still be at the provider.
func testRestEndsTheFirst(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	held := func(a store.Attempt) bool {
		w.Helper()
		return must(s.Attempt(w.ctx(), a.StateHash))(w).Held != nil
	}
	asked := func() (first, rest store.Attempt, choice []byte) {
		w.Helper()
		first, choice = w.heldAttempt()
		rest = w.newAttempt()
		rest.RestOf, rest.Held, rest.ChoiceHash = first.ID, []byte("sealed anew"), hashOf("choice of "+rest.ID)
		w.ok(s.AskRest(w.ctx(), choice, rest))
		return first, rest, choice
	}
	save := func(c store.Connection) error {
		c.Account, c.New, c.Fresh, c.Credential = w.newAccount("ada"), true, true, newCredential()
		return s.SaveConnection(w.ctx(), c)
	}
	for how, end := range map[string]func(rest store.Attempt) error{
		"granted":  func(rest store.Attempt) error { return save(store.Connection{AttemptID: rest.ID}) },
		"without":  func(rest store.Attempt) error { return save(store.Connection{ChoiceHash: rest.ChoiceHash}) },
		"given up": func(rest store.Attempt) error { return s.ReleaseAttempt(w.ctx(), rest.ChoiceHash) },
		"continued": func(rest store.Attempt) error {
			return s.ContinueAttempt(w.ctx(), rest.ChoiceHash, w.newAttempt())
		},
	} {
		other, _ := w.heldAttempt()
		first, rest, choice := asked()
		w.ok(end(rest))
		if held(first) || held(rest) || !held(other) {
			t.Errorf("%s: the first holds %t, the second %t, another one %t", how, held(first), held(rest), held(other))
		}
		w.is(s.ReleaseAttempt(w.ctx(), choice), store.ErrNotFound)
	}
	first, rest, choice := asked()
	w.ok(save(store.Connection{AttemptID: first.ID, ChoiceHash: choice}))
	if held(first) || !held(rest) {
		t.Errorf("without, at the first: it holds %t, the second %t", held(first), held(rest))
	}
	w.ok(save(store.Connection{AttemptID: rest.ID})) // and the rest may still come
}

func testSweepWipesHeld(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a, _ := w.heldAttempt()
	must(s.Sweep(w.ctx(), a.ExpiresAt))(t)
	equal(t, must(s.Attempt(w.ctx(), a.StateHash))(t), a) // it may still be chosen until then
	must(s.Sweep(w.ctx(), a.ExpiresAt.Add(time.Millisecond)))(t)
	a.Held, a.Result = nil, nil
	equal(t, must(s.Attempt(w.ctx(), a.StateHash))(t), a)
}
