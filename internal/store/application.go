package store

import (
	"context"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/brand"
)

// Application is the row of an application.
type Application struct {
	account.Application
	DataKey []byte // wrapped for the application's ID; seals its secrets
	// Logos are stored with a new application; they are not read back with it.
	Logos []brand.Logo
}

// settingsRow is account.Settings as JSON: same fields, so that the two convert.
type settingsRow struct {
	Public         bool          `json:"public,omitempty"`
	TokenMode      bool          `json:"token_mode,omitempty"`
	CodeLifetime   time.Duration `json:"code_lifetime_ns,omitempty"`
	RevokeOnReplay bool          `json:"revoke_on_replay,omitempty"`
	ProviderAuth   bool          `json:"provider_auth,omitempty"`
	Origins        []string      `json:"origins,omitempty"`
	Alias          string        `json:"alias,omitempty"`

	PartialGrant account.PartialGrant `json:"partial_grant,omitempty"`
	CrossSite    bool                 `json:"cross_site,omitempty"`
	Webhooks     []string             `json:"webhooks,omitempty"`
}

// selectApplications gives an application as a row for each of its return URLs:
// every sign-in reads it more than once, and a second statement costs as much again.
const selectApplications = `SELECT a.id, a.client_id, a.name, a.settings, a.brand, a.data_key, a.created_at, a.updated_at, COALESCE(u.url, '')
	FROM applications a LEFT JOIN return_urls u ON u.application_id = a.id`

func scanApplication(r row) (a Application, err error) {
	var url string
	err = r.Scan(&a.ID, &a.ClientID, &a.Name, jsonColumn{(*settingsRow)(&a.Settings)}, jsonColumn{(*brandRow)(&a.Brand)}, &a.DataKey,
		(*timeColumn)(&a.CreatedAt), (*timeColumn)(&a.UpdatedAt), &url)
	if url != "" {
		a.ReturnURLs = []string{url}
	}
	return a, err
}

// readApplications makes one application of its neighbouring rows.
func readApplications(ctx context.Context, q Querier, query string, args ...any) (apps []Application, err error) {
	rows, err := readAll(ctx, q, scanApplication, query, args...)
	for _, r := range rows {
		if last := len(apps) - 1; last >= 0 && apps[last].ID == r.ID {
			apps[last].ReturnURLs = append(apps[last].ReturnURLs, r.ReturnURLs...)
			continue
		}
		apps = append(apps, r)
	}
	return apps, err
}

// CreateApplication inserts an application with its return URLs and secrets; a
// public one has none. ErrConflict: the id or the client id is taken.
func (s *Store) CreateApplication(ctx context.Context, app Application, secrets ...ApplicationSecret) error {
	settings, face, err := applicationText(app.Application)
	if err != nil {
		return err
	}
	return s.write(ctx, "create the application", func(ctx context.Context, q Querier) error {
		if err := addInterned(ctx, q, app.ID); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx,
			`INSERT INTO applications (id, client_id, name, settings, brand, data_key, created_at, updated_at, number)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, `+numberOf(`$1`)+`)`,
			app.ID, app.ClientID, app.Name, settings, face, app.DataKey, millis(app.CreatedAt), millis(app.UpdatedAt))
		if err != nil {
			return err
		}
		for _, secret := range secrets {
			if err := insertApplicationSecret(ctx, q, secret); err != nil {
				return err
			}
		}
		if err := writeAlias(ctx, q, app.Application); err != nil {
			return err
		}
		if err := writeLogos(ctx, q, app.Application, app.Logos); err != nil {
			return err
		}
		if err := writeWebhooks(ctx, q, app.Application); err != nil {
			return err
		}
		return insertURLs(ctx, q, app.Application)
	})
}

const (
	applicationByID       = selectApplications + ` WHERE a.id = $1 ORDER BY u.position`
	applicationByClientID = selectApplications + ` WHERE a.client_id = $1 ORDER BY u.position`
)

// Application reads one by its id.
func (s *Store) Application(ctx context.Context, id string) (Application, error) {
	return s.application(ctx, applicationByID, id)
}

