package testenv

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	// completeVar set to "1" turns every skip of this package into a failure.
	completeVar = "AVAIN_TEST_COMPLETE"
	// chromiumVar names the browser to use, by path or by a name in PATH; it must work when it is set.
	chromiumVar = "AVAIN_CHROMIUM"
	// postgresVar and pgbouncerVar are set by scripts/with-postgres.
	postgresVar  = "AVAIN_TEST_POSTGRES"
	pgbouncerVar = "AVAIN_TEST_PGBOUNCER"

	nodeMajor   = 20 // the oldest Node.js that e2e/counterparts/package.json accepts
	cure        = "run scripts/setup, or make test, which does"
	emulateMain = "e2e/counterparts/node_modules/emulate/dist/index.js"
	strictMain  = "e2e/counterparts/strict.mjs"
	strictNeeds = "e2e/counterparts/node_modules/oidc-provider/package.json"
	clientMain  = "e2e/counterparts/client.mjs"
	clientNeeds = "e2e/counterparts/node_modules/openid-client/package.json"
	axeMain     = "e2e/counterparts/node_modules/axe-core/axe.min.js"
)

// chromiumNames are what distributions call the browser, in the order of scripts/setup.
var chromiumNames = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// shellNames is the same engine without the windows around it, whose own pages cost four times what a journey does.
var shellNames = []string{"chromium-headless-shell"}

// Need goes on where ok is true. Otherwise it ends the test, naming the tool that is missing and why it is
// needed or what to do: a skip, or a failure under AVAIN_TEST_COMPLETE=1.
func Need(t testing.TB, tool string, ok bool, why string) {
	t.Helper()
	if ok {
		return
	}
	if os.Getenv(completeVar) == "1" {
		t.Fatalf("%s is missing: %s (%s=1 lets no test be skipped)", tool, why, completeVar)
	}
	t.Skipf("%s is missing: %s", tool, why)
}

// Chromium returns the path of a Chromium or Chrome, the one without windows where there is one, or ends the
// test as Need does. AVAIN_CHROMIUM names another one; the test fails where that cannot be run.
func Chromium(t testing.TB) string {
	t.Helper()
	return chromium(t, slices.Concat(shellNames, chromiumNames))
}

// WholeChromium is Chromium with its windows, as people have it.
func WholeChromium(t testing.TB) string {
	t.Helper()
	return chromium(t, chromiumNames)
}

func chromium(t testing.TB, names []string) string {
	t.Helper()
	path, err := findChromium(os.Getenv(chromiumVar), names, exec.LookPath)
	if errors.Is(err, errOverride) {
		t.Fatal(err)
	}
	Need(t, "Chromium", err == nil, "the browser journeys need it; "+cure)
	return path
}

var errOverride = errors.New("the browser named by " + chromiumVar + " cannot be run")

// findChromium returns the overriding browser, or else the first of the names that lookPath finds.
func findChromium(override string, names []string, lookPath func(string) (string, error)) (string, error) {
	if override != "" {
		path, err := lookPath(override)
		if err != nil {
			return "", fmt.Errorf("%w, correct or unset it: %w", errOverride, err)
		}
		return path, nil
	}
	for _, name := range names {
		if path, err := lookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("none of %s is in PATH: %w", strings.Join(names, ", "), exec.ErrNotFound)
}

// Node returns the path of Node.js, 20 or newer, or ends the test as Need does.
func Node(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("node")
	Need(t, "Node.js", err == nil, "the independent counterparts run on it; "+cure)
	version, err := exec.CommandContext(t.Context(), path, "--version").Output()
	if err != nil {
		t.Fatalf("asking %s for its version: %v", path, err)
	}
	Need(t, fmt.Sprintf("Node.js %d or newer", nodeMajor), newEnough(string(version)),
		fmt.Sprintf("%s is %s; install a newer one", path, strings.TrimSpace(string(version))))
	return path
}

// newEnough reads what `node --version` prints: "v20.20.2\n".
func newEnough(version string) bool {
	major, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(version), "v"), ".")
	number, err := strconv.Atoi(major)
	return err == nil && number >= nodeMajor
}

// Emulate returns Node.js and the main script of emulate, the independent emulator of Google, or ends the
// test as Need does. How to start it: e2e/counterparts/README.md.
func Emulate(t testing.TB) (node, script string) {
	t.Helper()
	script = filepath.Join(Root(t), filepath.FromSlash(emulateMain))
	_, err := os.Stat(script)
	Need(t, "emulate", err == nil, "the independent Google of "+filepath.Dir(emulateMain)+" is not installed; "+cure)
	return Node(t), script
}

// OIDCProvider returns Node.js and the script that runs oidc-provider, the strict OpenID provider, or ends the
// test as Need does. How to start it: e2e/counterparts/README.md.
func OIDCProvider(t testing.TB) (node, script string) {
	t.Helper()
	return counterpart(t, "oidc-provider", "the strict OpenID provider", strictMain, strictNeeds)
}

// OpenIDClient returns Node.js and the script that drives openid-client, a client library for OAuth 2.0, or ends the
// test as Need does. How it is driven: e2e/counterparts/README.md.
func OpenIDClient(t testing.TB) (node, script string) {
	t.Helper()
	return counterpart(t, "openid-client", "the independent OAuth client", clientMain, clientNeeds)
}

// counterpart is a script of the counterparts' folder, which wants a package there.
func counterpart(t testing.TB, tool, what, main, needs string) (node, script string) {
	t.Helper()
	root := Root(t)
	_, err := os.Stat(filepath.Join(root, filepath.FromSlash(needs)))
	Need(t, tool, err == nil, what+" of "+filepath.Dir(main)+" is not installed; "+cure)
	script = filepath.Join(root, filepath.FromSlash(main))
	// Having looked at it, `go test` runs the test again where the script has changed.
	if _, err := os.Stat(script); err != nil {
		t.Fatal(err)
	}
	return Node(t), script
}

