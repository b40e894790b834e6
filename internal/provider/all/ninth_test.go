package all_test

import (
	"bytes"
	"encoding/json"
	"go/format"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	// What the ninth provider's tests are built of: a change there must run this one anew.
	_ "github.com/avain-project/avain/internal/provider/providertest/journey"
	"github.com/avain-project/avain/internal/testenv"
)

const (
	document = "docs/adding-a-provider.md"
	registry = "internal/provider/all/doc.go"
)

// A ninth provider is one folder and one line: this test adds the one of the document
// to a copy of the module, as its reader would, and runs the folder's tests.
func TestTheDocumentAddsAProvider(t *testing.T) {
	t.Parallel()
	root := testenv.Root(t)
	blocks := blocksOf(t, root)
	diff, ok := blocks[registry]
	if !ok {
		t.Fatalf("the document changes no %s", registry)
	}
	line := applied(t, read(t, root, registry), diff)
	delete(blocks, registry)
	folder := oneFolder(t, blocks)
	if added := additions(diff); len(added) != 2 || added[0] != `"github.com/avain-project/avain/`+folder+`"` || added[1] != path.Base(folder)+".New(clients)," {
		t.Errorf("one line and its import are promised, and these are added: %q", added)
	}
	if _, err := os.Stat(filepath.Join(root, folder)); err == nil {
		t.Fatalf("there is a folder %s already", folder)
	}
	blocks[registry] = line

	out := runWith(t, root, folder, blocks)
	for _, test := range []string{"TestConformance", "TestJourney"} {
		if !strings.Contains(out, "\n--- PASS: "+test+" ") {
			t.Errorf("%s did not pass:\n%s", test, out)
		}
	}
	if strings.Contains(out, "\n--- SKIP") {
		t.Errorf("a test is left out:\n%s", out)
	}
}

// blocksOf reads the document's files: a path in bold, and a block below it.
func blocksOf(t *testing.T, root string) map[string]string {
	t.Helper()
	blocks := map[string]string{}
	for _, m := range regexp.MustCompile("(?ms)^\\*\\*`([^`\n]+)`\\*\\*\n\n```\\w+\n(.*?)^```$").FindAllStringSubmatch(read(t, root, document), -1) {
		if _, twice := blocks[m[1]]; twice {
			t.Errorf("%s is there twice", m[1])
		}
		blocks[m[1]] = m[2]
	}
	return blocks
}

// oneFolder is the folder that all files are in. Go files must be as gofmt has them.
func oneFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	folders := map[string]bool{}
	for name, text := range files {
		folders[path.Dir(name)] = true
		if formatted, err := format.Source([]byte(text)); path.Ext(name) == ".go" && (err != nil || !bytes.Equal(formatted, []byte(text))) {
			t.Errorf("%s is not formatted: %v", name, err)
		}
	}
	if len(folders) != 1 {
		t.Fatalf("one folder is promised, and these are made: %q", slices.Sorted(maps.Keys(folders)))
	}
	for folder := range folders {
		if path.Dir(folder) != "internal/provider" {
			t.Errorf("the folder is %s", folder)
		}
		return folder
	}
	return ""
}

// applied puts each added line of the diff below the line that stands before it there.
func applied(t *testing.T, text, diff string) string {
	t.Helper()
	before := ""
	for line := range strings.Lines(diff) {
		switch line[0] {
		case ' ':
			before = line[1:]
		case '+':
			if strings.Count(text, "\n"+before) != 1 {
				t.Fatalf("%s has not one line %q", registry, before)
			}
			text = strings.Replace(text, "\n"+before, "\n"+before+line[1:], 1)
			before = line[1:]
		default:
			t.Fatalf("the diff has the line %q: lines are only added", line)
		}
	}
	if formatted, err := format.Source([]byte(text)); err != nil || string(formatted) != text {
		t.Errorf("%s is not formatted after the change: %v", registry, err)
	}
	return text
}

// additions are the added lines, without their indent.
func additions(diff string) []string {
	var added []string
	for line := range strings.Lines(diff) {
		if rest, ok := strings.CutPrefix(line, "+"); ok {
			added = append(added, strings.TrimSpace(rest))
		}
	}
	return added
}

// runWith runs the folder's tests in the module with those files laid over it, and
// returns what they print.
func runWith(t *testing.T, root, folder string, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for name, text := range files {
		at := filepath.Join(dir, "files", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay.Replace[filepath.Join(root, filepath.FromSlash(name))] = at
	}
	raw, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	plan, binary := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "ninth.test")
	if err := os.WriteFile(plan, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	// Built and run apart, and not vetted: go test wants to do both in the folder, which
	// is not there.
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-vet=off", "-overlay", plan, "-o", binary, "./"+folder)
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("it does not build: %v\n%s", err, out)
	}
	run := exec.CommandContext(t.Context(), binary, "-test.v")
	run.Dir = dir
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("its tests fail: %v\n%s", err, out)
	}
	return "\n" + string(out)
}

func read(t *testing.T, root, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
