package credential_test

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/avain-project/avain/internal/credential/journal"
)

// disk is a machine's, which outlives its processes.
type disk struct {
	mu    sync.Mutex
	files map[string][]byte
}

// disk is that of the machine that a process runs on: its first letter.
func (m *model) disk(name string) *disk {
	m.mu.Lock()
	defer m.mu.Unlock()
	machine := name[:1]
	if m.disks[machine] == nil {
		m.disks[machine] = &disk{files: map[string][]byte{}}
	}
	return m.disks[machine]
}

// journalled is how many entries wait on it.
func (d *disk) journalled() (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.files)
}

// folder is the disk as one process reaches it.
type folder struct {
	*disk
	p *process
}

var errDisk = errors.New("no space left on device")

// do does a step that nobody sees, as long as there is the process.
func (f folder) do(step func() error) error {
	if f.p.isGone() {
		return errGone
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return step()
}

func (f folder) MakeDir(string) error { return nil }

func (f folder) SyncDir(string) error { return f.do(func() error { return nil }) }

func (f folder) Create(name string) (journal.File, error) {
	switch f.p.reach("journals") {
	case dies:
		return nil, errGone
	case fails, unsure:
		return nil, errDisk
	}
	return &file{f, name}, f.do(func() error { f.files[name] = nil; return nil })
}

func (f folder) Rename(from, to string) error {
	return f.do(func() error {
		content, ok := f.files[from]
		if !ok {
			return fs.ErrNotExist
		}
		delete(f.files, from)
		f.files[to] = content
		if strings.HasSuffix(to, ".aside") {
			f.p.complain("%s was set aside", from)
		}
		f.p.keeps()
		return nil
	})
}

func (f folder) Remove(name string) error {
	return f.do(func() error { delete(f.files, name); return nil })
}

func (f folder) ReadFile(name string) (content []byte, err error) {
	err = f.do(func() error {
		found, ok := f.files[name]
		if !ok {
			return fs.ErrNotExist
		}
		content = slices.Clone(found)
		return nil
	})
	return content, err
}

func (f folder) List(string) (names []string, err error) {
	err = f.do(func() error {
		for name := range f.files {
			names = append(names, path.Base(name))
		}
		return nil
	})
	slices.Sort(names)
	return names, err
}

// file is one being written.
type file struct {
	folder
	name string
}

func (f *file) Write(p []byte) (int, error) {
	return len(p), f.do(func() error { f.files[f.name] = append(f.files[f.name], p...); return nil })
}

func (f *file) Sync() error  { return nil }
func (f *file) Close() error { return nil }
