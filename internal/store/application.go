package store

import (
	"context"
	"time"

	"github.com/avain-project/avain/internal/account"
)

// Application is the row of an application.
type Application struct {
	account.Application
	DataKey []byte // wrapped for the application's ID; seals its secrets
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
}

const selectApplication = `SELECT id, client_id, name, settings, data_key, created_at, updated_at FROM applications`

func scanApplication(r row) (a Application, err error) {
	err = r.Scan(&a.ID, &a.ClientID, &a.Name, jsonColumn{(*settingsRow)(&a.Settings)}, &a.DataKey,
		(*timeColumn)(&a.CreatedAt), (*timeColumn)(&a.UpdatedAt))
	return a, err
}

// CreateApplication inserts an application with its return URLs and secrets; a
// public one has none. ErrConflict: the id or the client id is taken.
func (s *Store) CreateApplication(ctx context.Context, app Application, secrets ...ApplicationSecret) error {
	settings, err := jsonText(settingsRow(app.Settings))
	if err != nil {
		return err
	}
	return s.write(ctx, "create the application", func(ctx context.Context, q Querier) error {
		_, err := q.ExecContext(ctx,
			`INSERT INTO applications (id, client_id, name, settings, data_key, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			app.ID, app.ClientID, app.Name, settings, app.DataKey, millis(app.CreatedAt), millis(app.UpdatedAt))
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
		return insertURLs(ctx, q, app.Application)
	})
}

// Application reads one by its id.
func (s *Store) Application(ctx context.Context, id string) (Application, error) {
	return s.application(ctx, selectApplication+` WHERE id = $1`, id)
}

// ApplicationByClientID reads one by its client id.
func (s *Store) ApplicationByClientID(ctx context.Context, clientID string) (Application, error) {
	return s.application(ctx, selectApplication+` WHERE client_id = $1`, clientID)
}

func (s *Store) application(ctx context.Context, query, key string) (Application, error) {
	app, err := readApplication(ctx, s.engine.Reader(), query, key)
	return app, s.fail(ctx, "read the application", err)
}

// readApplication reads an application with its return URLs.
func readApplication(ctx context.Context, q Querier, query, key string) (Application, error) {
	app, err := scanApplication(q.QueryRowContext(ctx, query, key))
	if err != nil {
		return Application{}, err
	}
	urls, err := readAll(ctx, q, scanReturnURL, selectReturnURLs+` WHERE application_id = $1 ORDER BY position`, app.ID)
	for _, u := range urls {
		app.ReturnURLs = append(app.ReturnURLs, u.url)
	}
	return app, err
}

// Applications lists all, with their return URLs, oldest first.
func (s *Store) Applications(ctx context.Context) ([]Application, error) {
	const what = "list the applications"
	apps, err := readAll(ctx, s.engine.Reader(), scanApplication, selectApplication+` ORDER BY created_at, id`)
	if err != nil {
		return nil, s.fail(ctx, what, err)
	}
	urls, err := readAll(ctx, s.engine.Reader(), scanReturnURL, selectReturnURLs+` ORDER BY application_id, position`)
	if err != nil {
		return nil, s.fail(ctx, what, err)
	}
	byApplication := map[string][]string{}
	for _, u := range urls {
		byApplication[u.applicationID] = append(byApplication[u.applicationID], u.url)
	}
	for i := range apps {
		apps[i].ReturnURLs = byApplication[apps[i].ID]
	}
	return apps, nil
}

// UpdateApplication reads an application and writes what change makes of its name,
// settings, UpdatedAt and return URLs, in one step that nobody else's update comes
// between. change may run more than once and must not call the store; an error of
// it stops the update and comes back as it is. The client id never changes.
func (s *Store) UpdateApplication(ctx context.Context, id string, change func(*account.Application) error) error {
	var refused error
	err := s.write(ctx, "update the application", func(ctx context.Context, q Querier) error {
		if err := holdApplication(ctx, q, id); err != nil {
			return err
		}
		app, err := readApplication(ctx, q, selectApplication+` WHERE id = $1`, id)
		if err != nil {
			return err
		}
		if refused = change(&app.Application); refused != nil {
			return refused
		}
		return updateApplication(ctx, q, id, app.Application)
	})
	if refused != nil {
		return refused
	}
	return err
}

func updateApplication(ctx context.Context, q Querier, id string, app account.Application) error {
	settings, err := jsonText(settingsRow(app.Settings))
	if err != nil {
		return err
	}
	_, err = q.ExecContext(ctx, `UPDATE applications SET name = $2, settings = $3, updated_at = $4 WHERE id = $1`,
		id, app.Name, settings, millis(app.UpdatedAt))
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
	return insertURLs(ctx, q, app)
}

// DeleteApplication deletes an application with all that belongs to it; its
// tokens stay for a while, revoked.
func (s *Store) DeleteApplication(ctx context.Context, id string, now time.Time) error {
	return s.write(ctx, "delete the application", func(ctx context.Context, q Querier) error {
		result, err := q.ExecContext(ctx, `DELETE FROM applications WHERE id = $1`, id)
		if err := require(result, err, ErrNotFound); err != nil {
			return err
		}
		_, err = q.ExecContext(ctx, `UPDATE tokens SET revoked_at = $2 WHERE application_id = $1 AND revoked_at = 0`, id, millis(now))
		return err
	})
}
