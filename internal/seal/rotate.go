package seal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/avain-project/avain/internal/secret"
)

// A key's way through a ring: it is added and waits, so that every server can get it
// before anything is wrapped by it; it becomes the primary; another one does, and it is
// older; nothing is wrapped by it any more, and it is dropped.

// Key is one key of a ring; nothing of it is secret.
type Key struct {
	ID    string
	State KeyState
}

// KeyState is where a key stands.
type KeyState string

// The states of a key.
const (
	Waiting KeyState = "waiting" // newer than the primary: it opens, and does not wrap yet
	Primary KeyState = "primary"
	Older   KeyState = "older"
)

// Keys lists the keys, oldest first.
func (r *Ring) Keys() []Key { return r.held.Load().list() }

func (k *keys) list() []Key {
	info := k.handle.KeysetInfo()
	var all []Key
	state := Older
	for _, one := range info.GetKeyInfo() {
		if one.GetKeyId() == info.GetPrimaryKeyId() {
			all = append(all, Key{keyID(one.GetKeyId()), Primary})
			state = Waiting // keys are appended, and keep their place
			continue
		}
		all = append(all, Key{keyID(one.GetKeyId()), state})
	}
	return all
}

// ID names the primary key; it is no secret.
func (r *Ring) ID() string { return keyID(r.held.Load().handle.KeysetInfo().GetPrimaryKeyId()) }

// IDs names all keys, oldest first.
func (r *Ring) IDs() []string {
	var ids []string
	for _, k := range r.Keys() {
		ids = append(ids, k.ID)
	}
	return ids
}

// Newest names the key that was added last.
func (r *Ring) Newest() string {
	ids := r.IDs()
	return ids[len(ids)-1]
}

func (k *keys) holds(id string) bool {
	for _, one := range k.list() {
		if one.ID == id {
			return true
		}
	}
	return false
}

func keyID(id uint32) string { return fmt.Sprintf("%08x", id) }

// WithNewKey is the ring with one more key, which waits.
func (r *Ring) WithNewKey() (*Ring, error) {
	return r.changed(func(m *keyset.Manager) error {
		_, err := m.Add(aead.AES256GCMKeyTemplate())
		return err
	})
}

// Promoted is the ring with its newest key as the primary.
func (r *Ring) Promoted() (*Ring, error) {
	infos := r.held.Load().handle.KeysetInfo().GetKeyInfo()
	return r.changed(func(m *keyset.Manager) error { return m.SetPrimary(infos[len(infos)-1].GetKeyId()) })
}

// WithoutOlder is the ring without the keys that came before the primary.
func (r *Ring) WithoutOlder() (*Ring, error) {
	infos, states := r.held.Load().handle.KeysetInfo().GetKeyInfo(), r.Keys()
	return r.changed(func(m *keyset.Manager) error {
		for i, k := range states {
			if k.State != Older {
				continue
			}
			if err := m.Delete(infos[i].GetKeyId()); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *Ring) changed(change func(*keyset.Manager) error) (*Ring, error) {
	manager := keyset.NewManagerFromHandle(r.held.Load().handle)
	err := change(manager)
	if err != nil {
		return nil, fmt.Errorf("change the key ring: %w", err)
	}
	handle, err := manager.Handle()
	if err != nil {
		return nil, fmt.Errorf("change the key ring: %w", err)
	}
	return ringOf(handle)
}

// Adopt takes over the keys of next, for all who use this ring.
func (r *Ring) Adopt(next *Ring) { r.held.Store(next.held.Load()) }

// ReadFrom tells where the written form is kept, so that the ring can follow its
// changes: those that accept finds nothing wrong with. It is called before the ring is
// used by several.
func (r *Ring) ReadFrom(source func() (secret.Text, error), accept func(next *Ring) error) {
	r.source, r.accept = source, accept
}

// ReadAnew reads the written form again where it is kept somewhere, and takes it over if
// it has changed. changed is false, too, where the keys stay for an error.
func (r *Ring) ReadAnew() (changed bool, err error) {
	if r.source == nil {
		return false, nil
	}
	r.reading.Lock()
	defer r.reading.Unlock()
	text, err := r.source()
	if err != nil || !r.read.IsZero() && text.Equal(r.read) {
		return false, err
	}
	next, err := ParseRing(text)
	if err != nil {
		return false, err
	}
	if r.same(next) {
		r.read = text
		return false, nil
	}
	if err := r.accept(next); err != nil {
		return false, err
	}
	r.Adopt(next)
	r.read = text
	return true, nil
}

func (r *Ring) same(other *Ring) bool {
	mine, errMine := r.Encode()
	theirs, errTheirs := other.Encode()
	return errors.Join(errMine, errTheirs) == nil && mine.Equal(theirs)
}

// Rewrap is the wrapped data key of that record, wrapped by the primary key. What it
// seals is not touched.
func (r *Ring) Rewrap(wrapped []byte, recordID string) ([]byte, error) {
	handle, err := r.unwrap(wrapped, recordID)
	if err != nil {
		return nil, err
	}
	return r.held.Load().wrap(handle, recordID)
}

// WrappedBy names the key of a ring that has wrapped a data key: its ciphertext begins
// with a byte 1 and the key's id in four (Tink's output prefix). Empty where that cannot be
// read.
func WrappedBy(wrapped []byte) string {
	const prefix = 5
	read, err := keyset.NewBinaryReader(bytes.NewReader(wrapped)).ReadEncrypted()
	if err != nil || len(read.GetEncryptedKeyset()) < prefix || read.GetEncryptedKeyset()[0] != 1 {
		return ""
	}
	return keyID(binary.BigEndian.Uint32(read.GetEncryptedKeyset()[1:prefix]))
}
