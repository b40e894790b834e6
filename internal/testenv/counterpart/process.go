package counterpart

import (
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long a server may take to answer; they take a tenth of a second.
const patience = 20 * time.Second

// room is where one server lives.
type room struct {
	t    testing.TB
	dir  string
	root bool // the tests run as root, so the server needs a user of its own
	user string
	// chain is the PEM of the certificate, which signs itself.
	chain string
}

// open makes a room. Its path is short, since sockets want that, and anybody may walk
// through, since servers change their user. The certificate is for localhost and hosts.
func open(t testing.TB, name string, hosts ...string) *room {
	t.Helper()
	dir, err := os.MkdirTemp("", "avain-"+name+"-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // see above
		t.Fatal(err)
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	r := &room{t: t, dir: dir, root: me.Uid == "0", user: me.Username}
	var key string
	r.chain, key = certificate(t, hosts...)
	r.write("cert.pem", r.chain)
	r.write("key.pem", key)
	return r
}

// write puts a file into the room and returns its path.
func (r *room) write(name, text string) string {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil { //nolint:gosec // the server's own user reads it; what is in it is invented
		r.t.Fatal(err)
	}
	return path
}

// port finds a free one: "40001".
func (r *room) port() string {
	r.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at once: the server takes it
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// run starts the server, which must stay in the foreground, and goes on when a port
// answers. When the test has failed, what the server said stands in its log.
func (r *room) run(port, log string, cmd *exec.Cmd) {
	r.t.Helper()
	var said strings.Builder
	cmd.Stdout, cmd.Stderr, cmd.Dir = &said, &said, r.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	r.t.Cleanup(func() {
		// All of them: asked alone, Dovecot's master waits a second for the others.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(patience):
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-ended
		}
		if r.t.Failed() {
			text, _ := os.ReadFile(filepath.Join(r.dir, log))
			r.t.Logf("%s: %s%s", cmd.Path, said.String(), text)
		}
	})
	for end := time.Now().Add(patience); ; {
		c, err := net.DialTimeout("tcp", "127.0.0.1:"+port, patience) //nolint:noctx // a probe
		if err == nil {
			_ = c.Close()
			return
		}
		select {
		case <-ended:
			r.t.Fatalf("%s ended instead of answering", cmd.Path)
		case <-time.After(5 * time.Millisecond): // it takes the port when it is ready, and tells nobody
		}
		if time.Now().After(end) {
			r.t.Fatalf("%s does not answer: %v", cmd.Path, err)
		}
	}
}
