package postgres

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// connector makes connections whose statements end: a server that has vanished
// without a word must not hold a request for as long as TCP believes in it.
type connector struct {
	driver.Connector
	timeout time.Duration
}

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	made, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: made.(*stdlib.Conn), timeout: c.timeout}, nil
}

type conn struct {
	*stdlib.Conn
	timeout time.Duration
}

// BeginTx lets the server end the transaction where it hears nothing for half of what a
// statement may take: a process that is frozen, or cut off, would keep its rows from all
// others. It is said with BEGIN, and ends with the transaction.
func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if opts != (driver.TxOptions{}) {
		return nil, fmt.Errorf("a transaction with %+v: there is one kind", opts)
	}
	if c.Conn.Conn().IsClosed() {
		return nil, driver.ErrBadConn
	}
	begin := fmt.Sprintf("BEGIN; SET LOCAL idle_in_transaction_session_timeout = %d", c.timeout.Milliseconds()/2)
	tx, err := c.Conn.Conn().BeginTx(ctx, pgx.TxOptions{BeginQuery: begin})
	if err != nil {
		return nil, err
	}
	return transaction{ctx, tx}, nil
}

type transaction struct {
	ctx context.Context //nolint:containedctx // database/sql hands it in here alone
	tx  pgx.Tx
}

func (t transaction) Commit() error   { return t.tx.Commit(t.ctx) }
func (t transaction) Rollback() error { return t.tx.Rollback(t.ctx) }

// QueryContext bounds the wait for each row. A caller that goes away does not break
// off its query, which would cost the connection; its deadline counts. Outside a
// transaction, a connection that died before the first row is reported as a bad one,
// which database/sql answers by asking another: package store only reads that way.
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	bound := c.timeout
	if deadline, ok := ctx.Deadline(); ok {
		bound = min(bound, time.Until(deadline))
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	timer := time.AfterFunc(bound, cancel)
	idle := c.idle()
	found, err := c.Conn.QueryContext(ctx, query, storable(args))
	inTime := timer.Stop()
	if err != nil {
		cancel()
		switch {
		case !inTime:
			return nil, fmt.Errorf("no answer within %v: %w", bound, err)
		case idle && c.Conn.Conn().IsClosed():
			return nil, driver.ErrBadConn
		}
		return nil, err
	}
	return &rows{Rows: found, cancel: cancel, timer: timer, bound: c.timeout}, nil
}

func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	return c.Conn.ExecContext(ctx, query, storable(args))
}

// idle tells that no transaction is open.
func (c *conn) idle() bool { return c.Conn.Conn().PgConn().TxStatus() == 'I' }

// rows are bounded anew for each row: what the caller does in between takes its time.
type rows struct {
	driver.Rows
	cancel context.CancelFunc
	timer  *time.Timer
	bound  time.Duration
}

func (r *rows) Next(dest []driver.Value) error {
	r.timer.Reset(r.bound)
	defer r.timer.Stop()
	return r.Rows.Next(dest)
}

func (r *rows) Close() error {
	r.timer.Reset(r.bound)
	defer r.cancel()
	defer r.timer.Stop()
	return r.Rows.Close()
}

// storable replaces what PostgreSQL's text cannot hold: NUL, and what is no UTF-8.
// The faces refuse such input where it would be stored; a provider's answer, or a
// name that somebody looks up, may still hold it.
func storable(args []driver.NamedValue) []driver.NamedValue {
	for i, arg := range args {
		text, ok := arg.Value.(string)
		if ok && (!utf8.ValidString(text) || strings.ContainsRune(text, 0)) {
			text = strings.ReplaceAll(text, "\x00", "\ufffd")
			args[i].Value = strings.ToValidUTF8(text, "\ufffd")
		}
	}
	return args
}
