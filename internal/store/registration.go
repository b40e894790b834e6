package store

import (
	"context"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/scope"
)

// Registration is the row of a registration. The embedded Secrets stay empty:
// they are in Sealed.
type Registration struct {
	account.Registration
	DataKey []byte // wrapped for the registration's ID; seals its secrets and its attempts
	Sealed  []byte // nil where the registration has no secret
}

// endpointsRow is account.Endpoints as JSON: same fields, so that the two convert.
type endpointsRow struct {
	Authorize string `json:"authorize,omitempty"`
	Token     string `json:"token,omitempty"`
	Revoke    string `json:"revoke,omitempty"`
	Userinfo  string `json:"userinfo,omitempty"`
	API       string `json:"api,omitempty"`
	Issuer    string `json:"issuer,omitempty"`
}

const selectRegistration = `SELECT id, application_id, service_type, client_id, scopes, native_scopes, tenant, cloud, endpoints,
	callback_url, unbound_browser, is_current, data_key, sealed, created_at, updated_at, secret_expires_at FROM registrations`

func scanRegistration(r row) (g Registration, err error) {
	err = r.Scan(&g.ID, &g.ApplicationID, (*string)(&g.ServiceType), &g.ClientID,
		(*scopesColumn)(&g.Scopes), (*wordsColumn)(&g.NativeScopes), &g.Tenant, (*string)(&g.Cloud), jsonColumn{(*endpointsRow)(&g.Endpoints)},
		&g.CallbackURL, &g.UnboundBrowser, &g.Current, &g.DataKey, &g.Sealed,
		(*timeColumn)(&g.CreatedAt), (*timeColumn)(&g.UpdatedAt), (*timeColumn)(&g.SecretExpires))
	return g, err
}

// SaveRegistration inserts a registration, or updates the one with the same
// application, service type and client id; it becomes the current one of its
// application and service type. A data key that is stored stays. ErrConflict: the stored one has another ID (take
// that one, since secrets are bound to it), the ID is that of another client id,
// or the application is gone.
func (s *Store) SaveRegistration(ctx context.Context, r Registration) error {
	endpoints, err := jsonText(endpointsRow(r.Endpoints))
	if err != nil {
		return err
	}
	return s.write(ctx, "save the registration", func(ctx context.Context, q Querier) error {
		if err := holdApplication(ctx, q, r.ApplicationID); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx,
			`UPDATE registrations SET is_current = FALSE WHERE application_id = $1 AND service_type = $2 AND is_current`,
			r.ApplicationID, string(r.ServiceType))
		if err != nil {
			return err
		}
		if err := addInterned(ctx, q, r.ID); err != nil {
			return err
		}
		result, err := q.ExecContext(ctx,
			`INSERT INTO registrations (id, application_id, service_type, client_id, scopes, native_scopes, tenant, cloud, endpoints,
				callback_url, unbound_browser, is_current, data_key, sealed, revision, created_at, updated_at, secret_expires_at, number)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, TRUE, $12, $13, 1, $14, $15, $16, `+numberOf(`$1`)+`)
			ON CONFLICT (application_id, service_type, client_id) DO UPDATE SET
				scopes = excluded.scopes, native_scopes = excluded.native_scopes, tenant = excluded.tenant, cloud = excluded.cloud, endpoints = excluded.endpoints,
				callback_url = excluded.callback_url, unbound_browser = excluded.unbound_browser, is_current = TRUE,
				data_key = COALESCE(registrations.data_key, excluded.data_key), sealed = excluded.sealed, revision = registrations.revision + 1, updated_at = excluded.updated_at,
				secret_expires_at = excluded.secret_expires_at
			WHERE registrations.id = excluded.id`,
			r.ID, r.ApplicationID, string(r.ServiceType), r.ClientID, scope.Join(r.Scopes), strings.Join(r.NativeScopes, " "),
			r.Tenant, string(r.Cloud), endpoints, r.CallbackURL, r.UnboundBrowser, r.DataKey, r.Sealed, millis(r.CreatedAt), millis(r.UpdatedAt), millis(r.SecretExpires))
		return require(result, err, ErrConflict)
	})
}

// Registration reads one by its id.
func (s *Store) Registration(ctx context.Context, id string) (Registration, error) {
	return s.registration(ctx, selectRegistration+` WHERE id = $1`, id)
}

// CurrentRegistration reads the one that new attempts use.
func (s *Store) CurrentRegistration(ctx context.Context, applicationID string, st account.ServiceType) (Registration, error) {
	return s.registration(ctx, selectRegistration+` WHERE application_id = $1 AND service_type = $2 AND is_current`,
		applicationID, string(st))
}

// RegistrationByClientID reads the one with that client id, current or not.
func (s *Store) RegistrationByClientID(ctx context.Context, applicationID string, st account.ServiceType, clientID string) (Registration, error) {
	return s.registration(ctx, selectRegistration+` WHERE application_id = $1 AND service_type = $2 AND client_id = $3`,
		applicationID, string(st), clientID)
}

func (s *Store) registration(ctx context.Context, query string, args ...any) (Registration, error) {
	r, err := scanRegistration(s.engine.Reader().QueryRowContext(ctx, query, args...))
	return r, s.fail(ctx, "read the registration", err)
}

// Registrations lists those of an application, or all where applicationID is
// empty: by application, service type and age, oldest first.
func (s *Store) Registrations(ctx context.Context, applicationID string) ([]Registration, error) {
	const order = ` ORDER BY application_id, service_type, created_at, id`
	query, args := selectRegistration+order, []any(nil)
	if applicationID != "" {
		query, args = selectRegistration+` WHERE application_id = $1`+order, []any{applicationID}
	}
	list, err := readAll(ctx, s.engine.Reader(), scanRegistration, query, args...)
	return list, s.fail(ctx, "list the registrations", err)
}

// DeleteRegistration deletes one with its attempts. ErrConflict: accounts hold
// grants of it.
func (s *Store) DeleteRegistration(ctx context.Context, id string) error {
	return s.write(ctx, "delete the registration", func(ctx context.Context, q Querier) error {
		result, err := q.ExecContext(ctx, `DELETE FROM registrations WHERE id = $1`, id) // a foreign key guards it
		return require(result, err, ErrNotFound)
	})
}
