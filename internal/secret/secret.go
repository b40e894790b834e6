package secret

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
)

// Redacted is what every formatter shows in place of a secret.
const Redacted = "[redacted]"

// Text is a secret string: a password, a token, a key. The zero value is the
// absent secret.
type Text struct {
	// A pointer, so that %#v and reflection-based printers that ignore our
	// methods show an address rather than the value.
	value *string
}

// New wraps s. An empty s gives the absent secret.
func New(s string) Text {
	if s == "" {
		return Text{}
	}
	return Text{value: &s}
}

// Reveal returns the bare value. Hand it straight to what needs it; never store
// or format it.
func (t Text) Reveal() string {
	if t.value == nil {
		return ""
	}
	return *t.value
}

// IsZero tells whether the secret is absent.
func (t Text) IsZero() bool { return t.value == nil }

// Equal compares in constant time, whatever the two lengths.
func (t Text) Equal(other Text) bool {
	a, b := sha256.Sum256([]byte(t.Reveal())), sha256.Sum256([]byte(other.Reveal()))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// String implements fmt.Stringer without the value.
func (t Text) String() string {
	if t.IsZero() {
		return ""
	}
	return Redacted
}

// Format covers every verb, %x and %#v included.
func (t Text) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, t.String()) }

// LogValue implements slog.LogValuer.
func (t Text) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText keeps the value out of JSON, YAML and every other text encoding.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads the value: settings files and flags may carry secrets in.
func (t *Text) UnmarshalText(b []byte) error {
	*t = New(string(b))
	return nil
}
