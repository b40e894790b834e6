package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/testenv"
)

// systemctl stands for the service manager: start runs the server in the background, and
// stop ends it.
const systemctl = `#!/bin/sh -eu
case "$1" in
start)
	avain serve --json --data-dir "$DATA" --listen 127.0.0.1:0 --limit-address 0 >"$DATA/said" 2>"$DATA/log" &
	echo $! >"$DATA/pid" ;;
stop)
	if [ -e "$DATA/pid" ]; then kill "$(cat "$DATA/pid")"; fi ;;
esac
`

// TestBackupAndRestore types what the page on operations tells its reader to type, from
// the backup over a change of the key to the restored server.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	sh, err := exec.LookPath("sh")
	testenv.Need(t, "sh", err == nil, "the page's lines are for a POSIX shell")
	blocks := shellBlocks(readPage(t, filepath.Join(testenv.Root(t), "docs", "operations.md")))
	if len(blocks) != 3 {
		t.Fatalf("%d blocks of shell on the page, want those for the backup, the restore and the drill", len(blocks))
	}
	root := t.TempDir()
	places := map[string]string{}
	for place, dir := range map[string]string{"/var/lib/avain": "data", "/backup": "backup", "/safe": "safe", "bin": "bin"} {
		places[place] = filepath.Join(root, dir)
		if err := os.Mkdir(places[place], 0o700); err != nil {
			t.Fatal(err)
		}
	}
	data := places["/var/lib/avain"]
	if err := os.WriteFile(filepath.Join(places["bin"], "systemctl"), []byte(systemctl), 0o700); err != nil {
		t.Fatal(err)
	}
	typed := func(script string) string {
		t.Helper()
		script = strings.NewReplacer("/var/lib/avain", data, "/backup", places["/backup"], "/safe", places["/safe"]).Replace(script)
		cmd := exec.CommandContext(t.Context(), sh, "-eu")
		cmd.Stdin, cmd.Dir = strings.NewReader(script), root
		cmd.Env = append(os.Environ(), "DATA="+data, "PATH="+places["bin"]+":"+filepath.Dir(builtBinary(t))+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s\n%v\n%s", script, err, out)
		}
		return string(out)
	}

	var kept, later connected
	t.Run("until the disk is lost", func(t *testing.T) {
		w := idle(t)
		w.database, w.keyFile = "sqlite:"+filepath.Join(data, "avain.db"), filepath.Join(data, "avain.key")
		w.writeKey(w.keyFile, w.key.Reveal())
		w.serve(func(c *app.Config) { c.ReadKey = reads(w.keyFile) })
		w.register()
		kept = w.connect(nil)
		typed(blocks[0])
		later = w.connect(url.Values{"loginHint": {bob}})
		w.wants("were wrapped anew", "key", "rotate")
		w.wants("dropped from", "key", "drop")
	})
	if out := typed(blocks[2]); !strings.Contains(out, "0 do not open") || !strings.Contains(out, strconv.FormatInt(kept.AccountID, 10)) {
		t.Errorf("the drill says %s", out)
	}
	if out := typed(blocks[1]); !strings.Contains(out, "0 do not open") {
		t.Errorf("the restore says %s", out)
	}
	raw, err := os.ReadFile(filepath.Join(data, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	var ready struct{ URL string }
	eventually(t, "the restored server", func() bool {
		said, err := os.ReadFile(filepath.Join(data, "said"))
		return err == nil && json.Unmarshal(said, &ready) == nil && ready.URL != ""
	})
	restored := &world{t: t, url: ready.URL}
	if a := restored.as(kept, http.MethodGet, "/v1/account"); a.status != http.StatusOK || !strings.Contains(a.body, "ada@sandbox.test") {
		t.Errorf("the account of before: %d %s", a.status, a.body)
	}
	if a := restored.as(later, http.MethodGet, "/v1/account"); a.status != http.StatusUnauthorized {
		t.Errorf("the account that came after the backup: %d %s", a.status, a.body)
	}
}
