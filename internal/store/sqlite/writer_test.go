package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/store"
)

// open gives a database with one table of words.
func open(t *testing.T) *Engine {
	t.Helper()
	e, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "words.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := e.Write(t.Context(), statement(`CREATE TABLE words (word TEXT PRIMARY KEY) STRICT`)); err != nil {
		t.Fatal(err)
	}
	return e
}

type writeFunc = func(context.Context, store.Querier) error

func statement(text string) writeFunc {
	return func(ctx context.Context, q store.Querier) error {
		_, err := q.ExecContext(ctx, text)
		return err
	}
}

func insert(word string) writeFunc {
	return statement(`INSERT INTO words (word) VALUES ('` + word + `')`)
}

func words(t *testing.T, e *Engine) string {
	t.Helper()
	var all string
	err := e.Reader().QueryRowContext(t.Context(), `SELECT COALESCE(group_concat(word, ' '), '') FROM (SELECT word FROM words ORDER BY word)`).Scan(&all)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// commitGroup commits the changes as one group, beside the engine's own writer.
func commitGroup(t *testing.T, e *Engine, fns ...writeFunc) []outcome {
	t.Helper()
	db, err := connect(e.path, 1, "synchronous(FULL)")
	if err != nil {
		t.Fatal(err)
	}
	c := &connection{db: db}
	defer func() {
		c.release()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	group := make([]*change, len(fns))
	for i, fn := range fns {
		group[i] = &change{ctx: t.Context(), fn: fn, done: make(chan outcome, 1)}
	}
	commit(c, group, func() {})
	outcomes := make([]outcome, len(fns))
	for i, ch := range group {
		outcomes[i] = <-ch.done
	}
	return outcomes
}

func TestGroupKeepsChangesApart(t *testing.T) {
	t.Parallel()
	e, refused := open(t), errors.New("refused")
	outcomes := commitGroup(t, e,
		insert("one"),
		func(ctx context.Context, q store.Querier) error {
			return errors.Join(insert("two")(ctx, q), refused)
		},
		func(ctx context.Context, q store.Querier) error {
			_ = insert("three")(ctx, q)
			panic("a mistake")
		},
		insert("one"), // taken within the group
		insert("four"),
	)
	if outcomes[0].err != nil || outcomes[4].err != nil {
		t.Errorf("the changes that went well failed: %v, %v", outcomes[0].err, outcomes[4].err)
	}
	if !errors.Is(outcomes[1].err, refused) {
		t.Errorf("error = %v, want the function's own", outcomes[1].err)
	}
	if !strings.Contains(outcomes[2].panicked, "a mistake") || !strings.Contains(outcomes[2].panicked, "writer_test.go") {
		t.Errorf("panicked = %q, want the value and where", outcomes[2].panicked)
	}
	if !e.Conflict(outcomes[3].err) {
		t.Errorf("error = %v, want a conflict", outcomes[3].err)
	}
	if d := cmp.Diff("four one", words(t, e)); d != "" {
		t.Error(d)
	}
}

// A transaction that ends under its changes takes all of them along: nobody is
// told that something was written which was not.
func TestGroupFailsTogether(t *testing.T) {
	t.Parallel()
	e := open(t)
	outcomes := commitGroup(t, e, insert("one"), statement(`ROLLBACK`), insert("two"))
	for i, out := range outcomes {
		if out.err == nil {
			t.Errorf("change %d was acknowledged, but the transaction is gone", i)
		}
	}
	if got := words(t, e); got != "" {
		t.Errorf("words = %q, want none", got)
	}
	if err := e.Write(t.Context(), statement(`ROLLBACK`)); err == nil {
		t.Error("a change that ends the transaction must fail")
	}
	if err := e.Write(t.Context(), insert("three")); err != nil {
		t.Errorf("the writer did not recover: %v", err)
	}
}

// A COMMIT that fails leaves its transaction open: the next one must not meet it.
func TestCommitFails(t *testing.T) {
	t.Parallel()
	e := open(t)
	if err := e.Write(t.Context(), statement(`CREATE TABLE links (word TEXT REFERENCES words (word) DEFERRABLE INITIALLY DEFERRED)`)); err != nil {
		t.Fatal(err)
	}
	if err := e.Write(t.Context(), statement(`INSERT INTO links (word) VALUES ('missing')`)); !e.Conflict(err) {
		t.Errorf("error = %v, want that of the COMMIT", err)
	}
	if err := e.Write(t.Context(), insert("one")); err != nil {
		t.Errorf("the writer did not recover: %v", err)
	}
	if d := cmp.Diff("one", words(t, e)); d != "" {
		t.Error(d)
	}
}

// Whoever remembers what he read must not be told of changes that are none: a
// stranger can cause any number of them.
func TestOnlyRealChangesAreToldOf(t *testing.T) {
	t.Parallel()
	e := open(t)
	c, told := &connection{db: e.writerDB}, 0
	e.writer.close() // its connection is ours now
	defer c.release()
	for _, step := range []struct {
		name string
		fn   writeFunc
		want int
	}{
		{"an insert", insert("one"), 1},
		{"an update that finds nothing", statement(`UPDATE words SET word = 'x' WHERE word = 'nobody'`), 0},
		{"a read", statement(`SELECT * FROM words`), 0},
		{"a deletion", statement(`DELETE FROM words WHERE word = 'one'`), 1},
		{"a broken transaction", statement(`ROLLBACK`), 1},
		{"nothing on a new connection", statement(`DELETE FROM words WHERE word = 'nobody'`), 0},
		{"an insert on a new connection", insert("two"), 1},
	} {
		told = 0
		commit(c, []*change{{ctx: t.Context(), fn: step.fn, done: make(chan outcome, 1)}}, func() { told++ })
		if told != step.want {
			t.Errorf("%s: told %d times, want %d", step.name, told, step.want)
		}
	}
}

func TestPanicReachesItsCaller(t *testing.T) {
	t.Parallel()
	e := open(t)
	func() {
		defer func() {
			if p, _ := recover().(string); !strings.Contains(p, "a mistake") {
				t.Errorf("recovered %q", p)
			}
		}()
		_ = e.Write(t.Context(), func(context.Context, store.Querier) error { panic("a mistake") })
	}()
	if err := e.Write(t.Context(), insert("one")); err != nil {
		t.Errorf("the writer did not survive: %v", err)
	}
}

// A caller may give up while its change waits, and not after.
func TestCancel(t *testing.T) {
	t.Parallel()
	e := open(t)
	runningCtx, cancelRunning := context.WithCancel(t.Context())
	waitingCtx, cancelWaiting := context.WithCancel(t.Context())
	started, goOn := make(chan struct{}), make(chan struct{})
	running, waiting := make(chan error, 1), make(chan error, 1)
	go func() {
		running <- e.Write(runningCtx, func(ctx context.Context, q store.Querier) error {
			close(started)
			<-goOn
			return insert("running")(ctx, q)
		})
	}()
	<-started
	go func() { waiting <- e.Write(waitingCtx, insert("waiting")) }()
	for len(e.writer.queue) == 0 {
		runtime.Gosched()
	}
	cancelRunning()
	cancelWaiting()
	if err := <-waiting; !errors.Is(err, context.Canceled) { // though the writer is still busy
		t.Errorf("waiting: %v, want that it was cancelled", err)
	}
	close(goOn)
	if err := <-running; err != nil {
		t.Errorf("running: %v, want what really happened", err)
	}
	if err := e.Write(t.Context(), insert("zulu")); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff("running zulu", words(t, e)); d != "" {
		t.Error(d)
	}
}

func TestCloseDrains(t *testing.T) {
	t.Parallel()
	e := open(t)
	started, goOn := make(chan struct{}), make(chan struct{})
	results := make(chan error, 2)
	go func() {
		results <- e.Write(t.Context(), func(ctx context.Context, q store.Querier) error {
			close(started)
			<-goOn
			return insert("one")(ctx, q)
		})
	}()
	<-started
	go func() { results <- e.Write(t.Context(), insert("two")) }()
	for len(e.writer.queue) == 0 {
		runtime.Gosched()
	}
	closed := make(chan error, 1)
	go func() { closed <- e.Close() }()
	for isOpen(e.writer) {
		runtime.Gosched()
	}
	if err := e.Write(t.Context(), insert("three")); !errors.Is(err, errClosed) {
		t.Errorf("a write behind Close: %v", err)
	}
	close(goOn)
	for range 2 {
		if err := <-results; err != nil {
			t.Errorf("an accepted write: %v", err)
		}
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	again, err := Open(t.Context(), Config{Path: e.path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close() }()
	if d := cmp.Diff("one two", words(t, again)); d != "" {
		t.Error(d)
	}
}

func isOpen(w *writer) bool {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return !w.closed
}
