package crash_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avain-project/avain/e2e/rig"
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
	after := w.database.Accounts(t)
	if left := w.server.Journal("*"); len(left) > 0 {
		t.Errorf("kill %d: the journal has %v after the start", kill.number, left)
	}
	for _, s := range w.seats {
		kill.checkStored(t, s, after[s.Account])
	}
	w.database.Pass(t, aClaim)
	w.box.Expire()
	var doubtful []*rig.Seat
	for i, a := range w.callAll(t, w.seats) {
		s := w.seats[i]
		switch {
		case a.Status == http.StatusOK && a.Err == nil:
			w.count(kill.at(s), false)
		case a.Code() == "provider.unavailable" && a.Header.Get("Retry-After") != "" && kill.mayBeLost(s, after[s.Account]):
			doubtful = append(doubtful, s)
		default:
			t.Errorf("kill %d, %s: the account was not lost, and a call ends with %+v", kill.number, kill.at(s), a)
		}
	}
	if len(doubtful) == 0 {
		return
	}
	w.database.Pass(t, aDoubt)
	answers := w.callAll(t, doubtful)
	marked := w.database.Accounts(t)
	for i, s := range doubtful {
		w.count(kill.at(s), true)
		now := marked[s.Account]
		if answers[i].Code() != "token.dead" || now.Status != "dead" || !strings.Contains(now.Error, "lost") || now.Losses != kill.before[s.Account].Losses+1 {
			t.Errorf("kill %d, %s: the account is lost, a call ends with %+v, and it is stored as %+v", kill.number, kill.at(s), answers[i], now)
		}
		s.SignIn(t)
	}
}

// checkStored holds the disk against what the provider knows.
func (k *kill) checkStored(t *testing.T, s *rig.Seat, now rig.Stored) {
	t.Helper()
	did, stored := s.Provider.Book(), now.Generation-k.before[s.Account].Generation
	if stored > 1 || stored > int64(did.Refreshes-k.ledgers[s].Refreshes) {
		t.Errorf("kill %d, %s: %d credentials stored of %d that the provider gave", k.number, k.at(s), stored, did.Refreshes-k.ledgers[s].Refreshes)
	}
	if did.Used > k.ledgers[s].Refreshes && stored == 0 {
		t.Errorf("kill %d, %s: an access token was used, and its refresh token is not on the disk", k.number, k.at(s))
	}
	if k.at(s) == rig.Kept && stored != 1 {
		t.Errorf("kill %d, %s: %d credentials stored since", k.number, k.at(s), stored)
	}
	if now.Status != "active" {
		t.Errorf("kill %d, %s: the account is %s: %s", k.number, k.at(s), now.Status, now.Error)
	}
}

// mayBeLost tells whether the provider had rotated, and the disk does not know it.
func (k *kill) mayBeLost(s *rig.Seat, now rig.Stored) bool {
	return s.Provider.Book().Refreshes > k.ledgers[s].Refreshes && now.Generation == k.before[s.Account].Generation
}

func (w *world) callAll(t *testing.T, seats []*rig.Seat) []rig.Answer {
	t.Helper()
	answers := make([]rig.Answer, len(seats))
	var group sync.WaitGroup
	for i, s := range seats {
		group.Go(func() { answers[i] = s.Call(t) })
	}
	group.Wait()
	return answers
}
