package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/avain-project/avain/internal/account"
)

// A registration that the provider refuses is stopped, for all processes: nobody asks in
// its name but one at a time, to see whether it is over. What is known of it goes by the
// registration's revision, so that a changed one is judged anew.

// Refusal is what a provider said against a registration.
type Refusal struct {
	Class       string
	Code        string
	Cause, Cure string // for people
}

// Health is how a registration fares at one place.
type Health struct {
	RegistrationID string
	Place          string // the authorization server; empty for the provider's only one
	Revision       int64  // of the registration as it stands now
	Since          time.Time
	Refusal        Refusal
	AccountID      account.ID // whose refresh was refused
	Failures       int        // in a row
	// Stopped: nobody but a probe asks. A registration that was changed since it failed
	// is not stopped, though it fails until somebody has had an answer.
	Stopped bool
	Wait    time.Duration // until somebody may probe; 0 is now
	// Suspect: accounts of it have failed lately.
	Suspect bool
	Secret  int // which of its secrets was taken last, from 0
}

// Failing tells whether the provider refused it last.
func (h Health) Failing() bool { return !h.Since.IsZero() }

// healthQuery has the clock last, since its text must be constant.
func (s *Store) healthQuery() string {
	return `SELECT r.id, COALESCE(h.place, ''), r.revision, COALESCE(h.revision, 0), COALESCE(h.failing_since, 0), COALESCE(h.class, ''), COALESCE(h.failure, ''),
		COALESCE(h.cause, ''), COALESCE(h.cure, ''), COALESCE(h.account_id, 0), COALESCE(h.failures, 0), COALESCE(h.retry_at, 0), COALESCE(h.probe_until, 0),
		COALESCE(h.good_secret, 0), EXISTS (SELECT 1 FROM registration_failures f WHERE f.registration_id = r.id AND f.place = h.place), ` + s.engine.Clock() + `
		FROM registrations r LEFT JOIN registration_health h ON h.registration_id = r.id`
}

func (s *Store) scanHealth(r row) (h Health, err error) {
	var judged, retry, probe, clock int64
	err = r.Scan(&h.RegistrationID, &h.Place, &h.Revision, &judged, (*timeColumn)(&h.Since), &h.Refusal.Class, &h.Refusal.Code,
		&h.Refusal.Cause, &h.Refusal.Cure, (*int64)(&h.AccountID), &h.Failures, &retry, &probe, &h.Secret, &h.Suspect, &clock)
	if s.now != nil {
		clock = s.now().UnixMilli()
	}
	h.Wait = time.Duration(max(retry-clock, probe-clock, 0)) * time.Millisecond
	h.Stopped = h.Failing() && judged == h.Revision
	if judged != h.Revision {
		h.Secret, h.Wait, h.Failures = 0, 0, 0
	}
	return h, err
}

// Health reads how a registration fares at a place.
func (s *Store) Health(ctx context.Context, registrationID, place string) (Health, error) {
	h, err := s.scanHealth(s.engine.Reader().QueryRowContext(ctx, s.healthQuery()+` AND h.place = $2 WHERE r.id = $1`, registrationID, place))
	h.Place = place
	return h, s.fail(ctx, "read the registration's health", err)
}

// FailingRegistrations lists those that the provider refused last, by registration and place.
func (s *Store) FailingRegistrations(ctx context.Context) ([]Health, error) {
	list, err := readAll(ctx, s.engine.Reader(), s.scanHealth, s.healthQuery()+` WHERE h.failing_since > 0 ORDER BY r.id, h.place`)
	return list, s.fail(ctx, "list the failing registrations", err)
}

// RegistrationAccounts lists up to n accounts whose grants a registration has issued and
// that work, in no order that means anything.
func (s *Store) RegistrationAccounts(ctx context.Context, registrationID string, n int) ([]account.ID, error) {
	list, err := readAll(ctx, s.engine.Reader(), func(r row) (id account.ID, err error) {
		err = r.Scan((*int64)(&id))
		return id, err
	}, `SELECT id FROM accounts WHERE registration = `+numberOf(`$1`)+` AND token_status <> $2 LIMIT $3`, registrationID, string(account.TokenDead), n)
	return list, s.fail(ctx, "list the registration's accounts", err)
}

