package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/scope"
)

// Token is an access token of ours.
type Token struct {
	ID            string
	Hash          []byte // SHA-256; unique
	ApplicationID string
	AccountID     account.ID
	Ceiling       []scope.Scope
	Limited       bool // issued to a browser
	CreatedAt     time.Time
	RevokedAt     time.Time // zero while it lives
}

// tokenColumns is in the order of tokenFields.
const tokenColumns = `t.id, t.hash, (SELECT i.text FROM interned i WHERE i.number = t.application), t.account_id,
	(SELECT i.text FROM interned i WHERE i.number = t.ceiling), t.limited, t.created_at, COALESCE(t.revoked_at, 0)`

func tokenFields(t *Token) []any {
	return []any{
		(*recordID)(&t.ID), &t.Hash, &t.ApplicationID, (*int64)(&t.AccountID), (*scopesColumn)(&t.Ceiling), &t.Limited,
		(*timeColumn)(&t.CreatedAt), (*timeColumn)(&t.RevokedAt),
	}
}

func scanToken(r row) (t Token, err error) {
	err = r.Scan(tokenFields(&t)...)
	return t, err
}

// interned are the texts that its row names by number.
func (t Token) interned() []string { return []string{t.ApplicationID, scope.Join(t.Ceiling)} }

func insertToken(ctx context.Context, q Querier, t Token) error {
	_, err := q.ExecContext(ctx,
		`INSERT INTO tokens (id, hash, application, account_id, ceiling, limited, created_at, revoked_at)
		VALUES ($1, $2, `+numberOf(`$3`)+`, $4, `+numberOf(`$5`)+`, $6, $7, NULLIF(CAST($8 AS BIGINT), 0))`,
		recordID(t.ID).bytes(), t.Hash, t.ApplicationID, int64(t.AccountID), scope.Join(t.Ceiling), t.Limited, millis(t.CreatedAt), millis(t.RevokedAt))
	return err
}

// TokenByHash reads one, revoked or not.
func (s *Store) TokenByHash(ctx context.Context, hash []byte) (Token, error) {
	t, err := scanToken(s.engine.Reader().QueryRowContext(ctx, `SELECT `+tokenColumns+` FROM tokens t WHERE t.hash = $1`, hash))
	return t, s.fail(ctx, "read the token", err)
}

// Bearer reads a token with its account: what every call with a bearer needs. A
// revoked token comes with RevokedAt set, and with no account (the zero one)
// where that has been deleted.
func (s *Store) Bearer(ctx context.Context, hash []byte) (t Token, a account.Account, err error) {
	err = s.engine.Reader().QueryRowContext(ctx,
		`SELECT `+tokenColumns+`, `+accountColumns+` FROM tokens t JOIN accounts a ON a.id = t.account_id WHERE t.hash = $1`, hash).
		Scan(append(tokenFields(&t), accountFields(&a)...)...)
	if errors.Is(err, sql.ErrNoRows) { // unknown, or the account is gone
		t, err = s.TokenByHash(ctx, hash)
		return t, account.Account{}, err
	}
	return t, a, s.fail(ctx, "read the token and its account", err)
}

// Tokens lists those of an account, revoked ones too, newest first.
func (s *Store) Tokens(ctx context.Context, id account.ID) ([]Token, error) {
	tokens, err := readAll(ctx, s.engine.Reader(), scanToken,
		`SELECT `+tokenColumns+` FROM tokens t WHERE t.account_id = $1 ORDER BY t.created_at DESC, t.id DESC`, int64(id))
	return tokens, s.fail(ctx, "list the tokens", err)
}

// RevokeToken revokes one; a revoked one keeps its time.
func (s *Store) RevokeToken(ctx context.Context, id string, now time.Time) error {
	return s.write(ctx, "revoke the token", func(ctx context.Context, q Querier) error {
		result, err := q.ExecContext(ctx,
			`UPDATE tokens SET revoked_at = COALESCE(revoked_at, $2) WHERE id = $1`, recordID(id).bytes(), millis(now))
		return require(result, err, ErrNotFound)
	})
}

// RevokeTokens revokes those of an account that live, and counts them.
func (s *Store) RevokeTokens(ctx context.Context, id account.ID, now time.Time) (revoked int, err error) {
	err = s.write(ctx, "revoke the account's tokens", func(ctx context.Context, q Querier) (err error) {
		revoked, err = revokeTokens(ctx, q, id, now)
		return err
	})
	return revoked, err
}

func revokeTokens(ctx context.Context, q Querier, id account.ID, now time.Time) (int, error) {
	return count(q.ExecContext(ctx, `UPDATE tokens SET revoked_at = $2 WHERE account_id = $1 AND revoked_at IS NULL`, int64(id), millis(now)))
}
