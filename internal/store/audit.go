package store

import (
	"context"
	"time"

	"github.com/avain-project/avain/internal/account"
)

// AuditEvent is one line of the audit trail.
type AuditEvent struct {
	ID            int64 // given by the store, ascending
	At            time.Time
	Kind          string
	ApplicationID string
	AccountID     account.ID
	RequestID     string
	Detail        string
}

func scanAuditEvent(r row) (e AuditEvent, err error) {
	err = r.Scan(&e.ID, (*timeColumn)(&e.At), &e.Kind, &e.ApplicationID, (*int64)(&e.AccountID), &e.RequestID, &e.Detail)
	return e, err
}

// AppendAudit adds an event; its ID is given by the store.
func (s *Store) AppendAudit(ctx context.Context, e AuditEvent) error {
	return s.write(ctx, "append to the audit trail", func(ctx context.Context, q Querier) error {
		_, err := q.ExecContext(ctx,
			`INSERT INTO audit_events (at, kind, application_id, account_id, request_id, detail) VALUES ($1, $2, $3, $4, $5, $6)`,
			millis(e.At), e.Kind, e.ApplicationID, int64(e.AccountID), e.RequestID, e.Detail)
		return err
	})
}

// AuditEvents lists the newest, newest first.
func (s *Store) AuditEvents(ctx context.Context, limit int) ([]AuditEvent, error) {
	events, err := readAll(ctx, s.engine.Reader(), scanAuditEvent,
		`SELECT id, at, kind, application_id, account_id, request_id, detail FROM audit_events ORDER BY id DESC LIMIT $1`, max(limit, 0))
	return events, s.fail(ctx, "read the audit trail", err)
}
