package journal_test

import (
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"sync"

	"github.com/avain-project/avain/internal/credential/journal"
)

// lossy is a file system in memory that knows what a power loss would leave. The power can go before any
// operation; from then on all of them fail.
type lossy struct {
	mu    sync.Mutex
	left  int // operations until the power goes; negative for never
	names map[string]*inode
	// lasting are the names that are on disk.
	lasting map[string]*inode
	dirs    map[string]bool
	// lastingDirs likewise.
	lastingDirs map[string]bool
}

type inode struct{ content, lasting []byte }

var (
	errNoPower  = errors.New("the power is gone")
	errDiskFull = errors.New("no space left on device")
)

func newLossy(left int) *lossy {
	return &lossy{left: left, names: map[string]*inode{}, lasting: map[string]*inode{}, dirs: map[string]bool{}, lastingDirs: map[string]bool{}}
}

// step is one operation; it takes the lock where it answers nil.
func (l *lossy) step() error {
	l.mu.Lock()
	if l.left == 0 {
		l.mu.Unlock()
		return errNoPower
	}
	l.left--
	return nil
}

// What of the unsynced survives is the disk's choice.
type survival string

const (
	nothing survival = "nothing unsynced survives"
	names   survival = "names survive, and half of the content"
	all     survival = "everything survives"
)

// afterPowerLoss is what is found when the power is back.
func (l *lossy) afterPowerLoss(how survival) *lossy {
	found := newLossy(-1)
	from, dirs := l.lasting, l.lastingDirs
	if how != nothing {
		from, dirs = l.names, l.dirs
	}
	found.dirs, found.lastingDirs = maps.Clone(dirs), maps.Clone(dirs)
	for name, i := range from {
		if !dirs[filepath.Dir(name)] {
			continue
		}
		content := i.lasting
		switch {
		case how == all:
			content = i.content
		case how == names && len(i.lasting) < len(i.content):
			content = i.content[:len(i.content)/2]
		}
		kept := &inode{slices.Clone(content), slices.Clone(content)}
		found.names[name], found.lasting[name] = kept, kept
	}
	return found
}

func (l *lossy) MakeDir(dir string) error {
	if err := l.step(); err != nil {
		return err
	}
	defer l.mu.Unlock()
	l.dirs[dir] = true
	return nil
}

func (l *lossy) Create(name string) (journal.File, error) {
	if err := l.step(); err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	if l.names[name] != nil {
		return nil, fs.ErrExist
	}
	i := &inode{}
	l.names[name] = i
	return &lossyFile{l, i}, nil
}

func (l *lossy) Rename(from, to string) error {
	if err := l.step(); err != nil {
		return err
	}
	defer l.mu.Unlock()
	if l.names[from] == nil {
		return fs.ErrNotExist
	}
	l.names[to] = l.names[from]
	delete(l.names, from)
	return nil
}

func (l *lossy) Remove(name string) error {
	if err := l.step(); err != nil {
		return err
	}
	defer l.mu.Unlock()
	if l.names[name] == nil {
		return fs.ErrNotExist
	}
	delete(l.names, name)
	return nil
}

func (l *lossy) ReadFile(name string) ([]byte, error) {
	if err := l.step(); err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	if l.names[name] == nil {
		return nil, fs.ErrNotExist
	}
	return slices.Clone(l.names[name].content), nil
}

func (l *lossy) List(dir string) ([]string, error) {
	if err := l.step(); err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	var in []string
	for name := range l.names {
		if filepath.Dir(name) == dir {
			in = append(in, filepath.Base(name))
		}
	}
	slices.Sort(in)
	return in, nil
}

func (l *lossy) SyncDir(dir string) error {
	if err := l.step(); err != nil {
		return err
	}
	defer l.mu.Unlock()
	for d := range l.dirs {
		if filepath.Dir(d) == dir {
			l.lastingDirs[d] = true
		}
	}
	maps.DeleteFunc(l.lasting, func(name string, _ *inode) bool { return filepath.Dir(name) == dir && l.names[name] == nil })
	for name, i := range l.names {
		if filepath.Dir(name) == dir {
			l.lasting[name] = i
		}
	}
	return nil
}

type lossyFile struct {
	files *lossy
	inode *inode
}

func (f *lossyFile) Write(p []byte) (int, error) {
	if err := f.files.step(); err != nil {
		return 0, err
	}
	defer f.files.mu.Unlock()
	f.inode.content = append(f.inode.content, p...)
	return len(p), nil
}

func (f *lossyFile) Sync() error {
	if err := f.files.step(); err != nil {
		return err
	}
	defer f.files.mu.Unlock()
	f.inode.lasting = slices.Clone(f.inode.content)
	return nil
}

func (f *lossyFile) Close() error { return nil }

// full is a disk without space for content.
type full struct {
	journal.Files
	has bool // … until it has
}

func (d *full) Create(name string) (journal.File, error) {
	file, err := d.Files.Create(name)
	if err != nil || d.has {
		return file, err
	}
	return fullFile{file}, nil
}

type fullFile struct{ journal.File }

func (fullFile) Write([]byte) (int, error) { return 0, errDiskFull }
