package account

import (
	"crypto/rand"
	"fmt"
	"time"
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