// ClaimProbe gets the right to ask in the name of a stopped registration: one at a time has
// it, and no longer than that.
func (s *Store) ClaimProbe(ctx context.Context, h Health, probe string, length time.Duration) (claimed bool, err error) {
	err = s.write(ctx, "claim the probe", func(ctx context.Context, q Querier) error {
		now := s.clock()
		n, err := count(q.ExecContext(ctx,
			`UPDATE registration_health SET probe = $3, probe_until = `+now+` + CAST($4 AS BIGINT)
			WHERE registration_id = $1 AND place = $2 AND failing_since > 0 AND revision = $5 AND retry_at <= `+now+` AND probe_until <= `+now,
			h.RegistrationID, h.Place, probe, length.Milliseconds(), h.Revision))
		claimed = n > 0
		return err
	})
	return claimed, err
}

// RegistrationFailure is one refusal, of one account's refresh.
type RegistrationFailure struct {
	Health    Health // as it was before
	AccountID account.ID
	Refusal   Refusal
	Probe     string // the claim that it was asked with; empty for none
	// Accounts is how many have to fail alike for the registration to be to blame, Within
	// how long: 1 where the provider has named it.
	Accounts int
	Within   time.Duration
	Pause    time.Duration // for how long nobody asks then
}

// FailRegistration notes a refusal, and stops the registration where that is its fault. What
// is asked without the probe while it is stopped changes nothing, and so does what was asked
// before the registration was changed. stopped says that this very refusal has stopped it, or
// keeps it stopped.
func (s *Store) FailRegistration(ctx context.Context, f RegistrationFailure) (stopped bool, err error) {
	err = s.write(ctx, "note the registration's failure", func(ctx context.Context, q Querier) error {
		stopped = false
		before, err := s.holdHealth(ctx, q, f.Health)
		if err != nil || before.current != f.Health.Revision || before.stopped() && (f.Probe == "" || before.probe != f.Probe) {
			return err
		}
		if f.Accounts > 1 && !before.stopped() {
			alike, err := s.countFailures(ctx, q, f)
			if err != nil || alike < f.Accounts {
				return err
			}
		}
		now := s.clock()
		stopped = true
		if err := s.forgetFailures(ctx, q, f.Health); err != nil {
			return err
		}
		_, err = q.ExecContext(ctx,
			`UPDATE registration_health SET failures = CASE WHEN failing_since > 0 AND revision = $3 THEN failures + 1 ELSE 1 END,
				good_secret = CASE WHEN revision = $3 THEN good_secret ELSE 0 END, revision = $3,
				failing_since = CASE WHEN failing_since > 0 THEN failing_since ELSE `+now+` END, class = $4, failure = $5, cause = $6, cure = $7,
				account_id = $8, retry_at = `+now+` + CAST($9 AS BIGINT), probe = '', probe_until = 0
			WHERE registration_id = $1 AND place = $2`,
			f.Health.RegistrationID, f.Health.Place, f.Health.Revision, f.Refusal.Class, f.Refusal.Code, f.Refusal.Cause, f.Refusal.Cure,
			int64(f.AccountID), f.Pause.Milliseconds())
		if err != nil || before.since > 0 {
			return err
		}
		return s.tellRegistration(ctx, q, f.Health, RegistrationFailing, f.Refusal.Code+": "+f.Refusal.Cause)
	})
	return stopped, err
}

// ClearRegistration notes that the provider takes the client, with that of its secrets.
// recovered says that it did not before.
func (s *Store) ClearRegistration(ctx context.Context, h Health, secret int) (recovered bool, err error) {
	err = s.write(ctx, "note the registration's health", func(ctx context.Context, q Querier) error {
		recovered = false
		before, err := s.holdHealth(ctx, q, h)
		if err != nil || before.current != h.Revision {
			return err
		}
		_, err = q.ExecContext(ctx,
			`UPDATE registration_health SET revision = $3, failing_since = 0, class = '', failure = '', cause = '', cure = '', account_id = 0,
				failures = 0, retry_at = 0, probe = '', probe_until = 0, good_secret = $4 WHERE registration_id = $1 AND place = $2`,
			h.RegistrationID, h.Place, h.Revision, secret)
		if err != nil {
			return err
		}
		if err := s.forgetFailures(ctx, q, h); err != nil || before.since == 0 {
			return err
		}
		recovered = true
		return s.tellRegistration(ctx, q, h, RegistrationRecovered, "")
	})
	return recovered, err
}