// Dovecot returns the path of Dovecot, an independent IMAP server, or ends the test as Need does.
func Dovecot(t testing.TB) string {
	t.Helper()
	path := "/usr/sbin/dovecot" // not in everybody's PATH
	if found, err := exec.LookPath("dovecot"); err == nil {
		path = found
	}
	_, err := os.Stat(path)
	Need(t, "Dovecot", err == nil, "the IMAP driver is tried against it; "+cure)
	return path
}

// Postfix returns the path of Postfix's master, an independent mail server, and the account and the group that the
// distribution made for it, or ends the test as Need does. It runs as root alone.
func Postfix(t testing.TB) (master, owner, group string) {
	t.Helper()
	master = "/usr/lib/postfix/sbin/master"
	_, err := os.Stat(master)
	Need(t, "Postfix", err == nil, "sending is tried at it; "+cure)
	Need(t, "root", os.Geteuid() == 0, "Postfix starts as nobody else; run the tests as root")
	return master, "postfix", "postdrop"
}

// Apache returns the path of Apache and the folder of its modules, among them those that verify NTLM, or ends the test
// as Need does.
func Apache(t testing.TB) (program, modules string) {
	t.Helper()
	program, modules = "/usr/sbin/apache2", "/usr/lib/apache2/modules"
	_, missing := os.Stat(program)
	for _, file := range []string{modules + "/mod_auth_gssapi.so", "/etc/gss/mech.d/mech.ntlmssp.conf"} {
		if _, err := os.Stat(file); err != nil {
			missing = err
		}
	}
	Need(t, "Apache with gss-ntlmssp", missing == nil, "it verifies NTLM, as somebody else's server; "+cure)
	return program, modules
}

// Exchangelib returns the path of the Python for which the distribution has exchangelib, an independent client of
// Exchange, or ends the test as Need does.
func Exchangelib(t testing.TB) string {
	t.Helper()
	_, err := os.Stat("/usr/lib/python3/dist-packages/exchangelib/__init__.py")
	Need(t, "exchangelib", err == nil, "it reads the sandbox's Exchange, as somebody else's client; "+cure)
	return "/usr/bin/python3" // any other Python in PATH does not have it
}

// PostgresPrograms returns the folder of a PostgreSQL server's programs, for a test that needs a server of its own,
// or ends the test as Need does. Debian keeps them out of PATH, by version.
func PostgresPrograms(t testing.TB) string {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is a good one
	if path, err := exec.LookPath("initdb"); err == nil && len(found) == 0 {
		found = append(found, path)
	}
	Need(t, "PostgreSQL", len(found) > 0, "servers that share a database need one; "+cure)
	return filepath.Dir(found[len(found)-1])
}

// PgBouncer returns the path of PgBouncer, or ends the test as Need does.
func PgBouncer(t testing.TB) string {
	t.Helper()
	path := "/usr/sbin/pgbouncer" // not in everybody's PATH
	if found, err := exec.LookPath("pgbouncer"); err == nil {
		path = found
	}
	_, err := os.Stat(path)
	Need(t, "PgBouncer", err == nil, "a pooler stands between servers and database; "+cure)
	return path
}

// Axe returns the source of axe-core, a script that judges whether a page can be used by everybody, or ends
// the test as Need does. Evaluated in a page it leaves `axe` there.
func Axe(t testing.TB) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(Root(t), filepath.FromSlash(axeMain)))
	Need(t, "axe-core", err == nil, "the judge of "+filepath.Dir(axeMain)+" is not installed; "+cure)
	return string(source)
}

// Loopback returns the address "127.0.0.2:0" of a second loopback host, or "127.0.0.3:0" and so on by number,
// or ends the test as Need does: macOS has 127.0.0.1 alone until it is told otherwise.
func Loopback(t testing.TB, number int) string {
	t.Helper()
	host := fmt.Sprintf("127.0.0.%d", number)
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", net.JoinHostPort(host, "0"))
	Need(t, host, err == nil, "nothing can listen there; on macOS: sudo ifconfig lo0 alias "+host)
	if err := listener.Close(); err != nil {
		t.Fatalf("closing %s: %v", listener.Addr(), err)
	}
	return net.JoinHostPort(host, "0")
}

// Root returns the module's folder, absolute: the nearest one above the test's own that holds a go.mod.
func Root(t testing.TB) string {
	t.Helper()
	start, err := os.Getwd()
	if err != nil {
		t.Fatalf("finding the module's folder: %v", err)
	}
	root, err := moduleRoot(start)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// moduleRoot walks up from an absolute folder to the one that holds a go.mod.
func moduleRoot(start string) (string, error) {
	for folder := start; ; folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder, nil
		}
		if folder == filepath.Dir(folder) {
			return "", fmt.Errorf("no go.mod in %s or above: run the test inside the source tree", start)
		}
	}
}

// Postgres returns the URLs of a PostgreSQL server of the tests, as a superuser, and of a PgBouncer in front
// of it (empty where there is none), or ends the test as Need does. scripts/with-postgres starts both.
func Postgres(t testing.TB) (server, pooler string) {
	t.Helper()
	server, pooler = os.Getenv(postgresVar), os.Getenv(pgbouncerVar)
	Need(t, "PostgreSQL", server != "", postgresVar+" names none; put scripts/with-postgres before the command, or use make test, which does")
	return server, pooler
}
