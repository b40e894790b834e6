package storetest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/sqlite"
)

// Power is the power supply of a SQLite store: it knows what of each file has been synced, which is all that a
// power loss leaves.
type Power struct {
	mu     sync.Mutex
	synced map[string][]byte  // the content at the last sync, by the path of the file
	paths  map[uintptr]string // of SQLite's open files
	syncs  int

	vfs     uintptr
	open    openFunc // SQLite's own
	methods map[uintptr]*methods
	ours    openFunc // SQLite has its address alone
}

// methods are the ways to work on a kind of file, with our sync in place of SQLite's.
type methods struct {
	table uintptr
	sync  syncFunc
}

type (
	openFunc = func(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32
	syncFunc = func(tls *libc.TLS, file uintptr, flags int32) int32
)

// OpenPowered is [OpenSQLite] on files whose power can be cut.
func OpenPowered(t testing.TB) (*store.Store, *Power) {
	t.Helper()
	path := newFile(t)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p := &Power{synced: map[string][]byte{path: content}, paths: map[uintptr]string{}, methods: map[uintptr]*methods{}}
	name := p.register(t)
	engine, err := sqlite.Open(context.Background(), sqlite.Config{Path: path, VFS: name})
	if err != nil {
		t.Fatal(err)
	}
	return closing(t, engine), p
}

// Cut returns the store that would be found if the power went now. The one that runs goes on.
func (p *Power) Cut(t testing.TB) *store.Store {
	t.Helper()
	p.mu.Lock()
	found := maps.Clone(p.synced)
	p.mu.Unlock()
	dir, main := t.TempDir(), ""
	for path, content := range found {
		name := filepath.Join(dir, filepath.Base(path))
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if filepath.Ext(path) == ".db" {
			main = name
		}
	}
	engine, err := sqlite.Open(context.Background(), sqlite.Config{Path: main})
	if err != nil {
		t.Fatal(err)
	}
	return closing(t, engine)
}

// Syncs counts the files synced so far.
func (p *Power) Syncs() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.syncs
}

// register gives SQLite a file layer that is its own, but for syncs that are looked at.
func (p *Power) register(t testing.TB) string {
	t.Helper()
	tls := libc.NewTLS()
	defer tls.Close()
	usual := sqlite3.Xsqlite3_vfs_find(tls, 0)
	size := unsafe.Sizeof(sqlite3.Tsqlite3_vfs{})
	p.vfs = libc.Xmalloc(tls, libc.Tsize_t(size))
	name := fmt.Sprintf("powered-%x", p.vfs)
	cName, err := libc.CString(name)
	if err != nil || usual == 0 || p.vfs == 0 {
		t.Fatalf("no file layer of SQLite: %v", err)
	}
	vfs := at[sqlite3.Tsqlite3_vfs](p.vfs)
	*vfs = *at[sqlite3.Tsqlite3_vfs](usual)
	p.open = function[openFunc](vfs.FxOpen)
	p.ours = p.opened
	vfs.FzName, vfs.FpNext, vfs.FxOpen = cName, 0, address(&p.ours)
	if rc := sqlite3.Xsqlite3_vfs_register(tls, p.vfs, 0); rc != sqlite3.SQLITE_OK {
		t.Fatalf("register a file layer with SQLite: %d", rc)
	}
	t.Cleanup(func() {
		tls := libc.NewTLS()
		defer tls.Close()
		sqlite3.Xsqlite3_vfs_unregister(tls, p.vfs)
	})
	return name
}

// opened opens a file, and looks at its syncs from then on.
func (p *Power) opened(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32 {
	rc := p.open(tls, vfs, name, file, flags, out)
	own := at[sqlite3.Tsqlite3_file](file)
	if rc != sqlite3.SQLITE_OK || own.FpMethods == 0 || name == 0 {
		return rc
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paths[file] = libc.GoString(name)
	known := p.methods[own.FpMethods]
	if known == nil {
		known = p.watched(tls, own.FpMethods)
		p.methods[own.FpMethods] = known
	}
	own.FpMethods = known.table
	return rc
}

func (p *Power) watched(tls *libc.TLS, usual uintptr) *methods {
	m := &methods{table: libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_io_methods{})))}
	table := at[sqlite3.Tsqlite3_io_methods](m.table)
	*table = *at[sqlite3.Tsqlite3_io_methods](usual)
	sync := function[syncFunc](table.FxSync)
	m.sync = func(tls *libc.TLS, file uintptr, flags int32) int32 {
		rc := sync(tls, file, flags)
		if rc == sqlite3.SQLITE_OK {
			p.keep(file)
		}
		return rc
	}
	table.FxSync = address(&m.sync)
	return m
}

// keep notes a file as it is now.
func (p *Power) keep(file uintptr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	content, err := os.ReadFile(p.paths[file])
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		panic(err)
	}
	p.synced[p.paths[file]] = content
	p.syncs++
}

// SQLite, translated into Go, keeps functions by address and memory outside of Go's.

func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

func function[F any](address uintptr) F { return *(*F)(unsafe.Pointer(&struct{ uintptr }{address})) }

// address is what function takes. The function must be kept in f.
func address[F any](f *F) uintptr { return *(*uintptr)(unsafe.Pointer(f)) }
