package main

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/avain-project/avain/internal/docgen"
)

var update = flag.Bool("update", false, "write docs/reference anew")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"avain": main})
}

// Each script is a story told on the command line, in a folder of its own.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    exits,
			"remember": remember,
			"replace":  replace,
			"draw":     draw,
		},
	})
}

func TestReferenceIsCurrent(t *testing.T) {
	t.Parallel()
	parser, err := newParser(new(commands), streams{in: new(bytes.Reader), out: io.Discard, err: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{
		"cli.md":      docgen.Commands(parser.Model),
		"settings.md": docgen.Settings(parser.Model),
		"errors.md":   docgen.Errors(),
	} {
		path := filepath.Join("..", "..", "docs", "reference", name)
		if *update {
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, want, 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		have, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(have)); diff != "" {
			t.Errorf("%s is stale, run go generate ./... (- is right, + is on the disk):\n%s", path, diff)
		}
	}
}
