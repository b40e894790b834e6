package store

import (
	"context"
	"time"

	"github.com/avain-project/avain/internal/account"
)

// User is a person whom an application knows by a primary account. Name and address are
// that account's.
type User struct {
	ID            string // the application's own, or ours: of this application alone
	ApplicationID string
	WorkHours     string // JSON as the wire has it; empty for none
	CreatedAt     time.Time
	ActiveAt      time.Time // when one of the sessions was last used, to a few minutes
}

const userColumns = `u.id, u.application_id, u.work_hours, u.created_at, u.active_at`

func userFields(u *User) []any {
	return []any{&u.ID, &u.ApplicationID, &u.WorkHours, (*timeColumn)(&u.CreatedAt), (*timeColumn)(&u.ActiveAt)}
}

func insertUser(ctx context.Context, q Querier, u User) error {
	_, err := q.ExecContext(ctx, `INSERT INTO users (id, application_id, work_hours, created_at, active_at) VALUES ($1, $2, $3, $4, $5)`,
		u.ID, u.ApplicationID, u.WorkHours, millis(u.CreatedAt), millis(u.ActiveAt))
	return err
}

// holdUser makes sure that a user is there, and stays until the commit.
func holdUser(ctx context.Context, q Querier, applicationID, id string, otherwise error) error {
	result, err := q.ExecContext(ctx, `UPDATE users SET active_at = active_at WHERE application_id = $1 AND id = $2`, applicationID, id)
	return require(result, err, otherwise)
}

// User reads one.
func (s *Store) User(ctx context.Context, applicationID, id string) (u User, err error) {
	err = s.engine.Reader().QueryRowContext(ctx, `SELECT `+userColumns+` FROM users u WHERE u.application_id = $1 AND u.id = $2`, applicationID, id).Scan(userFields(&u)...)
	return u, s.fail(ctx, "read the user", err)
}

// SetWorkHours writes the working hours of a user.
func (s *Store) SetWorkHours(ctx context.Context, applicationID, userID, hours string) error {
	return s.write(ctx, "write the user's working hours", func(ctx context.Context, q Querier) error {
		result, err := q.ExecContext(ctx, `UPDATE users SET work_hours = $3 WHERE application_id = $1 AND id = $2`, applicationID, userID, hours)
		return require(result, err, ErrNotFound)
	})
}

// UserAccounts lists at most n accounts of a user, the primary one first and then oldest
// first, from behind the one that after is; the zero one is for the beginning.
func (s *Store) UserAccounts(ctx context.Context, applicationID, userID string, after account.Account, n int) ([]account.Account, error) {
	const rank = `CASE a.user_role WHEN 'primary' THEN 0 ELSE 1 END`
	behind := -1
	if after.ID != 0 {
		if behind = 1; after.UserRole == account.UserPrimary {
			behind = 0
		}
	}
	list, err := readAll(ctx, s.engine.Reader(), scanAccount,
		`SELECT `+accountColumns+` FROM accounts a WHERE a.application = `+numberOf(`$1`)+` AND a.user_id = $2 AND a.user_id <> ''
			AND (`+rank+`, a.created_at, a.id) > ($3, $4, $5)
		ORDER BY `+rank+`, a.created_at, a.id LIMIT $6`, applicationID, userID, behind, millis(after.CreatedAt), int64(after.ID), n)
	return list, s.fail(ctx, "list the user's accounts", err)
}

// AccountForUser finds the account that a person's sign-in as a user renews: of a
// user that is known, the one of that identity that belongs to the user, and of none
// (userID is empty), the one that logs in. Else it is one that belongs to nobody yet.
// Somebody else's is never found.
func (s *Store) AccountForUser(ctx context.Context, applicationID string, st account.ServiceType, subject, clientOrgID, userID string) (account.Account, error) {
	a, err := scanAccount(s.engine.Reader().QueryRowContext(ctx,
		`SELECT `+accountColumns+` FROM accounts a
		WHERE a.application = `+numberOf(`$1`)+` AND a.service = `+numberOf(`$2`)+` AND a.subject = $3 AND a.client_org_id = $4 AND a.kind = 'personal'
			AND (a.user_id = '' OR a.user_id = $5 OR $5 = '' AND a.user_role = 'primary')
		ORDER BY CASE WHEN a.user_id = '' THEN 1 ELSE 0 END, CASE WHEN a.identity_key = $6 THEN 0 ELSE 1 END, a.created_at DESC, a.id DESC LIMIT 1`,
		applicationID, string(st), subject, clientOrgID, userID, identityKey(applicationID, st, subject, clientOrgID)))
	return a, s.fail(ctx, "find the user's account of that identity", err)
}

// releaseUser ends the user whose primary account goes: sessions with it. What else
// belonged to the user is the application's alone from now on.
func releaseUser(ctx context.Context, q Querier, applicationID, userID string) error {
	// First the user: who connects an account for it meanwhile comes before, or finds none.
	if _, err := q.ExecContext(ctx, `DELETE FROM users WHERE application_id = $1 AND id = $2`, applicationID, userID); err != nil {
		return err
	}
	_, err := q.ExecContext(ctx, `UPDATE accounts SET user_id = '', user_role = '' WHERE application = `+numberOf(`$1`)+` AND user_id = $2 AND user_id <> ''`, applicationID, userID)
	return err
}
