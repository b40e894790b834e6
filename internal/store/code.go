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
}

const codeColumns = `hash, application_id, account_id, attempt_id, ceiling, challenge, created_at, expires_at, used_at, token_id, redirect_uri`

func insertCode(ctx context.Context, q Querier, c Code) error {
	_, err := q.ExecContext(ctx, `INSERT INTO codes (`+codeColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		c.Hash, c.ApplicationID, int64(c.AccountID), c.AttemptID, scope.Join(c.Ceiling), c.Challenge,
		millis(c.CreatedAt), millis(c.ExpiresAt), millis(c.UsedAt), c.TokenID, c.RedirectURI)
	return err
}

// Code reads one by its hash, whatever has become of it.
func (s *Store) Code(ctx context.Context, hash []byte) (Code, error) {
	var c Code
	err := s.engine.Reader().QueryRowContext(ctx, `SELECT `+codeColumns+` FROM codes WHERE hash = $1`, hash).
		Scan(&c.Hash, &c.ApplicationID, (*int64)(&c.AccountID), &c.AttemptID, (*scopesColumn)(&c.Ceiling), &c.Challenge,
			(*timeColumn)(&c.CreatedAt), (*timeColumn)(&c.ExpiresAt), (*timeColumn)(&c.UsedAt), &c.TokenID, &c.RedirectURI)
	return c, s.fail(ctx, "read the code", err)
}

// RedeemCode uses up a code that waits, has not ended and belongs to the
// application, and inserts t for it. Of concurrent calls one gets it. ErrNotFound:
// there is no such code, and nothing changed; [Store.Code] tells why.
func (s *Store) RedeemCode(ctx context.Context, hash []byte, applicationID string, now time.Time, t Token) error {
	return s.write(ctx, "redeem the code", func(ctx context.Context, q Querier) error {
		result, err := q.ExecContext(ctx,
			`UPDATE codes SET used_at = $3, token_id = $4 WHERE hash = $1 AND application_id = $2 AND used_at = 0 AND expires_at > $3`,
			hash, applicationID, millis(now), t.ID)
		if err := require(result, err, ErrNotFound); err != nil {
			return err
		}
		return insertToken(ctx, q, t)
	})
}
