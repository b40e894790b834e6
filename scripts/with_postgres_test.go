package scripts_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/testenv"
)

// withPostgres runs the script as if no server were there already.
func withPostgres(t *testing.T, args ...string) (output string, exit int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(testenv.Root(t), "scripts", "with-postgres"), args...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "AVAIN_TEST_POSTGRES=") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	out, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func TestWithPostgresNeedsACommand(t *testing.T) {
	t.Parallel()
	if out, exit := withPostgres(t); exit != 1 || !strings.Contains(out, "name a command") {
		t.Errorf("exit %d, %s", exit, out)
	}
}

// The command finds both servers, its exit code is the script's, and nothing is left.
func TestWithPostgresLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	testenv.Postgres(t) // where the tests have no server, the script may have no programs either
	out, exit := withPostgres(t, "sh", "-c", `
		echo "$AVAIN_TEST_POSTGRES" | sed 's/.*host=\([^&]*\)&.*/folder \1/'
		for port in 5432 6432; do [ -S "$(echo "$AVAIN_TEST_POSTGRES" | sed 's/.*host=\([^&]*\)&.*/\1/')/.s.PGSQL.$port" ] && echo "found $port"; done
		exit 7`)
	if exit != 7 || !strings.Contains(out, "found 5432") || !strings.Contains(out, "found 6432") {
		t.Fatalf("exit %d, %s", exit, out)
	}
	_, after, _ := strings.Cut(out, "folder ")
	folder, _, _ := strings.Cut(after, "\n")
	if _, err := os.Stat(folder); folder == "" || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder %q is still there: %v", folder, err)
	}
	if out, err := exec.CommandContext(t.Context(), "ps", "-eo", "args").Output(); err == nil && strings.Contains(string(out), folder) {
		t.Errorf("processes of %s are still there:\n%s", folder, out)
	}
}
