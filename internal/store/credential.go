package store

import (
	"context"
	"time"

	"github.com/avain-project/avain/internal/account"
)

// Credential is the provider's secret for one account.
type Credential struct {
	AccountID  account.ID
	RecordID   string // the record that DataKey was wrapped for and Sealed is bound to
	DataKey    []byte
	Sealed     []byte    // nil once wiped
	Generation int64     // grows by one with each change; 1 is the first
	UpdatedAt  time.Time // when a credential was last stored
}

// TokenState is written to the account beside its credential. A zero IssuedAt
// says that no token was issued: both times then keep their stored values.
type TokenState struct {
	Status    account.TokenStatus
	Error     string    // for people; empty while active
	IssuedAt  time.Time // account.Account.TokenIssuedAt
	ExpiresAt time.Time // account.Account.AuthExpiresAt; zero if the provider does not say
}

const selectCredential = `SELECT account_id, record_id, data_key, sealed, generation, updated_at FROM credentials`

// Credential reads the credential of an account. It exists as long as the
// account does, wiped or not.
func (s *Store) Credential(ctx context.Context, id account.ID) (Credential, error) {
	var c Credential
	err := s.engine.Reader().QueryRowContext(ctx, selectCredential+` WHERE account_id = $1`, int64(id)).
		Scan((*int64)(&c.AccountID), &c.RecordID, &c.DataKey, &c.Sealed, &c.Generation, (*timeColumn)(&c.UpdatedAt))
	return c, s.fail(ctx, "read the credential", err)
}

// SaveCredential replaces the credential if its generation is expect, which then
// grows by one, and writes the token state beside it; c.Generation is not read.
// ErrConflict: the generation is another one by now, or the account is gone.
func (s *Store) SaveCredential(ctx context.Context, c Credential, expect int64, state TokenState) error {
	return s.write(ctx, "save the credential", func(ctx context.Context, q Querier) error {
		if err := replaceCredential(ctx, q, c, expect); err != nil {
			return err
		}
		return writeTokenState(ctx, q, c.AccountID, state)
	})
}

func replaceCredential(ctx context.Context, q Querier, c Credential, expect int64) error {
	result, err := q.ExecContext(ctx,
		`UPDATE credentials SET record_id = $3, data_key = $4, sealed = $5, updated_at = $6, generation = generation + 1
		WHERE account_id = $1 AND generation = $2`,
		int64(c.AccountID), expect, c.RecordID, c.DataKey, c.Sealed, millis(c.UpdatedAt))
	return require(result, err, ErrConflict)
}

func insertCredential(ctx context.Context, q Querier, c Credential, generation int64) error {
	_, err := q.ExecContext(ctx,
		`INSERT INTO credentials (account_id, record_id, data_key, sealed, generation, updated_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		int64(c.AccountID), c.RecordID, c.DataKey, c.Sealed, generation, millis(c.UpdatedAt))
	return err
}

func writeTokenState(ctx context.Context, q Querier, id account.ID, state TokenState) error {
	_, err := q.ExecContext(ctx, `UPDATE accounts SET token_status = $2, token_error = $3 WHERE id = $1`,
		int64(id), string(state.Status), state.Error)
	if err != nil || state.IssuedAt.IsZero() {
		return err
	}
	_, err = q.ExecContext(ctx, `UPDATE accounts SET token_issued_at = $2, auth_expires_at = $3 WHERE id = $1`,
		int64(id), millis(state.IssuedAt), millis(state.ExpiresAt))
	return err
}

// MarkToken writes the token state while the credential's generation is the one
// given; changed is false where it is another one by now.
func (s *Store) MarkToken(ctx context.Context, id account.ID, generation int64, state TokenState) (changed bool, err error) {
	err = s.write(ctx, "mark the token", func(ctx context.Context, q Querier) error {
		// Writing the row, if only its own value, holds it until the commit on
		// engines where writers run side by side.
		n, err := count(q.ExecContext(ctx, `UPDATE credentials SET generation = generation WHERE account_id = $1 AND generation = $2`,
			int64(id), generation))
		changed = n > 0
		if err != nil || !changed {
			return err
		}
		return writeTokenState(ctx, q, id, state)
	})
	return changed && err == nil, err
}

// WipeCredential forgets the sealed credential, whatever its generation, and
// writes the token state.
func (s *Store) WipeCredential(ctx context.Context, id account.ID, state TokenState) error {
	return s.write(ctx, "wipe the credential", func(ctx context.Context, q Querier) error {
		result, err := q.ExecContext(ctx, `UPDATE credentials SET sealed = NULL, generation = generation + 1 WHERE account_id = $1`, int64(id))
		if err := require(result, err, ErrNotFound); err != nil {
			return err
		}
		return writeTokenState(ctx, q, id, state)
	})
}

// SharesGrant tells whether another account than except lives on a grant of the
// same person to the same registration: its credential is there and not dead.
func (s *Store) SharesGrant(ctx context.Context, registrationID, subject string, except account.ID) (shared bool, err error) {
	err = s.engine.Reader().QueryRowContext(ctx,
		`SELECT EXISTS (SELECT 1 FROM accounts a JOIN credentials c ON c.account_id = a.id
		WHERE a.registration_id = $1 AND a.subject = $2 AND a.id <> $3 AND a.token_status <> $4 AND c.sealed IS NOT NULL)`,
		registrationID, subject, int64(except), string(account.TokenDead)).Scan(&shared)
	return shared, s.fail(ctx, "look for accounts on the same grant", err)
}
