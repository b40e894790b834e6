package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/avain-project/avain/internal/account"
)

// What is due is renewed by one process at a time, which so keeps the limits of all. Its turn
// ends by the database's clock, like a claim, and each look at what is due makes it longer.

// turnRenew names it among the turns.
const turnRenew = "renew"

// DueRegistration is a registration of which at least one account is due.
type DueRegistration struct {
	ID          string
	ServiceType account.ServiceType
}

// DueRegistrations lists them, in the order of their ids.
func (s *Store) DueRegistrations(ctx context.Context) ([]DueRegistration, error) {
	// A subquery of one value: joined, it would be a walk over all that is ever due.
	first := func(number string) string {
		return `(SELECT f.due_at FROM refreshes f WHERE f.registration = ` + number + ` AND f.due_at > 0 ORDER BY f.due_at LIMIT 1) <= ` + s.clock()
	}
	list, err := readAll(ctx, s.engine.Reader(), func(r row) (d DueRegistration, err error) {
		err = r.Scan(&d.ID, (*string)(&d.ServiceType))
		return d, err
	}, `SELECT r.id, r.service_type FROM registrations r WHERE `+first(`r.number`)+` ORDER BY r.id`)
	return list, s.fail(ctx, "list the registrations with something due", err)
}

// DueRequest is what is claimed of the due, and for how long.
type DueRequest struct {
	Turn   string // who asks: one name as long as it goes on
	Holder string // of these claims
	Shares []DueShare
	// For and DoubtFor are those of ClaimRequest. The turn lasts as long as the claims.
	For      time.Duration
	DoubtFor time.Duration
}

// DueShare is up to N accounts of a registration, the longest waiting first.
type DueShare struct {
	RegistrationID string
	N              int
}

// ClaimDue takes or keeps the turn, and claims refreshes that are due. ErrConflict: it is
// another's turn.
func (s *Store) ClaimDue(ctx context.Context, r DueRequest) ([]Claim, error) {
	var claims []Claim
	err := s.write(ctx, "claim the due refreshes", func(ctx context.Context, q Querier) error {
		claims = nil
		if err := s.takeTurn(ctx, q, turnRenew, r.Turn, r.For); err != nil {
			return err
		}
		for _, share := range r.Shares {
			of, err := s.claimShare(ctx, q, r, share)
			if err != nil {
				return err
			}
			claims = append(claims, of...)
		}
		return nil
	})
	return claims, err
}

// claimShare claims what is due of one registration. The time is a subquery: PostgreSQL looks up
// in an index what it needs to ask for but once.
func (s *Store) claimShare(ctx context.Context, q Querier, r DueRequest, share DueShare) ([]Claim, error) {
	now := s.clock()
	return readAll(ctx, q, func(found row) (Claim, error) {
		c := Claim{Holder: r.Holder, RegistrationID: share.RegistrationID}
		var doubtUntil, clock int64
		err := found.Scan((*int64)(&c.AccountID), &c.Generation, &c.Failures, &doubtUntil, &clock)
		c.Doubt = doubt(doubtUntil, clock)
		return c, err
	}, `UPDATE refreshes SET holder = $1, held_until = `+now+` + $2,
			doubt_until = CASE WHEN holder <> '' AND doubt_until < `+now+` + $3 THEN `+now+` + $3 ELSE doubt_until END
		WHERE account_id IN (SELECT account_id FROM refreshes
			WHERE registration = `+numberOf(`$4`)+` AND due_at > 0 AND due_at <= (SELECT `+now+`) AND held_until <= `+now+` ORDER BY due_at LIMIT $5 `+s.engine.SkipLocked()+`)
		RETURNING account_id, generation, failures, doubt_until, `+now,
		r.Holder, r.For.Milliseconds(), r.DoubtFor.Milliseconds(), share.RegistrationID, share.N)
}

// EndDue ends the turn before its time.
func (s *Store) EndDue(ctx context.Context, turn string) error {
	return s.write(ctx, "end the turn", func(ctx context.Context, q Querier) error {
		_, err := q.ExecContext(ctx, `UPDATE turns SET holder = '', held_until = 0 WHERE name = $1 AND holder = $2`, turnRenew, turn)
		return err
	})
}

// takeTurn takes a turn or makes it longer. ErrConflict: another has it.
func (s *Store) takeTurn(ctx context.Context, q Querier, name, holder string, length time.Duration) error {
	now := s.clock()
	var taken string
	err := q.QueryRowContext(ctx,
		`INSERT INTO turns (name, holder, held_until) VALUES ($1, $2, `+now+` + CAST($3 AS BIGINT))
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until
		WHERE turns.holder = excluded.holder OR turns.held_until <= `+now+` RETURNING holder`,
		name, holder, length.Milliseconds()).Scan(&taken)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrConflict
	}
	return err
}
