package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/avain-project/avain/internal/store"
)

// childVariable holds "role path" where this binary runs as a child of a test.
const childVariable = "AVAIN_TEST_SQLITE_CHILD"

// TestChild is no test: it is what the tests below start as processes.
func TestChild(t *testing.T) {
	var role, path string
	if _, err := fmt.Sscanf(os.Getenv(childVariable), "%s %q", &role, &path); err != nil {
		return
	}
	e, err := Open(context.Background(), Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	switch role {
	case "migrate":
		report, err := e.Migrate(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("applied", len(report.Applied))
	case "write":
		for i := 0; ; i++ {
			if err := e.Write(context.Background(), insert(strconv.Itoa(i))); err != nil {
				t.Fatal(err)
			}
			fmt.Println("wrote", i)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

func startChild(t *testing.T, role, path string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", "-test.v")
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %q", childVariable, role, path))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// What was acknowledged is there after the process is killed.
func TestKilledWriterLosesNothing(t *testing.T) {
	t.Parallel()
	e := open(t)
	path := e.path
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	cmd, lines := startChild(t, "write", path)
	acknowledged := 0
	for lines.Scan() {
		var n int
		if _, err := fmt.Sscanf(lines.Text(), "wrote %d", &n); err != nil {
			continue
		}
		acknowledged = n + 1
		if n == 100 { // and go on reading: what it wrote until it was dead counts too
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // killed
	if acknowledged < 100 {
		t.Fatalf("the child wrote %d words only", acknowledged)
	}
	e, err := Open(t.Context(), Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	var stored int
	var integrity string
	if err := e.Reader().QueryRowContext(t.Context(),
		`SELECT COUNT(*) FROM words WHERE CAST(word AS INTEGER) < $1`, acknowledged).Scan(&stored); err != nil {
		t.Fatal(err)
	}
	if err := e.Reader().QueryRowContext(t.Context(), `PRAGMA integrity_check`).Scan(&integrity); err != nil || integrity != "ok" {
		t.Errorf("integrity: %s, %v", integrity, err)
	}
	if stored != acknowledged {
		t.Errorf("%d words stored, %d acknowledged", stored, acknowledged)
	}
}

func TestProcessesMigrateAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "avain.db") // not even created yet
	const children = 4
	var commands []*exec.Cmd
	var outputs []*bufio.Scanner
	for range children {
		cmd, out := startChild(t, "migrate", path)
		commands, outputs = append(commands, cmd), append(outputs, out)
	}
	applied := 0
	for i, out := range outputs {
		for out.Scan() {
			var n int
			if _, err := fmt.Sscanf(out.Text(), "applied %d", &n); err == nil {
				applied += n
			}
		}
		if err := commands[i].Wait(); err != nil {
			t.Errorf("child %d: %v", i, err)
		}
	}
	e, err := Open(t.Context(), Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	report, err := e.MigrationStatus(t.Context())
	if err != nil || len(report.Pending) > 0 || int64(applied) != report.Latest {
		t.Errorf("%d migrations applied in all, status %+v, %v; want each once", applied, report, err)
	}
}

func TestEnginesMigrateAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "avain.db")
	type result struct {
		report store.MigrationReport
		err    error
	}
	const engines = 8
	results := make(chan result, engines)
	for range engines {
		go func() {
			e, err := Open(t.Context(), Config{Path: path})
			if err != nil {
				results <- result{err: err}
				return
			}
			report, err := e.Migrate(t.Context())
			if closeErr := e.Close(); err == nil {
				err = closeErr
			}
			results <- result{report, err}
		}()
	}
	applied, latest := 0, 0
	for range engines {
		r := <-results
		if r.err != nil {
			t.Error(r.err)
			continue
		}
		applied, latest = applied+len(r.report.Applied), int(r.report.Latest)
		if r.report.Current != r.report.Latest || len(r.report.Pending) > 0 {
			t.Errorf("report = %+v, want a schema up to date", r.report)
		}
	}
	if applied != latest || latest == 0 {
		t.Errorf("%d migrations applied in all, want each of %d once", applied, latest)
	}
}
