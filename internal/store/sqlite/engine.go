package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/changes"
)

// busyTimeout is how long a connection waits for a lock that another process holds.
const busyTimeout = 10 * time.Second

const defaultReaders = 8

// Config says which file to open, and how.
type Config struct {
	Path    string // created, for its owner alone (0600), where it does not exist
	Readers int    // connections that read; 0 is 8
	VFS     string // SQLite's name of another file layer, for tests of it
}

// Engine implements [store.Engine].
type Engine struct {
	path     string // absolute
	reader   *reader
	writerDB *sql.DB
	writer   *writer
	changes  *changes.Watcher
	unwatch  func() error // gives the watcher's connection back
}

var _ store.Engine = (*Engine)(nil)

// Open opens the file; it does not migrate. Several processes may hold the same
// file open, on one machine.
func Open(ctx context.Context, c Config) (*Engine, error) {
	path, err := create(c.Path)
	if err != nil {
		return nil, err
	}
	writerDB, err := connectBy(c.VFS, path, 1, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "secure_delete(1)")
	if err != nil {
		return nil, err
	}
	if err := untilFree(ctx, writerDB.PingContext); err != nil {
		return nil, errors.Join(fmt.Errorf("open the database %s: %w", path, err), writerDB.Close())
	}
	if c.Readers <= 0 {
		c.Readers = defaultReaders
	}
	readerDB, err := connectBy(c.VFS, path, c.Readers+1, "query_only(1)") // one watches
	if err != nil {
		return nil, errors.Join(err, writerDB.Close())
	}
	watcher, unwatch, err := watch(ctx, readerDB)
	if err != nil {
		return nil, errors.Join(err, readerDB.Close(), writerDB.Close())
	}
	return &Engine{
		path: path, reader: newReader(readerDB), changes: watcher, unwatch: unwatch,
		writerDB: writerDB, writer: startWriter(writerDB, watcher.Committed),
	}, nil
}

// create makes the file before SQLite does, which would let others read it. The
// files beside it (-wal, -shm) take over its permissions.
func create(path string) (string, error) {
	if path == "" {
		return "", errors.New("no database file named: give a path such as avain.db")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("find the database file: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", fmt.Errorf("open the database file (its folder must exist and be writable): %w", err)
	}
	return path, f.Close()
}

// connect makes a pool of at most size connections, each set up by the pragmas.
func connect(path string, size int, pragmas ...string) (*sql.DB, error) {
	return connectBy("", path, size, pragmas...)
}

// connectBy is connect through a file layer; "" is the usual one.
func connectBy(vfs, path string, size int, pragmas ...string) (*sql.DB, error) {
	query := url.Values{"_txlock": {"immediate"}, "mode": {"rw"}}
	query.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()))
	if vfs != "" {
		query.Set("vfs", vfs)
	}
	for _, p := range pragmas {
		query.Add("_pragma", p)
	}
	connector, err := sqlite.NewConnector("file:" + escape(path) + "?" + query.Encode())
	if err != nil {
		return nil, fmt.Errorf("open the database %s: %w", path, err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db, nil
}

// escape keeps the characters of a path that mean something in SQLite's URIs.
func escape(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // a Windows drive
		path = "/" + path
	}
	return (&url.URL{Path: path}).EscapedPath()
}

// untilFree repeats do while another process holds the file: the change to WAL
// does not wait for locks by itself.
func untilFree(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, busyTimeout)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		err := do(ctx)
		if code(err)&0xff != sqlite3.SQLITE_BUSY {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("another process keeps it locked: %w", err)
		case <-tick.C:
		}
	}
}

// code is SQLite's extended result code, or 0 for other errors.
func code(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code()
}

// Reader implements [store.Engine].
func (e *Engine) Reader() store.Querier { return e.reader }

// Write implements [store.Engine]. fn runs on the writer's goroutine: it must not
// end that goroutine (runtime.Goexit, testing's FailNow).
func (e *Engine) Write(ctx context.Context, fn func(context.Context, store.Querier) error) error {
	return e.writer.write(ctx, fn)
}

// Changes implements [store.Engine].
func (e *Engine) Changes() uint64 { return e.changes.Current() }

// Clock implements [store.Engine].
func (e *Engine) Clock() string { return "CAST(unixepoch('subsec') * 1000 AS INTEGER)" }

// SkipLocked implements [store.Engine].
func (e *Engine) SkipLocked() string { return "" }

// Conflict implements [store.Engine].
func (e *Engine) Conflict(err error) bool {
	switch code(err) {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
		sqlite3.SQLITE_CONSTRAINT_ROWID, sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return true
	}
	return false
}

// Ping implements [store.Engine].
func (e *Engine) Ping(ctx context.Context) error {
	var tables int
	return e.reader.QueryRowContext(ctx, `SELECT COUNT(*) FROM sqlite_schema`).Scan(&tables)
}

// Close implements [store.Engine]. The writer's connection goes last: it folds
// the write-ahead log into the file.
func (e *Engine) Close() error {
	e.writer.close()
	e.changes.Close()
	unwatched := e.unwatch()
	if errors.Is(unwatched, sql.ErrConnDone) { // closed before
		unwatched = nil
	}
	if err := errors.Join(unwatched, e.reader.close(), e.writerDB.Close()); err != nil {
		return fmt.Errorf("close the database %s: %w", e.path, err)
	}
	return nil
}
