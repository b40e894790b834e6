package credential

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/store"
)

// SignIn is what a provider gave, and to whom.
type SignIn struct {
	Tokens   provider.Tokens
	Identity account.Identity
}

// sealedSignIn is the sealed form of SignIn.
type sealedSignIn struct {
	Tokens   sealedTokens   `json:"tokens"`
	Identity sealedIdentity `json:"identity"`
}

// sealedIdentity is account.Identity as JSON: same fields, so that the two convert.
type sealedIdentity struct {
	Subject       string `json:"subject"`
	OrgID         string `json:"orgId,omitempty"`
	Email         string `json:"email,omitempty"`
	EmailVerified bool   `json:"emailVerified,omitempty"`
	Name          string `json:"name,omitempty"`
}

// shortest is the life of an access token that has ended while it waited: one that
// is over, and not one that nobody knows.
const shortest = time.Nanosecond

// SealSignIn seals a sign-in that waits in an attempt, with the key of the attempt's
// registration.
func (s *Service) SealSignIn(reg Registered, attemptID string, in SignIn) ([]byte, error) {
	bare := sealedSignIn{Identity: sealedIdentity(in.Identity), Tokens: bared(in.Tokens)}
	if in.Tokens.Life > 0 {
		bare.Tokens.ExpiresAt = s.Now().Add(in.Tokens.Life)
	}
	plain, err := json.Marshal(bare)
	if err != nil {
		return nil, errors.New("encode the sign-in")
	}
	return reg.Key.Seal(plain, store.LabelHeld, attemptID)
}

// OpenSignIn opens what SealSignIn has sealed. The life of the access token is what
// is left of it.
func (s *Service) OpenSignIn(reg Registered, attemptID string, sealed []byte) (SignIn, error) {
	plain, err := reg.Key.Open(sealed, store.LabelHeld, attemptID)
	if err != nil {
		return SignIn{}, fmt.Errorf("open the sign-in of attempt %s: %w", attemptID, err)
	}
	var bare sealedSignIn
	if err := json.Unmarshal(plain, &bare); err != nil {
		return SignIn{}, fmt.Errorf("the sign-in of attempt %s is damaged", attemptID) // the error may quote it
	}
	tokens := bare.Tokens.tokens()
	if end := bare.Tokens.ExpiresAt; !end.IsZero() {
		tokens.Life = max(end.Sub(s.Now()), shortest)
	}
	return SignIn{Tokens: tokens, Identity: account.Identity(bare.Identity)}, nil
}
