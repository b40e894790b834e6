package e2e_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/store/storetest"
)

// onDisk is a server with its database on a small disk, and its journal where the test says.
func onDisk(t *testing.T, d *disk, changes ...func(*app.Config)) *world {
	t.Helper()
	return start(t, append([]func(*app.Config){func(c *app.Config) { c.Database = "sqlite:" + filepath.Join(d.Dir, "avain.db") }}, changes...)...)
}

// wantWhole wants an account that nothing has happened to.
func (w *world) wantWhole(t *testing.T, c connected) {
	t.Helper()
	if a := w.as(c, http.MethodGet, w.service.direct()); a.status != http.StatusOK {
		t.Errorf("with space again: %d %s", a.status, a.body)
	}
	w.stands(t, c, "active", "", time.Time{})
}

// What a server does with its database or journal on a disk that takes nothing more.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	mounting(t, func(t *testing.T) {
		for name, test := range map[string]func(t *testing.T){
			"before the provider is asked":                      aDiskThatIsFull,
			"when it answers: the database's alone":             func(t *testing.T) { aDiskThatIsFullWhenTheAnswerComes(t, true) },
			"when it answers: the database's and the journal's": func(t *testing.T) { aDiskThatIsFullWhenTheAnswerComes(t, false) },
			"one that is read-only":                             aReadOnlyDisk,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t)
			})
		}
	})
}

// The provider is not asked. What has its place already, in a log that is written over, may
// go on working for a while.
func aDiskThatIsFull(t *testing.T) {
	d := newDisk(t, "3m")
	w := onDisk(t, d)
	c := w.connect(hinted(rotating))
	d.fill()
	for round, failed := 0, 0; failed < 2; round++ {
		if round == 100 {
			t.Fatal("the disk is full, and everything works")
		}
		w.clock.advance(2 * time.Hour)
		before := w.calls().Refresh
		if a := w.as(c, http.MethodGet, w.service.direct()); a.status != http.StatusOK {
			failed++
			refused(t, a, http.StatusServiceUnavailable, "store.unavailable")
			if n := w.calls().Refresh - before; n != 0 && len(w.journal()) == 0 {
				t.Errorf("the provider was asked %d times, and nothing has its answer", n)
			}
		}
	}
	if a := w.call(http.MethodGet, "/healthz", nil); a.status != http.StatusOK {
		t.Errorf("the process runs, but healthz answers %d", a.status)
	}
	if got := w.status(c); got != "active" { // it can still be read
		t.Errorf("the account is %q", got)
	}
	wantFailed(t, w.browser().authorize(nil), "store.unavailable")
	d.free()
	w.wantWhole(t, c)
	w.connect(nil)
}

// The answer waits where there is space, in another folder or in memory.
func aDiskThatIsFullWhenTheAnswerComes(t *testing.T, journaled bool) {
	d := newDisk(t, "3m")
	w := onDisk(t, d, func(c *app.Config) {
		if !journaled {
			c.DataDir = d.Dir
		}
	})
	c := w.connect(hinted(rotating))
	for round := 1; ; round++ {
		if round == 100 {
			t.Fatal("the disk is full, and everything is saved")
		}
		w.clock.advance(2 * time.Hour)
		w.whileExchanging(d.fill)
		a := w.as(c, http.MethodGet, w.service.direct())
		if a.status != http.StatusOK {
			refused(t, a, http.StatusServiceUnavailable, "store.unavailable")
			break
		}
		d.free()
	}
	if n := len(w.journal()); (n == 1) != journaled {
		t.Errorf("%d entries wait", n)
	}
	if log := w.log.String(); strings.Contains(log, "lost if this process ends") == journaled {
		t.Errorf("the log tells something else: %s", log)
	}
	asked := w.calls().Refresh
	d.free()
	w.wantWhole(t, c)
	if n := w.calls().Refresh - asked; n != 0 {
		t.Errorf("the provider was asked %d times for what it had given", n)
	}
	w.clock.advance(2 * time.Hour)
	w.wantWhole(t, c)
}

// A database that takes reads alone, as it is while an administrator has it so or while a
// replica stands in: what needs no write works, and nothing is spent.
func TestAReadOnlyDatabase(t *testing.T) {
	t.Parallel()
	database := storetest.NewPostgres(t)
	w := start(t, func(c *app.Config) { c.Database = database.URL })
	c := w.connect(hinted(rotating))
	database.Freeze()
	if a := w.as(c, http.MethodGet, w.service.direct()); a.status != http.StatusOK {
		t.Errorf("a token that is good: %d %s", a.status, a.body)
	}
	w.clock.advance(2 * time.Hour)
	refused(t, w.as(c, http.MethodGet, w.service.direct()), http.StatusServiceUnavailable, "store.unavailable")
	wantFailed(t, w.browser().authorize(nil), "store.unavailable")
	if n := w.calls().Refresh; n != 0 {
		t.Errorf("the provider was asked %d times", n)
	}
	database.Thaw()
	w.wantWhole(t, c)

	w.clock.advance(2 * time.Hour)
	w.whileExchanging(database.Freeze)
	refused(t, w.as(c, http.MethodGet, w.service.direct()), http.StatusServiceUnavailable, "store.unavailable")
	if n := len(w.journal()); n != 1 {
		t.Errorf("%d entries wait", n)
	}
	database.Thaw()
	w.wantWhole(t, c)
	if n := w.calls().Refresh; n != 2 {
		t.Errorf("%d refreshes", n)
	}
}

// A server does not start on what it cannot write, and says what is wrong. Nothing has
// happened to what is there.
func aReadOnlyDisk(t *testing.T) {
	d := newDisk(t, "3m")
	w := onDisk(t, d)
	c := w.connect(hinted(rotating))
	w.stop()
	d.remount("ro")
	opened, err := app.Open(t.Context(), app.Config{DataDir: w.dir, Database: w.database, Key: w.key, Listen: "127.0.0.1:0", LogTo: w.log, Now: w.clock.Now})
	if err == nil {
		_ = opened.Close()
		t.Fatal("it starts")
	}
	for _, part := range []string{filepath.Join(d.Dir, "avain.db"), "must exist and be writable", "read-only file system"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is missing in: %v", part, err)
		}
	}
	d.remount("rw")
	w.serve()
	w.clock.advance(2 * time.Hour)
	w.wantWhole(t, c)
}
