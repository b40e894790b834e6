package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/avain-project/avain/internal/store"
)

// maxGroup bounds how many changes share one transaction.
const maxGroup = 128

var errClosed = errors.New("the database is closed")

// writer owns the one connection that changes the file. Its goroutine takes all
// changes that wait, runs each in a savepoint of one transaction, commits once,
// and only then tells them all.
type writer struct {
	queue   chan *change
	stopped chan struct{} // closed when the goroutine has ended

	mu     sync.RWMutex // held for reading while a change is queued
	closed bool
}

// change is one call of Write.
type change struct {
	ctx   context.Context
	fn    func(context.Context, store.Querier) error
	taken atomic.Bool // by the writer, to run it, or by its caller, to give it up
	done  chan outcome
}

type outcome struct {
	err      error
	panicked string // what fn panicked with, and where
}

// startWriter starts the goroutine. committed is called after each commit of a
// change, before anybody is told of it.
func startWriter(db *sql.DB, committed func()) *writer {
	w := &writer{queue: make(chan *change, maxGroup), stopped: make(chan struct{})}
	go func() {
		defer close(w.stopped)
		c := &connection{db: db}
		defer c.release()
		for first := range w.queue {
			commit(c, w.group(first), committed)
		}
	}()
	return w
}

// write queues fn and waits for its outcome. Once fn has started, the end of ctx
// no longer matters: the answer is what really happened.
func (w *writer) write(ctx context.Context, fn func(context.Context, store.Querier) error) error {
	ch := &change{ctx: ctx, fn: fn, done: make(chan outcome, 1)}
	if err := w.enqueue(ctx, ch); err != nil {
		return err
	}
	var out outcome
	select {
	case out = <-ch.done:
	case <-ctx.Done():
		if ch.taken.CompareAndSwap(false, true) {
			return notStarted(ctx)
		}
		out = <-ch.done
	}
	if out.panicked != "" {
		panic(out.panicked) // in the goroutine whose code it is
	}
	return out.err
}

func (w *writer) enqueue(ctx context.Context, ch *change) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return errClosed
	}
	if ctx.Err() != nil {
		return notStarted(ctx)
	}
	select {
	case w.queue <- ch:
		return nil
	case <-ctx.Done():
		return notStarted(ctx)
	}
}

func notStarted(ctx context.Context) error {
	return fmt.Errorf("nothing was written: %w", ctx.Err())
}

// close waits for the changes already queued.
func (w *writer) close() {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.queue)
	}
	w.mu.Unlock()
	<-w.stopped
}

// group collects what waits behind first, without waiting itself.
func (w *writer) group(first *change) []*change {
	group := []*change{first}
	for len(group) < maxGroup {
		select {
		case ch, open := <-w.queue:
			if !open {
				return group
			}
			group = append(group, ch)
		default:
			return group
		}
	}
	return group
}

// commit runs the group in one transaction and tells each change its outcome. If
// the transaction itself breaks, all changes fail, those that went well too.
func commit(c *connection, group []*change, committed func()) {
	outcomes := make([]outcome, len(group))
	broken := c.begin()
	for i, ch := range group {
		if broken != nil || !ch.taken.CompareAndSwap(false, true) {
			continue
		}
		if ch.ctx.Err() != nil {
			outcomes[i].err = notStarted(ch.ctx)
			continue
		}
		outcomes[i], broken = run(c, ch)
	}
	changed := broken != nil || c.changed()
	if broken == nil {
		broken = c.exec("COMMIT")
	}
	if broken != nil {
		c.abort()
	}
	// Of a broken commit nobody knows what became: who remembers something reads it
	// anew. One that changed nothing must not make everybody do so.
	if changed || broken != nil {
		committed()
	}
	for i, ch := range group {
		out := outcomes[i]
		if broken != nil && out.err == nil && out.panicked == "" {
			ch.taken.Store(true)
			out.err = broken
		}
		ch.done <- out
	}
}

// run runs one change in its savepoint. broken is not nil when the transaction
// has ended under it: a full disk, for one, makes SQLite roll all of it back.
func run(c *connection, ch *change) (out outcome, broken error) {
	if err := c.exec("SAVEPOINT change"); err != nil {
		return outcome{}, err
	}
	out = call(ch, c)
	if out.err != nil || out.panicked != "" {
		if err := c.exec("ROLLBACK TO change"); err != nil {
			return out, err
		}
	}
	return out, c.exec("RELEASE change")
}

// call calls fn. Its context does not end: SQLite answers an interrupted
// statement by rolling back the transaction, which is the others' too.
func call(ch *change, q store.Querier) (out outcome) {
	defer func() {
		if p := recover(); p != nil {
			out.panicked = fmt.Sprintf("%v\n\nin a change of the database:\n%s", p, debug.Stack())
		}
	}()
	return outcome{err: ch.fn(context.WithoutCancel(ch.ctx), q)}
}
