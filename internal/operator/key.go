package operator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// canaryKey is where the store keeps a sealed value that tells at the start whether
// the key is the right one. It is the record's id and its label too.
const canaryKey = "key.canary"

// canary is the stored form. A data key seals the text, as it does everything else.
type canary struct {
	KeyID   string `json:"keyId"` // of the ring that made it; no secret
	DataKey []byte `json:"dataKey"`
	Sealed  []byte `json:"sealed"`
}

// WrongKeyError says that the data was sealed with another key than the one given.
// It is seal.ErrWrongKey to errors.Is.
type WrongKeyError struct {
	Given    string // id of the ring in hand
	Recorded string // id of the ring that the data knows; empty where that is not recorded
}

func (e *WrongKeyError) Error() string {
	recorded := "another key"
	if e.Recorded != "" {
		recorded = "key " + e.Recorded
	}
	return fmt.Sprintf("the key given is %s, but this database was sealed with %s: "+
		"give that key (AVAIN_KEY_FILE, or avain.key in the data directory); without it the accounts cannot be opened", e.Given, recorded)
}

// Unwrap gives the cause.
func (e *WrongKeyError) Unwrap() error { return seal.ErrWrongKey }

// NewKey makes a key, and tells its written form and its id. Losing it is losing
// every connected account.
func NewKey() (key secret.Text, id string, err error) {
	ring, err := seal.NewRing()
	if err != nil {
		return secret.Text{}, "", err
	}
	key, err = ring.Encode()
	return key, ring.ID(), err
}

// EnsureKey is called at every start. It answers a [*WrongKeyError] where the ring
// is not the one the data was sealed with; at the very first start it leaves the
// mark by which later ones are compared.
func (s *Service) EnsureKey(ctx context.Context) error {
	raw, err := s.Store.Meta(ctx, canaryKey)
	if absent(err) {
		if err := s.leaveCanary(ctx); err != nil {
			return err
		}
		raw, err = s.Store.Meta(ctx, canaryKey)
	}
	if err != nil {
		return err
	}
	return s.checkCanary(raw)
}

func (s *Service) checkCanary(raw []byte) error {
	var c canary
	if err := json.Unmarshal(raw, &c); err != nil {
		return fmt.Errorf("the record of the key is damaged: restore the database from a backup: %w", err)
	}
	key, err := s.Ring.OpenDataKey(c.DataKey, canaryKey)
	if err == nil {
		_, err = key.Open(c.Sealed, canaryKey, canaryKey)
	}
	if err != nil {
		return &WrongKeyError{Given: s.Ring.ID(), Recorded: c.KeyID}
	}
	return nil
}

// leaveCanary refuses to mark data that another key has sealed already. A mark that
// another process has left in the meantime stays: the caller reads it.
func (s *Service) leaveCanary(ctx context.Context) error {
	err := s.Store.EachSealed(ctx, func(v store.Sealed) error {
		if s.opens(v) {
			return errEnough
		}
		return &WrongKeyError{Given: s.Ring.ID()}
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	key, wrapped, err := s.Ring.NewDataKey(canaryKey)
	if err != nil {
		return err
	}
	sealed, err := key.Seal([]byte("avain"), canaryKey, canaryKey)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(canary{KeyID: s.Ring.ID(), DataKey: wrapped, Sealed: sealed})
	if err != nil {
		return fmt.Errorf("write the record of the key: %w", err)
	}
	return s.Store.AddMeta(ctx, canaryKey, raw)
}

// errEnough ends a walk over the sealed values early.
var errEnough = errors.New("seen enough")

// HoldsSealed tells whether the database holds anything that a key has sealed: a
// new key beside it would open none of it. It needs no ring, and reads a database
// that was never migrated too.
func HoldsSealed(ctx context.Context, s Store) (bool, error) {
	status, err := s.MigrationStatus(ctx)
	if err != nil || status.Current == 0 {
		return false, err
	}
	_, err = s.Meta(ctx, canaryKey)
	if !absent(err) {
		return err == nil, err
	}
	err = s.EachSealed(ctx, func(store.Sealed) error { return errEnough })
	if errors.Is(err, errEnough) {
		return true, nil
	}
	return false, err
}

// KeyReport is what [Service.KeyCheck] found.
type KeyReport struct {
	KeyID   string
	Checked int
	Failed  []string // label and record of each value that did not open
}

// KeyCheck opens every sealed value of the database. progress, where it is not
// nil, is told how many are done.
func (s *Service) KeyCheck(ctx context.Context, progress func(done int)) (KeyReport, error) {
	report := KeyReport{KeyID: s.Ring.ID()}
	err := s.Store.EachSealed(ctx, func(v store.Sealed) error {
		if !s.opens(v) {
			report.Failed = append(report.Failed, v.Label+" "+v.RecordID)
		}
		report.Checked++
		if progress != nil {
			progress(report.Checked)
		}
		return ctx.Err()
	})
	return report, err
}

func (s *Service) opens(v store.Sealed) bool {
	key, err := s.Ring.OpenDataKey(v.DataKey, v.KeyOwner)
	if err == nil {
		_, err = key.Open(v.Value, v.Label, v.RecordID)
	}
	return err == nil
}
