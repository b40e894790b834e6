package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs testdata/*.txtar with the built binary. The commands that a
// script has besides testscript's own:
//
//	start avain ARGS…          a server in the background; it begins its standard output with a
//	                           JSON object, whose fields become $URL, $CLIENT_ID, … (camelCase
//	                           to upper case); stopped at the end
//	terminate                  SIGTERM to that server, and its exit code must be 0
//	GET|POST|DELETE URL        one request; with -user ID SECRET, -bearer TOKEN,
//	                           -header NAME VALUE, -data BODY; the answer is for the next ones
//	browse URL                 GET with cookies, following every redirect but those to other
//	                           hosts than the server's and the sandbox's
//	status CODE                of the last answer
//	has PATTERN, hasnt TEXT    in its body, header or Location
//	take NAME FIELD            a field of its JSON, or a parameter of its Location, to $NAME
//	equal A B                  two texts are the same
func TestScripts(t *testing.T) {
	t.Parallel()
	avain := builtBinary(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", filepath.Dir(avain)+string(os.PathListSeparator)+env.Getenv("PATH"))
			jar, err := cookiejar.New(nil)
			if err != nil {
				return err
			}
			s := &script{jar: jar}
			env.Values[scriptKey{}] = s
			env.Defer(s.kill)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start": withScript((*script).start), "terminate": withScript((*script).terminate),
			"GET": withScript(request(http.MethodGet)), "POST": withScript(request(http.MethodPost)), "DELETE": withScript(request(http.MethodDelete)),
			"browse": withScript((*script).browse), "status": withScript((*script).status),
			"has": withScript((*script).has), "hasnt": withScript((*script).hasnt), "take": withScript((*script).take),
			"equal": withScript((*script).equal),
		},
	})
}

// builtBinary builds avain once a test process, as people do: without the race
// detector, which the servers inside of the test process have.
func builtBinary(t testing.TB) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "avain-e2e-")
	if err != nil {
		return "", err
	}
	binaryDir = dir
	path := filepath.Join(dir, "avain")
	root, err := filepath.Abs("..")
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-o", path, "./cmd/avain")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build avain: %w\n%s", err, out)
	}
	return path, nil
})

// binaryDir is removed when the process ends.
var binaryDir string

func TestMain(m *testing.M) {
	code := m.Run()
	if binaryDir != "" {
		_ = os.RemoveAll(binaryDir)
	}
	os.Exit(code)
}

type scriptKey struct{}

// script is the state of one script.
type script struct {
	jar    http.CookieJar
	server *exec.Cmd
	output lockedBuffer
	last   answer
	hosts  []string // of the server and the sandbox
}

func withScript(f func(*script, *testscript.TestScript, []string)) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg {
			ts.Fatalf("! is not for this command")
		}
		f(ts.Value(scriptKey{}).(*script), ts, args)
	}
}

func (s *script) start(ts *testscript.TestScript, args []string) {
	if s.server != nil {
		ts.Fatalf("a server runs already: terminate it first")
	}
	if len(args) < 2 || args[0] != "avain" {
		ts.Fatalf("usage: start avain ARGS…")
	}
	cmd := exec.Command("avain", args[1:]...)
	path, err := exec.LookPath(filepath.Join(strings.Split(ts.Getenv("PATH"), string(os.PathListSeparator))[0], "avain"))
	ts.Check(err)
	cmd.Path, cmd.Err = path, nil
	cmd.Dir = ts.Getenv("WORK")
	cmd.Env = append(os.Environ(), "HOME="+ts.Getenv("WORK"))
	for _, name := range []string{"AVAIN_KEY", "AVAIN_DATA_DIR"} {
		if v := ts.Getenv(name); v != "" {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	cmd.Stderr = &s.output
	ts.Check(cmd.Start())
	s.server = cmd
	reader, said := json.NewDecoder(out), json.RawMessage{}
	if err := reader.Decode(&said); err != nil {
		ts.Fatalf("the server did not say that it is ready: %v\n%s", err, s.output.String())
	}
	go func() { _, _ = io.Copy(&s.output, out) }()
	s.ready(ts, said)
}

func (s *script) ready(ts *testscript.TestScript, said []byte) {
	var fields map[string]any
	if err := json.Unmarshal(said, &fields); err != nil {
		ts.Fatalf("not a JSON object: %s", said)
	}
	s.hosts = nil
	for name, field := range fields {
		value, isText := field.(string)
		if !isText {
			continue
		}
		ts.Setenv(upper(name), value)
		if u, err := url.Parse(value); err == nil && (name == "url" || name == "sandboxUrl") {
			s.hosts = append(s.hosts, u.Host)
		}
	}
	ts.Logf("%s", said)
}

// upper turns clientId into CLIENT_ID.
func upper(camel string) string {
	var out strings.Builder
	for _, r := range camel {
		if r >= 'A' && r <= 'Z' {
			out.WriteByte('_')
		}
		out.WriteRune(r)
	}
	return strings.ToUpper(out.String())
}

func (s *script) terminate(ts *testscript.TestScript, _ []string) {
	if s.server == nil {
		ts.Fatalf("no server runs")
	}
	ts.Check(s.server.Process.Signal(syscall.SIGTERM))
	err := s.server.Wait()
	s.server = nil
	if err != nil {
		ts.Fatalf("the server ended with %v\n%s", err, s.output.String())
	}
}

func (s *script) kill() {
	if s.server != nil {
		_ = s.server.Process.Kill()
		_ = s.server.Wait()
	}
}

func request(method string) func(*script, *testscript.TestScript, []string) {
	return func(s *script, ts *testscript.TestScript, args []string) {
		if len(args) == 0 {
			ts.Fatalf("usage: %s URL [-user ID SECRET] [-bearer TOKEN] [-header NAME VALUE] [-data BODY]", method)
		}
		req, err := http.NewRequest(method, args[0], nil)
		ts.Check(err)
		for rest := args[1:]; len(rest) > 0; {
			switch {
			case rest[0] == "-user" && len(rest) > 2:
				req.SetBasicAuth(rest[1], rest[2])
				rest = rest[3:]
			case rest[0] == "-bearer" && len(rest) > 1:
				req.Header.Set("Authorization", "Bearer "+rest[1])
				rest = rest[2:]
			case rest[0] == "-header" && len(rest) > 2:
				req.Header.Add(rest[1], rest[2])
				rest = rest[3:]
			case rest[0] == "-data" && len(rest) > 1:
				req.Body = io.NopCloser(bytes.NewReader([]byte(rest[1])))
				req.ContentLength = int64(len(rest[1]))
				rest = rest[2:]
			default:
				ts.Fatalf("%s does not know %q here", method, rest[0])
			}
		}
		s.send(ts, req, nil)
	}
}

func (s *script) browse(ts *testscript.TestScript, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: browse URL")
	}
	next := args[0]
	for range 10 {
		req, err := http.NewRequest(http.MethodGet, next, nil)
		ts.Check(err)
		s.send(ts, req, s.jar)
		if next = s.last.location(); next == "" {
			return
		}
		to, err := url.Parse(next)
		ts.Check(err)
		if !strings.Contains(strings.Join(s.hosts, " ")+" ", to.Host+" ") {
			return
		}
	}
	ts.Fatalf("the redirects go on and on")
}

func (s *script) send(ts *testscript.TestScript, req *http.Request, jar http.CookieJar) {
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	ts.Check(err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	ts.Check(err)
	s.last = answer{status: res.StatusCode, header: res.Header, body: string(body)}
	ts.Logf("%d %s\n%s", res.StatusCode, res.Header.Get("Location"), body)
}

func (s *script) status(ts *testscript.TestScript, args []string) {
	if got := fmt.Sprint(s.last.status); len(args) != 1 || got != args[0] {
		ts.Fatalf("the status is %s, want %s\n%s", got, strings.Join(args, " "), s.last.body)
	}
}

// whole is the last answer as one text.
func (s *script) whole() string {
	var out strings.Builder
	_ = s.last.header.Write(&out)
	return out.String() + "\n" + s.last.body
}

func (s *script) has(ts *testscript.TestScript, args []string) {
	for _, want := range args {
		if !strings.Contains(s.whole(), want) {
			ts.Fatalf("%q is not in the answer:\n%s", want, s.whole())
		}
	}
}

func (s *script) hasnt(ts *testscript.TestScript, args []string) {
	for _, unwanted := range args {
		if unwanted == "" || strings.Contains(s.whole(), unwanted) {
			ts.Fatalf("%q is in the answer:\n%s", unwanted, s.whole())
		}
	}
}

func (s *script) take(ts *testscript.TestScript, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: take NAME FIELD")
	}
	var fields map[string]any
	if to := s.last.location(); to != "" {
		u, err := url.Parse(to)
		ts.Check(err)
		values := u.Query()
		if values.Get(args[1]) == "" {
			values, err = url.ParseQuery(u.Fragment)
			ts.Check(err)
		}
		fields = map[string]any{args[1]: values.Get(args[1])}
	} else if err := decodeNumbers(s.last.body, &fields); err != nil {
		ts.Fatalf("the answer is no JSON: %s", s.last.body)
	}
	value := fmt.Sprint(fields[args[1]])
	if fields[args[1]] == nil || value == "" {
		ts.Fatalf("there is no %s in the answer:\n%s", args[1], s.whole())
	}
	ts.Setenv(args[0], value)
}

func (s *script) equal(ts *testscript.TestScript, args []string) {
	if len(args) != 2 || args[0] != args[1] {
		ts.Fatalf("not the same: %q", args)
	}
}

// decodeNumbers keeps an account id as it was written.
func decodeNumbers(body string, into any) error {
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	return d.Decode(into)
}