// judged is what a row says, held until the commit.
type judged struct {
	current, revision, since int64
	probe                    string
}

func (j judged) stopped() bool { return j.since > 0 && j.revision == j.current }

// holdHealth lets one change at a time decide about a registration at a place, and makes
// the row of it. A registration that is gone is ErrConflict.
func (s *Store) holdHealth(ctx context.Context, q Querier, h Health) (j judged, err error) {
	err = q.QueryRowContext(ctx,
		`INSERT INTO registration_health (registration_id, place, revision, failing_since, class, failure, cause, cure, account_id, failures,
			retry_at, probe, probe_until, good_secret)
		VALUES ($1, $2, $3, 0, '', '', '', '', 0, 0, 0, '', 0, 0)
		ON CONFLICT (registration_id, place) DO UPDATE SET place = excluded.place
		RETURNING revision, failing_since, probe`, h.RegistrationID, h.Place, h.Revision).Scan(&j.revision, &j.since, &j.probe)
	if err != nil {
		return j, err
	}
	err = q.QueryRowContext(ctx, `SELECT revision FROM registrations WHERE id = $1`, h.RegistrationID).Scan(&j.current)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrConflict
	}
	return j, err
}

// countFailures adds one, and counts the accounts that have failed alike lately.
func (s *Store) countFailures(ctx context.Context, q Querier, f RegistrationFailure) (alike int, err error) {
	now := s.clock()
	_, err = q.ExecContext(ctx,
		`INSERT INTO registration_failures (registration_id, place, account_id, failure, at) VALUES ($1, $2, $3, $4, `+now+`)
		ON CONFLICT (registration_id, place, account_id) DO UPDATE SET failure = excluded.failure, at = excluded.at`,
		f.Health.RegistrationID, f.Health.Place, int64(f.AccountID), f.Refusal.Code)
	if err != nil {
		return 0, err
	}
	_, err = q.ExecContext(ctx, `DELETE FROM registration_failures WHERE registration_id = $1 AND place = $2 AND at <= `+now+` - CAST($3 AS BIGINT)`,
		f.Health.RegistrationID, f.Health.Place, f.Within.Milliseconds())
	if err != nil {
		return 0, err
	}
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM registration_failures WHERE registration_id = $1 AND place = $2 AND failure = $3`,
		f.Health.RegistrationID, f.Health.Place, f.Refusal.Code).Scan(&alike)
	return alike, err
}

func (s *Store) forgetFailures(ctx context.Context, q Querier, h Health) error {
	_, err := q.ExecContext(ctx, `DELETE FROM registration_failures WHERE registration_id = $1 AND place = $2`, h.RegistrationID, h.Place)
	return err
}

// tellRegistration writes down, in the change itself, that a registration's state is another
// one now: in the audit trail, and as an event for the application.
func (s *Store) tellRegistration(ctx context.Context, q Querier, h Health, kind EventKind, reason string) error {
	_, err := q.ExecContext(ctx,
		`INSERT INTO audit_events (at, kind, application_id, account_id, request_id, detail)
		SELECT `+s.clock()+`, $2, application_id, 0, '', service_type || ' ' || client_id || CAST($3 AS TEXT) FROM registrations WHERE id = $1`,
		h.RegistrationID, string(kind), detail(h.Place, reason))
	if err != nil {
		return err
	}
	return s.emitRegistration(ctx, q, h.RegistrationID, kind, reason)
}

func detail(parts ...string) (text string) {
	for _, part := range parts {
		if part != "" {
			text += "; " + part
		}
	}
	return text
}
