package discovery_test

import (
	"io"
	"net"
	"sync"
	"time"
)

// pipe is net.Pipe whose writes do not wait for a reader: in a bubble of synctest, TLS
// would hold a lock meanwhile, and time stand still for ever.
func pipe() (net.Conn, net.Conn) {
	a, b := net.Pipe()
	return queue(a), queue(b)
}

type queued struct {
	net.Conn
	mu     sync.Mutex
	closed bool
	out    chan []byte
}

func queue(c net.Conn) *queued {
	q := &queued{Conn: c, out: make(chan []byte, 1<<12)}
	go func() {
		for p := range q.out {
			if _, err := c.Write(p); err != nil {
				break
			}
		}
		_ = c.Close()
	}()
	return q
}

func (q *queued) Write(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || len(q.out) == cap(q.out) {
		return 0, io.ErrClosedPipe
	}
	q.out <- append([]byte(nil), p...)
	return len(p), nil
}

func (q *queued) SetDeadline(t time.Time) error    { return q.SetReadDeadline(t) }
func (q *queued) SetWriteDeadline(time.Time) error { return nil }

// Close lets what was written go out, if somebody reads it at all.
func (q *queued) Close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil
	}
	q.closed = true
	close(q.out)
	_ = q.Conn.SetReadDeadline(time.Unix(1, 0))
	return q.Conn.SetWriteDeadline(time.Now().Add(time.Second))
}
