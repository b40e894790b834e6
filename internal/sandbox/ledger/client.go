package ledger

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
)

// Client is an OAuth client registered at one vendor.
type Client struct {
	ID           string
	Secret       string   // empty: a public client, which sends none
	Name         string   // shown on the consent page; empty: the ID is shown
	RedirectURIs []string // compared as whole strings (RFC 9700 §2.1)
	// CentreSecrets take the place of Secret at data centres, by the centre's name ("eu"),
	// at vendors that have them.
	CentreSecrets map[string]string
	// RequiredScopes are those that each request must ask for, at vendors whose
	// clients declare them (HubSpot).
	RequiredScopes []string
}

// Title is what the consent page calls the client.
func (c Client) Title() string {
	if c.Name != "" {
		return c.Name
	}
	return c.ID
}

// Redirects says whether uri is registered, character by character.
func (c Client) Redirects(uri string) bool { return slices.Contains(c.RedirectURIs, uri) }

func (c Client) validate() error {
	if c.ID == "" {
		return errors.New("sandbox: a client needs an ID")
	}
	for _, raw := range c.RedirectURIs {
		u, err := url.Parse(raw)
		if err != nil || !u.IsAbs() || u.Fragment != "" {
			return fmt.Errorf("sandbox: redirect URI %q of client %q must be absolute and without a fragment", raw, c.ID)
		}
	}
	return nil
}

// Register adds the client, or replaces the one with the same ID. Registered
// clients outlive [Ledger.Reset].
func (l *Ledger) Register(c Client) error {
	if err := c.validate(); err != nil {
		return err
	}
	c.RedirectURIs, c.RequiredScopes = slices.Clone(c.RedirectURIs), slices.Clone(c.RequiredScopes)
	c.CentreSecrets = maps.Clone(c.CentreSecrets)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clients[c.ID] = c
	return nil
}

// Client finds a registered client.
func (l *Ledger) Client(id string) (Client, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, ok := l.clients[id]
	return c, ok
}

// Authenticate checks a client's secret. Errors: [ErrUnknownClient],
// [ErrWrongSecret].
func (l *Ledger) Authenticate(id, secret string) error {
	c, ok := l.Client(id)
	if !ok {
		return ErrUnknownClient
	}
	if subtle.ConstantTimeCompare([]byte(c.Secret), []byte(secret)) != 1 {
		return ErrWrongSecret
	}
	return nil
}
