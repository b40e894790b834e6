package counterpart

import (
	"errors"
	"fmt"
	"net"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// daemon is a server that its test kills and starts again. It does not run as root.
type daemon struct {
	// Address is where it listens, "127.0.0.1:40001", also after it was started again.
	Address string

	room    *room
	program string
	args    []string
	said    *strings.Builder
	cmd     *exec.Cmd
	ended   chan struct{}
}

// newDaemon does not start it yet.
func (r *room) newDaemon(port, program string, args ...string) *daemon {
	d := &daemon{Address: "127.0.0.1:" + port, room: r, program: program, args: args}
	r.t.Cleanup(func() {
		d.Kill()
		if r.t.Failed() {
			r.t.Logf("%s: %s", program, d.said)
		}
	})
	return d
}

// Kill is kill -9. What it has begun ends by itself.
func (d *daemon) Kill() {
	if d.cmd == nil {
		return
	}
	_ = syscall.Kill(-d.cmd.Process.Pid, syscall.SIGKILL)
	<-d.ended
	d.cmd = nil
}

// Start starts it, for the first time or after Kill, and goes on when it answers. A
// server whose last processes have not ended yet refuses at first.
func (d *daemon) Start() {
	d.room.t.Helper()
	for end := time.Now().Add(patience); ; {
		err := d.tryStart()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			d.room.t.Fatalf("%s: %v\n%s", d.program, err, d.said)
		}
	}
}

var errEnded = errors.New("it ended instead of answering")

func (d *daemon) tryStart() error {
	d.said = new(strings.Builder)
	cmd := exec.Command(d.program, d.args...) //nolint:noctx // Kill ends it
	cmd.Stdout, cmd.Stderr, cmd.Dir = d.said, d.said, d.room.dir
	cmd.SysProcAttr = d.room.unprivileged()
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	d.cmd, d.ended = cmd, ended
	for end := time.Now().Add(patience); time.Now().Before(end); {
		c, err := net.DialTimeout("tcp", d.Address, patience) //nolint:noctx // a probe
		if err == nil {
			_ = c.Close()
			return nil
		}
		select {
		case <-ended:
			return errEnded
		case <-time.After(5 * time.Millisecond): // it takes the port when it is ready, and tells nobody
		}
	}
	return fmt.Errorf("nobody answers at %s", d.Address)
}

// unprivileged lets a process run as whoever runs the tests, or as an account of its own
// where that is root, and in a process group of its own.
func (r *room) unprivileged() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if uid, gid, ok := r.servant(); ok {
		attr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	}
	return attr
}

// servant is the account of servers that refuse to run as root; ok is false where the
// tests do not.
func (r *room) servant() (uid, gid uint32, ok bool) {
	if !r.root {
		return 0, 0, false
	}
	name := "postgres"
	found, err := user.Lookup(name)
	if err != nil {
		found, err = user.Lookup("nobody")
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return number(r.t, found.Uid), number(r.t, found.Gid), true
}

func number(t testing.TB, text string) uint32 {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(n)
}
