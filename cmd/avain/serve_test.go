package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A server tells its address when it listens, answers, and ends with 0 on SIGTERM.
func TestServeUntilSIGTERM(t *testing.T) {
	t.Parallel()
	server, ready := serving(t)
	for _, url := range []string{ready.URL + "/readyz", ready.MetricsURL} {
		if status := get(t, url); status != http.StatusOK {
			t.Errorf("GET %s: %d", url, status)
		}
	}
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := server.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v\n%s", err, server.Stderr)
	}
}

// Who signals twice does not want to wait for an orderly end.
func TestASecondSignalEndsItAtOnce(t *testing.T) {
	t.Parallel()
	server, ready := serving(t, "--drain-delay", "1h")
	if err := server.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	for get(t, ready.URL+"/readyz") != http.StatusServiceUnavailable { // the first one has arrived
		runtime.Gosched()
	}
	begun := time.Now()
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	var ended *exec.ExitError
	err := server.Wait()
	if took := time.Since(begun); !errors.As(err, &ended) || took > 10*time.Second {
		t.Fatalf("it ended after %s with %v\n%s", took, err, server.Stderr)
	}
	if status, ok := ended.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("it ended with %v, want by the signal itself", ended)
	}
}

// One SQLite file has one server, until that one is gone, however it went. Commands beside
// it work.
func TestASecondServerOfOneFileIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, _ := servingIn(t, dir)
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(filepath.Join(dir, "avain.db"), link); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{}, {"--database", "sqlite:" + link}} {
		second := avain(t, append([]string{"serve", "--listen", "127.0.0.1:0", "--data-dir", dir}, args...)...)
		err := second.Run()
		said := fmt.Sprint(second.Stderr)
		if second.ProcessState.ExitCode() != exitFailed || !strings.Contains(said, fmt.Sprintf("process %d serves", first.Process.Pid)) ||
			!strings.Contains(said, filepath.Join(dir, "avain.db")) || !strings.Contains(said, "PostgreSQL") {
			t.Errorf("the second server: %v, %s", err, said)
		}
	}
	for _, command := range [][]string{{"key", "check"}, {"app", "create", "CRM"}, {"backup", filepath.Join(t.TempDir(), "copy.db")}, {"key", "rotate"}} {
		if cmd := avain(t, append(command, "--data-dir", dir)...); cmd.Run() != nil {
			t.Errorf("%v beside the server: %s", command, cmd.Stderr)
		}
	}
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait() // killed
	servingIn(t, dir)
}

// serving starts a server on fresh data and waits until it listens.
func serving(t *testing.T, args ...string) (*exec.Cmd, servingView) {
	t.Helper()
	return servingIn(t, t.TempDir(), args...)
}

// servingIn makes the key where there is none.
func servingIn(t *testing.T, dir string, args ...string) (*exec.Cmd, servingView) {
	t.Helper()
	std := streams{in: new(bytes.Reader), out: io.Discard, err: io.Discard}
	if _, err := os.Stat(filepath.Join(dir, "avain.key")); err != nil {
		if code := run([]string{"key", "init", "--data-dir", dir}, std); code != exitDone {
			t.Fatalf("key init ended with %d", code)
		}
	}
	server := avain(t, append([]string{
		"serve", "--json", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--data-dir", dir,
	}, args...)...)
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	var ready servingView
	if err := json.NewDecoder(out).Decode(&ready); err != nil {
		t.Fatalf("no line of JSON: %v\n%s", err, server.Stderr)
	}
	return server, ready
}

// avain is the command itself, as TestMain puts it into the path of this process.
func avain(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "avain", args...)
	cmd.Stderr = new(bytes.Buffer)
	return cmd
}

func get(t *testing.T, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}
