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

// ReplaceMeta replaces a value of the whole installation while it is still from.
// ErrConflict: it is another one by now, or gone.
func (s *Store) ReplaceMeta(ctx context.Context, key string, from, to []byte) error {
	return s.write(ctx, "replace the installation's "+key, func(ctx context.Context, q Querier) error {
		result, err := q.ExecContext(ctx, `UPDATE meta SET value = $3 WHERE key = $1 AND value = $2`, key, from, to)
		return require(result, err, ErrConflict)
	})
}
