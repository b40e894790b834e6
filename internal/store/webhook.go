package store

import (
	"context"
	"slices"
	"time"

	"github.com/avain-project/avain/internal/account"
)

// writeWebhooks makes the settings' webhook URLs the endpoints of the application. One
// that stays keeps what waits for it; what waits for one that goes is dropped.
func writeWebhooks(ctx context.Context, q Querier, app account.Application) error {
	type endpoint struct{ id, url string }
	have, err := readAll(ctx, q, func(r row) (e endpoint, err error) { return e, r.Scan(&e.id, &e.url) },
		`SELECT id, url FROM webhook_endpoints WHERE application_id = $1`, app.ID)
	if err != nil {
		return err
	}
	urls := app.Settings.Webhooks
	for _, e := range have {
		if slices.Contains(urls, e.url) {
			continue
		}
		for _, statement := range []string{`DELETE FROM webhook_endpoints WHERE id = $1`, `DELETE FROM deliveries WHERE endpoint_id = $1`} {
			if _, err := q.ExecContext(ctx, statement, e.id); err != nil {
				return err
			}
		}
	}
	for _, url := range urls {
		if slices.ContainsFunc(have, func(e endpoint) bool { return e.url == url }) {
			continue
		}
		_, err := q.ExecContext(ctx,
			`INSERT INTO webhook_endpoints (id, application_id, url, holder, held_until, failures, retry_at) VALUES ($1, $2, $3, '', 0, 0, 0)
			ON CONFLICT (application_id, url) DO NOTHING`, account.NewRecordID(), app.ID, url)
		if err != nil {
			return err
		}
	}
	return nil
}

// SigningSecret is what an application's deliveries are signed with.
type SigningSecret struct {
	ID            string // the record that Sealed is bound to
	ApplicationID string
	Sealed        []byte // by the application's data key
	CreatedAt     time.Time
}

// SigningSecret reads that of an application; ErrNotFound where it has none.
func (s *Store) SigningSecret(ctx context.Context, applicationID string) (SigningSecret, error) {
	var v SigningSecret
	err := s.engine.Reader().QueryRowContext(ctx,
		`SELECT id, application_id, sealed, created_at FROM signing_secrets WHERE application_id = $1`, applicationID).
		Scan(&v.ID, &v.ApplicationID, &v.Sealed, (*timeColumn)(&v.CreatedAt))
	return v, s.fail(ctx, "read the signing secret", err)
}

// SetSigningSecret writes an application's signing secret. Where it has one already,
// that stays unless replace is set. ErrConflict: there is no such application.
func (s *Store) SetSigningSecret(ctx context.Context, v SigningSecret, replace bool) error {
	return s.write(ctx, "write the signing secret", func(ctx context.Context, q Querier) error {
		if err := holdApplication(ctx, q, v.ApplicationID); err != nil {
			return err
		}
		if replace {
			if _, err := q.ExecContext(ctx, `DELETE FROM signing_secrets WHERE application_id = $1`, v.ApplicationID); err != nil {
				return err
			}
		}
		_, err := q.ExecContext(ctx,
			`INSERT INTO signing_secrets (application_id, id, sealed, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (application_id) DO NOTHING`,
			v.ApplicationID, v.ID, v.Sealed, millis(v.CreatedAt))
		return err
	})
}
