package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	defaultTimeout  = 10 * time.Second
	defaultMaxConns = 16

	oldestServer = 13 // pg_current_snapshot
)

// Config says which database to open, and how.
type Config struct {
	// URL is postgres://user:password@host:port/database?parameters as libpq takes
	// it, with two more: pool_max_conns (16; one more connection watches for
	// changes), and pgx's default_query_exec_mode. What it leaves out comes from
	// the PG… variables and the password file.
	URL string
	// Timeout bounds a statement, a transaction and a connection's start; 0 is 10 s.
	Timeout time.Duration
}

// ErrURL says that the URL cannot be read, or names what there is not.
var ErrURL = errors.New("the database's URL cannot be used")

// read parses the URL. Its errors hold no password.
func (c Config) read() (parsed *pgx.ConnConfig, maxConns int, err error) {
	parsed, err = pgx.ParseConfig(c.URL)
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrURL, err)
	}
	maxConns = defaultMaxConns
	if text, ok := parsed.RuntimeParams["pool_max_conns"]; ok {
		delete(parsed.RuntimeParams, "pool_max_conns")
		if maxConns, err = strconv.Atoi(text); err != nil || maxConns < 1 {
			return nil, 0, fmt.Errorf("%w: pool_max_conns is %q, and has to be a number from 1 on", ErrURL, text)
		}
	}
	if parsed.ConnectTimeout == 0 || parsed.ConnectTimeout > c.Timeout {
		parsed.ConnectTimeout = c.Timeout
	}
	parsed.RuntimeParams["client_encoding"] = "UTF8"
	if parsed.RuntimeParams["application_name"] == "" {
		parsed.RuntimeParams["application_name"] = "avain"
	}
	return parsed, maxConns, nil
}

// namesMode tells whether the URL itself chooses how statements are sent.
func (c Config) namesMode() bool {
	u, err := url.Parse(c.URL)
	return err == nil && u.Query().Has("default_query_exec_mode")
}

// probe connects once, to see whether the server will do and whether a pooler stands
// in between. Its statements are safe through any pooler.
func probe(ctx context.Context, c pgx.ConnConfig) (pooled bool, err error) {
	c.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	conn, err := pgx.ConnectConfig(ctx, &c)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	var version, encoding string
	var process uint32
	err = conn.QueryRow(ctx, `SELECT current_setting('server_version_num'), current_setting('server_encoding'), pg_backend_pid()`).
		Scan(&version, &encoding, &process)
	if err != nil {
		return false, err
	}
	if number, err := strconv.Atoi(version); err != nil || number < oldestServer*10000 {
		return false, fmt.Errorf("the server's version is %s: PostgreSQL %d or newer is needed", version, oldestServer)
	}
	if !strings.EqualFold(encoding, "UTF8") {
		return false, fmt.Errorf("the database's encoding is %s: create it with ENCODING 'UTF8' TEMPLATE template0", encoding)
	}
	// A pooler tells each client a process id of its own making.
	return process != conn.PgConn().PID(), nil
}
