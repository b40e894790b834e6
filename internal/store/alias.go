package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/weburl"
)

// writeAlias makes the host of the settings' alias the only one that the application
// is looked up by.
func writeAlias(ctx context.Context, q Querier, app account.Application) error {
	if _, err := q.ExecContext(ctx, `DELETE FROM alias_hosts WHERE application_id = $1`, app.ID); err != nil {
		return err
	}
	origin := weburl.Origin(app.Settings.Alias)
	if origin == "" {
		return nil
	}
	_, host, _ := strings.Cut(origin, "://")
	_, err := q.ExecContext(ctx, `INSERT INTO alias_hosts (host, application_id, origin) VALUES ($1, $2, $3)`, host, app.ID, origin)
	return err
}

// AliasOrigin is the web origin that a Host header stands for, in any case, where some
// application has it as its alias; "" where none has. Of two schemes at one host,
// which loopback hosts alone can have, it is https.
func (s *Store) AliasOrigin(ctx context.Context, host string) (origin string, err error) {
	err = s.engine.Reader().QueryRowContext(ctx,
		`SELECT origin FROM alias_hosts WHERE host = $1 ORDER BY origin DESC LIMIT 1`, strings.ToLower(host)).Scan(&origin)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return origin, s.fail(ctx, "look the alias host up", err)
}
