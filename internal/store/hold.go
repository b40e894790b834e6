package store

import (
	"context"

	"github.com/avain-project/avain/internal/account"
)

// A change that decides by more than the rows it writes holds a row first, where
// writers run side by side (PostgreSQL): by writing that row's own value, which every
// engine understands. The change that comes second waits there until the first has
// committed, and all its later statements see what that one did. On an engine with
// one writer it costs a little and does nothing.
//
// One order, or two changes wait for each other: application, registration,
// credential, account, then the rest.

// holdApplication lets one change at a time decide about an application, its secrets
// or its registrations. One that is gone is no error: its foreign keys will tell.
func holdApplication(ctx context.Context, q Querier, id string) error {
	_, err := q.ExecContext(ctx, `UPDATE applications SET updated_at = updated_at WHERE id = $1`, id)
	return err
}

// holdCredential comes before a change that takes the account first.
func holdCredential(ctx context.Context, q Querier, id account.ID) error {
	_, err := q.ExecContext(ctx, `UPDATE credentials SET generation = generation WHERE account_id = $1`, int64(id))
	return err
}

// holdClient lets one change at a time decide who lives on grants of an account's
// client at the provider: that is all registrations of it, whose ever they are.
func holdClient(ctx context.Context, q Querier, id account.ID) error {
	_, err := q.ExecContext(ctx,
		`UPDATE registrations SET revision = revision WHERE EXISTS (
			SELECT 1 FROM accounts me JOIN registrations mine ON mine.number = me.registration
			WHERE me.id = $1 AND registrations.service_type = mine.service_type AND registrations.client_id = mine.client_id)`, int64(id))
	return err
}
