package store

import (
	"context"
	"time"
)

// Hold is a sign-in that waits in its attempt for the person's choice.
type Hold struct {
	AttemptID  string
	Held       []byte // sealed sign-in
	ChoiceHash []byte
	Result     []byte // sealed address of the page that asks
	ExpiresAt  time.Time
}

// HoldAttempt keeps a sign-in in a consumed attempt that has no result yet.
// ErrNotFound: there is no such attempt.
func (s *Store) HoldAttempt(ctx context.Context, h Hold) error {
	return s.write(ctx, "hold the sign-in", func(ctx context.Context, q Querier) error {
		result, err := q.ExecContext(ctx,
			`UPDATE attempts SET held = $2, choice_hash = $3, result = $4, expires_at = $5
			WHERE id = $1 AND consumed_at > 0 AND result IS NULL`,
			h.AttemptID, h.Held, h.ChoiceHash, h.Result, millis(h.ExpiresAt))
		return require(result, err, ErrNotFound)
	})
}

// AttemptByChoice reads the attempt that waits, or has waited, for a person's choice.
func (s *Store) AttemptByChoice(ctx context.Context, choiceHash []byte) (Attempt, error) {
	a, err := scanAttempt(s.engine.Reader().QueryRowContext(ctx,
		`SELECT `+attemptColumns+` FROM attempts WHERE choice_hash = $1`, choiceHash))
	return a, s.fail(ctx, "read the attempt", err)
}

// ReleaseAttempt wipes what waits for a choice, and what the attempt holds whose rest
// was asked for there. Of concurrent choices one gets nil, the others ErrNotFound.
func (s *Store) ReleaseAttempt(ctx context.Context, choiceHash []byte) error {
	return s.write(ctx, "release the held sign-in", func(ctx context.Context, q Querier) error {
		return releaseHeld(ctx, q, choiceHash)
	})
}

// ContinueAttempt is ReleaseAttempt and CreateAttempt of what follows, in one write.
func (s *Store) ContinueAttempt(ctx context.Context, choiceHash []byte, next Attempt) error {
	return s.write(ctx, "continue the attempt", func(ctx context.Context, q Querier) error {
		if err := releaseHeld(ctx, q, choiceHash); err != nil {
			return err
		}
		return insertAttempt(ctx, q, next)
	})
}

// AskRest creates the attempt that asks for the missing access. What was held stays,
// so that the person can still go on without. ErrNotFound: nothing is held any more,
// or the rest has been asked for before.
func (s *Store) AskRest(ctx context.Context, choiceHash []byte, next Attempt) error {
	return s.write(ctx, "ask for the rest", func(ctx context.Context, q Querier) error {
		result, err := q.ExecContext(ctx,
			`UPDATE attempts SET rest_asked = TRUE WHERE choice_hash = $1 AND held IS NOT NULL AND NOT rest_asked`, choiceHash)
		if err := require(result, err, ErrNotFound); err != nil {
			return err
		}
		return insertAttempt(ctx, q, next)
	})
}

// releaseHeld is the claim to carry out a choice.
func releaseHeld(ctx context.Context, q Querier, choiceHash []byte) error {
	var id string
	err := q.QueryRowContext(ctx,
		`UPDATE attempts SET held = NULL WHERE choice_hash = $1 AND held IS NOT NULL RETURNING id`, choiceHash).Scan(&id)
	if err != nil {
		return err // none is ErrNotFound
	}
	return wipeHeld(ctx, q, id)
}

// wipeHeld ends what an attempt holds, and what the one holds whose rest it asked for.
func wipeHeld(ctx context.Context, q Querier, id string) error {
	_, err := q.ExecContext(ctx,
		`UPDATE attempts SET held = NULL
		WHERE held IS NOT NULL AND (id = $1 OR id = (SELECT rest_of FROM attempts WHERE id = $1))`, id)
	return err
}
