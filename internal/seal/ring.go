package seal

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

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

// Ring is the operator's key ring: one primary key that wraps data keys, and any number
// of others that still open them. It is safe for concurrent use, and may come to hold
// other keys while it is used: see [Ring.ReadFrom] and [Ring.Adopt].
type Ring struct {
	held atomic.Pointer[keys]

	reading sync.Mutex
	source  func() (secret.Text, error) // where the written form is kept; nil for nowhere
	accept  func(next *Ring) error
	read    secret.Text // what was read last, if nothing is left to do about it
}

// keys never change.
type keys struct {
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
	r := &Ring{}
	r.held.Store(&keys{handle: handle, primitive: primitive})
	return r, nil
}

// Encode writes the ring as one line of text.
func (r *Ring) Encode() (secret.Text, error) {
	var raw bytes.Buffer
	if err := insecurecleartextkeyset.Write(r.held.Load().handle, keyset.NewBinaryWriter(&raw)); err != nil {
		return secret.Text{}, fmt.Errorf("write the key: %w", err)
	}
	return secret.New(ringPrefix + base64.RawURLEncoding.EncodeToString(raw.Bytes())), nil
}

// NewDataKey makes a key for the record with that id, and its wrapped form to be
// stored. Where the ring is kept somewhere it is read anew first: an older key may be
// dropped soon, and data keys must not be wrapped by it any more.
func (r *Ring) NewDataKey(recordID string) (*DataKey, []byte, error) {
	_, _ = r.ReadAnew() // whoever follows the changes tells of errors; the keys at hand are as good as before
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, nil, fmt.Errorf("make a data key: %w", err)
	}
	wrapped, err := r.held.Load().wrap(handle, recordID)
	if err != nil {
		return nil, nil, err
	}
	key, err := dataKeyOf(handle)
	return key, wrapped, err
}

// OpenDataKey unwraps the key of the record with that id; [ErrWrongKey] if no key of
// the ring has wrapped it. Where the written form is kept somewhere, one that lacks the key
// is read anew first.
func (r *Ring) OpenDataKey(wrapped []byte, recordID string) (*DataKey, error) {
	handle, err := r.unwrap(wrapped, recordID)
	if err != nil {
		return nil, err
	}
	return dataKeyOf(handle)
}

func (r *Ring) unwrap(wrapped []byte, recordID string) (*keyset.Handle, error) {
	held := r.held.Load()
	handle, err := held.unwrap(wrapped, recordID)
	if err == nil || r.source == nil || held.holds(WrappedBy(wrapped)) {
		return handle, err
	}
	_, _ = r.ReadAnew() // an error of it says less than the one at hand
	return r.held.Load().unwrap(wrapped, recordID)
}

func (k *keys) wrap(dataKey *keyset.Handle, recordID string) ([]byte, error) {
	var wrapped bytes.Buffer
	err := dataKey.WriteWithAssociatedData(keyset.NewBinaryWriter(&wrapped), k.primitive, []byte(dataKeyLabel+recordID))
	if err != nil {
		return nil, fmt.Errorf("wrap a data key: %w", err)
	}
	return wrapped.Bytes(), nil
}

func (k *keys) unwrap(wrapped []byte, recordID string) (*keyset.Handle, error) {
	handle, err := keyset.ReadWithAssociatedData(
		keyset.NewBinaryReader(bytes.NewReader(wrapped)), k.primitive, []byte(dataKeyLabel+recordID))
	if err == nil {
		return handle, nil
	}
	if by := WrappedBy(wrapped); by != "" && !k.holds(by) {
		return nil, fmt.Errorf("key %s has wrapped the data key of %s, and is not among those given: %w", by, recordID, ErrWrongKey)
	}
	return nil, ErrWrongKey
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
