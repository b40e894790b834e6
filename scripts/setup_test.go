package scripts_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/avain-project/avain/internal/testenv"
)

// realTools are the tools of the machine that the script may use on the made-up one.
var realTools = []string{
	"bash", "cat", "cksum", "chmod", "cp", "dirname", "find", "flock", "grep", "kill",
	"mktemp", "mv", "rm", "sed", "sh", "tail",
}

// machine is a folder of programs that stands for a machine: what is not in it is not installed.
type machine struct {
	path   string // its only PATH entry
	policy string // where its policy-rc.d is
}

func newMachine(t *testing.T) machine {
	t.Helper()
	m := machine{path: t.TempDir()}
	m.policy = filepath.Join(t.TempDir(), "policy-rc.d")
	for _, tool := range realTools {
		path, err := exec.LookPath(tool)
		testenv.Need(t, tool, err == nil || tool == "flock", "scripts/setup is written for machines that have it")
		if err != nil {
			continue
		}
		if err := os.Symlink(path, filepath.Join(m.path, tool)); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// install puts a shell script on the machine under a program's name.
func (m machine) install(t *testing.T, name, script string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(m.path, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

// setup runs the script on the machine.
func (m machine) setup(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(testenv.Root(t), "scripts", "setup"), args...)
	cmd.Env = []string{"PATH=" + m.path, "AVAIN_SETUP_POLICY=" + m.policy, "TMPDIR=" + t.TempDir()}
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err = cmd.Run()
	return out.String(), errOut.String(), err
}

func TestSetupWithoutRightsPrintsOneLineAndStops(t *testing.T) {
	t.Parallel()
	for name, sudo := range map[string]string{"no sudo": "", "sudo asks for a password": "exit 1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			for _, tool := range []string{"go", "git", "make", "gcc", "npm"} {
				m.install(t, tool, "exit 0")
			}
			m.install(t, "node", "echo 20")
			m.install(t, "id", "echo 1000")
			m.install(t, "apt-get", "echo apt-get was called; exit 1")
			if sudo != "" {
				m.install(t, "sudo", sudo)
			}
			stdout, stderr, err := m.setup(t)
			if err == nil {
				t.Error("it ended with 0, so that make test would go on")
			}
			// What may be missing too is looked for in the real machine's folders.
			want := regexp.MustCompile(`^sudo apt-get install -y --no-install-recommends chromium( fonts-dejavu-core)?( postgresql)?( pgbouncer)?\n$`)
			if stdout != "" || !want.MatchString(stderr) {
				t.Errorf("it said %q and %q, want the one line to type", stdout, stderr)
			}
		})
	}
}

func TestSetupPutsThePolicyBack(t *testing.T) {
	t.Parallel()
	const (
		theirs = "#!/bin/sh\n# the administrator's\nexit 104\n"
		ours   = "#!/bin/sh\n# written by the setup script of avain\nexit 101\n"
	)
	for name, test := range map[string]struct {
		policy, saved string // files found; empty: none
		signal        string // what the script is sent while apt runs
		aptExit       string
		fails         bool
		want          string // policy-rc.d afterwards; empty: none
	}{
		"there was none":                    {"", "", "", "0", false, ""},
		"there was one":                     {theirs, "", "", "0", false, theirs},
		"none, apt fails":                   {"", "", "", "100", true, ""},
		"one, apt fails":                    {theirs, "", "", "100", true, theirs},
		"one, interrupted":                  {theirs, "", "INT", "0", true, theirs},
		"one, terminated":                   {theirs, "", "TERM", "0", true, theirs},
		"an earlier run was killed":         {ours, theirs, "", "0", false, theirs},
		"an earlier run was killed, no old": {ours, "", "", "0", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			write(t, m.policy, test.policy)
			write(t, m.policy+".before-avain-setup", test.saved)
			during := filepath.Join(t.TempDir(), "during")
			// It looks at the policy some time after the signal: the script must not have ended before apt.
			m.install(t, "apt-get", `
				case "$*" in *update*) exit 0 ;; esac
				[ -z "`+test.signal+`" ] || kill -`+test.signal+` $PPID
				i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done
				cp "`+m.policy+`" "`+during+`"
				exit `+test.aptExit)

			_, stderr, err := m.setup(t, "--install", "chromium")
			if (err != nil) != test.fails {
				t.Errorf("it ended with %v and said %q", err, stderr)
			}
			if got := read(t, during); got != ours {
				t.Errorf("while apt ran policy-rc.d was %q, want ours, which forbids to start daemons", got)
			}
			if got := read(t, m.policy); got != test.want {
				t.Errorf("policy-rc.d is now %q, want %q", got, test.want)
			}
			if got := read(t, m.policy+".before-avain-setup"); got != "" {
				t.Errorf("the saved policy is still there: %q", got)
			}
		})
	}
}

// write makes a file, none for no text.
func write(t *testing.T, name, text string) {
	t.Helper()
	if text == "" {
		return
	}
	if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// read returns a file's text, none for no file.
func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

// Postfix is installed without settings, so that it is no mail server of the machine's.
func TestSetupTellsPostfixToBeNoServer(t *testing.T) {
	t.Parallel()
	for packages, want := range map[string]string{
		"postfix": "postfix postfix/main_mailer_type select No configuration\n",
		"gcc":     "",
	} {
		t.Run(packages, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			answers := filepath.Join(t.TempDir(), "answers")
			m.install(t, "debconf-set-selections", `cat >"`+answers+`"`)
			// Too late is not at all.
			m.install(t, "apt-get", `case "$*" in *update*) exit 0 ;; esac; cp "`+answers+`" "`+answers+`.seen" || true`)
			if _, stderr, err := m.setup(t, "--install", "git", packages); err != nil {
				t.Fatalf("%v: %s", err, stderr)
			}
			if got := read(t, answers+".seen"); got != want {
				t.Errorf("when apt runs, debconf has been told %q, want %q", got, want)
			}
		})
	}
}
