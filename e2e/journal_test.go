package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/app"
)

const rotating = "ada+auto+rotate@sandbox.test"

// The provider has taken the refresh token back and given another one, and then there is no
// store to keep it in.
func TestAStoreThatGoesAwayInTheMiddleOfARefresh(t *testing.T) {
	t.Parallel()
	for name, comeBack := range map[string]func(w *world, f frail){
		"and comes back": func(w *world, _ frail) { w.restoreStore() },
		"and comes back after a restart": func(w *world, f frail) {
			w.stop()
			w.restoreStore()
			w.serve(func(c *app.Config) { c.WrapEngine = f.engine.around })
			if n := len(w.journal()); n != 0 {
				w.t.Errorf("it serves, and %d entries wait", n)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachOutage(t, func(t *testing.T, f frail) {
				w := startFrail(t, google(), f)
				aStoreThatGoesAwayInTheMiddleOfARefresh(t, w, func() { comeBack(w, f) })
			})
		})
	}
}

func aStoreThatGoesAwayInTheMiddleOfARefresh(t *testing.T, w *world, comeBack func()) {
	c := w.connect(hinted(rotating))
	w.clock.advance(2 * time.Hour)
	w.whileExchanging(w.loseStore)
	for range 2 {
		refused(t, w.as(c, http.MethodGet, w.service.direct()), http.StatusServiceUnavailable, "store.unavailable")
	}
	if n := len(w.journal()); n != 1 {
		t.Fatalf("%d entries wait", n)
	}
	comeBack()
	for round := 1; round <= 2; round++ {
		if a := w.as(c, http.MethodGet, w.service.direct()); a.status != http.StatusOK {
			t.Fatalf("round %d: %d %s", round, a.status, a.body)
		}
		if got := w.calls().Refresh; got != round {
			t.Errorf("round %d: %d refreshes", round, got)
		}
		w.clock.advance(2 * time.Hour)
	}
	if log := w.log.String(); len(w.journal()) != 0 || !strings.Contains(log, "saved new tokens from the journal") {
		t.Errorf("%v wait, and the log says %s", w.journal(), log)
	}
}

// journal are the names of the entries that wait.
func (w *world) journal() []string {
	entries, err := filepath.Glob(filepath.Join(w.dir, "journal", "*"))
	if err != nil {
		w.t.Error(err)
	}
	return entries
}

func TestTheJournalIsCounted(t *testing.T) {
	t.Parallel()
	onEachOutage(t, func(t *testing.T, f frail) {
		w := startFrail(t, google(), f)
		c := w.connect(hinted(rotating))
		w.clock.advance(2 * time.Hour)
		w.whileExchanging(w.loseStore)
		refused(t, w.as(c, http.MethodGet, w.service.direct()), http.StatusServiceUnavailable, "store.unavailable")
		for _, line := range []string{"avain_journal_entries 1", `avain_journal_events_total{event="written"} 1`} {
			if text := w.send(http.DefaultClient, http.MethodGet, w.metrics, nil).body; !strings.Contains(text, "\n"+line+"\n") {
				t.Errorf("%q is missing in %s", line, text)
			}
		}
		w.restoreStore()
	})
}

func TestTheStartSaysWhereTheJournalKeepsNothing(t *testing.T) {
	t.Parallel()
	const off = "the journal is off"
	onEachEngine(t, func(t *testing.T, on func(*app.Config)) {
		w := start(t, on)
		if log := w.log.String(); strings.Contains(log, off) {
			t.Errorf("with a data directory: %s", log)
		}
		w.stop()

		assumed := func(c *app.Config) { on(c); c.DataDirAssumed = true }
		onServer := strings.HasPrefix(w.database, "postgres")
		w.serve(assumed)
		if log := w.log.String(); strings.Contains(log, off) != onServer {
			t.Errorf("with a data directory that nobody has named: %s", log)
		}
		w.stop()

		// Somebody else's file is in the way, as a read-only folder would be.
		blocked := t.TempDir()
		if err := os.WriteFile(filepath.Join(blocked, "journal"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		w.log = &lockedBuffer{}
		w.serve(func(c *app.Config) { on(c); c.DataDir = blocked })
		if log := w.log.String(); !strings.Contains(log, off) || !strings.Contains(log, blocked) {
			t.Errorf("without a folder: %s", log)
		}
	})
}
