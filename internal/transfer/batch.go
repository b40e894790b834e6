package transfer

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/store"
)

// batchRows are written together at most.
const batchRows = 200

// rounds is how often a row is decided anew that something else has come before.
const rounds = 5

// worker imports the rows of its persons.
type worker struct {
	*Service
	in     Import
	report func(Result) error
	rows   chan wanted
}

// decision is what a row changes.
type decision struct {
	Result
	save   *store.Connection // nil: nothing
	bearer *Bearer
}

// ahead is what the batch will have written before its next row.
type ahead struct {
	users      map[string]bool
	identities map[string]bool
}

func (w *worker) run(ctx context.Context) error {
	batch := make([]wanted, 0, batchRows)
	for row := range w.rows {
		if ctx.Err() != nil {
			return nil
		}
		if batch = append(batch, row); len(batch) < batchRows {
			continue
		}
		if err := w.write(ctx, batch); err != nil {
			return err
		}
		batch = batch[:0]
	}
	if ctx.Err() != nil {
		return nil
	}
	return w.write(ctx, batch)
}

// write imports the rows of a batch: in one change, or where one of them clashes with
// something, each in its own.
func (w *worker) write(ctx context.Context, batch []wanted) error {
	if len(batch) == 0 {
		return nil
	}
	err := w.attempt(ctx, batch)
	if len(batch) == 1 {
		for round := 1; errors.Is(err, store.ErrConflict) && round < rounds; round++ {
			err = w.attempt(ctx, batch)
		}
		if errors.Is(err, store.ErrConflict) {
			row := batch[0]
			return w.report(Result{Line: row.line, Ref: row.ref, Outcome: Rejected, Reason: "the account is being changed by something else: import it again"})
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", batch[0].line, err)
		}
		return nil
	}
	if !errors.Is(err, store.ErrConflict) {
		return err
	}
	for i := range batch {
		if err := w.write(ctx, batch[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

// attempt decides about each row and writes all of it at once, or nothing.
func (w *worker) attempt(ctx context.Context, batch []wanted) error {
	coming := ahead{map[string]bool{}, map[string]bool{}}
	decisions := make([]decision, 0, len(batch))
	var saves []store.Connection
	var bearers []Bearer
	for _, row := range batch {
		d, err := w.decide(ctx, row, coming)
		var why rejection
		switch {
		case errors.As(err, &why):
			d = decision{Result: Result{Line: row.line, Ref: row.ref, Outcome: Rejected, Reason: string(why)}}
		case err != nil:
			return err
		}
		if d.save != nil {
			saves = append(saves, *d.save)
		}
		if d.bearer != nil {
			bearers = append(bearers, *d.bearer)
		}
		decisions = append(decisions, d)
	}
	if !w.in.DryRun && len(saves) > 0 {
		if len(bearers) > 0 {
			if err := w.in.Bearers(bearers); err != nil {
				return fmt.Errorf("hand the access tokens out: %w", err)
			}
		}
		if err := w.Store.SaveConnections(ctx, saves); err != nil {
			return err
		}
	}
	for _, d := range decisions {
		if err := w.report(d.Result); err != nil {
			return err
		}
	}
	return nil
}

// decide looks what is there already, and what the row makes of it.
func (w *worker) decide(ctx context.Context, row wanted, coming ahead) (decision, error) {
	existing, beside, err := w.find(ctx, row, coming)
	if err != nil {
		return decision{}, err
	}
	plan, err := w.Credentials.PlanImport(ctx, existing, row.info, row.port)
	if err != nil {
		return decision{}, err
	}
	c := store.Connection{New: existing == nil, Fresh: existing == nil && beside, Credential: plan.Credential, ExpectGeneration: plan.ExpectGeneration}
	d := decision{Result: Result{Line: row.line, Ref: row.ref, Outcome: Created}, save: &c}
	if existing == nil {
		if c.Account, err = row.born(); err != nil {
			return decision{}, err
		}
	} else {
		c.Account = row.over(*existing, plan.Credential != nil)
		if d.Outcome = Updated; plan.Credential == nil && samePerson(c.Account, *existing) {
			d.Outcome, c.Account.UpdatedAt = Unchanged, existing.UpdatedAt
		}
	}
	if plan.Kept {
		d.Reason = "its credential is kept: Avain has signed in or renewed it since, and the row's is older"
	}
	if c.ForUser = row.account.UserID != ""; c.ForUser {
		if c.User, err = w.user(ctx, row, coming); err != nil {
			return decision{}, err
		}
	}
	if !c.New || !w.in.DryRun {
		d.AccountID = c.Account.ID
	}
	coming.identities[identity(row.account)] = true
	if err := w.bear(ctx, row, &d); err != nil {
		return decision{}, err
	}
	if d.Outcome == Unchanged && d.bearer == nil {
		d.save = nil
	}
	return d, nil
}

// find is the account that the row is about; nil for a new one, beside others of the same
// identity or not.
func (w *worker) find(ctx context.Context, row wanted, coming ahead) (existing *account.Account, beside bool, err error) {
	a := row.account
	var found account.Account
	switch {
	case row.id != 0:
		found, err = w.Store.Account(ctx, row.id)
	case a.UserID != "":
		found, err = w.Store.AccountForUser(ctx, a.ApplicationID, a.ServiceType, a.Identity.Subject, a.ClientOrgID, a.UserID)
	default:
		found, err = w.Store.AccountByIdentity(ctx, a.ApplicationID, a.ServiceType, a.Identity.Subject, a.ClientOrgID)
	}
	switch {
	case err == nil:
		return &found, false, row.suits(found)
	case !errors.Is(err, store.ErrNotFound):
		return nil, false, err
	case coming.identities[identity(a)]:
		return nil, true, nil
	case row.id == 0 && a.UserID == "":
		return nil, false, nil
	}
	_, err = w.Store.AccountByIdentity(ctx, a.ApplicationID, a.ServiceType, a.Identity.Subject, a.ClientOrgID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, false, nil
	}
	return nil, err == nil, err
}

// suits refuses to make of an account what it is not.
func (w wanted) suits(a account.Account) error {
	want := w.account
	switch {
	case identity(want) != identity(a):
		return rejection("accountId: another account has it")
	case a.Kind != account.KindPersonal:
		return rejection("authUserId: the account is a service account here")
	case want.UserID != "" && a.UserID != "" && (want.UserID != a.UserID || want.UserRole != a.UserRole):
		return rejection("userId: the account belongs to another user here, or is another userAccount")
	}
	return nil
}

// user is the user to be made with the account, primary or not; nil for one that is there.
func (w *worker) user(ctx context.Context, row wanted, coming ahead) (*store.User, error) {
	app, id := row.account.ApplicationID, row.account.UserID
	if coming.users[app+" "+id] {
		return nil, nil
	}
	_, err := w.Store.User(ctx, app, id)
	if !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	coming.users[app+" "+id] = true
	return &store.User{ID: id, ApplicationID: app, CreatedAt: w.Now(), ActiveAt: w.Now()}, nil
}

// bear adds an access token where one is wanted and the account has none.
func (w *worker) bear(ctx context.Context, row wanted, d *decision) error {
	a := d.save.Account
	if w.in.Bearers == nil || w.in.DryRun || a.TokenStatus == account.TokenDead {
		return nil
	}
	if !d.save.New {
		tokens, err := w.Store.Tokens(ctx, a.ID)
		if err != nil {
			return err
		}
		for _, t := range tokens {
			if t.RevokedAt.IsZero() {
				return nil
			}
		}
	}
	token, record := access.Grant(a.ApplicationID, a.ID, a.Scopes, false, w.Now())
	d.save.Token, d.bearer = &record, &Bearer{row.line, row.ref, a.ID, token}
	return nil
}

// born is the row as a new account.
func (w wanted) born() (account.Account, error) {
	a := w.account
	a.ID = w.id
	if a.ID == 0 {
		id, err := account.NewID(rand.Reader)
		if err != nil {
			return a, err
		}
		a.ID = id
	}
	return a, nil
}

// over is the account as the row makes it: what the row leaves out stays.
func (w wanted) over(have account.Account, credential bool) account.Account {
	a, want := have, w.account
	set(&a.Identity.OrgID, want.Identity.OrgID)
	set(&a.Identity.Name, want.Identity.Name)
	set(&a.LoginString, want.LoginString)
	set(&a.UserID, want.UserID)
	set((*string)(&a.UserRole), string(want.UserRole))
	if want.Identity.Email != "" && want.Identity.Email != a.Identity.Email {
		a.Identity.Email, a.Identity.EmailVerified = want.Identity.Email, want.Identity.EmailVerified
	}
	if credential {
		a.RegistrationID, a.Scopes, a.NativeScopes = want.RegistrationID, want.Scopes, want.NativeScopes
		a.TokenStatus, a.TokenError, a.TokenIssuedAt, a.AuthExpiresAt = want.TokenStatus, want.TokenError, want.TokenIssuedAt, want.AuthExpiresAt
		a.AuthObtainedAt = want.AuthObtainedAt
	}
	a.UpdatedAt = want.UpdatedAt
	return a
}

func set(field *string, value string) {
	if value != "" {
		*field = value
	}
}

// samePerson tells whether nothing is changed but the credential.
func samePerson(a, b account.Account) bool {
	return a.Identity == b.Identity && a.LoginString == b.LoginString && a.UserID == b.UserID && a.UserRole == b.UserRole
}

// identity names whose account it is, under which application.
func identity(a account.Account) string {
	return fmt.Sprintf("%q %q %q %q", a.ApplicationID, a.ServiceType, a.Identity.Subject, a.ClientOrgID)
}
