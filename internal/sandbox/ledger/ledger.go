package ledger

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// CodeLife is how long an authorization code may be redeemed.
const CodeLife = 10 * time.Minute

const (
	maxCodes  = 10_000
	maxAccess = 20_000
	// maxRefreshPerGrant: Google lets the oldest refresh token of a user and
	// client die without a word when there are more than 100 of them.
	// https://developers.google.com/identity/protocols/oauth2#expiration
	maxRefreshPerGrant = 100
)

// What a call on the ledger can fail with. Dialects turn these into their
// vendor's words.
var (
	ErrUnknownClient      = errors.New("client is not registered")
	ErrWrongSecret        = errors.New("client secret is wrong")
	ErrOtherClient        = errors.New("issued to another client")
	ErrUnknownCode        = errors.New("code is unknown")
	ErrCodeUsed           = errors.New("code was used before; the grant is revoked")
	ErrCodeExpired        = errors.New("code has expired")
	ErrRedirectMismatch   = errors.New("redirect_uri differs from the one of the authorization")
	ErrVerifierMissing    = errors.New("code_verifier is missing")
	ErrVerifierWrong      = errors.New("code_verifier does not match the code_challenge")
	ErrVerifierUnexpected = errors.New("code_verifier sent, but there was no code_challenge")
	ErrUnknownToken       = errors.New("token is unknown, expired or revoked")
	ErrScopeNotGranted    = errors.New("scope was not granted")
)

// Config says how a ledger tells the time and what its tokens look like.
type Config struct {
	Now        func() time.Time
	Rand       io.Reader // must not end: a ledger without randomness panics
	AccessLife time.Duration
	Renews     bool // each refresh gives a new refresh token beside the old one
	// AccessBytes is the randomness in an access token; 0: 32. It makes long ones.
	AccessBytes int

	CodePrefix, AccessPrefix, RefreshPrefix string
}

// Ledger is safe for concurrent use.
type Ledger struct {
	cfg Config

	mu      sync.Mutex
	clients map[string]Client
	grants  map[grantKey]*grant
	codes   *shelf[*code]
	access  *shelf[Access]
	refresh *shelf[refresh]
	spent   *shelf[grantKey] // refresh tokens that end their grant where they are shown again
}

// grantKey names a grant: vendors hold one for each person and client.
type grantKey struct{ client, persona string }

type grant struct {
	scopes  []string // all that was ever granted
	offline bool     // an offline consent was given: its refresh token comes once
	tags    Tags     // of the newest consent
}

// New makes an empty ledger.
func New(cfg Config) *Ledger {
	l := &Ledger{cfg: cfg, clients: map[string]Client{}}
	l.clear()
	return l
}

// Reset forgets grants, codes and tokens; clients stay registered.
func (l *Ledger) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clear()
}

func (l *Ledger) clear() {
	l.grants = map[grantKey]*grant{}
	l.codes = newShelf[*code](maxCodes)
	l.access = newShelf[Access](maxAccess)
	l.refresh = newShelf[refresh](maxAccess)
	l.spent = newShelf[grantKey](maxAccess)
}

// mint makes a new opaque value of 256 random bits.
func (l *Ledger) mint(prefix string) string { return l.mintOf(prefix, 32) }

func (l *Ledger) mintOf(prefix string, n int) string {
	b := make([]byte, n)
	if _, err := io.ReadFull(l.cfg.Rand, b); err != nil {
		panic(fmt.Sprintf("sandbox: Config.Rand must not end: %v", err))
	}
	return prefix + base64.RawURLEncoding.EncodeToString(b)
}

// union keeps the order of a, then of what is new in b.
func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
