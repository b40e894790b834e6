package operator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

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
	// Next is the mark of the key that a rotation leads to, from its begin to its end:
	// meanwhile a ring must have both.
	Next *canary `json:"next,omitempty"`
}

// WrongKeyError says that the data was sealed with another key than the one given.
// It is seal.ErrWrongKey to errors.Is.
type WrongKeyError struct {
	Given    string // ids of the ring in hand
	Recorded string // id of the key that the data knows; empty where that is not recorded
	Rotating bool   // Recorded is the key that a rotation has begun to lead to
}

func (e *WrongKeyError) Error() string {
	recorded := "another key"
	if e.Recorded != "" {
		recorded = "key " + e.Recorded
	}
	if e.Rotating {
		return fmt.Sprintf("the key given is %s, but a rotation to %s has begun in this database: "+
			"give the key ring that holds both (AVAIN_KEY_FILE, or avain.key in the data directory, of where avain key rotate was run)", e.Given, recorded)
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
	_, err := readCanary(s.Ring, raw)
	return err
}

// readCanary answers a [*WrongKeyError] where the ring does not open all of it.
func readCanary(ring *seal.Ring, raw []byte) (c canary, err error) {
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, fmt.Errorf("the record of the key is damaged: restore the database from a backup: %w", err)
	}
	given := strings.Join(ring.IDs(), ", ")
	if !c.opens(ring) {
		return c, &WrongKeyError{Given: given, Recorded: c.KeyID}
	}
	if c.Next != nil && !c.Next.opens(ring) {
		return c, &WrongKeyError{Given: given, Recorded: c.Next.KeyID, Rotating: true}
	}
	return c, nil
}

func (c canary) opens(ring *seal.Ring) bool {
	key, err := ring.OpenDataKey(c.DataKey, canaryKey)
	if err == nil {
		_, err = key.Open(c.Sealed, canaryKey, canaryKey)
	}
	return err == nil
}

// newCanary is the mark of the ring's primary key.
func newCanary(ring *seal.Ring) (canary, error) {
	key, wrapped, err := ring.NewDataKey(canaryKey)
	if err != nil {
		return canary{}, err
	}
	sealed, err := key.Seal([]byte("avain"), canaryKey, canaryKey)
	return canary{KeyID: seal.WrappedBy(wrapped), DataKey: wrapped, Sealed: sealed}, err
}

func (c canary) encode() ([]byte, error) {
	raw, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("write the record of the key: %w", err)
	}
	return raw, nil
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
	mark, err := newCanary(s.Ring)
	if err != nil {
		return err
	}
	raw, err := mark.encode()
	if err != nil {
		return err
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

// RecordedKeys names the keys that the database was sealed with, as far as that is
// recorded. It needs no ring.
func RecordedKeys(ctx context.Context, s Store) ([]string, error) {
	raw, err := s.Meta(ctx, canaryKey)
	if absent(err) {
		return nil, nil
	}
	var c canary
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err != nil {
		return nil, err
	}
	ids := []string{c.KeyID}
	if c.Next != nil && c.Next.KeyID != c.KeyID {
		ids = append(ids, c.Next.KeyID)
	}
	return ids, nil
}

// acceptTimeout bounds the look at the mark when the ring is read anew.
const acceptTimeout = 5 * time.Second

// FollowKey lets the ring follow its written form, where that is kept. It takes over what
// opens the mark in the database, and no other.
func (s *Service) FollowKey(source func() (secret.Text, error)) {
	s.Ring.ReadFrom(source, func(next *seal.Ring) error {
		ctx, cancel := context.WithTimeout(context.Background(), acceptTimeout) // of nobody's request: it is for all
		defer cancel()
		raw, err := s.Store.Meta(ctx, canaryKey)
		if err == nil {
			_, err = readCanary(next, raw)
		}
		return err
	})
}
