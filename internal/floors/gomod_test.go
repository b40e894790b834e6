package floors_test

import (
	"encoding/json"
	"testing"
)

// modFile is what `go mod edit -json` tells of a go.mod.
type modFile struct {
	Require          []struct{ Path, Version string }
	Replace, Exclude []any
	Tool             []any
}

func readModFile(t *testing.T, file string) modFile {
	t.Helper()
	var mod modFile
	if err := json.Unmarshal(goCommand(t, "mod", "edit", "-json", file), &mod); err != nil {
		t.Fatalf("reading go mod edit's answer for %s: %v", file, err)
	}
	return mod
}

// `go install …/cmd/avain@version` refuses a module with replace or exclude lines.
func TestGoModIsInstallable(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"go.mod", "tools/go.mod"} {
		mod := readModFile(t, file)
		if len(mod.Replace)+len(mod.Exclude) > 0 {
			t.Errorf("%s has %d replace and %d exclude lines: `go install` would refuse the module, so find a version that needs none",
				file, len(mod.Replace), len(mod.Exclude))
		}
	}
	if tools := readModFile(t, "go.mod").Tool; len(tools) > 0 {
		t.Errorf("go.mod has tool lines %v: put them into tools/go.mod, or they become the product's dependencies", tools)
	}
}

// modernc.org/sqlite is generated for one version of modernc.org/libc and breaks on another.
func TestSQLiteRunsOnItsOwnLibc(t *testing.T) {
	t.Parallel()
	var sqlite, libc struct{ Version, GoMod string }
	for path, into := range map[string]any{"modernc.org/sqlite": &sqlite, "modernc.org/libc": &libc} {
		if err := json.Unmarshal(goCommand(t, "list", "-m", "-json", path), into); err != nil {
			t.Fatalf("reading go list's answer for %s: %v", path, err)
		}
	}
	for _, require := range readModFile(t, sqlite.GoMod).Require {
		if require.Path != "modernc.org/libc" {
			continue
		}
		if require.Version != libc.Version {
			t.Errorf("go.mod selects modernc.org/libc %s, but modernc.org/sqlite %s names %s: move sqlite and goose together until both agree",
				libc.Version, sqlite.Version, require.Version)
		}
		return
	}
	t.Errorf("the go.mod of modernc.org/sqlite %s names no modernc.org/libc: this check has lost its subject, look at it again", sqlite.Version)
}
