package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/scope"
)

// Connection is all that a finished attempt changes, in one write.
type Connection struct {
	Account account.Account
	New     bool // insert the account; otherwise it must exist
	Fresh   bool // a New account beside others of the same identity (recycle=false)
	// Credential replaces the stored one; nil keeps it, and with it all that
	// describes the grant: registration, scopes, native scopes and token state
	// of Account are then not written. A New account needs one.
	Credential *Credential
	// ExpectGeneration is the generation that Credential replaces, or that is kept;
	// 0 for a New account.
	ExpectGeneration int64
	StateHash        []byte // the attempt that Result is stored on; nil for none
	Result           []byte // sealed final redirect
	AttemptID        string // what it held, and the attempt whose rest it asked for, is wiped; empty for none
	ChoiceHash       []byte // the choice that this follows, and claims; nil for none
	Code             *Code  // inserted where not nil
	Token            *Token // inserted where not nil

	// ForUser: the sign-in was a user's, and Account has the user and the role; otherwise
	// whose the account is stays as it is. An account that is another user's is none of the
	// sign-in's business: a New one stands beside that.
	ForUser bool
	User    *User    // inserted where not nil; otherwise the user must exist
	Session *Session // inserted where not nil
}

// SaveConnection writes all of c or nothing. ErrConflict: the account of that
// identity was made, or the account or credential was changed or deleted, by
// another attempt: read again and decide anew. ErrNotFound: the attempt is gone, or
// the choice has been made before.
func (s *Store) SaveConnection(ctx context.Context, c Connection) error {
	const what = "save the connection"
	if c.New && c.Credential == nil {
		return fmt.Errorf("%s: a new account needs a credential", what)
	}
	return s.writeInterned(ctx, what, c.interned(), func(ctx context.Context, q Querier) error {
		if err := s.connect(ctx, q, c); err != nil {
			return err
		}
		if err := saveUser(ctx, q, c); err != nil {
			return err
		}
		if c.Code != nil {
			if err := insertCode(ctx, q, *c.Code); err != nil {
				return err
			}
		}
		if c.Token != nil {
			if err := insertToken(ctx, q, *c.Token); err != nil {
				return err
			}
		}
		if c.ChoiceHash != nil {
			if err := releaseHeld(ctx, q, c.ChoiceHash); err != nil {
				return err
			}
		}
		if c.AttemptID != "" {
			if err := wipeHeld(ctx, q, c.AttemptID); err != nil {
				return err
			}
		}
		if c.StateHash == nil {
			return nil
		}
		result, err := q.ExecContext(ctx, `UPDATE attempts SET result = $2 WHERE state_hash = $1`, c.StateHash, c.Result)
		return require(result, err, ErrNotFound)
	})
}

// interned are the texts that its rows name by number.
func (c Connection) interned() (texts []string) {
	if c.Credential != nil {
		texts = []string{string(c.Account.ServiceType), scope.Join(c.Account.Scopes), strings.Join(c.Account.NativeScopes, " ")}
	}
	if c.Token != nil {
		texts = append(texts, c.Token.interned()...)
	}
	return texts
}

// saveUser writes the user of a sign-in and the session.
func saveUser(ctx context.Context, q Querier, c Connection) error {
	switch {
	case c.User != nil:
		if err := insertUser(ctx, q, *c.User); err != nil {
			return err
		}
	case c.ForUser:
		if err := holdUser(ctx, q, c.Account.ApplicationID, c.Account.UserID, ErrConflict); err != nil {
			return err
		}
	}
	if c.Session == nil {
		return nil
	}
	return insertSession(ctx, q, *c.Session)
}

