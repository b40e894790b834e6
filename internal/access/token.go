package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"hash/crc32"
	"strings"

	"github.com/avain-project/avain/internal/secret"
)

// The prefixes by which people and scanners recognize our secrets.
const (
	TokenPrefix   = "avain_at_" // access token of an account
	SecretPrefix  = "avain_cs_" // client secret of an application
	SigningPrefix = "avain_ss_" // what signs an application's webhooks
	SessionPrefix = "avain_us_" // session of a user
)

// entropy is the length of the random part, in bytes.
const entropy = 32

// NewToken draws an access token.
func NewToken() secret.Text { return mint(TokenPrefix) }

// NewSecret draws a client secret.
func NewSecret() secret.Text { return mint(SecretPrefix) }

// NewSigningSecret draws what signs an application's webhooks.
func NewSigningSecret() secret.Text { return mint(SigningPrefix) }

// NewSession draws a user's session.
func NewSession() secret.Text { return mint(SessionPrefix) }

// SessionShaped tells whether t could have been drawn by [NewSession].
func SessionShaped(t secret.Text) bool { return wellFormed(t.Reveal(), SessionPrefix) }

// NewCode draws an authorization code. It has no prefix: clients put it into a
// path without encoding it, and the contract's own codes are bare.
func NewCode() secret.Text { return secret.New(random()) }

// NewNonce draws a value that a browser carries: our state, or its cookie.
func NewNonce() secret.Text { return secret.New(random()) }

// Hash is what the store keeps.
func Hash(t secret.Text) []byte {
	sum := sha256.Sum256([]byte(t.Reveal()))
	return sum[:]
}

func random() string {
	var b [entropy]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func mint(prefix string) secret.Text {
	body := random()
	return secret.New(prefix + body + checksum(prefix+body))
}

// wellFormed tells whether text could have been minted with that prefix.
func wellFormed(text, prefix string) bool {
	body, ok := strings.CutPrefix(text, prefix)
	n := base64.RawURLEncoding.EncodedLen(entropy)
	return ok && len(body) > n && body[n:] == checksum(prefix+body[:n])
}

func checksum(s string) string {
	sum := crc32.ChecksumIEEE([]byte(s))
	return base64.RawURLEncoding.EncodeToString([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
}
