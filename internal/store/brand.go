package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/brand"
)

// brandRow is brand.Brand as JSON: same fields, so that the two convert.
type brandRow struct {
	Color      string `json:"color,omitempty"`
	ColorDark  string `json:"color_dark,omitempty"`
	Logo       string `json:"logo,omitempty"`
	PrivacyURL string `json:"privacy_url,omitempty"`
	TermsURL   string `json:"terms_url,omitempty"`
}

// writeLogos stores new pictures of an application, and drops those that its brand does
// not name.
func writeLogos(ctx context.Context, q Querier, app account.Application, logos []brand.Logo) error {
	for _, l := range logos {
		_, err := q.ExecContext(ctx, `INSERT INTO logos (hash, application_id, media_type, data) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			l.Hash, app.ID, l.MediaType, l.Data)
		if err != nil {
			return err
		}
	}
	_, err := q.ExecContext(ctx, `DELETE FROM logos WHERE application_id = $1 AND hash <> $2`, app.ID, app.Brand.Logo)
	return err
}

// Logo reads a picture by its hash; found is false where no application has it.
func (s *Store) Logo(ctx context.Context, hash string) (logo brand.Logo, found bool, err error) {
	logo.Hash = hash
	err = s.engine.Reader().QueryRowContext(ctx, `SELECT media_type, data FROM logos WHERE hash = $1 LIMIT 1`, hash).
		Scan(&logo.MediaType, &logo.Data)
	if errors.Is(err, sql.ErrNoRows) {
		return brand.Logo{}, false, nil
	}
	return logo, err == nil, s.fail(ctx, "read the logo", err)
}
