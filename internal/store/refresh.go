package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/avain-project/avain/internal/account"
)

// Before a provider is asked to renew a credential, its refresh is claimed: so one
// process asks at a time, and the store has just proven that it takes a write. A claim
// limits who asks, never what is stored: that goes by the credential's generation alone.
// Its times are the database's, which all processes share.

// Claim is the right to ask the provider for a new credential.
type Claim struct {
	AccountID  account.ID
	Generation int64  // of the credential that is to be renewed
	Holder     string // one claim's own name
	Failures   int    // passing failures in a row before this one
	// Since is when its holder began to claim it, by the holder's own clock; the holder sets it.
	Since time.Time
	// Doubt: an earlier claim of this generation ended without an outcome, so the provider
	// may have renewed it already. A refusal then proves nothing about the grant until the
	// doubt has ended.
	Doubt Doubt
	// RegistrationID is what a due one was found by.
	RegistrationID string
}

// Doubt is what is known of earlier claims' outcomes.
type Doubt string

// The doubts.
const (
	NoDoubt   Doubt = ""
	InDoubt   Doubt = "in doubt"   // an answer may still come
	LostDoubt Doubt = "lost doubt" // no answer can come any more
)

// ClaimRequest is what is claimed, and for how long.
type ClaimRequest struct {
	AccountID  account.ID
	Generation int64
	Holder     string
	// For is longer than the longest call to the provider, by a margin.
	For time.Duration
	// DoubtFor is how long the answer to an abandoned claim may still come.
	DoubtFor time.Duration
}

// WaitError says that nobody may ask the provider for now.
type WaitError struct {
	// Held: another claim is under way; For is when it ends at the latest.
	Held bool
	For  time.Duration // the wait, by the database's clock
	// Failure is the code of the failure that is waited out; empty where Held.
	Failure string
}

func (e *WaitError) Error() string {
	if e.Held {
		return fmt.Sprintf("somebody else renews it, for %s at most", e.For)
	}
	return fmt.Sprintf("after %s it is left alone for %s", e.Failure, e.For)
}

// ClaimRefresh claims one account's refresh. ErrConflict: the credential is of another
// generation by now, or gone; *WaitError: not now. Who holds the claim reads the
// credential anew before asking: a save may have come in between.
func (s *Store) ClaimRefresh(ctx context.Context, r ClaimRequest) (Claim, error) {
	claim := Claim{AccountID: r.AccountID, Generation: r.Generation, Holder: r.Holder}
	err := s.write(ctx, "claim the refresh", func(ctx context.Context, q Querier) error {
		var generation int64
		err := q.QueryRowContext(ctx, `SELECT generation FROM credentials WHERE account_id = $1`, int64(r.AccountID)).Scan(&generation)
		if errors.Is(err, sql.ErrNoRows) || err == nil && generation != r.Generation {
			return ErrConflict
		}
		if err != nil {
			return err
		}
		now := s.clock()
		var doubtUntil, clock int64
		err = q.QueryRowContext(ctx,
			`INSERT INTO refreshes (account_id, generation, holder, held_until, doubt_until, retry_at, failures, failure, due_at, registration)
			VALUES ($1, $2, $3, `+now+` + $4, 0, 0, 0, '', 0, (SELECT a.registration FROM accounts a WHERE a.id = $1))
			ON CONFLICT (account_id) DO UPDATE SET generation = $2, holder = $3, held_until = `+now+` + $4,
				doubt_until = CASE WHEN refreshes.generation <> $2 THEN 0
					WHEN refreshes.holder <> '' AND refreshes.doubt_until < `+now+` + $5 THEN `+now+` + $5
					ELSE refreshes.doubt_until END,
				failures = CASE WHEN refreshes.generation <> $2 THEN 0 ELSE refreshes.failures END
			WHERE (refreshes.holder = '' OR refreshes.held_until <= `+now+` OR refreshes.generation < $2)
				AND (refreshes.retry_at <= `+now+` OR refreshes.generation < $2) AND refreshes.generation <= $2
			RETURNING doubt_until, failures, `+now,
			int64(r.AccountID), r.Generation, r.Holder, r.For.Milliseconds(), r.DoubtFor.Milliseconds()).
			Scan(&doubtUntil, &claim.Failures, &clock)
		if errors.Is(err, sql.ErrNoRows) {
			return s.wait(ctx, q, r)
		}
		claim.Doubt = doubt(doubtUntil, clock)
		return err
	})
	if err != nil {
		return Claim{}, err
	}
	return claim, nil
}

