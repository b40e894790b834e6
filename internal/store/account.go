package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/scope"
)

// accountColumns is in the order of accountFields.
const accountColumns = `a.id, (SELECT i.text FROM interned i WHERE i.number = a.application), (SELECT i.text FROM interned i WHERE i.number = a.registration),
	(SELECT i.text FROM interned i WHERE i.number = a.service), a.kind, a.client_org_id,
	a.subject, a.org_id, a.email, a.email_verified, a.name, COALESCE(a.login_string, a.email),
	(SELECT i.text FROM interned i WHERE i.number = a.scopes), (SELECT i.text FROM interned i WHERE i.number = a.native_scopes),
	a.token_status, a.token_error, a.token_issued_at, a.auth_obtained_at, a.auth_expires_at, a.created_at, a.updated_at,
	COALESCE(a.parent_id, 0), a.user_id, a.user_role,
	COALESCE((SELECT c.generation FROM credentials c WHERE c.account_id = a.id), 0),
	(SELECT r.revision FROM registrations r WHERE r.number = a.registration)`

func accountFields(a *account.Account) []any {
	return []any{
		(*int64)(&a.ID), &a.ApplicationID, &a.RegistrationID, (*string)(&a.ServiceType), (*string)(&a.Kind), &a.ClientOrgID,
		&a.Identity.Subject, &a.Identity.OrgID, &a.Identity.Email, &a.Identity.EmailVerified, &a.Identity.Name, &a.LoginString,
		(*scopesColumn)(&a.Scopes), (*wordsColumn)(&a.NativeScopes), (*string)(&a.TokenStatus), &a.TokenError,
		(*timeColumn)(&a.TokenIssuedAt), (*timeColumn)(&a.AuthObtainedAt), (*timeColumn)(&a.AuthExpiresAt),
		(*timeColumn)(&a.CreatedAt), (*timeColumn)(&a.UpdatedAt),
		(*int64)(&a.ParentID), &a.UserID, (*string)(&a.UserRole), &a.CredentialGeneration, &a.RegistrationRevision,
	}
}

func scanAccount(r row) (a account.Account, err error) {
	err = r.Scan(accountFields(&a)...)
	return a, err
}

// Account reads one by its id.
func (s *Store) Account(ctx context.Context, id account.ID) (account.Account, error) {
	a, err := scanAccount(s.engine.Reader().QueryRowContext(ctx, `SELECT `+accountColumns+` FROM accounts a WHERE a.id = $1`, int64(id)))
	return a, s.fail(ctx, "read the account", err)
}

// AccountByIdentity reads the account of a person under an application and a
// clientOrgId: the canonical one, or else the newest.
func (s *Store) AccountByIdentity(ctx context.Context, applicationID string, st account.ServiceType, subject, clientOrgID string) (account.Account, error) {
	a, err := scanAccount(s.engine.Reader().QueryRowContext(ctx,
		`SELECT `+accountColumns+` FROM accounts a
		WHERE a.application = `+numberOf(`$1`)+` AND a.service = `+numberOf(`$2`)+` AND a.subject = $3 AND a.client_org_id = $4
		ORDER BY CASE WHEN a.identity_key = $5 THEN 0 ELSE 1 END, a.created_at DESC, a.id DESC LIMIT 1`,
		applicationID, string(st), subject, clientOrgID, identityKey(applicationID, st, subject, clientOrgID)))
	return a, s.fail(ctx, "find the account of that identity", err)
}

// DeleteAccount deletes an account with its credential and codes; its tokens
// stay for a while, revoked. With a primary account goes its user.
func (s *Store) DeleteAccount(ctx context.Context, id account.ID, now time.Time) error {
	return s.write(ctx, "delete the account", func(ctx context.Context, q Querier) error {
		if err := holdCredential(ctx, q, id); err != nil {
			return err
		}
		was, err := s.see(ctx, q, id)
		if err != nil {
			return err
		}
		var applicationID, owner string // owner of a primary account
		err = q.QueryRowContext(ctx,
			`DELETE FROM accounts WHERE id = $1 RETURNING `+textOf(`application`)+`, CASE user_role WHEN 'primary' THEN user_id ELSE '' END`, int64(id)).Scan(&applicationID, &owner)
		if err != nil {
			return err
		}
		if err := s.tellDeleted(ctx, q, id, was); err != nil {
			return err
		}
		if owner != "" {
			if err := releaseUser(ctx, q, applicationID, owner); err != nil {
				return err
			}
		}
		_, err = revokeTokens(ctx, q, id, now)
		return err
	})
}

// identityKey is unique for an identity: half a SHA-256. Lengths stand before the parts, so
// that no two identities can be written alike.
func identityKey(applicationID string, st account.ServiceType, subject, clientOrgID string) []byte {
	return identityHash(applicationID, st, subject, clientOrgID)[:16]
}

func identityHash(applicationID string, st account.ServiceType, subject, clientOrgID string) []byte {
	h := sha256.New()
	for _, part := range []string{applicationID, string(st), subject, clientOrgID} {
		_, _ = fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return h.Sum(nil)
}

// userKey is the key of a user's account beside the canonical one of its identity: one for
// whoever logs in with the identity, and one for each user who has it besides.
func userKey(a account.Account) []byte {
	key := identityHash(a.ApplicationID, a.ServiceType, a.Identity.Subject, a.ClientOrgID)
	if a.UserRole == account.UserPrimary {
		return fmt.Appendf(nil, "primary:%x", key)
	}
	return fmt.Appendf(nil, "user:%s:%x", a.UserID, key)
}

// freshKey is the key of an account beside the canonical one of its identity.
func freshKey(id account.ID) []byte { return []byte("fresh:" + id.String()) }

func insertAccount(ctx context.Context, q Querier, a account.Account, key []byte) error {
	_, err := q.ExecContext(ctx,
		`INSERT INTO accounts (id, application, registration, service, kind, client_org_id, identity_key,
			subject, org_id, email, email_verified, name, login_string, scopes, native_scopes,
			token_status, token_error, token_issued_at, auth_obtained_at, auth_expires_at, created_at, updated_at,
			parent_id, user_id, user_role)
		VALUES ($1, COALESCE(`+numberOf(`$2`)+`, 0), COALESCE(`+numberOf(`$3`)+`, 0), `+numberOf(`$4`)+`, $5, $6, $7, $8, $9, $10, $11, $12,
			NULLIF(CAST($13 AS TEXT), $10), `+numberOf(`$14`)+`, `+numberOf(`$15`)+`, $16, $17, $18, $19, $20, $21, $22, NULLIF(CAST($23 AS BIGINT), 0), $24, $25)`,
		int64(a.ID), a.ApplicationID, a.RegistrationID, string(a.ServiceType), string(a.Kind), a.ClientOrgID, key,
		a.Identity.Subject, a.Identity.OrgID, a.Identity.Email, a.Identity.EmailVerified, a.Identity.Name, a.LoginString,
		scope.Join(a.Scopes), strings.Join(a.NativeScopes, " "), string(a.TokenStatus), a.TokenError,
		millis(a.TokenIssuedAt), millis(a.AuthObtainedAt), millis(a.AuthExpiresAt), millis(a.CreatedAt), millis(a.UpdatedAt),
		int64(a.ParentID), a.UserID, string(a.UserRole))
	return err
}
