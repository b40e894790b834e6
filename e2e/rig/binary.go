package rig

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

var (
	folder string // of the binary
	build  = sync.OnceValues(func() (string, error) {
		path := filepath.Join(folder, "avain")
		return path, compile(path)
	})
)

// Main runs a package's tests, and takes the binary away afterwards. It returns the exit
// code.
func Main(m *testing.M) int {
	flag.Parse()
	var err error
	if folder, err = os.MkdirTemp("", "avain-rig-"); err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	return m.Run()
}

// Binary builds avain once, and returns its path.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Build builds avain by `go build` with more flags, and returns its path.
func Build(t testing.TB, flags ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "avain")
	if err := compile(path, flags...); err != nil {
		t.Fatal(err)
	}
	return path
}

func compile(path string, flags ...string) error {
	args := append([]string{"build", "-o", path}, flags...)
	out, err := exec.Command("go", append(args, "github.com/avain-project/avain/cmd/avain")...).CombinedOutput() //nolint:noctx // many tests share it
	if err != nil {
		return fmt.Errorf("build avain: %w\n%s", err, out)
	}
	return nil
}
