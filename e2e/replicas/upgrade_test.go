package replicas_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/avain-project/avain/e2e/rig"
	"github.com/avain-project/avain/internal/testenv"
)

// The next version is this one with one migration more. It migrates and serves beside the
// present one, which goes on, and may be started again where the migration allows it.
func TestARollingUpgrade(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	for _, next := range []struct {
		name      string
		migration string // a statement that takes the version
		back      bool   // the present version may be started again
	}{
		{"a column more", "-- beside: %[2]d\n-- +goose Up\nALTER TABLE accounts ADD COLUMN next_%[1]d TEXT NOT NULL DEFAULT '';\nCREATE INDEX next_%[1]d ON accounts (next_%[1]d);\n", true},
		{"a change that the present version cannot live with", "-- +goose Up\nCREATE TABLE next_%[1]d (id BIGINT NOT NULL);\n", false},
	} {
		step(t, next.name, func(t *testing.T) {
			newer := f.replicas[0]
			version := f.version(t)
			program := nextVersion(t, int(version)+1, fmt.Sprintf(next.migration, version+1, version))
			stop := f.load(t)
			f.log.awaitServed(t, 10)
			f.upgrade(t, newer, program)
			if now := f.version(t); now != version+1 {
				t.Fatalf("the schema is of version %d, was %d", now, version)
			}
			f.log.awaitServed(t, 3*accounts*callers)
			stop()
			f.judge(t)
			f.startsAgain(t, f.replicas[1], next.back)
		})
	}
}

func (f *fleet) version(t *testing.T) int64 {
	t.Helper()
	return f.database.Number(t, `SELECT max(version_id) FROM goose_db_version WHERE is_applied`)
}

// upgrade replaces a replica's program as an operator does: the balancer sends nobody there,
// it is told to stop, and the next one starts.
func (f *fleet) upgrade(t *testing.T, r *replica, program string) {
	t.Helper()
	f.front.takeOut(r)
	r.server.End(t)
	r.server.Program = program
	r.server.Start(t)
	f.front.takeIn(r)
}

// startsAgain kills a replica of the older version and starts it on the newer schema.
func (f *fleet) startsAgain(t *testing.T, r *replica, may bool) {
	t.Helper()
	r.server.Kill(t)
	if may {
		r.server.Start(t)
		f.judge(t)
		return
	}
	if err := r.server.TryStart(t); err == nil || !strings.Contains(err.Error(), "schema version") {
		t.Errorf("it was to refuse: %v", err)
	}
}

// nextVersion builds the program with one migration more.
func nextVersion(t *testing.T, number int, migration string) string {
	t.Helper()
	name, file := fmt.Sprintf("%05d_next.sql", number), filepath.Join(t.TempDir(), "next.sql")
	replace := map[string]string{filepath.Join(testenv.Root(t), "internal/store/postgres/migrations", name): file}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	overlay := filepath.Join(t.TempDir(), "overlay.json")
	for path, content := range map[string][]byte{file: []byte(migration), overlay: text} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return rig.Build(t, "-overlay", overlay)
}