// ApplicationByClientID reads one by its client id.
func (s *Store) ApplicationByClientID(ctx context.Context, clientID string) (Application, error) {
	return s.application(ctx, applicationByClientID, clientID)
}

func (s *Store) application(ctx context.Context, query, key string) (Application, error) {
	app, err := readApplication(ctx, s.engine.Reader(), query, key)
	return app, s.fail(ctx, "read the application", err)
}

func readApplication(ctx context.Context, q Querier, query, key string) (Application, error) {
	apps, err := readApplications(ctx, q, query, key)
	if err == nil && len(apps) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Application{}, err
	}
	return apps[0], nil
}

// Applications lists all, with their return URLs, oldest first.
func (s *Store) Applications(ctx context.Context) ([]Application, error) {
	apps, err := readApplications(ctx, s.engine.Reader(), selectApplications+` ORDER BY a.created_at, a.id, u.position`)
	return apps, s.fail(ctx, "list the applications", err)
}

// UpdateApplication reads an application and writes what change makes of its name,
// settings, brand, UpdatedAt and return URLs, in one step that nobody else's update comes
// between. change may run more than once and must not call the store; an error of
// it stops the update and comes back as it is. The client id never changes. logos are
// stored in the same step, and those that the brand does not name go.
func (s *Store) UpdateApplication(ctx context.Context, id string, change func(*account.Application) error, logos ...brand.Logo) error {
	var refused error
	err := s.write(ctx, "update the application", func(ctx context.Context, q Querier) error {
		if err := holdApplication(ctx, q, id); err != nil {
			return err
		}
		app, err := readApplication(ctx, q, applicationByID, id)
		if err != nil {
			return err
		}
		if refused = change(&app.Application); refused != nil {
			return refused
		}
		if err := updateApplication(ctx, q, id, app.Application); err != nil {
			return err
		}
		return writeLogos(ctx, q, app.Application, logos)
	})
	if refused != nil {
		return refused
	}
	return err
}

// applicationText is what is kept of an application as JSON.
func applicationText(app account.Application) (settings, face string, err error) {
	if settings, err = jsonText(settingsRow(app.Settings)); err != nil {
		return "", "", err
	}
	face, err = jsonText(brandRow(app.Brand))
	return settings, face, err
}

func updateApplication(ctx context.Context, q Querier, id string, app account.Application) error {
	settings, face, err := applicationText(app)
	if err != nil {
		return err
	}
	_, err = q.ExecContext(ctx, `UPDATE applications SET name = $2, settings = $3, brand = $4, updated_at = $5 WHERE id = $1`,
		id, app.Name, settings, face, millis(app.UpdatedAt))
	if err != nil {
		return err
	}
	if _, err := q.ExecContext(ctx, `DELETE FROM return_urls WHERE application_id = $1`, id); err != nil {
		return err
	}
	if _, err := q.ExecContext(ctx, `DELETE FROM allowed_origins WHERE application_id = $1`, id); err != nil {
		return err
	}
	if err := writeAlias(ctx, q, app); err != nil {
		return err
	}
	if err := writeWebhooks(ctx, q, app); err != nil {
		return err
	}
	return insertURLs(ctx, q, app)
}

// DeleteApplication deletes an application with all that belongs to it, events that wait
// too; its tokens stay for a while, revoked.
func (s *Store) DeleteApplication(ctx context.Context, id string, now time.Time) error {
	return s.write(ctx, "delete the application", func(ctx context.Context, q Querier) error {
		result, err := q.ExecContext(ctx, `DELETE FROM applications WHERE id = $1`, id)
		if err := require(result, err, ErrNotFound); err != nil {
			return err
		}
		if _, err := q.ExecContext(ctx, `DELETE FROM events WHERE application_id = $1`, id); err != nil {
			return err
		}
		_, err = q.ExecContext(ctx, `UPDATE tokens SET revoked_at = $2 WHERE application = `+numberOf(`$1`)+` AND revoked_at IS NULL`, id, millis(now))
		return err
	})
}