func doubt(until, now int64) Doubt {
	switch {
	case until == 0:
		return NoDoubt
	case until > now:
		return InDoubt
	}
	return LostDoubt
}

// wait tells why there was no claim. Another process may have saved a newer credential since its
// generation was read: ErrConflict.
func (s *Store) wait(ctx context.Context, q Querier, r ClaimRequest) error {
	var holder string
	var generation, held, retry int64
	var e WaitError
	now := s.clock()
	err := q.QueryRowContext(ctx, `SELECT generation, holder, held_until - `+now+`, retry_at - `+now+`, failure FROM refreshes WHERE account_id = $1`, int64(r.AccountID)).
		Scan(&generation, &holder, &held, &retry, &e.Failure)
	if err != nil {
		return err
	}
	if generation > r.Generation {
		return ErrConflict
	}
	e.For = time.Duration(max(retry, 1)) * time.Millisecond
	if holder != "" && held > 0 {
		e.Held, e.For, e.Failure = true, time.Duration(held)*time.Millisecond, ""
	}
	return &e
}

// Release is how a claim ended without a new credential.
type Release struct {
	// Failure is the passing failure's code, which the account is then left alone for Wait
	// after; empty where there was none.
	Failure string
	Wait    time.Duration
	// Doubt: the provider may have seen the question, and its answer was lost, or may yet
	// come for DoubtFor.
	Doubt    bool
	DoubtFor time.Duration
	// Due puts a refresh that is due within that time off until then; 0 leaves it as it is,
	// Never ends it.
	Due time.Duration
}

// Never is a Due of a credential that nobody can renew.
const Never time.Duration = -1

// ReleaseRefresh ends a claim; one that has been taken over is none of the caller's any
// more, and nothing changes.
func (s *Store) ReleaseRefresh(ctx context.Context, c Claim, r Release) error {
	return s.write(ctx, "release the refresh", func(ctx context.Context, q Querier) error {
		now := s.clock()
		_, err := q.ExecContext(ctx,
			`UPDATE refreshes SET holder = '', held_until = 0,
				failure = $3, failures = CASE WHEN $3 = '' THEN 0 ELSE failures + 1 END,
				retry_at = CASE WHEN CAST($4 AS BIGINT) > 0 THEN `+now+` + CAST($4 AS BIGINT) ELSE 0 END,
				due_at = CASE WHEN CAST($6 AS BIGINT) < 0 THEN 0 WHEN due_at > 0 AND due_at < `+now+` + CAST($6 AS BIGINT) THEN `+now+` + CAST($6 AS BIGINT) ELSE due_at END,
				doubt_until = CASE WHEN $5 AND doubt_until < `+now+` + CAST($7 AS BIGINT) THEN `+now+` + CAST($7 AS BIGINT) ELSE doubt_until END
			WHERE account_id = $1 AND holder = $2`,
			int64(c.AccountID), c.Holder, r.Failure, r.Wait.Milliseconds(), r.Doubt, whole(r.Due), r.DoubtFor.Milliseconds())
		return err
	})
}

// whole is a duration in milliseconds, of which Never is one too.
func whole(d time.Duration) int64 {
	if d < 0 {
		return -1
	}
	return d.Milliseconds()
}

// settle ends whatever claim there is on a credential that has just been replaced, and
// says when the new one is due.
func (s *Store) settle(ctx context.Context, q Querier, id account.ID, generation int64, due time.Duration) error {
	now := s.clock()
	_, err := q.ExecContext(ctx,
		`INSERT INTO refreshes (account_id, generation, holder, held_until, doubt_until, retry_at, failures, failure, due_at, registration)
		VALUES ($1, $2, '', 0, 0, 0, 0, '', CASE WHEN CAST($3 AS BIGINT) > 0 THEN `+now+` + CAST($3 AS BIGINT) ELSE 0 END,
			(SELECT a.registration FROM accounts a WHERE a.id = $1))
		ON CONFLICT (account_id) DO UPDATE SET generation = $2, holder = '', held_until = 0, doubt_until = 0, retry_at = 0,
			failures = 0, failure = '', due_at = excluded.due_at, registration = excluded.registration`,
		int64(id), generation, due.Milliseconds())
	return err
}

// forget leaves a credential alone that nobody can renew.
func forget(ctx context.Context, q Querier, id account.ID) error {
	_, err := q.ExecContext(ctx, `UPDATE refreshes SET holder = '', held_until = 0, due_at = 0 WHERE account_id = $1`, int64(id))
	return err
}
