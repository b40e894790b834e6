package store

import "context"

// Meta reads a value that belongs to the whole installation.
func (s *Store) Meta(ctx context.Context, key string) (value []byte, err error) {
	err = s.engine.Reader().QueryRowContext(ctx, `SELECT value FROM meta WHERE key = $1`, key).Scan(&value)
	return value, s.fail(ctx, "read the installation's "+key, err)
}

// AddMeta writes a value unless there is one, which stays: read it again to see
// whose it is.
func (s *Store) AddMeta(ctx context.Context, key string, value []byte) error {
	return s.write(ctx, "write the installation's "+key, func(ctx context.Context, q Querier) error {
		_, err := q.ExecContext(ctx, `INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING`, key, value)
		return err
	})
}
