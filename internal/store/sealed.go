package store

import "context"

// Labels of the sealed values: part of the associated data they are bound to,
// so they never change.
const (
	LabelApplicationSecret   = "application.secret"
	LabelSigningSecret       = "application.signing"
	LabelRegistrationSecrets = "registration.secrets"
	LabelVerifier            = "attempt.verifier"
	LabelResult              = "attempt.result"
	LabelHeld                = "attempt.held"
	LabelAdmin               = "admin.consent" // of a value that is never stored
	LabelFound               = "form.found"    // likewise
	LabelLink                = "account.link"  // likewise
	LabelCredential          = "credential.tokens"
)

// Sealed is one sealed value with all that is needed to open it.
type Sealed struct {
	Label    string
	RecordID string // the record that Value is bound to
	KeyOwner string // the record that DataKey was wrapped for
	DataKey  []byte // wrapped
	Value    []byte // sealed
}

// sealedQuery selects record id, key owner, data key and value.
type sealedQuery struct{ label, query string }

// into scans an id.
func (q sealedQuery) into(id *string) any {
	if q.label == LabelCredential {
		return (*recordID)(id)
	}
	return id
}

// sealedQueries has one entry for each sealed column of the schema: a new sealed
// column needs one here, or `avain key check` does not see it.
func sealedQueries() []sealedQuery {
	return []sealedQuery{
		{LabelApplicationSecret, `SELECT s.id, a.id, a.data_key, s.sealed FROM application_secrets s
			JOIN applications a ON a.id = s.application_id WHERE s.sealed IS NOT NULL ORDER BY s.id`},
		{LabelSigningSecret, `SELECT s.id, a.id, a.data_key, s.sealed FROM signing_secrets s
			JOIN applications a ON a.id = s.application_id ORDER BY s.id`},
		{LabelRegistrationSecrets, `SELECT id, id, data_key, sealed FROM registrations WHERE sealed IS NOT NULL ORDER BY id`},
		{LabelVerifier, `SELECT t.id, r.id, r.data_key, t.verifier FROM attempts t
			JOIN registrations r ON r.id = t.registration_id WHERE t.verifier IS NOT NULL ORDER BY t.id`},
		{LabelResult, `SELECT t.id, r.id, r.data_key, t.result FROM attempts t
			JOIN registrations r ON r.id = t.registration_id WHERE t.result IS NOT NULL ORDER BY t.id`},
		{LabelHeld, `SELECT t.id, r.id, r.data_key, t.held FROM attempts t
			JOIN registrations r ON r.id = t.registration_id WHERE t.held IS NOT NULL ORDER BY t.id`},
		{LabelCredential, `SELECT record_id, record_id, data_key, sealed FROM credentials WHERE sealed IS NOT NULL ORDER BY record_id`},
	}
}

// EachSealed calls fn for every sealed value of every table, and stops at its
// first error, which comes back as it is. What changes meanwhile may be missed.
func (s *Store) EachSealed(ctx context.Context, fn func(Sealed) error) error {
	for _, q := range sealedQueries() {
		if err := s.eachSealed(ctx, q, fn); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) eachSealed(ctx context.Context, q sealedQuery, fn func(Sealed) error) error {
	const what = "read the sealed values"
	rows, err := s.engine.Reader().QueryContext(ctx, q.query)
	if err != nil {
		return s.fail(ctx, what, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		v := Sealed{Label: q.label}
		if err := rows.Scan(q.into(&v.RecordID), q.into(&v.KeyOwner), &v.DataKey, &v.Value); err != nil {
			return s.fail(ctx, what, err)
		}
		if err := fn(v); err != nil {
			return err
		}
	}
	return s.fail(ctx, what, rows.Err())
}