// connect inserts or updates the account and its credential.
func (s *Store) connect(ctx context.Context, q Querier, c Connection) error {
	a := c.Account
	key := identityKey(a.ApplicationID, a.ServiceType, a.Identity.Subject, a.ClientOrgID)
	if c.New {
		switch {
		case c.Fresh && c.ForUser:
			key = userKey(a)
		case c.Fresh:
			key = freshKey(a.ID)
		}
		if err := insertAccount(ctx, q, a, key); err != nil {
			return err
		}
		if err := s.insertCredential(ctx, q, ownedBy(a.ID, *c.Credential), c.ExpectGeneration+1); err != nil {
			return err
		}
		return s.tellCreated(ctx, q, a.ID)
	}
	if c.Credential != nil { // first the credential, then the account, as everywhere: one order of locks
		if err := s.replaceCredential(ctx, q, ownedBy(a.ID, *c.Credential), c.ExpectGeneration); err != nil {
			return err
		}
	} else if err := keepCredential(ctx, q, a.ID, c.ExpectGeneration); err != nil {
		return err
	}
	before, err := s.see(ctx, q, a.ID)
	if err != nil {
		return err
	}
	if c.Credential != nil {
		if err := updateGrant(ctx, q, a); err != nil {
			return err
		}
	}
	if err := updatePerson(ctx, q, a, key, c.ForUser); err != nil {
		return err
	}
	return s.tell(ctx, q, a.ID, before)
}

// keepCredential makes sure that what was decided to be kept is still there, and
// holds it until the commit.
func keepCredential(ctx context.Context, q Querier, id account.ID, generation int64) error {
	result, err := q.ExecContext(ctx,
		`UPDATE credentials SET generation = generation WHERE account_id = $1 AND generation = $2 AND sealed IS NOT NULL`,
		int64(id), generation)
	return require(result, err, ErrConflict)
}

// ownedBy saves callers from naming the account twice.
func ownedBy(id account.ID, c Credential) Credential {
	c.AccountID = id
	return c
}

// updateGrant writes what describes the credential.
func updateGrant(ctx context.Context, q Querier, a account.Account) error {
	result, err := q.ExecContext(ctx,
		`UPDATE accounts SET registration = `+numberOf(`$2`)+`, scopes = `+numberOf(`$3`)+`, native_scopes = `+numberOf(`$4`)+`, token_status = $5, token_error = $6,
			token_issued_at = $7, auth_expires_at = $8 WHERE id = $1`,
		int64(a.ID), a.RegistrationID, scope.Join(a.Scopes), strings.Join(a.NativeScopes, " "), string(a.TokenStatus), a.TokenError,
		millis(a.TokenIssuedAt), millis(a.AuthExpiresAt))
	if err := require(result, err, ErrConflict); err != nil {
		return err
	}
	_, err = q.ExecContext(ctx, `UPDATE refreshes SET registration = `+numberOf(`$2`)+` WHERE account_id = $1`, int64(a.ID), a.RegistrationID)
	return err
}

// updatePerson writes who signed in, and when. An account that takes over an
// identity which has a canonical account already stands beside that one. Whose the account
// is may change with a user's sign-in, from nobody's to that user's.
func updatePerson(ctx context.Context, q Querier, a account.Account, key []byte, forUser bool) error {
	result, err := q.ExecContext(ctx,
		`UPDATE accounts SET kind = $2, client_org_id = $3, subject = $4, org_id = $5, email = $6, email_verified = $7,
			name = $8, login_string = NULLIF(CAST($9 AS TEXT), $6), auth_obtained_at = $10, updated_at = $11,
			parent_id = NULLIF(CAST($14 AS BIGINT), 0), user_id = $15, user_role = $16,
			identity_key = CASE WHEN identity_key = $17 THEN $17 WHEN identity_key = $13 OR EXISTS (SELECT 1 FROM accounts o WHERE o.identity_key = $12 AND o.id <> $1)
				THEN $13 ELSE $12 END
		WHERE id = $1 AND (user_id = $15 AND user_role = $16 OR user_id = '' AND $18)`,
		int64(a.ID), string(a.Kind), a.ClientOrgID, a.Identity.Subject, a.Identity.OrgID, a.Identity.Email, a.Identity.EmailVerified,
		a.Identity.Name, a.LoginString, millis(a.AuthObtainedAt), millis(a.UpdatedAt), key, freshKey(a.ID),
		int64(a.ParentID), a.UserID, string(a.UserRole), userKey(a), forUser)
	return require(result, err, ErrConflict)
}
