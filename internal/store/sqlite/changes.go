package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"

	"github.com/avain-project/avain/internal/store/changes"
)

// watch counts what others (a command beside a running server) commit by SQLite's
// data_version, which moves on a connection when anybody else has committed. The
// connection goes back to the pool when release is called.
func watch(ctx context.Context, db *sql.DB) (w *changes.Watcher, release func() error, err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("watch the database: %w", err)
	}
	w, err = changes.Watch(ctx, func(ctx context.Context) (string, error) {
		var version int64
		err := conn.QueryRowContext(ctx, `PRAGMA data_version`).Scan(&version)
		return strconv.FormatInt(version, 10), err
	})
	if err != nil {
		_ = conn.Close()
		return nil, nil, fmt.Errorf("watch the database: %w", err)
	}
	return w, conn.Close, nil
}
