package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/scope"
)

// An event says what has become of an account or a registration. It is written in the
// same change as what it tells, for applications that have somewhere to be told
// (webhook.go); so there is no event of what was not stored, and nothing stored without
// its event. Changes of state alone are events: what is written over by the same is none.

// EventKind is what has happened.
type EventKind string

// The kinds.
const (
	AccountCreated EventKind = "account.created"
	AccountUpdated EventKind = "account.updated" // another grant, or another name or address
	AccountDeleted EventKind = "account.deleted"
	// TokenExpired: the credential has stopped working, and is dead or still tried; told again
	// where the latter becomes the former. TokenRecovered: it works again.
	TokenExpired          EventKind = "token.expired"
	TokenRecovered        EventKind = "token.recovered"
	RegistrationFailing   EventKind = "registration.failing"
	RegistrationRecovered EventKind = "registration.recovered"
)

// Event is one of them.
type Event struct {
	Sequence       int64  // given by the store; ascending in time for one account or registration
	ID             string // by which receivers know it again
	ApplicationID  string
	Kind           EventKind
	AccountID      account.ID // 0: of a registration
	RegistrationID string
	At             time.Time
	Data           EventData
}

// EventData is how things stood right after the event. It names no person: an event
// outlives its account.
type EventData struct {
	ServiceType account.ServiceType `json:"service_type"`
	ClientOrgID string              `json:"client_org_id,omitempty"`
	TokenStatus account.TokenStatus `json:"token_status,omitempty"`
	Reason      string              `json:"reason,omitempty"` // for people; of an account, its TokenError
	Scopes      []scope.Scope       `json:"scopes,omitempty"`
	ClientID    string              `json:"client_id,omitempty"`  // of a registration
	Generation  int64               `json:"generation,omitempty"` // of the credential
}

// eventsKept is how long events stay, to be listed and delivered again.
const eventsKept = 30 * 24 * time.Hour

// eventColumns is in the order of eventFields.
const eventColumns = `e.id, e.record_id, e.application_id, e.kind, e.account_id, e.registration_id, e.at, e.data`

func eventFields(e *Event) []any {
	return []any{
		&e.Sequence, &e.ID, &e.ApplicationID, (*string)(&e.Kind), (*int64)(&e.AccountID), &e.RegistrationID,
		(*timeColumn)(&e.At),
		jsonColumn{&e.Data},
	}
}

// stream is what the order of deliveries to one endpoint is kept within.
func (e Event) stream() string {
	if e.AccountID != 0 {
		return "account " + e.AccountID.String()
	}
	return "registration " + e.RegistrationID
}

// emit writes an event and what is to be delivered of it. Where its application has
// nowhere to be told, nothing is written.
func (s *Store) emit(ctx context.Context, q Querier, e Event) error {
	data, err := jsonText(e.Data)
	if err != nil {
		return err
	}
	now := s.clock()
	err = q.QueryRowContext(ctx,
		`INSERT INTO events (record_id, application_id, kind, account_id, registration_id, at, data)
		SELECT $1, $2, $3, CAST($4 AS BIGINT), $5, `+now+`, $6
		WHERE EXISTS (SELECT 1 FROM webhook_endpoints w WHERE w.application_id = $2) RETURNING id`,
		account.NewRecordID(), e.ApplicationID, string(e.Kind), int64(e.AccountID), e.RegistrationID, data).Scan(&e.Sequence)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = q.ExecContext(ctx,
		`INSERT INTO deliveries (event_id, endpoint_id, stream, state, attempts, due_at, until_at, failure, ended_at)
		SELECT CAST($1 AS BIGINT), w.id, w.id || ' ' || $2, 'waiting', 0, `+now+`, `+now+` + $3, '', 0 FROM webhook_endpoints w WHERE w.application_id = $4`,
		e.Sequence, e.stream(), deliveredFor.Milliseconds(), e.ApplicationID)
	return err
}

