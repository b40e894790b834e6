package store

import (
	"context"
	"time"

	"github.com/avain-project/avain/internal/account"
)

// Deliveries are claimed by the endpoint: one process at a time delivers to a URL, so
// that one account's events arrive there in their order. Of an account's deliveries the
// oldest alone is due; the next one follows when it has arrived or was given up. Times
// are the database's.

// deliveredFor is how long a delivery is tried for.
const deliveredFor = 3 * 24 * time.Hour

// DeliveryState is how a delivery stands.
type DeliveryState string

// The states.
const (
	DeliveryWaiting DeliveryState = "waiting"
	DeliveryDone    DeliveryState = "delivered"
	DeliveryFailed  DeliveryState = "failed" // given up
)

// Endpoint is one claimed webhook URL of an application.
type Endpoint struct {
	ID            string
	ApplicationID string
	URL           string
	Holder        string
	Failures      int // in a row, of the endpoint as a whole
}

// Delivery is one event for one endpoint.
type Delivery struct {
	Event      Event
	EndpointID string
	URL        string // empty where the endpoint is gone
	State      DeliveryState
	Attempts   int
	Failure    string // of the last try; empty for none
	EndedAt    time.Time
}

// dueHead finds the waiting deliveries d whose time has come and before which none of the
// same stream waits. Subqueries of one value keep PostgreSQL from joining whole tables, which
// it prefers while it knows nothing of their size; and make it ask for the time but once, and
// look that up in the index.
func dueHead(now string) string {
	return `d.state = 'waiting' AND d.due_at <= (SELECT ` + now + `) AND (SELECT 1 FROM deliveries b
		WHERE b.state = 'waiting' AND b.stream = d.stream AND b.event_id < d.event_id LIMIT 1) IS NULL`
}

