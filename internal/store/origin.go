package store

import (
	"context"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/weburl"
)

// insertURLs writes the return URLs in their order, repeated ones once, and the
// origins that the settings list.
func insertURLs(ctx context.Context, q Querier, app account.Application) error {
	for i, raw := range app.ReturnURLs {
		var origin any // NULL for a custom scheme
		if o := weburl.Origin(raw); o != "" {
			origin = o
		}
		_, err := q.ExecContext(ctx,
			`INSERT INTO return_urls (application_id, position, url, origin) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			app.ID, i, raw, origin)
		if err != nil {
			return err
		}
	}
	for _, raw := range app.Settings.Origins {
		origin := weburl.Origin(raw)
		if origin == "" {
			continue
		}
		_, err := q.ExecContext(ctx, `INSERT INTO allowed_origins (origin, application_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
			origin, app.ID)
		if err != nil {
			return err
		}
	}
	return nil
}

// OriginRegistered tells whether any application has a return URL of that web
// origin, or lists it in its settings.
func (s *Store) OriginRegistered(ctx context.Context, origin string) (bool, error) {
	canonical := weburl.Origin(origin)
	if canonical == "" {
		return false, nil
	}
	var known bool
	err := s.engine.Reader().QueryRowContext(ctx,
		`SELECT EXISTS (SELECT 1 FROM return_urls WHERE origin = $1) OR EXISTS (SELECT 1 FROM allowed_origins WHERE origin = $1)`,
		canonical).Scan(&known)
	return known, s.fail(ctx, "look the origin up", err)
}
