package postgres

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/avain-project/avain/internal/store/changes"
)

// watch counts what is committed by the text of the server's snapshot: which
// transactions that write have ended. It is the whole server's, so other databases
// on it make our number move too: that costs, but misses nothing. LISTEN would need
// a session of its own, which a pooler does not give.
func watch(ctx context.Context, db *sql.DB) (*changes.Watcher, error) {
	w, err := changes.Watch(ctx, func(ctx context.Context) (snapshot string, err error) {
		err = db.QueryRowContext(ctx, `SELECT pg_current_snapshot()::text`).Scan(&snapshot)
		return snapshot, err
	})
	if err != nil {
		return nil, fmt.Errorf("watch the database: %w", err)
	}
	return w, nil
}
