package store

import (
	"context"
	"fmt"
)

// Data keys are wrapped by the operator's key, which may change: then each is wrapped
// anew, and what it seals stays as it is. A data key belongs to its record for good, so
// whoever writes a record back writes everything but the data key that is there already.

// KeyHolder is a kind of records that have data keys.
type KeyHolder string

// The kinds, those with the fewest records first.
const (
	HolderApplications  KeyHolder = "applications"
	HolderRegistrations KeyHolder = "registrations"
	HolderCredentials   KeyHolder = "credentials"
)

// KeyHolders lists the kinds. A new column data_key needs a kind here, or a rotation of
// the key passes it by.
func KeyHolders() []KeyHolder {
	return []KeyHolder{HolderApplications, HolderRegistrations, HolderCredentials}
}

// id is the column that a data key is bound to.
func (h KeyHolder) id() string {
	if h == HolderCredentials {
		return "record_id"
	}
	return "id"
}

// key is the column's value for a record.
func (h KeyHolder) key(id string) any {
	if h == HolderCredentials {
		return recordID(id).bytes()
	}
	return id
}

// into scans that column.
func (h KeyHolder) into(id *string) any {
	if h == HolderCredentials {
		return (*recordID)(id)
	}
	return id
}

// WrappedKey is the data key of one record, wrapped.
type WrappedKey struct {
	RecordID string
	DataKey  []byte
}

// CountDataKeys counts the records of one kind that have a data key.
func (s *Store) CountDataKeys(ctx context.Context, of KeyHolder) (n int, err error) {
	err = s.engine.Reader().QueryRowContext(ctx, `SELECT COUNT(*) FROM `+string(of)+` WHERE data_key IS NOT NULL`).Scan(&n)
	return n, s.fail(ctx, "count the data keys", err)
}

// DataKeys lists at most n data keys of one kind, in the order of their records' ids, from
// behind the id after. Sealed or wiped makes no difference.
func (s *Store) DataKeys(ctx context.Context, of KeyHolder, after string, n int) ([]WrappedKey, error) {
	query := fmt.Sprintf(`SELECT %[2]s, data_key FROM %[1]s WHERE %[2]s > $1 AND data_key IS NOT NULL ORDER BY %[2]s LIMIT $2`, of, of.id())
	list, err := readAll(ctx, s.engine.Reader(), func(r row) (k WrappedKey, err error) {
		err = r.Scan(of.into(&k.RecordID), &k.DataKey)
		return k, err
	}, query, of.key(after), n)
	return list, s.fail(ctx, "list the data keys", err)
}

// Rewrapped is a data key of one record, as it was and as it is to be from now on.
type Rewrapped struct {
	RecordID string
	From, To []byte
}

// Rewrap writes all of batch in one change, each where the stored data key is still
// From: changed counts them. Nothing else of a record is written, its generation included.
func (s *Store) Rewrap(ctx context.Context, of KeyHolder, batch []Rewrapped) (changed int, err error) {
	statement := fmt.Sprintf(`UPDATE %s SET data_key = $3 WHERE %s = $1 AND data_key = $2`, of, of.id())
	err = s.write(ctx, "wrap data keys anew", func(ctx context.Context, q Querier) error {
		changed = 0 // an engine may run this more than once
		for _, one := range batch {
			n, err := count(q.ExecContext(ctx, statement, of.key(one.RecordID), one.From, one.To))
			if err != nil {
				return err
			}
			changed += n
		}
		return nil
	})
	if err != nil {
		changed = 0
	}
	return changed, err
}
