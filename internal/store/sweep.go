package store

import (
	"context"
	"time"
)

// sweepBatch is how many rows one write deletes: the writer serves others in
// between.
const sweepBatch = 500

// How long records stay after their end, to tell late comers what happened.
const (
	attemptsKept = time.Hour
	codesKept    = 24 * time.Hour
	tokensKept   = 30 * 24 * time.Hour
)

// SweepReport counts what [Store.Sweep] deleted.
type SweepReport struct{ Attempts, Codes, Tokens, Events, Sessions int }

// Sweep wipes sign-ins whose choice was never made, with the way to the question, and
// deletes attempts that expired more than an hour ago, codes that expired more than a day
// ago, tokens revoked more than 30 days ago and events as old as that, with their
// deliveries, and sessions and used signatures that have ended, in many small changes. The report counts
// what was deleted before an error too.
func (s *Store) Sweep(ctx context.Context, now time.Time) (report SweepReport, err error) {
	_, err = s.sweep(ctx,
		`UPDATE attempts SET held = NULL, result = NULL WHERE id IN (SELECT id FROM attempts WHERE held IS NOT NULL AND expires_at < $1 LIMIT $2)`, now)
	if err != nil {
		return report, err
	}
	report.Attempts, err = s.sweep(ctx,
		`DELETE FROM attempts WHERE id IN (SELECT id FROM attempts WHERE expires_at < $1 LIMIT $2)`, now.Add(-attemptsKept))
	if err != nil {
		return report, err
	}
	report.Codes, err = s.sweep(ctx,
		`DELETE FROM codes WHERE hash IN (SELECT hash FROM codes WHERE expires_at < $1 LIMIT $2)`, now.Add(-codesKept))
	if err != nil {
		return report, err
	}
	report.Tokens, err = s.sweep(ctx,
		`DELETE FROM tokens WHERE hash IN (SELECT hash FROM tokens WHERE revoked_at IS NOT NULL AND revoked_at < $1 LIMIT $2)`, now.Add(-tokensKept))
	if err != nil {
		return report, err
	}
	report.Events, err = s.sweep(ctx,
		`DELETE FROM events WHERE id IN (SELECT id FROM events WHERE at < $1 LIMIT $2)`, now.Add(-eventsKept))
	if err != nil {
		return report, err
	}
	report.Sessions, err = s.sweep(ctx,
		`DELETE FROM sessions WHERE hash IN (SELECT hash FROM sessions WHERE expires_at < $1 LIMIT $2)`, now)
	if err != nil {
		return report, err
	}
	_, err = s.sweep(ctx,
		`DELETE FROM used_signatures WHERE hash IN (SELECT hash FROM used_signatures WHERE expires_at < $1 LIMIT $2)`, now)
	if err != nil {
		return report, err
	}
	return report, s.fail(ctx, "forget what was deleted", s.engine.Forget(ctx))
}

// sweep repeats the statement until it finds less than a whole batch.
func (s *Store) sweep(ctx context.Context, statement string, before time.Time) (deleted int, err error) {
	for {
		var batch int
		err := s.write(ctx, "sweep ended records", func(ctx context.Context, q Querier) (err error) {
			batch, err = count(q.ExecContext(ctx, statement, millis(before), sweepBatch))
			return err
		})
		if err != nil {
			return deleted, err
		}
		if deleted += batch; batch < sweepBatch {
			return deleted, nil
		}
	}
}
