package ledger

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"time"
)

// Consent is a person's yes to a client's request.
type Consent struct {
	ClientID    string
	Persona     Persona
	Tags        Tags
	Scopes      []string // what was ticked, in the vendor's spelling
	RedirectURI string
	Challenge   string // PKCE S256 code_challenge; empty: none

	Offline        bool // a refresh token is wanted
	ForceConsent   bool // and wanted again, although one was given before
	IncludeGranted bool // add what the person granted to this client earlier
}

type code struct {
	key         grantKey
	persona     Persona
	scopes      []string
	redirectURI string
	challenge   string
	refresh     bool // decided at consent time
	expires     time.Time
	used        bool
}

// Approve records a consent and returns the authorization code and the scopes
// its tokens will have. A refresh token is due whenever the person has something
// new to consent to, offline: the first time, for a scope that was not granted
// before, after a revocation, or where consent is forced.
func (l *Ledger) Approve(c Consent) (value string, granted []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := grantKey{client: c.ClientID, persona: c.Persona.grants()}
	g := l.grants[key]
	if g == nil {
		g = &grant{}
		l.grants[key] = g
	}
	granted = slices.Clone(c.Scopes)
	if c.IncludeGranted {
		granted = union(granted, g.scopes)
	}
	due := c.Offline && !c.Tags.NoRefresh && (c.ForceConsent || !g.offline || len(union(g.scopes, c.Scopes)) > len(g.scopes))
	g.scopes, g.tags = union(g.scopes, granted), c.Tags
	g.offline = g.offline || c.Offline

	value = l.mint(l.cfg.CodePrefix)
	l.codes.put(value, &code{
		key: key, persona: c.Persona, scopes: granted, redirectURI: c.RedirectURI,
		challenge: c.Challenge, refresh: due, expires: l.cfg.Now().Add(CodeLife),
	})
	return value, slices.Clone(granted)
}

// Redemption is a request to turn a code into tokens. The client has been
// authenticated already.
type Redemption struct {
	ClientID, Code, RedirectURI, Verifier string

	Scopes []string // of the access token, if not all that was granted
}

// Redeem consumes a code. A second redemption ends the whole grant (RFC 6749
// §4.1.2); any other failure leaves the code as it was.
func (l *Ledger) Redeem(r Redemption) (Tokens, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, ok := l.codes.entries[r.Code]
	if !ok {
		return Tokens{}, ErrUnknownCode
	}
	if err := l.redeemable(c, r); err != nil {
		return Tokens{}, err
	}
	c.used = true
	scopes := c.scopes
	if len(r.Scopes) > 0 {
		scopes = r.Scopes
	}
	t := l.issueAccess(c.key, c.persona, scopes)
	if c.refresh {
		t.Refresh = l.issueRefresh(refresh{key: c.key, persona: c.persona, scopes: c.scopes})
	}
	return t, nil
}

func (l *Ledger) redeemable(c *code, r Redemption) error {
	switch {
	case c.key.client != r.ClientID:
		return ErrOtherClient
	case c.used:
		l.end(c.key)
		return ErrCodeUsed
	case l.cfg.Now().After(c.expires):
		return ErrCodeExpired
	case c.redirectURI != r.RedirectURI:
		return ErrRedirectMismatch
	case slices.ContainsFunc(r.Scopes, func(s string) bool { return !slices.Contains(c.scopes, s) }):
		return ErrScopeNotGranted
	}
	return proof(c.challenge, r.Verifier)
}

// proof checks a PKCE verifier (RFC 7636 §4.6, method S256).
func proof(challenge, verifier string) error {
	if challenge == "" && verifier == "" {
		return nil
	}
	if challenge == "" {
		return ErrVerifierUnexpected // RFC 9700 §2.1.1: no downgrade
	}
	if verifier == "" {
		return ErrVerifierMissing
	}
	sum := sha256.Sum256([]byte(verifier))
	if subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) != 1 {
		return ErrVerifierWrong
	}
	return nil
}
