package account

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/avain-project/avain/internal/brand"
	"github.com/avain-project/avain/internal/weburl"
)

// Bounds of an application's settings.
const (
	DefaultCodeLifetime = 60 * time.Second
	MinCodeLifetime     = 30 * time.Second
	MaxCodeLifetime     = 600 * time.Second
)

// Application is a customer's app: what holds a clientId and connects accounts.
type Application struct {
	ID         string
	ClientID   string // 32 hexadecimal characters
	Name       string // shown to people on our pages
	ReturnURLs []string
	Settings   Settings
	Brand      brand.Brand // what people see besides the name
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Settings are what an operator can choose for one application.
type Settings struct {
	// Public marks an application that cannot keep a secret: it redeems codes
	// with PKCE alone.
	Public bool
	// TokenMode allows responseType=token.
	TokenMode bool
	// CodeLifetime is how long a code may wait to be redeemed; 0 is DefaultCodeLifetime.
	CodeLifetime time.Duration
	// RevokeOnReplay revokes what a code issued when the code is presented again.
	RevokeOnReplay bool
	// ProviderAuth allows includeProviderAuth: handing out the provider's access token.
	ProviderAuth bool
	// Origins are allowed by CORS besides those of the return URLs.
	Origins []string
	// Alias is the web origin of the application's own host name for this server, as
	// browsers write it ("https://connect.example"): its sign-ins run there. Empty for
	// the public URL.
	Alias string
	// PartialGrant is what happens where authorize does not say; "" is AskPartial.
	PartialGrant PartialGrant
	// CrossSite lets users' cookies go along where a page of another site makes the call:
	// SameSite=None in place of Lax.
	CrossSite bool
	// Webhooks are the URLs that are told what becomes of the accounts.
	Webhooks []string
}

// WebOrigins are the origins of the application's own pages: those of its return URLs,
// and those that the operator has listed besides.
func (a Application) WebOrigins() (origins []string) {
	for _, raw := range append(append([]string(nil), a.Settings.Origins...), a.ReturnURLs...) {
		if o := weburl.Origin(raw); o != "" && !slices.Contains(origins, o) {
			origins = append(origins, o)
		}
	}
	return origins
}

// Number stands for the application where the contract has a number: in a cookie's name,
// and in JSON. It is the same for good.
func (a Application) Number() int64 {
	sum := sha256.Sum256([]byte(a.ID))
	return int64(binary.BigEndian.Uint64(sum[:8])&maxID | 1) //nolint:gosec // 53 bits
}

// PartialGrant says what happens where a person gave less access than was asked for.
type PartialGrant string

// The ways to take a partial grant.
const (
	AskPartial    PartialGrant = "ask"    // the person chooses: the rest, or without
	AcceptPartial PartialGrant = "accept" // the account is connected with what there is
	RefusePartial PartialGrant = "refuse" // the application gets an error, no account
)

// ParsePartialGrant reads one of them.
func ParsePartialGrant(s string) (PartialGrant, bool) {
	switch p := PartialGrant(s); p {
	case AskPartial, AcceptPartial, RefusePartial:
		return p, true
	}
	return "", false
}

// Partial is the way in force: the default unless authorize insists (true) or insists
// that it does not (false) on every scope.
func (s Settings) Partial(ensureScopes *bool) PartialGrant {
	standard := cmp.Or(s.PartialGrant, AskPartial)
	switch {
	case ensureScopes == nil:
		return standard
	case *ensureScopes:
		return RefusePartial
	case standard == RefusePartial:
		return AskPartial
	}
	return standard
}

// CodeLife is the lifetime in force.
func (s Settings) CodeLife() time.Duration {
	if s.CodeLifetime == 0 {
		return DefaultCodeLifetime
	}
	return s.CodeLifetime
}

// NewClientID draws a client id in the contract's shape.
func NewClientID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return fmt.Sprintf("%x", b)
}

// ValidClientID tells whether s has the shape of a client id.
func ValidClientID(s string) bool {
	if len(s) != 32 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
