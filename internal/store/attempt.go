package store

import (
	"context"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/scope"
)

// Attempt is one run of the flow, from authorize to the final redirect.
type Attempt struct {
	ID             string // the record that Verifier and Result are bound to
	StateHash      []byte // SHA-256 of the state given to the provider; unique
	ApplicationID  string
	RegistrationID string
	ServiceType    account.ServiceType
	BrowserHash    []byte // SHA-256 of the browser's cookie
	Unbound        bool   // any browser may finish it
	Verifier       []byte // sealed PKCE verifier; nil where the provider takes none
	Result         []byte // sealed final redirect; nil until there is one
	ReturnURL      string
	RedirectURI    string // given to the provider; empty in an attempt of an older version
	State          string // the application's own
	Issuer         string // ours, told with the answer to a client of the standards face; empty for one of the contract
	TokenMode      bool
	Scopes         []scope.Scope
	NativeScopes   []string
	AccountID      account.ID // the account asked for; 0 if none
	ClientOrgID    string
	LoginHint      string
	ServerURL      string // the application's hint at a server; decides nothing
	// PlaceAccounts and PlaceAPI are where the person was sent to sign in, of a provider
	// that has many places; fixed when the row is made. Empty elsewhere.
	PlaceAccounts, PlaceAPI string

	Prompt        string
	AuthEmail     string
	Challenge     string // the application's PKCE challenge (S256)
	PartialGrant  account.PartialGrant
	EnsureAccess  bool
	Fresh         bool // recycle=false
	ConsentForced bool
	RestAsked     bool   // the person has been sent back for the missing access
	RestOf        string // the attempt that sent the person back, in the one that asks for the rest; empty elsewhere
	Held          []byte // sealed sign-in that waits for the person's choice; nil for none
	ChoiceHash    []byte // SHA-256 of the key to the page with that choice; unique
	// UserRole is what the account becomes to a user, of a sign-in as one; UserID that
	// user, where it is known before. MailboxInfo tells the cookies of one browser apart.
	UserRole    account.UserRole
	UserID      string
	Answer      Answer
	MailboxInfo string
	// Signature is what proved the user. It is used up with the attempt's creation, and
	// not read back.
	Signature      *UsedSignature
	LinkGeneration int64 // of the credential that a link to sign in again was made for; 0 without a link
	CreatedAt      time.Time
	ExpiresAt      time.Time
	ConsumedAt     time.Time // zero while it waits
}

// Answer is what a sign-in that went well ends in, besides its status.
type Answer string

// The answers. TokenMode is the fourth.
const (
	AnswerCode   Answer = ""       // a code
	AnswerCookie Answer = "cookie" // a session in the browser
	AnswerNone   Answer = "none"   // nothing
)

// attemptColumns is in the order of scanAttempt and CreateAttempt.
const attemptColumns = `id, state_hash, application_id, registration_id, service_type, browser_hash, unbound,
	verifier, result, return_url, state, token_mode, scopes, native_scopes, account_id, client_org_id, login_hint,
	prompt, auth_email, challenge, partial_grant, ensure_access, fresh, consent_forced, rest_asked, held, choice_hash,
	created_at, expires_at, consumed_at, redirect_uri, rest_of, server_url,
	place_accounts, place_api, link_generation, issuer, user_role, user_id, answer, mailbox_info`

func scanAttempt(r row) (a Attempt, err error) {
	err = r.Scan(&a.ID, &a.StateHash, &a.ApplicationID, &a.RegistrationID, (*string)(&a.ServiceType), &a.BrowserHash, &a.Unbound,
		&a.Verifier, &a.Result, &a.ReturnURL, &a.State, &a.TokenMode,
		(*scopesColumn)(&a.Scopes), (*wordsColumn)(&a.NativeScopes), (*int64)(&a.AccountID), &a.ClientOrgID, &a.LoginHint,
		&a.Prompt, &a.AuthEmail, &a.Challenge, (*string)(&a.PartialGrant), &a.EnsureAccess, &a.Fresh, &a.ConsentForced,
		&a.RestAsked, &a.Held, &a.ChoiceHash,
		(*timeColumn)(&a.CreatedAt), (*timeColumn)(&a.ExpiresAt), (*timeColumn)(&a.ConsumedAt), &a.RedirectURI, &a.RestOf, &a.ServerURL,
		&a.PlaceAccounts, &a.PlaceAPI, &a.LinkGeneration, &a.Issuer,
		(*string)(&a.UserRole), &a.UserID, (*string)(&a.Answer), &a.MailboxInfo)
	return a, err
}

