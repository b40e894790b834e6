package main

import (
	"context"
	"io"
	"time"
)

type auditCommand struct {
	Limit int `default:"100" placeholder:"N" help:"How many to list."`
}

type auditEventView struct {
	ID        int64     `json:"id"`
	At        time.Time `json:"at"`
	Kind      string    `json:"kind"`
	AccountID int64     `json:"accountId,omitempty"`
	RequestID string    `json:"requestId,omitempty"`
	Detail    string    `json:"detail"`
}

// Run lists the events, newest first.
func (c *auditCommand) Run(ctx context.Context, s *settings, out output) error {
	a, err := s.open(ctx, s.config())
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	events, err := a.Operator().AuditEvents(ctx, c.Limit)
	if err != nil {
		return err
	}
	views, rows := make([]auditEventView, len(events)), make([][]string, len(events))
	for i, e := range events {
		views[i] = auditEventView{e.ID, utc(e.At), e.Kind, int64(e.AccountID), e.RequestID, e.Detail}
		account := "-"
		if e.AccountID != 0 {
			account = e.AccountID.String()
		}
		rows[i] = []string{stamp(e.At), e.Kind, account, dash(e.RequestID), e.Detail}
	}
	return out.show(views, func(w io.Writer) {
		table(w, []string{"AT", "KIND", "ACCOUNT", "REQUEST", "DETAIL"}, rows)
	})
}
