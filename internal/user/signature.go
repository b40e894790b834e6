package user

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// SignatureWindow is how far a signature's time may be from ours, before and after.
const SignatureWindow = 5 * time.Minute

// Proof is an application's word that a sign-in is for one of its users (contract §3.6):
// HMAC-SHA256 by a live client secret, over the user's id immediately followed by the
// time in decimal seconds.
type Proof struct {
	UserID    string
	Timestamp string
	Signature string // hexadecimal, base64 or base64url, with or without padding
}

// IsZero tells whether there is none.
func (p Proof) IsZero() bool { return p == Proof{} }

// Prove checks a proof of app, and returns what must be stored with what it is used for,
// so that it is used once.
func (s *Service) Prove(ctx context.Context, app store.Application, p Proof) (*store.UsedSignature, error) {
	at, err := p.time()
	if err != nil {
		return nil, err
	}
	if off := s.now().Sub(at); off > SignatureWindow || off < -SignatureWindow {
		return nil, fault.New(fault.SignatureExpired, "")
	}
	mac, ok := decodeMAC(p.Signature)
	if !ok {
		return nil, fault.New(fault.SignatureInvalid, "It is hexadecimal, base64 or base64url of 32 bytes.")
	}
	secrets, err := s.secrets(ctx, app)
	if err != nil {
		return nil, err
	}
	valid := false
	for _, live := range secrets { // all of them: how long it takes tells nothing
		valid = hmac.Equal(mac, Sign(live, p.UserID, p.Timestamp)) || valid
	}
	if !valid {
		return nil, fault.New(fault.SignatureInvalid, "")
	}
	once := sha256.Sum256(append([]byte(app.ID+" "), mac...)) // of the bytes: another spelling is no other signature
	return &store.UsedSignature{Hash: once[:], ExpiresAt: at.Add(SignatureWindow + time.Second)}, s.unused(ctx, app, p, once[:])
}

// unused tells early what the attempt's creation will make sure of, and whether there is
// such a user.
func (s *Service) unused(ctx context.Context, app store.Application, p Proof, hash []byte) error {
	used, err := s.store.SignatureUsed(ctx, hash)
	if err != nil {
		return storeFault("look for the signature", err)
	}
	if used {
		return fault.New(fault.SignatureUsed, "")
	}
	_, err = s.store.User(ctx, app.ID, p.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return fault.New(fault.UserUnknown, "")
	}
	return storeFault("read the user", err)
}

// time reads the timestamp. It is signed right behind the user's id, so that it has one
// spelling: a leading zero could be the end of another id.
func (p Proof) time() (time.Time, error) {
	seconds, err := strconv.ParseInt(p.Timestamp, 10, 64)
	if err != nil || strconv.FormatInt(seconds, 10) != p.Timestamp {
		return time.Time{}, fault.New(fault.ParameterInvalid, "It is timestamp; seconds since 1970, in decimal.")
	}
	return time.Unix(seconds, 0), nil
}

// Sign is the signature of a proof.
func Sign(clientSecret secret.Text, userID, timestamp string) []byte {
	h := hmac.New(sha256.New, []byte(clientSecret.Reveal()))
	_, _ = h.Write([]byte(userID + timestamp)) // never fails
	return h.Sum(nil)
}

// decodeMAC reads 32 bytes. The spellings do not overlap: 32 bytes are 64 digits or 43
// letters. A plus that was not percent-encoded has become a space.
func decodeMAC(text string) ([]byte, bool) {
	if mac, err := hex.DecodeString(text); err == nil && len(mac) == sha256.Size {
		return mac, true
	}
	text = strings.NewReplacer(" ", "-", "+", "-", "/", "_").Replace(strings.TrimRight(text, "="))
	mac, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return mac, err == nil && len(mac) == sha256.Size
}

// secrets opens the live client secrets of an application; a public one has none.
func (s *Service) secrets(ctx context.Context, app store.Application) ([]secret.Text, error) {
	records, err := s.store.ApplicationSecrets(ctx, app.ID)
	if err != nil {
		return nil, storeFault("read the application's secrets", err)
	}
	if len(records) == 0 {
		return nil, nil
	}
	key, err := s.ring.OpenDataKey(app.DataKey, app.ID)
	if err != nil {
		return nil, fmt.Errorf("open the application's key: %w", err)
	}
	var opened []secret.Text
	for _, r := range records {
		plain, err := key.Open(r.Sealed, store.LabelApplicationSecret, r.ID)
		if err != nil {
			return nil, fmt.Errorf("open the application's secret: %w", err)
		}
		opened = append(opened, secret.New(string(plain)))
	}
	return opened, nil
}
