package filelock_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/avain-project/avain/internal/filelock"
)

// childVariable names the lock that this binary takes where it runs as a child.
const childVariable = "AVAIN_TEST_FILELOCK_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childVariable); path != "" {
		_, err := filelock.Take(path)
		fmt.Println("took", err)
		select {} // until it is killed
	}
	os.Exit(m.Run())
}

func TestOneHolder(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	first, err := filelock.Take(path)
	if err != nil {
		t.Fatal(err)
	}
	wantHeld(t, path, os.Getpid())
	wantHeld(t, path, os.Getpid()) // a refused try takes nothing away
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	second, err := filelock.Take(path)
	if err != nil {
		t.Fatalf("after its release: %v", err)
	}
	if err := second.Release(); err != nil {
		t.Fatal(err)
	}
	if err := (*filelock.Lock)(nil).Release(); err != nil {
		t.Error(err)
	}
}

func TestTheLockEndsWithItsProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), childVariable+"="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "took <nil>\n" {
		t.Fatalf("the child says %q, %v", line, err)
	}
	wantHeld(t, path, child.Process.Pid)
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // killed
	lock, err := filelock.Take(path)
	if err != nil {
		t.Fatalf("after its death: %v", err)
	}
	if err := lock.Release(); err != nil {
		t.Error(err)
	}
}

func TestNoFolder(t *testing.T) {
	t.Parallel()
	if _, err := filelock.Take(filepath.Join(t.TempDir(), "absent", "lock")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func wantHeld(t *testing.T, path string, pid int) {
	t.Helper()
	lock, err := filelock.Take(path)
	var held *filelock.HeldError
	if !errors.As(err, &held) || lock != nil || held.PID != pid || held.Path != path {
		t.Errorf("Take = %v, %v; want it held by %d", lock, err, pid)
	}
}
