package sqlite

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMigrationStatusChangesNothing(t *testing.T) {
	t.Parallel()
	e, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "avain.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	before, err := e.MigrationStatus(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if before.Current != 0 || before.Latest == 0 || len(before.Pending) == 0 || before.Pending[0] != "00001_records.sql" {
		t.Errorf("status of an empty file = %+v", before)
	}
	var tables int
	if err := e.Reader().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM sqlite_schema`).Scan(&tables); err != nil || tables != 0 {
		t.Errorf("the status made %d tables, %v", tables, err)
	}
	after, err := e.Migrate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before.Pending, after.Applied); d != "" || after.Current != before.Latest {
		t.Errorf("report = %+v\n%s", after, d)
	}
}

// Every table is STRICT: PostgreSQL would refuse what SQLite otherwise lets pass.
func TestTablesAreStrict(t *testing.T) {
	t.Parallel()
	e, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "avain.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	if _, err := e.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	var loose string
	err = e.Reader().QueryRowContext(t.Context(), `SELECT COALESCE(group_concat(name), '') FROM pragma_table_list
		WHERE schema = 'main' AND type = 'table' AND NOT strict AND name NOT LIKE 'sqlite_%' AND name <> 'goose_db_version'`).Scan(&loose)
	if err != nil || loose != "" {
		t.Errorf("not STRICT: %s (%v)", loose, err)
	}
}

// modernc.org/sqlite is generated against one version of modernc.org/libc, and
// breaks in subtle ways on another one that a dependency may pull in.
func TestLibcIsTheOneSQLiteNames(t *testing.T) {
	t.Parallel()
	module := func(path string) (m struct{ Version, GoMod string }) {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-json", path).Output()
		if err != nil {
			t.Fatalf("go list -m %s: %v", path, err)
		}
		if err := json.Unmarshal(out, &m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	goMod, err := os.ReadFile(module("modernc.org/sqlite").GoMod)
	if err != nil {
		t.Fatal(err)
	}
	if libc := module("modernc.org/libc").Version; !strings.Contains(string(goMod), "modernc.org/libc "+libc+"\n") {
		t.Errorf("modernc.org/libc is %s, which is not what modernc.org/sqlite names: bump the two together", libc)
	}
}