// ClaimEndpoints claims up to n endpoints with something to deliver, whose pause is over
// and which nobody holds. Where there is nothing to do it writes nothing.
func (s *Store) ClaimEndpoints(ctx context.Context, holder string, n int, length time.Duration) ([]Endpoint, error) {
	const what = "claim the webhooks"
	now := s.clock()
	ready := `w.retry_at <= ` + now + ` AND w.held_until <= ` + now + ` AND (SELECT 1 FROM deliveries d WHERE d.endpoint_id = w.id AND ` + dueHead(now) + ` ORDER BY d.due_at, d.event_id LIMIT 1) IS NOT NULL`
	var found bool
	err := s.engine.Reader().QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM webhook_endpoints w WHERE `+ready+`)`).Scan(&found)
	if err != nil || !found {
		return nil, s.fail(ctx, what, err)
	}
	var claimed []Endpoint
	err = s.write(ctx, what, func(ctx context.Context, q Querier) (err error) {
		claimed, err = readAll(ctx, q, func(r row) (Endpoint, error) {
			e := Endpoint{Holder: holder}
			return e, r.Scan(&e.ID, &e.ApplicationID, &e.URL, &e.Failures)
		}, `UPDATE webhook_endpoints SET holder = $1, held_until = `+now+` + $2
			WHERE id IN (SELECT w.id FROM webhook_endpoints w WHERE `+ready+` ORDER BY w.retry_at, w.id LIMIT $3 `+s.engine.SkipLocked()+`)
			RETURNING id, application_id, url, failures`, holder, length.Milliseconds(), n)
		return err
	})
	return claimed, err
}

// DueDeliveries lists up to n deliveries that are due at a claimed endpoint, the longest
// waiting first, at most one an account.
func (s *Store) DueDeliveries(ctx context.Context, e Endpoint, n int) ([]Delivery, error) {
	due, err := readAll(ctx, s.engine.Reader(), scanDelivery,
		selectDeliveries+` WHERE d.endpoint_id = $1 AND `+dueHead(s.clock())+` ORDER BY d.due_at, d.event_id LIMIT $2`, e.ID, n)
	return due, s.fail(ctx, "list what is due at a webhook", err)
}

const selectDeliveries = `SELECT ` + eventColumns + `, d.endpoint_id, COALESCE(w.url, ''), d.state, d.attempts, d.failure, d.ended_at
	FROM deliveries d JOIN events e ON e.id = d.event_id LEFT JOIN webhook_endpoints w ON w.id = d.endpoint_id`

func scanDelivery(r row) (d Delivery, err error) {
	err = r.Scan(append(eventFields(&d.Event), &d.EndpointID, &d.URL, (*string)(&d.State), &d.Attempts, &d.Failure, (*timeColumn)(&d.EndedAt))...)
	return d, err
}

// Delivered ends a delivery: it has arrived, whoever holds the endpoint by now.
func (s *Store) Delivered(ctx context.Context, d Delivery) error {
	return s.write(ctx, "note a delivery", func(ctx context.Context, q Querier) error {
		_, err := q.ExecContext(ctx,
			`UPDATE deliveries SET state = 'delivered', attempts = attempts + 1, failure = '', ended_at = `+s.clock()+`
			WHERE event_id = $1 AND endpoint_id = $2 AND state <> 'delivered'`, d.Event.Sequence, d.EndpointID)
		return err
	})
}

// Undelivered puts a delivery off, or gives it up where its time is over.
func (s *Store) Undelivered(ctx context.Context, e Endpoint, d Delivery, failure string, wait time.Duration) error {
	return s.write(ctx, "note a failed delivery", func(ctx context.Context, q Querier) error {
		now := s.clock()
		_, err := q.ExecContext(ctx,
			`UPDATE deliveries SET attempts = attempts + 1, failure = $3, due_at = `+now+` + CAST($4 AS BIGINT),
				state = CASE WHEN until_at <= `+now+` THEN 'failed' ELSE 'waiting' END,
				ended_at = CASE WHEN until_at <= `+now+` THEN `+now+` ELSE 0 END
			WHERE event_id = $1 AND endpoint_id = $2 AND state = 'waiting'
				AND EXISTS (SELECT 1 FROM webhook_endpoints w WHERE w.id = $2 AND w.holder = $5)`,
			d.Event.Sequence, d.EndpointID, failure, wait.Milliseconds(), e.Holder)
		return err
	})
}

// ReleaseEndpoint ends a claim: the endpoint works, unless pause says how long it is left
// alone after one more failure, which all its deliveries would share; those whose time is over are
// then given up. Nothing changes where another has claimed it meanwhile.
func (s *Store) ReleaseEndpoint(ctx context.Context, e Endpoint, failure string, pause time.Duration) error {
	return s.write(ctx, "release a webhook", func(ctx context.Context, q Querier) error {
		now := s.clock()
		n, err := count(q.ExecContext(ctx,
			`UPDATE webhook_endpoints SET holder = '', held_until = 0,
				failures = CASE WHEN $3 = '' THEN 0 ELSE CAST($5 AS BIGINT) + 1 END,
				retry_at = CASE WHEN $3 = '' THEN 0 ELSE `+now+` + CAST($4 AS BIGINT) END
			WHERE id = $1 AND holder = $2`, e.ID, e.Holder, failure, pause.Milliseconds(), e.Failures))
		if err != nil || n == 0 || failure == "" {
			return err
		}
		_, err = q.ExecContext(ctx,
			`UPDATE deliveries SET state = 'failed', failure = $2, ended_at = `+now+`
			WHERE endpoint_id = $1 AND state = 'waiting' AND until_at <= `+now, e.ID, failure)
		return err
	})
}

// DeliveryFilter narrows [Store.Deliveries] and [Store.Redeliver]; zero fields narrow
// nothing.
type DeliveryFilter struct {
	ApplicationID string
	AccountID     account.ID
	EventID       string
	State         DeliveryState
	Since         time.Time // of the event
	Limit         int       // of Deliveries; 0 is none
}

const deliveryFilter = ` ($1 = '' OR e.application_id = $1) AND (CAST($2 AS BIGINT) = 0 OR e.account_id = $2)
	AND ($3 = '' OR e.record_id = $3) AND ($4 = '' OR d.state = $4) AND e.at >= $5`

func (f DeliveryFilter) args() []any {
	return []any{f.ApplicationID, int64(f.AccountID), f.EventID, string(f.State), millis(f.Since)}
}

// Deliveries lists the newest, newest first.
func (s *Store) Deliveries(ctx context.Context, f DeliveryFilter) ([]Delivery, error) {
	limit := f.Limit
	if limit <= 0 {
		limit = 1 << 31
	}
	list, err := readAll(ctx, s.engine.Reader(), scanDelivery,
		selectDeliveries+` WHERE`+deliveryFilter+` ORDER BY d.event_id DESC, d.endpoint_id LIMIT $6`, append(f.args(), limit)...)
	return list, s.fail(ctx, "list the deliveries", err)
}

// Redeliver puts deliveries that ended back to wait, for as long as new ones, to the URLs
// that are still there, and lets their endpoints be tried at once. It counts them.
func (s *Store) Redeliver(ctx context.Context, f DeliveryFilter) (n int, err error) {
	err = s.write(ctx, "deliver events again", func(ctx context.Context, q Querier) error {
		now := s.clock()
		const there = ` AND EXISTS (SELECT 1 FROM webhook_endpoints w WHERE w.id = d.endpoint_id)`
		var err error
		n, err = count(q.ExecContext(ctx,
			`UPDATE deliveries AS d SET state = 'waiting', attempts = 0, due_at = `+now+`, until_at = `+now+` + $6, failure = '', ended_at = 0
			WHERE d.state <> 'waiting' AND EXISTS (SELECT 1 FROM events e WHERE e.id = d.event_id AND`+deliveryFilter+`)`+there, append(f.args(), deliveredFor.Milliseconds())...))
		if err != nil || n == 0 {
			return err
		}
		_, err = q.ExecContext(ctx, `UPDATE webhook_endpoints SET retry_at = 0 WHERE $1 = '' OR application_id = $1`, f.ApplicationID)
		return err
	})
	return n, err
}
