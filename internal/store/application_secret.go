package store

import (
	"context"
	"time"
)

// ApplicationSecret is one live client secret of an application.
type ApplicationSecret struct {
	ID            string // the record that Sealed is bound to
	ApplicationID string
	Hash          []byte // SHA-256, to compare with
	Sealed        []byte // the secret itself, for signatures
	CreatedAt     time.Time
}

func scanApplicationSecret(r row) (a ApplicationSecret, err error) {
	err = r.Scan(&a.ID, &a.ApplicationID, &a.Hash, &a.Sealed, (*timeColumn)(&a.CreatedAt))
	return a, err
}

func insertApplicationSecret(ctx context.Context, q Querier, a ApplicationSecret) error {
	_, err := q.ExecContext(ctx,
		`INSERT INTO application_secrets (id, application_id, hash, sealed, created_at) VALUES ($1, $2, $3, $4, $5)`,
		a.ID, a.ApplicationID, a.Hash, a.Sealed, millis(a.CreatedAt))
	return err
}

// ApplicationSecrets lists the live secrets, newest first.
func (s *Store) ApplicationSecrets(ctx context.Context, applicationID string) ([]ApplicationSecret, error) {
	secrets, err := readAll(ctx, s.engine.Reader(), scanApplicationSecret,
		`SELECT id, application_id, hash, sealed, created_at FROM application_secrets
		WHERE application_id = $1 ORDER BY created_at DESC, id DESC`, applicationID)
	return secrets, s.fail(ctx, "list the application's secrets", err)
}

// AddApplicationSecret inserts a secret and drops the oldest others, so that
// keep are left, the new one among them.
func (s *Store) AddApplicationSecret(ctx context.Context, secret ApplicationSecret, keep int) error {
	return s.write(ctx, "add a secret to the application", func(ctx context.Context, q Querier) error {
		if err := holdApplication(ctx, q, secret.ApplicationID); err != nil {
			return err
		}
		if err := insertApplicationSecret(ctx, q, secret); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx,
			`DELETE FROM application_secrets WHERE application_id = $1 AND id <> $2 AND id NOT IN (
				SELECT id FROM application_secrets WHERE application_id = $1 AND id <> $2
				ORDER BY created_at DESC, id DESC LIMIT $3)`,
			secret.ApplicationID, secret.ID, max(keep-1, 0))
		return err
	})
}
