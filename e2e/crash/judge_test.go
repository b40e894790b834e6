package crash_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// Longer than a claim lasts, and than the doubt after it with the pause of a doubtful refusal.
const (
	aClaim = 46 * time.Second
	aDoubt = 45 * time.Second
)

// judge says what the kill has done to each account. They are called as on any day;
// every access token has ended by now, so an account is well only if the refresh token
// on the disk is the one that the provider takes.
//
// Lost is no failure where the provider had rotated and the killed process had not stored
// it: then the account has to be marked, and the loss told. Everything else is one.
func (w *world) judge(t *testing.T, kill *kill) {
	t.Helper()
	after := w.database.accounts(t)
	for _, s := range w.seats {
		kill.checkStored(t, s, after[s.account])
	}
	w.database.pass(t, aClaim)
	w.box.Expire()
	var doubtful []*seat
	for i, a := range w.callAll(t, w.seats) {
		s := w.seats[i]
		switch {
		case a.status == http.StatusOK && a.err == nil:
			w.count(kill.at(s), false)
		case a.code() == "provider.unavailable" && a.header.Get("Retry-After") != "" && kill.mayBeLost(s, after[s.account]):
			doubtful = append(doubtful, s)
		default:
			t.Errorf("kill %d, %s: the account was not lost, and a call ends with %+v", kill.number, kill.at(s), a)
		}
	}
	if len(doubtful) == 0 {
		return
	}
	w.database.pass(t, aDoubt)
	answers := w.callAll(t, doubtful)
	marked := w.database.accounts(t)
	for i, s := range doubtful {
		w.count(kill.at(s), true)
		now := marked[s.account]
		if answers[i].code() != "token.dead" || now.status != "dead" || !strings.Contains(now.error, "lost") || now.losses != kill.before[s.account].losses+1 {
			t.Errorf("kill %d, %s: the account is lost, a call ends with %+v, and it is stored as %+v", kill.number, kill.at(s), answers[i], now)
		}
		s.signIn(t)
	}
}

// checkStored holds the disk against what the provider knows.
func (k *kill) checkStored(t *testing.T, s *seat, now stored) {
	t.Helper()
	did, stored := s.provider.ledger(), now.generation-k.before[s.account].generation
	if stored > 1 || stored > int64(did.refreshes-k.ledgers[s].refreshes) {
		t.Errorf("kill %d, %s: %d credentials stored of %d that the provider gave", k.number, k.at(s), stored, did.refreshes-k.ledgers[s].refreshes)
	}
	if did.used > k.ledgers[s].refreshes && stored == 0 {
		t.Errorf("kill %d, %s: an access token was used, and its refresh token is not on the disk", k.number, k.at(s))
	}
	if now.status != "active" {
		t.Errorf("kill %d, %s: the account is %s: %s", k.number, k.at(s), now.status, now.error)
	}
}

// mayBeLost tells whether the provider had rotated, and the disk does not know it.
func (k *kill) mayBeLost(s *seat, now stored) bool {
	return s.provider.ledger().refreshes > k.ledgers[s].refreshes && now.generation == k.before[s.account].generation
}

func (w *world) callAll(t *testing.T, seats []*seat) []answer {
	t.Helper()
	answers := make([]answer, len(seats))
	var group sync.WaitGroup
	for i, s := range seats {
		group.Go(func() { answers[i] = s.call(t) })
	}
	group.Wait()
	return answers
}