// emitRegistration writes an event of a registration, inside the change that it tells of.
func (s *Store) emitRegistration(ctx context.Context, q Querier, registrationID string, kind EventKind, reason string) error {
	e := Event{Kind: kind, RegistrationID: registrationID, Data: EventData{Reason: reason}}
	err := q.QueryRowContext(ctx, `SELECT application_id, service_type, client_id FROM registrations WHERE id = $1`, registrationID).
		Scan(&e.ApplicationID, (*string)(&e.Data.ServiceType), &e.Data.ClientID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.emit(ctx, q, e)
}

// seen is an account as its application sees it, inside a change; the zero one where the
// application has nowhere to be told, or there is no account.
type seen struct {
	application string
	registered  string
	data        EventData
	person      string // all else that is worth an event
}

// see reads the account, which the change must hold already.
func (s *Store) see(ctx context.Context, q Querier, id account.ID) (v seen, err error) {
	var parts [7]string
	var verified bool
	err = q.QueryRowContext(ctx,
		`SELECT w.text, `+textOf(`a.registration`)+`, `+textOf(`a.service`)+`, a.client_org_id, a.token_status, a.token_error, `+textOf(`a.scopes`)+`,
			COALESCE((SELECT c.generation FROM credentials c WHERE c.account_id = a.id), 0),
			`+textOf(`a.native_scopes`)+`, a.subject, a.org_id, a.email, a.name, COALESCE(a.login_string, a.email), a.kind, a.email_verified
		FROM accounts a JOIN interned w ON w.number = a.application
		WHERE a.id = $1 AND EXISTS (SELECT 1 FROM webhook_endpoints e WHERE e.application_id = w.text)`, int64(id)).
		Scan(&v.application, &v.registered, (*string)(&v.data.ServiceType), &v.data.ClientOrgID, (*string)(&v.data.TokenStatus),
			&v.data.Reason, (*scopesColumn)(&v.data.Scopes), &v.data.Generation,
			&parts[0], &parts[1], &parts[2], &parts[3], &parts[4], &parts[5], &parts[6], &verified)
	if errors.Is(err, sql.ErrNoRows) {
		return seen{}, nil
	}
	for _, part := range append(parts[:], v.data.ClientOrgID, scope.Join(v.data.Scopes), strconv.FormatBool(verified)) {
		v.person += strconv.Quote(part)
	}
	return v, err
}

// tell compares the account with how it was, and writes what has happened.
func (s *Store) tell(ctx context.Context, q Querier, id account.ID, before seen) error {
	if before.application == "" {
		return nil
	}
	after, err := s.see(ctx, q, id)
	if err != nil || after.application == "" {
		return err
	}
	var kinds []EventKind
	if before.person != after.person {
		kinds = append(kinds, AccountUpdated)
	}
	worked, works := before.data.TokenStatus == account.TokenActive, after.data.TokenStatus == account.TokenActive
	died := before.data.TokenStatus == account.TokenInvalid && after.data.TokenStatus == account.TokenDead
	switch {
	case worked && !works, died:
		kinds = append(kinds, TokenExpired)
	case !worked && works:
		kinds = append(kinds, TokenRecovered)
	}
	for _, kind := range kinds {
		if err := s.emitAccount(ctx, q, id, kind, after); err != nil {
			return err
		}
	}
	return nil
}

// tellCreated is tell for an account that has just been inserted.
func (s *Store) tellCreated(ctx context.Context, q Querier, id account.ID) error {
	made, err := s.see(ctx, q, id)
	if err != nil || made.application == "" {
		return err
	}
	return s.emitAccount(ctx, q, id, AccountCreated, made)
}

// tellDeleted is tell for an account that has just been deleted.
func (s *Store) tellDeleted(ctx context.Context, q Querier, id account.ID, was seen) error {
	if was.application == "" {
		return nil
	}
	was.data = EventData{ServiceType: was.data.ServiceType, ClientOrgID: was.data.ClientOrgID}
	return s.emitAccount(ctx, q, id, AccountDeleted, was)
}

func (s *Store) emitAccount(ctx context.Context, q Querier, id account.ID, kind EventKind, v seen) error {
	return s.emit(ctx, q, Event{ApplicationID: v.application, Kind: kind, AccountID: id, RegistrationID: v.registered, Data: v.data})
}
