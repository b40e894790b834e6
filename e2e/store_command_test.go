package e2e_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/store/storetest"
)

// command runs the built binary on the world's database, as an operator does beside
// the running server.
func (w *world) command(args ...string) (out string, exit int) {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), builtBinary(w.t), args...)
	cmd.Dir = w.dir
	cmd.Env = w.environment()
	var both bytes.Buffer
	cmd.Stdout, cmd.Stderr = &both, &both
	err := cmd.Run()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		w.t.Fatal(err)
	}
	return both.String(), cmd.ProcessState.ExitCode()
}

// environment leads commands to the world's data.
func (w *world) environment() []string {
	key := "AVAIN_KEY=" + w.key.Reveal()
	if w.keyFile != "" {
		key = "AVAIN_KEY_FILE=" + w.keyFile
	}
	return append(os.Environ(), "AVAIN_DATABASE="+w.database, key)
}

func TestCommandsBesideARunningServer(t *testing.T) {
	t.Parallel()
	onEachEngine(t, commandsBesideARunningServer)
}

func commandsBesideARunningServer(t *testing.T, on func(*app.Config)) {
	w := start(t, on)
	c := w.connect(nil)
	id := fmt.Sprint(c.AccountID)
	for _, run := range []struct {
		args, want string
	}{
		{"account list", "ada@sandbox.test"},
		{"account show " + id, "active"},
		{"migrate status", "at version"},
		{"key check", "0 do not open"},
		{"doctor", "ok"},
		{"app list", w.client.ClientID},
	} {
		if out, exit := w.command(strings.Fields(run.args)...); exit != 0 || !strings.Contains(out, run.want) {
			t.Errorf("avain %s: exit %d, %s", run.args, exit, out)
		}
	}
	if got := w.status(c); got != "active" { // remembered from here on
		t.Fatalf("the account is %q", got)
	}
	if out, exit := w.command("account", "delete", id); exit != 0 {
		t.Fatalf("delete: exit %d, %s", exit, out)
	}
	withinASecond(t, "an account deleted by a command", func() bool {
		return w.as(c, http.MethodGet, "/v1/account").code() == "token.revoked"
	})
}

func TestBackupOnPostgresNamesTheTool(t *testing.T) {
	t.Parallel()
	database := storetest.NewPostgres(t)
	w := idle(t, func(c *app.Config) { c.Database = database.URL })
	out, exit := w.command("backup", "copy.dump")
	if exit != 2 || !strings.Contains(out, "pg_dump") {
		t.Errorf("exit %d, %s", exit, out)
	}
}
