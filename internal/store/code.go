package store

import (
	"context"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/scope"
)

// Code is a one-time authorization code of ours.
type Code struct {
	Hash          []byte // SHA-256; the key
	ApplicationID string
	AccountID     account.ID
	AttemptID     string
	Ceiling       []scope.Scope
	Challenge     string // the application's PKCE challenge (S256); empty for none
	RedirectURI   string // which a client of the standards face must repeat; empty for one of the contract
	CreatedAt     time.Time
	ExpiresAt     time.Time
	UsedAt        time.Time // zero while it waits
	TokenID       string    // what it was redeemed for
	UserID        string    // the user whose session it is worth besides; empty for none
	SessionHash   []byte    // that session, once it was redeemed
}

const codeColumns = `hash, application_id, account_id, attempt_id, ceiling, challenge, created_at, expires_at, used_at, token_id, redirect_uri,
	user_id, session_hash`

func insertCode(ctx context.Context, q Querier, c Code) error {
	_, err := q.ExecContext(ctx, `INSERT INTO codes (`+codeColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		c.Hash, c.ApplicationID, int64(c.AccountID), c.AttemptID, scope.Join(c.Ceiling), c.Challenge,
		millis(c.CreatedAt), millis(c.ExpiresAt), millis(c.UsedAt), c.TokenID, c.RedirectURI, c.UserID, c.SessionHash)
	return err
}

// Code reads one by its hash, whatever has become of it.
func (s *Store) Code(ctx context.Context, hash []byte) (Code, error) {
	var c Code
	err := s.engine.Reader().QueryRowContext(ctx, `SELECT `+codeColumns+` FROM codes WHERE hash = $1`, hash).
		Scan(&c.Hash, &c.ApplicationID, (*int64)(&c.AccountID), &c.AttemptID, (*scopesColumn)(&c.Ceiling), &c.Challenge,
			(*timeColumn)(&c.CreatedAt), (*timeColumn)(&c.ExpiresAt), (*timeColumn)(&c.UsedAt), &c.TokenID, &c.RedirectURI,
			&c.UserID, &c.SessionHash)
	return c, s.fail(ctx, "read the code", err)
}

// RedeemCode uses up a code that waits, has not ended and belongs to the
// application, and inserts t for it, and the sessions. Of concurrent calls one gets it. ErrNotFound:
// there is no such code, and nothing changed; [Store.Code] tells why.
func (s *Store) RedeemCode(ctx context.Context, hash []byte, applicationID string, now time.Time, t Token, sessions ...Session) error {
	return s.writeInterned(ctx, "redeem the code", t.interned(), func(ctx context.Context, q Querier) error {
		var sessionHash []byte
		for _, session := range sessions {
			sessionHash = session.Hash
		}
		result, err := q.ExecContext(ctx,
			`UPDATE codes SET used_at = $3, token_id = $4, session_hash = $5
			WHERE hash = $1 AND application_id = $2 AND used_at = 0 AND expires_at > $3`,
			hash, applicationID, millis(now), t.ID, sessionHash)
		if err := require(result, err, ErrNotFound); err != nil {
			return err
		}
		for _, session := range sessions {
			if err := holdUser(ctx, q, session.ApplicationID, session.UserID, ErrNotFound); err != nil {
				return err
			}
			if err := insertSession(ctx, q, session); err != nil {
				return err
			}
		}
		return insertToken(ctx, q, t)
	})
}
