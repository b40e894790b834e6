package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
)

// connection is the writer's connection with its prepared statements. It is made
// on first use, and made anew after a failure that leaves its state unknown.
// Only the writer's goroutine uses it.
type connection struct {
	db         *sql.DB
	conn       *sql.Conn
	statements map[string]*sql.Stmt // by text
	total      int64                // rows changed on conn when changed was asked last
}

// begin takes the lock for writing at once, so that no later statement of the
// transaction can find it taken.
func (c *connection) begin() error {
	if c.conn == nil {
		conn, err := c.db.Conn(context.Background())
		if err != nil {
			return fmt.Errorf("open the writing connection: %w", err)
		}
		c.conn, c.statements, c.total = conn, map[string]*sql.Stmt{}, 0
	}
	return c.exec("BEGIN IMMEDIATE")
}

// exec runs a statement that steers the transaction.
func (c *connection) exec(text string) error {
	if _, err := c.ExecContext(context.Background(), text); err != nil {
		return fmt.Errorf("%s: %w", text, err)
	}
	return nil
}

// changed tells whether any row has changed since it was asked last, deletions that
// cascade and changes undone since included. Not knowing counts as yes.
func (c *connection) changed() bool {
	before := c.total
	err := c.QueryRowContext(context.Background(), `SELECT total_changes()`).Scan(&c.total)
	return err != nil || c.total != before
}

// abort ends a broken transaction by giving up its connection: whatever is left
// of it is rolled back as SQLite closes it.
func (c *connection) abort() {
	if c.conn == nil {
		return
	}
	c.closeStatements()
	_ = c.conn.Raw(func(any) error { return driver.ErrBadConn }) // takes it out of the pool
	c.conn = nil
}

// release gives the connection back to the pool.
func (c *connection) release() {
	if c.conn == nil {
		return
	}
	c.closeStatements()
	_ = c.conn.Close()
	c.conn = nil
}

func (c *connection) closeStatements() {
	for _, s := range c.statements {
		_ = s.Close()
	}
	c.statements = nil
}

func (c *connection) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if known := c.statements[query]; known != nil {
		return known, nil
	}
	made, err := c.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	c.statements[query] = made
	return made, nil
}

func (c *connection) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	statement, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return statement.QueryContext(ctx, args...)
}

func (c *connection) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	statement, err := c.statement(ctx, query)
	if err != nil { // only the connection can make a Row that holds the error
		return c.conn.QueryRowContext(ctx, query, args...)
	}
	return statement.QueryRowContext(ctx, args...)
}

func (c *connection) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	statement, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return statement.ExecContext(ctx, args...)
}
