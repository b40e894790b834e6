package store

import (
	"context"
	"time"
)

// Session is a user who is logged in, in one browser or through one application's server.
type Session struct {
	Hash          []byte // SHA-256 of what is held there; the key
	ApplicationID string
	UserID        string
	ByCookie      bool // it answers as a cookie alone; else as a header alone
	CreatedAt     time.Time
	SeenAt        time.Time // when it was last used, to a few minutes
	ExpiresAt     time.Time
}

const sessionColumns = `s.hash, s.application_id, s.user_id, s.by_cookie, s.created_at, s.seen_at, s.expires_at`

func sessionFields(s *Session) []any {
	return []any{&s.Hash, &s.ApplicationID, &s.UserID, &s.ByCookie, (*timeColumn)(&s.CreatedAt), (*timeColumn)(&s.SeenAt), (*timeColumn)(&s.ExpiresAt)}
}

func insertSession(ctx context.Context, q Querier, s Session) error {
	_, err := q.ExecContext(ctx, `INSERT INTO sessions (hash, application_id, user_id, by_cookie, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		s.Hash, s.ApplicationID, s.UserID, s.ByCookie, millis(s.CreatedAt), millis(s.SeenAt), millis(s.ExpiresAt))
	return err
}

// Session reads one with its user, whether it is over or not.
func (s *Store) Session(ctx context.Context, hash []byte) (session Session, u User, err error) {
	err = s.engine.Reader().QueryRowContext(ctx,
		`SELECT `+sessionColumns+`, `+userColumns+` FROM sessions s JOIN users u ON u.application_id = s.application_id AND u.id = s.user_id WHERE s.hash = $1`, hash).
		Scan(append(sessionFields(&session), userFields(&u)...)...)
	return session, u, s.fail(ctx, "read the session", err)
}

// SeeSession notes that a session, and with it its user, is in use. One that has ended
// meanwhile is no error.
func (s *Store) SeeSession(ctx context.Context, hash []byte, now time.Time) error {
	return s.write(ctx, "note the session's use", func(ctx context.Context, q Querier) error {
		if _, err := q.ExecContext(ctx, `UPDATE sessions SET seen_at = $2 WHERE hash = $1`, hash, millis(now)); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, `UPDATE users SET active_at = $2 WHERE (application_id, id) = (SELECT application_id, user_id FROM sessions WHERE hash = $1)`, hash, millis(now))
		return err
	})
}

// EndSession deletes a session; one that is gone is no error.
func (s *Store) EndSession(ctx context.Context, hash []byte) error {
	return s.write(ctx, "end the session", func(ctx context.Context, q Querier) error {
		_, err := q.ExecContext(ctx, `DELETE FROM sessions WHERE hash = $1`, hash)
		return err
	})
}

// UsedSignature is a signature that must not be used again before it is too old.
type UsedSignature struct {
	Hash      []byte // SHA-256
	ExpiresAt time.Time
}

func insertUsedSignature(ctx context.Context, q Querier, u UsedSignature) error {
	_, err := q.ExecContext(ctx, `INSERT INTO used_signatures (hash, expires_at) VALUES ($1, $2)`, u.Hash, millis(u.ExpiresAt))
	return err
}

// SignatureUsed tells whether a signature was used.
func (s *Store) SignatureUsed(ctx context.Context, hash []byte) (used bool, err error) {
	err = s.engine.Reader().QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM used_signatures WHERE hash = $1)`, hash).Scan(&used)
	return used, s.fail(ctx, "look for the signature", err)
}