// CreateAttempt inserts an attempt. ErrConflict: its id or state is taken, or its
// registration is gone, or its signature was used before.
func (s *Store) CreateAttempt(ctx context.Context, a Attempt) error {
	return s.write(ctx, "create the attempt", func(ctx context.Context, q Querier) error {
		if a.Signature != nil {
			if err := insertUsedSignature(ctx, q, *a.Signature); err != nil {
				return err
			}
		}
		return insertAttempt(ctx, q, a)
	})
}

func insertAttempt(ctx context.Context, q Querier, a Attempt) error {
	_, err := q.ExecContext(ctx, `INSERT INTO attempts (`+attemptColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26,
			$27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41)`,
		a.ID, a.StateHash, a.ApplicationID, a.RegistrationID, string(a.ServiceType), a.BrowserHash, a.Unbound,
		a.Verifier, a.Result, a.ReturnURL, a.State, a.TokenMode,
		scope.Join(a.Scopes), strings.Join(a.NativeScopes, " "), int64(a.AccountID), a.ClientOrgID, a.LoginHint,
		a.Prompt, a.AuthEmail, a.Challenge, string(a.PartialGrant), a.EnsureAccess, a.Fresh, a.ConsentForced,
		a.RestAsked, a.Held, a.ChoiceHash,
		millis(a.CreatedAt), millis(a.ExpiresAt), millis(a.ConsumedAt), a.RedirectURI, a.RestOf, a.ServerURL,
		a.PlaceAccounts, a.PlaceAPI, a.LinkGeneration, a.Issuer, string(a.UserRole), a.UserID, string(a.Answer), a.MailboxInfo)
	return err
}

// OpenAttempts counts the attempts of an application that wait and have not ended,
// up to limit.
func (s *Store) OpenAttempts(ctx context.Context, applicationID string, now time.Time, limit int) (open int, err error) {
	err = s.engine.Reader().QueryRowContext(ctx,
		`SELECT COUNT(*) FROM (SELECT 1 FROM attempts
		WHERE application_id = $1 AND consumed_at = 0 AND expires_at > $2 LIMIT $3) AS open`,
		applicationID, millis(now), limit).Scan(&open)
	return open, s.fail(ctx, "count the open attempts", err)
}

// Attempt reads one by the hash of its state, whatever has become of it.
func (s *Store) Attempt(ctx context.Context, stateHash []byte) (Attempt, error) {
	a, err := scanAttempt(s.engine.Reader().QueryRowContext(ctx,
		`SELECT `+attemptColumns+` FROM attempts WHERE state_hash = $1`, stateHash))
	return a, s.fail(ctx, "read the attempt", err)
}

// attemptOpen finds an attempt that waits, has not ended and may be finished in that
// browser.
const attemptOpen = `state_hash = $1 AND consumed_at = 0 AND expires_at > $3 AND (unbound OR browser_hash = $2)`

// ConsumeAttempt takes an attempt that waits, has not ended and is bound to that
// browser (or to none). Of concurrent calls one gets it. ErrNotFound: there is no
// such attempt; [Store.Attempt] tells why. Anybody can ask for one that does not
// exist, so that this costs a read and no place in the writer's queue.
func (s *Store) ConsumeAttempt(ctx context.Context, stateHash, browserHash []byte, now time.Time) (a Attempt, err error) {
	const what = "consume the attempt"
	var open bool
	err = s.engine.Reader().QueryRowContext(ctx,
		`SELECT EXISTS (SELECT 1 FROM attempts WHERE `+attemptOpen+`)`, stateHash, browserHash, millis(now)).Scan(&open)
	if err == nil && !open {
		err = ErrNotFound
	}
	if err != nil {
		return Attempt{}, s.fail(ctx, what, err)
	}
	err = s.write(ctx, what, func(ctx context.Context, q Querier) (err error) {
		a, err = scanAttempt(q.QueryRowContext(ctx,
			`UPDATE attempts SET consumed_at = $3 WHERE `+attemptOpen+` RETURNING `+attemptColumns, stateHash, browserHash, millis(now)))
		return err
	})
	if err != nil {
		return Attempt{}, err
	}
	return a, nil
}
