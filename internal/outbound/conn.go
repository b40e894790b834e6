package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"
)

// MaxBeforeLogin bounds what a server may send before somebody is logged in, in
// bytes on the wire: certificates, a greeting, capabilities.
const MaxBeforeLogin = 256 << 10

// ErrTooMuch is read in place of the bytes over [MaxBeforeLogin].
var ErrTooMuch = fmt.Errorf("over %d bytes before the login", MaxBeforeLogin)

// Conn is a connection to a typed host. Until [Conn.LoggedIn] it ends after
// [MaxBeforeLogin] bytes, and at a time that no deadline set on it can put off: a
// server that sends a byte a second is no reason to wait. It is as safe for
// concurrent use as any net.Conn.
type Conn struct {
	net.Conn
	left     atomic.Int64 // bytes that may still be read
	loggedIn atomic.Bool
	end      time.Time    // of the time before the login
	release  func() bool  // lets go of the context
	ended    func() error // the context's error
}

// newConn bounds a connection until end, and closes it when ctx ends.
func newConn(ctx context.Context, c net.Conn, end time.Time) (*Conn, error) {
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(end) {
		end = deadline
	}
	conn := &Conn{Conn: c, end: end, ended: ctx.Err}
	conn.left.Store(MaxBeforeLogin)
	conn.release = context.AfterFunc(ctx, func() { _ = c.Close() })
	if err := c.SetDeadline(end); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// LoggedIn lifts the bounds: from now on the caller's deadlines alone hold.
func (c *Conn) LoggedIn() error {
	c.loggedIn.Store(true)
	return c.SetDeadline(time.Time{})
}

// Read reads what the bound leaves.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.read(p)
	return n, c.why(err)
}

// Write writes.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	return n, c.why(err)
}

// why puts the context's error in front of that of a connection which it has closed:
// a time that is up must not look like a server that went away.
func (c *Conn) why(err error) error {
	if cause := c.ended(); err != nil && cause != nil && errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("%w: %w", cause, err)
	}
	return err
}

func (c *Conn) read(p []byte) (int, error) {
	if c.loggedIn.Load() {
		return c.Conn.Read(p)
	}
	left := c.left.Load()
	if left <= 0 {
		return 0, ErrTooMuch
	}
	if int64(len(p)) > left {
		p = p[:left]
	}
	n, err := c.Conn.Read(p)
	c.left.Add(-int64(n))
	return n, err
}

// Close lets go of the context, too.
func (c *Conn) Close() error {
	c.release()
	return c.Conn.Close()
}

// SetDeadline sets the earlier of t and the end of the time before the login.
func (c *Conn) SetDeadline(t time.Time) error { return c.Conn.SetDeadline(c.bounded(t)) }

// SetReadDeadline is bounded as SetDeadline is.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.Conn.SetReadDeadline(c.bounded(t)) }

// SetWriteDeadline is bounded as SetDeadline is.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.Conn.SetWriteDeadline(c.bounded(t)) }

func (c *Conn) bounded(t time.Time) time.Time {
	if !c.loggedIn.Load() && (t.IsZero() || t.After(c.end)) {
		return c.end
	}
	return t
}
