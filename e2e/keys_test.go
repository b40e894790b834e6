package e2e_test

import (
	"bytes"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/secret"
)

// startWithKeyFile is start with the key in a file, as servers have it whose key can be
// changed while they run.
func startWithKeyFile(t *testing.T, changes ...func(*app.Config)) *world {
	t.Helper()
	w := idle(t, changes...)
	w.keyFile = filepath.Join(w.dir, "avain.key")
	w.writeKey(w.keyFile, w.key.Reveal())
	w.serve(append(changes, func(c *app.Config) { c.ReadKey = reads(w.keyFile) })...)
	w.register()
	return w
}

func reads(file string) func() (secret.Text, error) {
	return func() (secret.Text, error) {
		raw, err := os.ReadFile(file)
		return secret.New(string(raw)), err
	}
}

// writeKey puts a key into a file as a careful administrator does: in one step.
func (w *world) writeKey(file, key string) {
	w.t.Helper()
	if err := os.WriteFile(file+"-new", []byte(key), 0o600); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Rename(file+"-new", file); err != nil {
		w.t.Fatal(err)
	}
}

// wants runs a command that ends well and says so.
func (w *world) wants(want string, args ...string) {
	w.t.Helper()
	if out, exit := w.command(args...); exit != 0 || !strings.Contains(out, want) {
		w.t.Fatalf("avain %s: exit %d, want %q\n%s", strings.Join(args, " "), exit, want, out)
	}
}

// signInsUnderLoad is below the refresh tokens of one person that the provider keeps: with
// each one more it would end the oldest.
const signInsUnderLoad = 80

// load calls, renews and signs people in until stop is called, which wants every answer
// to have been a good one and returns the accounts that were connected.
func (w *world) load(c connected) (stop func() []connected) {
	done := make(chan struct{})
	var group sync.WaitGroup
	var mu sync.Mutex
	all := []connected{c}
	forever := func(step func()) {
		group.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					step()
				}
			}
		})
	}
	call := func(c connected) {
		if a := w.as(c, http.MethodGet, "/v1/direct/echo/x"); a.status != http.StatusOK {
			w.t.Errorf("a call during the rotation: %d %s", a.status, a.body)
		}
	}
	forever(func() { call(c) })
	forever(func() {
		mu.Lock()
		last := all[len(all)-1]
		mu.Unlock()
		if _, err := w.ops.RefreshAccount(w.t.Context(), account.ID(last.AccountID)); err != nil {
			w.t.Errorf("a refresh during the rotation: %v", err)
		}
		call(last)
	})
	group.Go(func() {
		for range signInsUnderLoad {
			fresh := w.connect(url.Values{"recycle": {"false"}})
			mu.Lock()
			all = append(all, fresh)
			mu.Unlock()
			select {
			case <-done:
				return
			default:
			}
		}
	})
	return func() []connected {
		close(done)
		group.Wait()
		return all
	}
}

// The key is changed three times, and each old one dropped, under a server that is busy.
func TestTheKeyIsRotatedUnderLoad(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, on func(*app.Config)) {
		w := startWithKeyFile(t, on)
		first, before := w.connect(nil), readKey(t, w.keyFile)
		stop := w.load(first)
		for range 3 {
			w.rotates()
		}
		accounts := stop()
		w.wants("0 do not open", "key", "check")
		w.box.Expire()
		for _, c := range accounts {
			if a := w.as(c, http.MethodGet, "/v1/direct/echo/x"); a.status != http.StatusOK {
				t.Errorf("a call afterwards: %d %s", a.status, a.body)
			}
		}
		w.writeKey(w.keyFile, before)
		if out, exit := w.command("key", "check"); exit != 2 || !strings.Contains(out, "was sealed with key") {
			t.Errorf("the key of before: exit %d, %s", exit, out)
		}
		if got := w.status(first); got != "active" { // the server does not take such a key over
			t.Errorf("the account is %q", got)
		}
	})
}

// rotates changes the key and drops the old one. A sign-in may be stored under the old key
// when the rotation has just ended: drop then refuses, and says what to do.
func (w *world) rotates() {
	w.t.Helper()
	w.wants("were wrapped anew", "key", "rotate")
	for range 5 {
		out, exit := w.command("key", "drop")
		switch {
		case exit == 0 && strings.Contains(out, "dropped from"):
			return
		case exit != 1 || !strings.Contains(out, "run avain key rotate until it ends well"):
			w.t.Fatalf("drop: exit %d, %s", exit, out)
		}
		w.wants("going on with the rotation", "key", "rotate")
	}
	w.t.Fatal("the old key is still in use after five rotations")
}

func readKey(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// A rotation that is killed leaves data that every ring in use opens, and goes on later.
func TestAKilledRotationIsResumed(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, on func(*app.Config)) {
		w := startWithKeyFile(t, on)
		c := w.connect(nil)
		before := readKey(t, w.keyFile)

		// The store keeps the rotation waiting, after the new key has been written.
		blocked, release := make(chan struct{}), make(chan struct{})
		held := make(chan error, 1)
		var once sync.Once
		go func() {
			held <- w.app.Store().UpdateApplication(t.Context(), w.client.ID, func(*account.Application) error {
				once.Do(func() { close(blocked) })
				<-release
				return nil
			})
		}()
		<-blocked
		child := exec.CommandContext(t.Context(), builtBinary(t), "key", "rotate")
		child.Env = w.environment()
		var said bytes.Buffer
		child.Stderr = &said
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the new key is written", func() bool { return readKey(t, w.keyFile) != before })
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := child.Wait(); err == nil {
			t.Fatalf("it had ended already: %s", &said)
		}
		close(release)
		if err := <-held; err != nil {
			t.Fatal(err)
		}

		w.box.Expire()
		if a := w.as(c, http.MethodGet, "/v1/direct/echo/x"); a.status != http.StatusOK {
			t.Errorf("in between: %d %s", a.status, a.body)
		}
		w.wants("0 do not open", "key", "check")
		if out, exit := w.command("key", "drop"); exit != 1 || !strings.Contains(out, "still wrapped by an older key") {
			t.Errorf("drop in between: exit %d, %s", exit, out)
		}
		w.wants("going on with the rotation", "key", "rotate")
		w.wants("dropped from", "key", "drop")
		w.wants("0 do not open", "key", "check")
	})
}
