package testenv

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// recorder notes how a test was ended instead of ending one.
type recorder struct {
	testing.TB // nil: what is not overridden below must not be called
	ended      string
}

func (r *recorder) Helper() {}

func (r *recorder) Skipf(format string, args ...any) { r.end("skip: "+format, args...) }

func (r *recorder) Fatalf(format string, args ...any) { r.end("fatal: "+format, args...) }

func (r *recorder) Fatal(args ...any) { r.end("fatal: %s", fmt.Sprint(args...)) }

func (r *recorder) end(format string, args ...any) {
	r.ended = fmt.Sprintf(format, args...)
	runtime.Goexit() // as testing.T does
}

// outcome runs a function as a test would, and tells how it ended: "" where it went on to its end.
func outcome(f func(testing.TB)) string {
	r := new(recorder)
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	return r.ended
}

// The tests that set an environment variable cannot be parallel.

func TestNeedSkipsOrFails(t *testing.T) {
	for _, test := range []struct {
		complete string
		ok       bool
		want     string
	}{
		{"", true, ""},
		{"1", true, ""},
		{"", false, "skip: a loom is missing: to weave"},
		{"0", false, "skip: a loom is missing: to weave"},
		{"1", false, "fatal: a loom is missing: to weave (AVAIN_TEST_COMPLETE=1 lets no test be skipped)"},
	} {
		t.Setenv(completeVar, test.complete)
		if got := outcome(func(tb testing.TB) { Need(tb, "a loom", test.ok, "to weave") }); got != test.want {
			t.Errorf("%s=%q, ok %v: %q, want %q", completeVar, test.complete, test.ok, got, test.want)
		}
	}
}

func TestMissingToolsAreSkippedAndNamed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv(completeVar, "")
	t.Setenv(chromiumVar, "")
	for tool, f := range map[string]func(testing.TB){
		"Chromium": func(tb testing.TB) { Chromium(tb) },
		"Node.js":  func(tb testing.TB) { Node(tb) },
	} {
		got := outcome(f)
		if !strings.HasPrefix(got, "skip: "+tool+" is missing: ") || !strings.Contains(got, "scripts/setup") {
			t.Errorf("without %s: %q, want a skip that names it and scripts/setup", tool, got)
		}
	}
}

func TestAWrongOverrideFailsInsteadOfSkipping(t *testing.T) {
	t.Setenv(completeVar, "")
	t.Setenv(chromiumVar, filepath.Join(t.TempDir(), "no-browser"))
	got := outcome(func(tb testing.TB) { Chromium(tb) })
	if !strings.HasPrefix(got, "fatal: ") || !strings.Contains(got, chromiumVar) {
		t.Errorf("%q, want a failure that names %s", got, chromiumVar)
	}
}

func TestFindChromium(t *testing.T) {
	t.Parallel()
	machine := func(installed ...string) func(string) (string, error) {
		return func(name string) (string, error) {
			if slices.Contains(installed, name) {
				return "/bin/" + name, nil
			}
			return "", exec.ErrNotFound
		}
	}
	for _, test := range []struct {
		name, override string
		installed      []string
		want           string
		err            error
	}{
		{"the distribution's first", "", []string{"google-chrome", "chromium"}, "/bin/chromium", nil},
		{"the one without windows first", "", []string{"chromium", "chromium-headless-shell"}, "/bin/chromium-headless-shell", nil},
		{"Chrome where it is alone", "", []string{"google-chrome"}, "/bin/google-chrome", nil},
		{"nothing", "", nil, "", exec.ErrNotFound},
		{"the override wins", "brave", []string{"chromium", "brave"}, "/bin/brave", nil},
		{"a wrong override is no reason to take another", "brave", []string{"chromium"}, "", errOverride},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := findChromium(test.override, slices.Concat(shellNames, chromiumNames), machine(test.installed...))
			if got != test.want || !errors.Is(err, test.err) {
				t.Errorf("%q, %v; want %q, %v", got, err, test.want, test.err)
			}
		})
	}
}

func TestNewEnough(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{
		"v20.20.2\n": true, "v24.0.0": true, "v18.19.1\n": false, "": false, "nonsense": false,
	} {
		if got := newEnough(version); got != want {
			t.Errorf("%q: %v, want %v", version, got, want)
		}
	}
}

func TestRoot(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(filepath.Join(Root(t), "internal", "testenv", "testenv_test.go")); err != nil {
		t.Errorf("Root gave %s, which is not where this file is: %v", Root(t), err)
	}
	if root, err := moduleRoot(t.TempDir()); err == nil {
		t.Errorf("a folder outside of any module has the root %s", root)
	}
}

// Under AVAIN_TEST_COMPLETE=1 this is where a set-up that left something out shows first.
func TestWhatSetupBrings(t *testing.T) {
	t.Parallel()
	t.Run("browser", func(t *testing.T) {
		t.Parallel()
		if Chromium(t) == "" || WholeChromium(t) == "" {
			t.Error("Chromium went on without a path")
		}
	})
	t.Run("axe-core", func(t *testing.T) {
		t.Parallel()
		if source := Axe(t); !strings.Contains(source, "axe-core") {
			t.Errorf("what should be axe-core has %d bytes and does not name itself", len(source))
		}
	})
	t.Run("loopback hosts", func(t *testing.T) {
		t.Parallel()
		if got := Loopback(t, 2); got != "127.0.0.2:0" {
			t.Errorf("the second loopback host is %s", got)
		}
	})
	t.Run("emulate", func(t *testing.T) {
		t.Parallel()
		node, script := Emulate(t)
		if out, err := exec.CommandContext(t.Context(), node, script, "--version").CombinedOutput(); err != nil {
			t.Errorf("emulate does not start: %v\n%s", err, out)
		}
	})
	t.Run("Apache", func(t *testing.T) {
		t.Parallel()
		program, _ := Apache(t)
		if out, err := exec.CommandContext(t.Context(), program, "-v").CombinedOutput(); err != nil || !strings.Contains(string(out), "Apache/2.4") {
			t.Errorf("%s: %v\n%s", program, err, out)
		}
	})
	t.Run("exchangelib", func(t *testing.T) {
		t.Parallel()
		python := Exchangelib(t)
		if out, err := exec.CommandContext(t.Context(), python, "-c", "import exchangelib").CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", python, err, out)
		}
	})
	t.Run("mail servers", func(t *testing.T) {
		t.Parallel()
		Dovecot(t)
		master, owner, group := Postfix(t)
		if _, err := user.Lookup(owner); err != nil {
			t.Errorf("%s runs as %s: %v", master, owner, err)
		}
		if _, err := user.LookupGroup(group); err != nil {
			t.Errorf("%s wants the group %s: %v", master, group, err)
		}
	})
	for name, find := range map[string]func(testing.TB) (node, script string){"oidc-provider": OIDCProvider, "openid-client": OpenIDClient} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			node, script := find(t)
			if out, err := exec.CommandContext(t.Context(), node, "--check", script).CombinedOutput(); err != nil {
				t.Errorf("%s is no script: %v\n%s", script, err, out)
			}
		})
	}
}
