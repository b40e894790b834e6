package store

import (
	"context"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/scope"
)

// Credential is the provider's secret for one account.
type Credential struct {
	AccountID  account.ID
	RecordID   string // the record that DataKey was wrapped for and Sealed is bound to
	DataKey    []byte
	Sealed     []byte    // nil once wiped
	Generation int64     // grows by one with each change; 1 is the first
	UpdatedAt  time.Time // when a credential was last stored
	// Due is how long after it is stored the credential has to be renewed, so that the
	// grant does not die of disuse; 0 for never. It is written, not read back.
	Due time.Duration
}

// TokenState is written to the account beside its credential. A zero IssuedAt
// says that no token was issued: both times then keep their stored values.
type TokenState struct {
	Status    account.TokenStatus
	Error     string    // for people; empty while active
	IssuedAt  time.Time // account.Account.TokenIssuedAt
	ExpiresAt time.Time // account.Account.AuthExpiresAt; zero if the provider does not say
	// Scopes are written where NativeScopes is not nil: what a refresh left of the grant.
	NativeScopes []string
	Scopes       []scope.Scope
	// Quiet: it is no event, since the account is deleted next, which is one.
	Quiet bool
	// Audit is the kind of the audit event that MarkToken writes with the mark, which says
	// what Error says; empty for none. The same mark again is no event.
	Audit string
}

// interned are the texts that the account's row names by number.
func (state TokenState) interned() []string {
	if state.NativeScopes == nil {
		return nil
	}
	return []string{scope.Join(state.Scopes), strings.Join(state.NativeScopes, " ")}
}

const selectCredential = `SELECT account_id, record_id, data_key, sealed, generation, updated_at FROM credentials`

// Credential reads the credential of an account. It exists as long as the
// account does, wiped or not.
func (s *Store) Credential(ctx context.Context, id account.ID) (Credential, error) {
	var c Credential
	err := s.engine.Reader().QueryRowContext(ctx, selectCredential+` WHERE account_id = $1`, int64(id)).
		Scan((*int64)(&c.AccountID), (*recordID)(&c.RecordID), &c.DataKey, &c.Sealed, &c.Generation, (*timeColumn)(&c.UpdatedAt))
	return c, s.fail(ctx, "read the credential", err)
}

// SaveCredential replaces the credential if its generation is expect, which then
// grows by one, and writes the token state beside it; c.Generation is not read. The data
// key of the same record stays as it is stored, where it may be wrapped anew by now.
// ErrConflict: the generation is another one by now, or the account is gone.
func (s *Store) SaveCredential(ctx context.Context, c Credential, expect int64, state TokenState) error {
	return s.writeInterned(ctx, "save the credential", state.interned(), func(ctx context.Context, q Querier) error {
		if err := s.replaceCredential(ctx, q, c, expect); err != nil {
			return err
		}
		return s.writeTokenState(ctx, q, c.AccountID, state)
	})
}

func (s *Store) replaceCredential(ctx context.Context, q Querier, c Credential, expect int64) error {
	result, err := q.ExecContext(ctx,
		`UPDATE credentials SET record_id = $3, data_key = CASE WHEN record_id = $3 THEN data_key ELSE $4 END, sealed = $5, updated_at = $6, generation = generation + 1
		WHERE account_id = $1 AND generation = $2`,
		int64(c.AccountID), expect, recordID(c.RecordID).bytes(), c.DataKey, c.Sealed, millis(c.UpdatedAt))
	if err := require(result, err, ErrConflict); err != nil {
		return err
	}
	return s.settle(ctx, q, c.AccountID, expect+1, c.Due)
}

