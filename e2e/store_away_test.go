package e2e_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/storetest"
)

// outage takes a world's database away and gives it back, at a moment of the test's
// choice.
type outage struct {
	lose, restore func()
	loseAfter     func(statement string)
}

// loseStore takes the database away, for reads and writes, until restoreStore. It may
// be called by any goroutine: see whileExchanging.
func (w *world) loseStore() { w.store.lose() }

func (w *world) restoreStore() { w.store.restore() }

// loseStoreAfter lets the next change in which the statement stands (a part of it, such
// as "INSERT INTO codes") be stored, and takes the database away before its caller is
// told.
func (w *world) loseStoreAfter(statement string) { w.store.loseAfter(statement) }

// onEachOutage runs a test on each engine with a database that can be taken away; the
// test hands frail on to startFrail. PostgreSQL's really refuses its connections;
// SQLite's file cannot go away under a process that has it open, so there the engine
// fails.
func onEachOutage(t *testing.T, test func(t *testing.T, f frail)) {
	t.Helper()
	if !storetest.OnPostgres() {
		t.Run("SQLite", func(t *testing.T) {
			t.Parallel()
			e := newFrailEngine(t)
			test(t, frail{engine: e, outage: &outage{e.lose, e.restore, e.loseAfter}})
		})
	}
	if storetest.OnSQLite() {
		return
	}
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		database, e := storetest.NewPostgres(t), newFrailEngine(t)
		restore := func() { e.restore(); database.Start() }
		test(t, frail{database: database.URL, engine: e, outage: &outage{database.Stop, restore, e.loseAfter}})
	})
}

// frail is a database that can be taken away.
type frail struct {
	database string // "" for the engine of the run
	engine   *frailEngine
	outage   *outage
}

// startFrail is startAt on such a database.
func startFrail(t *testing.T, s service, f frail, changes ...func(*app.Config)) *world {
	t.Helper()
	w := startAt(t, s, append(changes, func(c *app.Config) {
		if c.WrapEngine = f.engine.around; f.database != "" {
			c.Database = f.database
		}
	})...)
	w.store = f.outage
	return w
}

// frailEngine is an engine that fails while it is away.
type frailEngine struct {
	store.Engine
	away    atomic.Bool
	after   atomic.Pointer[string] // of loseAfter; nil once it was found
	reads   atomic.Uint64
	nowhere *sql.DB // whose connections are refused
}

func newFrailEngine(t *testing.T) *frailEngine {
	e := &frailEngine{nowhere: sql.OpenDB(refusing{})}
	t.Cleanup(func() { _ = e.nowhere.Close() })
	return e
}

var errAway = errors.New("the database is away")

func (e *frailEngine) around(inner store.Engine) store.Engine {
	e.Engine = inner
	return e
}

func (e *frailEngine) lose()                      { e.away.Store(true) }
func (e *frailEngine) restore()                   { e.away.Store(false) }
func (e *frailEngine) loseAfter(statement string) { e.after.Store(&statement) }

func (e *frailEngine) Reader() store.Querier {
	if e.away.Load() {
		return e.nowhere
	}
	return e.Engine.Reader()
}

func (e *frailEngine) Write(ctx context.Context, fn func(context.Context, store.Querier) error) error {
	if e.away.Load() {
		return errAway
	}
	after, found := e.after.Load(), false
	err := e.Engine.Write(ctx, func(ctx context.Context, q store.Querier) error {
		if after == nil {
			return fn(ctx, q)
		}
		return fn(ctx, watched{q, func(query string) { found = found || strings.Contains(query, *after) }})
	})
	if err == nil && found && e.after.CompareAndSwap(after, nil) {
		e.lose()
		return errAway
	}
	return err
}

// watched tells of the statements of a change.
type watched struct {
	store.Querier
	tell func(query string)
}

func (w watched) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	w.tell(query)
	return w.Querier.QueryRowContext(ctx, query, args...)
}

func (w watched) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	w.tell(query)
	return w.Querier.ExecContext(ctx, query, args...)
}

func (e *frailEngine) Ping(ctx context.Context) error {
	if e.away.Load() {
		return errAway
	}
	return e.Engine.Ping(ctx)
}

// Changes never answers the same twice while nobody can know what has changed.
func (e *frailEngine) Changes() uint64 {
	if e.away.Load() {
		return ^e.reads.Add(1)
	}
	return e.Engine.Changes()
}

type refusing struct{}

func (refusing) Connect(context.Context) (driver.Conn, error) { return nil, errAway }
func (refusing) Driver() driver.Driver                        { return nil }
