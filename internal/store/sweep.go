package store

import (
	"context"
	"time"
)

// How long records stay after their end, to tell late comers what happened.
const (
	attemptsKept = time.Hour
	codesKept    = 24 * time.Hour
	tokensKept   = 30 * 24 * time.Hour
)

// SweepReport counts what [Store.Sweep] deleted.
type SweepReport struct{ Attempts, Codes, Tokens int }

// Sweep deletes attempts that ended more than an hour ago, codes that ended more
// than a day ago, and tokens revoked more than 30 days ago. An attempt or code
// ends when it is used or expires.
func (s *Store) Sweep(ctx context.Context, now time.Time) (report SweepReport, err error) {
	err = s.write(ctx, "sweep ended records", func(ctx context.Context, q Querier) (err error) {
		report = SweepReport{}
		report.Attempts, err = count(q.ExecContext(ctx,
			`DELETE FROM attempts WHERE expires_at < $1 OR (consumed_at > 0 AND consumed_at < $1)`, millis(now.Add(-attemptsKept))))
		if err != nil {
			return err
		}
		report.Codes, err = count(q.ExecContext(ctx,
			`DELETE FROM codes WHERE expires_at < $1 OR (used_at > 0 AND used_at < $1)`, millis(now.Add(-codesKept))))
		if err != nil {
			return err
		}
		report.Tokens, err = count(q.ExecContext(ctx,
			`DELETE FROM tokens WHERE revoked_at > 0 AND revoked_at < $1`, millis(now.Add(-tokensKept))))
		return err
	})
	if err != nil {
		return SweepReport{}, err
	}
	return report, nil
}
