package e2e_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// ownMounts is set in a process that may mount: see mounting.
const ownMounts = "AVAIN_TEST_OWN_MOUNTS"

// mounting runs a test in a process of its own that may mount what it likes, seen by nobody
// else: with no other rights, where the system lets users have namespaces.
func mounting(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	if os.Getenv(ownMounts) != "" {
		test(t)
		return
	}
	const cure = "run as root, or let users have namespaces (kernel.apparmor_restrict_unprivileged_userns=0)"
	asked := []string{"--user", "--map-root-user", "--mount"}
	if out, err := exec.CommandContext(t.Context(), "unshare", append(asked, "mount", "-t", "tmpfs", "none", t.TempDir())...).CombinedOutput(); err != nil {
		t.Fatalf("a disk that is full needs one to fill, and none can be mounted: %v %s; %s", err, out, cure)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "unshare", append(asked, self, "-test.run=^"+t.Name()+"$", "-test.v")...)
	cmd.Env = append(os.Environ(), ownMounts+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// disk is a file system of a few megabytes.
type disk struct {
	t   testing.TB
	Dir string
}

// newDisk mounts one, in a test that is run by mounting.
func newDisk(t testing.TB, size string) *disk {
	t.Helper()
	d := &disk{t, t.TempDir()}
	d.mount("mount", "-t", "tmpfs", "-o", "size="+size, "none", d.Dir)
	t.Cleanup(func() { d.mount("umount", "--lazy", d.Dir) })
	return d
}

func (d *disk) mount(args ...string) {
	d.t.Helper()
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		d.t.Fatalf("%v: %v %s", args, err, out)
	}
}

// remount makes the disk read-only ("ro") or the contrary ("rw"). Nothing may be open there
// for writing.
func (d *disk) remount(how string) {
	d.t.Helper()
	d.mount("mount", "-o", "remount,"+how, "none", d.Dir)
}

// fill leaves no byte free, for anybody. It may be called by any goroutine.
func (d *disk) fill() {
	f, err := os.OpenFile(filepath.Join(d.Dir, "ballast"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		d.t.Error(err)
		return
	}
	defer func() { _ = f.Close() }()
	for err == nil {
		_, err = f.Write(make([]byte, 4<<10))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		d.t.Errorf("filling the disk ends with %v", err)
	}
}

// free is the end of it.
func (d *disk) free() {
	d.t.Helper()
	if err := os.Remove(filepath.Join(d.Dir, "ballast")); err != nil {
		d.t.Fatal(err)
	}
}
