package seal

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/avain-project/avain/internal/secret"
)

// ErrWrongKey says that a sealed value does not open: another key sealed it, it
// was altered, or it was moved from the record it belongs to.
var ErrWrongKey = errors.New("the key does not open this value: it was sealed with another key, altered or moved")

// ringPrefix starts the written form of a ring, so that a wrong file or variable
// is recognized before anything is tried with it.
const ringPrefix = "avain-key-v1."

const dataKeyLabel = "avain/data-key/"

// Ring is the operator's key ring: one primary key that seals, and any number of
// older ones that still open.
type Ring struct {
	handle    *keyset.Handle
	primitive tink.AEAD
}

// NewRing makes a ring with one fresh key.
func NewRing() (*Ring, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return ringOf(handle)
}

// ParseRing reads the written form that [Ring.Encode] gives.
func ParseRing(text secret.Text) (*Ring, error) {
	body, ok := strings.CutPrefix(strings.TrimSpace(text.Reveal()), ringPrefix)
	if !ok {
		return nil, fmt.Errorf("this is not an Avain key: it must begin with %q (make one with avain key init)", ringPrefix)
	}
	raw, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		return nil, errors.New("this Avain key is damaged: it is not base64url")
	}
	handle, err := insecurecleartextkeyset.Read(keyset.NewBinaryReader(bytes.NewReader(raw)))
	if err != nil {
		// Tink's text is left out: it may quote what it could not read.
		return nil, errors.New("this Avain key is damaged: it does not hold a keyset")
	}
	return ringOf(handle)
}

func ringOf(handle *keyset.Handle) (*Ring, error) {
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, errors.New("this Avain key cannot be used: it is not an AEAD keyset")
	}
	return &Ring{handle: handle, primitive: primitive}, nil
}

// Encode writes the ring as one line of text.
func (r *Ring) Encode() (secret.Text, error) {
	var raw bytes.Buffer
	if err := insecurecleartextkeyset.Write(r.handle, keyset.NewBinaryWriter(&raw)); err != nil {
		return secret.Text{}, fmt.Errorf("write the key: %w", err)
	}
	return secret.New(ringPrefix + base64.RawURLEncoding.EncodeToString(raw.Bytes())), nil
}

// ID names the primary key; it is no secret.
func (r *Ring) ID() string {
	return fmt.Sprintf("%08x", r.handle.KeysetInfo().GetPrimaryKeyId())
}

// NewDataKey makes a key for the record with that id, and its wrapped form to be
// stored.
func (r *Ring) NewDataKey(recordID string) (*DataKey, []byte, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, nil, fmt.Errorf("make a data key: %w", err)
	}
	var wrapped bytes.Buffer
	err = handle.WriteWithAssociatedData(keyset.NewBinaryWriter(&wrapped), r.primitive, []byte(dataKeyLabel+recordID))
	if err != nil {
		return nil, nil, fmt.Errorf("wrap a data key: %w", err)
	}
	key, err := dataKeyOf(handle)
	return key, wrapped.Bytes(), err
}

// OpenDataKey unwraps the key of the record with that id; [ErrWrongKey] if the
// ring is not the one that wrapped it.
func (r *Ring) OpenDataKey(wrapped []byte, recordID string) (*DataKey, error) {
	handle, err := keyset.ReadWithAssociatedData(
		keyset.NewBinaryReader(bytes.NewReader(wrapped)), r.primitive, []byte(dataKeyLabel+recordID))
	if err != nil {
		return nil, ErrWrongKey
	}
	return dataKeyOf(handle)
}

// DataKey seals the values of one record.
type DataKey struct{ primitive tink.AEAD }

func dataKeyOf(handle *keyset.Handle) (*DataKey, error) {
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("use a data key: %w", err)
	}
	return &DataKey{primitive: primitive}, nil
}

// Seal encrypts plain for the value called label in the record recordID.
func (k *DataKey) Seal(plain []byte, label, recordID string) ([]byte, error) {
	sealed, err := k.primitive.Encrypt(plain, associated(label, recordID))
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", label, err)
	}
	return sealed, nil
}

// Open is the way back; [ErrWrongKey] if value, label and record do not belong
// together.
func (k *DataKey) Open(sealed []byte, label, recordID string) ([]byte, error) {
	plain, err := k.primitive.Decrypt(sealed, associated(label, recordID))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", label, ErrWrongKey)
	}
	return plain, nil
}

// The slash cannot occur in a label, so no two pairs read alike.
func associated(label, recordID string) []byte { return []byte("avain/" + label + "/" + recordID) }