func (s *Store) insertCredential(ctx context.Context, q Querier, c Credential, generation int64) error {
	_, err := q.ExecContext(ctx,
		`INSERT INTO credentials (account_id, record_id, data_key, sealed, generation, updated_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		int64(c.AccountID), recordID(c.RecordID).bytes(), c.DataKey, c.Sealed, generation, millis(c.UpdatedAt))
	if err != nil {
		return err
	}
	return s.settle(ctx, q, c.AccountID, generation, c.Due)
}

// writeTokenState comes after the credential is held, and tells what it changes.
func (s *Store) writeTokenState(ctx context.Context, q Querier, id account.ID, state TokenState) error {
	before, err := s.see(ctx, q, id)
	if err != nil {
		return err
	}
	if err := updateTokenState(ctx, q, id, state); err != nil || state.Quiet {
		return err
	}
	return s.tell(ctx, q, id, before)
}

// updateTokenState is one statement: each one of PostgreSQL would leave a dead row behind.
func updateTokenState(ctx context.Context, q Querier, id account.ID, state TokenState) error {
	_, err := q.ExecContext(ctx,
		`UPDATE accounts SET token_status = $2, token_error = $3,
			scopes = CASE WHEN $4 THEN `+numberOf(`$5`)+` ELSE scopes END, native_scopes = CASE WHEN $4 THEN `+numberOf(`$6`)+` ELSE native_scopes END,
			token_issued_at = CASE WHEN $7 THEN CAST($8 AS BIGINT) ELSE token_issued_at END,
			auth_expires_at = CASE WHEN $7 THEN CAST($9 AS BIGINT) ELSE auth_expires_at END
		WHERE id = $1`,
		int64(id), string(state.Status), state.Error, state.NativeScopes != nil, scope.Join(state.Scopes), strings.Join(state.NativeScopes, " "),
		!state.IssuedAt.IsZero(), millis(state.IssuedAt), millis(state.ExpiresAt))
	return err
}

// MarkToken writes the token state while the credential's generation is the one
// given; changed is false where it is another one by now.
func (s *Store) MarkToken(ctx context.Context, id account.ID, generation int64, state TokenState) (changed bool, err error) {
	err = s.writeInterned(ctx, "mark the token", state.interned(), func(ctx context.Context, q Querier) error {
		n, err := count(q.ExecContext(ctx, `UPDATE credentials SET generation = generation WHERE account_id = $1 AND generation = $2`,
			int64(id), generation)) // see hold.go
		changed = n > 0
		if err != nil || !changed {
			return err
		}
		if state.Status == account.TokenDead {
			if err := forget(ctx, q, id); err != nil {
				return err
			}
		}
		if err := s.auditMark(ctx, q, id, state); err != nil {
			return err
		}
		return s.writeTokenState(ctx, q, id, state)
	})
	return changed && err == nil, err
}

// auditMark comes before the state is written.
func (s *Store) auditMark(ctx context.Context, q Querier, id account.ID, state TokenState) error {
	if state.Audit == "" {
		return nil
	}
	_, err := q.ExecContext(ctx,
		`INSERT INTO audit_events (at, kind, application_id, account_id, request_id, detail)
		SELECT `+s.clock()+`, $2, `+textOf(`application`)+`, id, '', CAST($4 AS TEXT) FROM accounts WHERE id = $1 AND (token_status <> $3 OR token_error <> $4)`,
		int64(id), state.Audit, string(state.Status), state.Error)
	return err
}

// WipeCredential forgets the sealed credential of that generation and writes the
// token state. shared tells whether another account lives on a grant of the same
// person to the same client of the provider: seen in the same write, so that of
// accounts wiped at once the last one finds itself alone. ErrConflict: the
// generation is another one by now, or the account is gone.
func (s *Store) WipeCredential(ctx context.Context, id account.ID, generation int64, state TokenState) (shared bool, err error) {
	err = s.writeInterned(ctx, "wipe the credential", state.interned(), func(ctx context.Context, q Querier) error {
		if err := holdClient(ctx, q, id); err != nil {
			return err
		}
		result, err := q.ExecContext(ctx,
			`UPDATE credentials SET sealed = NULL, generation = generation + 1 WHERE account_id = $1 AND generation = $2`, int64(id), generation)
		if err := require(result, err, ErrConflict); err != nil {
			return err
		}
		if err := forget(ctx, q, id); err != nil {
			return err
		}
		if err := s.writeTokenState(ctx, q, id, state); err != nil {
			return err
		}
		// Applications may each have a registration of one client.
		return q.QueryRowContext(ctx,
			`SELECT EXISTS (SELECT 1 FROM accounts me
				JOIN registrations mine ON mine.number = me.registration
				JOIN registrations theirs ON theirs.service_type = mine.service_type AND theirs.client_id = mine.client_id
				JOIN accounts a ON a.application = `+numberOf(`theirs.application_id`)+` AND a.service = me.service AND a.subject = me.subject AND a.registration = theirs.number
				JOIN credentials c ON c.account_id = a.id
				WHERE me.id = $1 AND a.id <> me.id AND a.token_status <> $2 AND c.sealed IS NOT NULL)`,
			int64(id), string(account.TokenDead)).Scan(&shared)
	})
	return shared && err == nil, err
}
