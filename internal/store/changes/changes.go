package changes

import (
	"context"
	"sync/atomic"
	"time"
)

// Every is how often others' changes are looked for; blindAfter is when not having
// looked means not knowing.
const (
	Every      = 250 * time.Millisecond
	blindAfter = time.Second
)

// Look reads what the database says of itself: a text that differs from an earlier
// one if anything was committed in between.
type Look func(ctx context.Context) (string, error)

// Watcher counts. It is safe for concurrent use.
type Watcher struct {
	look    Look
	start   time.Time // its monotonic clock measures
	version atomic.Uint64
	looked  atomic.Int64 // nanoseconds from start to the last look that succeeded
	stop    context.CancelFunc
	stopped chan struct{}
}

// Watch looks at once, so that nothing older is taken for new, and then until
// Close. ctx bounds the first look only.
func Watch(ctx context.Context, look Look) (*Watcher, error) {
	w := &Watcher{look: look, start: time.Now(), stopped: make(chan struct{})}
	seen, err := w.glance(ctx)
	if err != nil {
		return nil, err
	}
	ctx, w.stop = context.WithCancel(context.WithoutCancel(ctx))
	go w.run(ctx, seen)
	return w, nil
}

func (w *Watcher) run(ctx context.Context, seen string) {
	defer close(w.stopped)
	tick := time.NewTicker(Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, err := w.glance(ctx)
		// After a failure too: it may be another server that answers next.
		if err != nil || now != seen {
			w.version.Add(1)
		}
		seen = now
	}
}

// glance looks once. What it saw was true when it began, so that is the time that
// counts; a look that fails leaves the time as it was.
func (w *Watcher) glance(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*blindAfter)
	defer cancel()
	began := time.Since(w.start)
	seen, err := w.look(ctx)
	if err != nil {
		return "", err
	}
	w.looked.Store(int64(began))
	return seen, nil
}

// Committed notes a change of our own.
func (w *Watcher) Committed() { w.version.Add(1) }

// Current is the number of changes known. While nobody could look, every answer is
// a new one.
func (w *Watcher) Current() uint64 {
	if time.Since(w.start)-time.Duration(w.looked.Load()) > blindAfter {
		return w.version.Add(1)
	}
	return w.version.Load()
}

// Close ends the watch; nobody looks any more when it returns.
func (w *Watcher) Close() {
	w.stop()
	<-w.stopped
}
