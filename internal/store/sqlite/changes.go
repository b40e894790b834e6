package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"
	"time"
)

// lookEvery is how often other processes' changes are looked for; blindAfter is
// when not having looked means not knowing.
const (
	lookEvery  = 250 * time.Millisecond
	blindAfter = time.Second
)

// changes counts what has changed in the file: our own commits as they happen,
// those of others (a command beside a running server) by SQLite's data_version,
// which moves on a connection when anybody else has committed.
type changes struct {
	version atomic.Uint64
	looked  atomic.Int64 // unix nanoseconds of the last look that succeeded
	stop    context.CancelFunc
	stopped chan struct{}
}

// watch looks at once, so that nothing older than Open is taken for new, and then
// until close.
func watch(ctx context.Context, db *sql.DB) (*changes, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("watch the database: %w", err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c := &changes{stop: cancel, stopped: make(chan struct{})}
	seen := c.look(ctx, conn, -1)
	go func() {
		defer close(c.stopped)
		defer func() { _ = conn.Close() }()
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				seen = c.look(ctx, conn, seen)
			}
		}
	}()
	return c, nil
}

// look compares data_version with the one seen before. A look that fails leaves
// looked as it was.
func (c *changes) look(ctx context.Context, conn *sql.Conn, seen int64) int64 {
	var now int64
	if err := conn.QueryRowContext(ctx, `PRAGMA data_version`).Scan(&now); err != nil {
		return seen
	}
	if now != seen {
		c.version.Add(1)
	}
	c.looked.Store(time.Now().UnixNano())
	return now
}

// committed notes a change of our own.
func (c *changes) committed() { c.version.Add(1) }

// current is the number of changes known. While nobody could look, every answer
// is a new one.
func (c *changes) current() uint64 {
	if time.Since(time.Unix(0, c.looked.Load())) > blindAfter {
		return c.version.Add(1)
	}
	return c.version.Load()
}

func (c *changes) close() {
	c.stop()
	<-c.stopped
}
